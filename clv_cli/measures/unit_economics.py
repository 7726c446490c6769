"""What a customer brings and costs: the arithmetic that the CLV, CAC and net worth metrics share.

Exact fractions throughout; money in minor units of the base currency. A part that cannot be
estimated hands its reason on to whatever is built on it.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.glossary import Kind
from clv_cli.measures import parts
from clv_cli.measures.costs import acquisition_spend, service_costs
from clv_cli.measures.mrr_months import mrr_months
from clv_cli.measures.revenue_facts import revenue_months
from clv_cli.measures.series import Estimate, minor, roll_forward
from clv_cli.periods import Period
from clv_cli.pipeline import Input, Over

if TYPE_CHECKING:
    from collections.abc import Collection

    from clv_cli.pipeline import Collected, Measure, Scope

COST_OF_REVENUE = ("cogs", "hosting", "payment_fees")
COST_OF_SERVICE = ("support", "success")
# What stands in a formula where no data gave the costs, by the label that says so.
NO_COST_OF_REVENUE = "cost of revenue (no cost data)"
NO_COST_TO_SERVE = "cost to serve (no cost data: nothing)"
WHOLE_MARGIN = "gross margin (no cost data: 100 %)"
CLV_NEEDS: tuple[Measure, ...] = (mrr_months, revenue_months, service_costs)
CAC_NEEDS: tuple[Measure, ...] = (mrr_months, acquisition_spend)


def ltv_window(scope: Scope, month: int) -> Period:
    """The months whose churn, margin and service costs are pooled, ending with `month`."""
    return Period(month + 1 - scope.settings.ltv.churn_window_months, month + 1)


def new_window(scope: Scope, month: int) -> Period:
    """The months whose new customers count for CAC, ending with `month`."""
    return Period(month + 1 - scope.settings.cac.window_months, month + 1)


def spend_window(scope: Scope, month: int) -> Period:
    """The months whose spend won them: the same window, `cac.lag_months` earlier."""
    new, lag = new_window(scope, month), scope.settings.cac.lag_months
    return Period(new.first - lag, new.end - lag)


def arpa(frames: Collected, month: int) -> Estimate:
    """MRR / customers, at the month's end."""
    row = roll_forward(frames)[month]
    mrr, customers = minor(row["closing"]), row["customers_closing"]
    inputs = (parts.mrr(frames, month), parts.customers(frames, month))
    if not customers:
        return Estimate(None, inputs, 0, "no customers at the month's end")
    return Estimate(mrr / customers, inputs, customers)


def gross_margin(frames: Collected, month: int) -> Estimate:
    """(Billed revenue - cogs - hosting - payment fees) / billed revenue, over the LTV window."""
    window = ltv_window(frames.scope, month)
    facts = frames[revenue_months].filter(_within(window))
    revenue = _sum(facts)
    costs = frames[service_costs].filter(_within(window), pl.col("category").is_in(COST_OF_REVENUE))
    label = "cost of revenue" if costs.height else NO_COST_OF_REVENUE
    named = (label, "cost_of_revenue")
    inputs = (
        parts.billed(frames, window, revenue, f"billed revenue {window}", "revenue"),
        parts.cost(frames, window, COST_OF_REVENUE, _sum(costs), named),
    )
    if revenue <= 0:
        return Estimate(None, inputs, None, f"no billed revenue in {_months(len(window.months))}")
    lines = int(facts["lines"].sum())
    return Estimate(Fraction(revenue - _sum(costs), revenue), inputs, lines)


def lifetime(frames: Collected, month: int) -> Estimate:
    """min(1 / monthly churn, ltv.cap_months), churn pooled over the LTV window, in months."""
    scope, ltv = frames.scope, frames.scope.settings.ltv
    window = ltv_window(scope, month)
    lost, at_risk = (
        _over(frames, window, "customers_churned"),
        _over(frames, window, "customers_opening"),
    )
    gone = parts.customers_moved(frames, window.months, "churn", "customers lost", "lost")
    inputs = (
        replace(gone, over=Over.LAST),
        parts.served(frames, window, "customer months at risk", "at_risk", shift=-1),
        Input("longest lifetime believed", Kind.MONTHS, Fraction(ltv.cap_months), "cap"),
    )
    if lost < ltv.min_churn_events:
        known = f"only {lost} customer{'' if lost == 1 else 's'} lost" if lost else "no churn"
        return Estimate(None, inputs, lost, f"{known} in {_months(ltv.churn_window_months)}")
    # Whoever is lost was at risk: the divisor is at least `lost`, so never 0.
    return Estimate(min(Fraction(at_risk, lost), Fraction(ltv.cap_months)), inputs, lost)


def clv(frames: Collected, month: int) -> Estimate:
    """ARPA x gross margin x lifetime, before CAC."""
    each, margin, life = arpa(frames, month), gross_margin(frames, month), lifetime(frames, month)
    inputs = (
        Input("ARPA", Kind.MONEY, each.value),
        Input(_margin_label(margin), Kind.RATIO, margin.value),
        Input("lifetime", Kind.MONTHS, life.value),
        *life.inputs,
        *each.inputs,
        *margin.inputs,
    )
    reason = each.reason or margin.reason or life.reason
    if each.value is None or margin.value is None or life.value is None:
        return Estimate(None, inputs, life.n, reason)
    return Estimate(each.value * margin.value * life.value, inputs, life.n)


def acquisition(frames: Collected, month: int) -> Estimate:
    """Acquisition spend of the spend window; none recorded is no estimate, never 0."""
    window = spend_window(frames.scope, month)
    spend = frames[acquisition_spend].filter(_within(window))
    if not frames.scope.settings.cac.fully_loaded:
        spend = spend.filter(pl.col("category") == "marketing")
    total = _sum(spend)
    inputs = (parts.spent(frames, window, total, f"acquisition spend {window}"),)
    if not spend.height:
        return Estimate(None, inputs, None, f"no acquisition spend in {window}")
    return Estimate(Fraction(total), inputs)


def cac(frames: Collected, month: int) -> Estimate:
    """Acquisition spend / new customers; the spend precedes them by `cac.lag_months`."""
    scope = frames.scope
    spent, window = acquisition(frames, month), new_window(scope, month)
    won = _over(frames, window, "customers_new")
    label = f"new customers {window}"
    new = parts.customers_moved(frames, window.months, "new", label, "new_customers")
    inputs = (*spent.inputs, replace(new, over=Over.LAST))
    if spent.value is None:
        return Estimate(None, inputs, won, spent.reason)
    if not won:
        return Estimate(None, inputs, 0, f"no new customers in {_months(len(window.months))}")
    return Estimate(spent.value / won, inputs, won)


def payback(frames: Collected, month: int) -> Estimate:
    """Acquisition spend / (new MRR x gross margin), in months."""
    spent, margin = acquisition(frames, month), gross_margin(frames, month)
    window = new_window(frames.scope, month)
    won, new = _over(frames, window, "customers_new"), minor(_over(frames, window, "new"))
    won_mrr = parts.moved(frames, window.months, "new", f"new MRR {window}", "new_mrr")
    inputs = (
        *spent.inputs,
        replace(won_mrr, over=Over.LAST),
        Input(_margin_label(margin), Kind.RATIO, margin.value),
        *margin.inputs,
    )
    if spent.value is None or margin.value is None:
        return Estimate(None, inputs, won, spent.reason or margin.reason)
    if new <= 0:
        return Estimate(None, inputs, won, f"no new MRR in {_months(len(window.months))}")
    if margin.value <= 0:
        return Estimate(None, inputs, won, "the gross margin is not positive")
    return Estimate(spent.value / (new * margin.value), inputs, won)


def cost_to_serve(frames: Collected, month: int) -> Estimate:
    """Support and success cost per customer and month x lifetime."""
    window, life = ltv_window(frames.scope, month), lifetime(frames, month)
    costs = frames[service_costs].filter(_within(window), pl.col("category").is_in(COST_OF_SERVICE))
    served = _over(frames, window, "customers_closing")
    named = (f"support and success cost {window}", "service")
    inputs = (
        parts.cost(frames, window, COST_OF_SERVICE, _sum(costs), named),
        parts.served(frames, window, "customer months served", "served"),
        Input("lifetime", Kind.MONTHS, life.value),
        *life.inputs,
    )
    if not costs.height:
        return Estimate(None, inputs, None, f"no support or success costs in {window}")
    if not served:
        return Estimate(None, inputs, 0, "no customers in the window")
    if life.value is None:
        return Estimate(None, inputs, life.n, life.reason)
    return Estimate(Fraction(_sum(costs), served) * life.value, inputs, served)


def has_service_costs(frames: Collected, month: int) -> bool:
    """Whether any support or success cost is known in the LTV window."""
    known = frames[service_costs].filter(
        _within(ltv_window(frames.scope, month)), pl.col("category").is_in(COST_OF_SERVICE)
    )
    return known.height > 0


def _margin_label(margin: Estimate) -> str:
    unknown = any(item.label == NO_COST_OF_REVENUE for item in margin.inputs)
    return WHOLE_MARGIN if unknown else "gross margin"


def _within(window: Period) -> pl.Expr:
    return pl.col("month").is_between(window.first, window.end, closed="left")


def _sum(frame: pl.DataFrame) -> int:
    return int(frame["amount_base"].cast(pl.Int128).sum())


def _over(frames: Collected, window: Period, column: str) -> int:
    months: Collection[int] = window.months
    return sum(row[column] for month, row in roll_forward(frames).items() if month in months)


def _months(count: int) -> str:
    return "1 month" if count == 1 else f"{count} months"
