"""Empirical CAC payback: when did a cohort's own margin pass what winning it cost?"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.glossary import Kind
from clv_cli.measures import parts
from clv_cli.measures.costs import acquisition_spend, service_costs
from clv_cli.measures.drilldown import cost_rows
from clv_cli.measures.estimates import Backing, estimated, formula_metric
from clv_cli.measures.mrr_movements import mrr_movements
from clv_cli.measures.revenue_facts import revenue_facts, revenue_months
from clv_cli.measures.series import Estimate
from clv_cli.measures.unit_economics import CAC_NEEDS, COST_OF_REVENUE, new_window
from clv_cli.periods import Period, month_text
from clv_cli.pipeline import Input, Measure

if TYPE_CHECKING:
    from clv_cli.pipeline import Collected, Scope


def empirical_payback(frames: Collected, month: int) -> Estimate:
    """After how many months had the customers of a month paid back what winning them cost?

        the first age at which their cumulative billed revenue x gross margin of each month reaches
        the spend that won them

    Of the customers won `cac.window_months` ago: whoever came later may not have had the time, and
    to take the latest that has paid back would choose the fastest. Whole months; 1 is the month
    they were won in.
    """
    lag = frames.scope.settings.cac.lag_months
    cohort = new_window(frames.scope, month).first
    cost, text = _spend(frames, cohort - lag), month_text(cohort)
    if not cost:
        return Estimate(None, (), 0, f"no acquisition spend in {month_text(cohort - lag)}")
    if _new(frames, cohort).is_empty():
        return Estimate(None, (), 0, f"no new customers in {text}")
    earned = _paid_back(frames, cohort, month, cost)
    if earned is None:
        return Estimate(None, (), 0, f"the customers won in {text} have not paid back yet")
    return _estimate(frames, cohort, cohort - lag, cost, earned)


def _estimate(
    frames: Collected, cohort: int, spent: int, cost: int, earned: tuple[int, Fraction]
) -> Estimate:
    age, margin = earned
    won = int(_new(frames, cohort).height)
    window = Period(spent, spent + 1)
    put = parts.spent(frames, window, cost, f"acquisition spend {month_text(spent)}")
    inputs = (
        put,
        Input(f"margin of the customers won in {month_text(cohort)}", Kind.MONEY, margin),
        Input("months until it passes the spend", Kind.COUNT, age, "age"),
    )
    return estimated("cac_payback_empirical", inputs, won)


def _paid_back(
    frames: Collected, cohort: int, month: int, cost: int
) -> tuple[int, Fraction] | None:
    """The age at which the cohort's margin passes its cost, and the margin then."""
    mine = frames[revenue_facts].join(_new(frames, cohort), on="code", how="semi")
    billed = _monthly(mine)
    everyone = dict(frames[revenue_months].select("month", "amount_base").iter_rows())
    costs = frames[service_costs].filter(pl.col("category").is_in(COST_OF_REVENUE))
    delivered = _monthly(costs)
    total = Fraction(0)
    for age, at in enumerate(range(cohort, month + 1), start=1):
        revenue = everyone.get(at, 0)
        share = Fraction(revenue - delivered.get(at, 0), revenue) if revenue > 0 else Fraction(0)
        total += billed.get(at, 0) * share
        if total >= cost:
            return age, total
    return None


def _new(frames: Collected, cohort: int) -> pl.DataFrame:
    found = frames[mrr_movements].filter(pl.col("month") == cohort, pl.col("new") != 0)
    return found.select("code")


def _monthly(rows: pl.DataFrame) -> dict[int, int]:
    sums = rows.group_by("month").agg(pl.col("amount_base").cast(pl.Int128).sum())
    return {month: int(amount) for month, amount in sums.iter_rows()}


def _spend(frames: Collected, month: int) -> int:
    spend = frames[acquisition_spend].filter(pl.col("month") == month)
    if not frames.scope.settings.cac.fully_loaded:
        spend = spend.filter(pl.col("category") == "marketing")
    return int(spend["amount_base"].cast(pl.Int128).sum())


def _rows(scope: Scope, month: int) -> pl.LazyFrame:
    """The rows of spend that won the customers of the window."""
    window, lag = new_window(scope, month), scope.settings.cac.lag_months
    return cost_rows(scope, "spend", Period(window.first - lag, window.end - lag))


_NEEDS: tuple[Measure, ...] = (
    *CAC_NEEDS,
    mrr_movements,
    revenue_facts,
    revenue_months,
    service_costs,
)
CAC_PAYBACK_EMPIRICAL = formula_metric(
    "cac_payback_empirical", empirical_payback, _NEEDS, Backing(("spend",), (), _rows)
)
