"""Efficiency of growth: magic number, burn multiple, rule of 40."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.glossary import Kind
from clv_cli.measures import parts
from clv_cli.measures.costs import acquisition_spend
from clv_cli.measures.drilldown import active_lines, cost_rows, issued_lines, table_rows
from clv_cli.measures.estimates import Backing, estimated, formula_metric
from clv_cli.measures.finance import finance_months
from clv_cli.measures.mrr_months import mrr_months
from clv_cli.measures.revenue_facts import revenue_facts, revenue_months
from clv_cli.measures.series import Estimate, no_data
from clv_cli.periods import MONTHS_A_YEAR, Period, month_text
from clv_cli.pipeline import Input

if TYPE_CHECKING:
    from clv_cli.pipeline import Collected, Scope

QUARTER = 3
_COMPANY = "the management accounts know no customers"
_SPEND = "acquisition spend is not recorded by customer"


def magic_number(frames: Collected, month: int) -> Estimate:
    """How much yearly revenue does a unit of acquisition spend bring? An exact ratio.

        magic number = (revenue of three months - of the three before) x 4 / spend of the three before

    With `magic_number.basis: arr` the growth of ARR, which is annual already, without the 4.
    Source: Scale Venture Partners.
    """
    now, before = Period(month - 2, month + 1), Period(month - 5, month - 2)
    early = no_data(frames.scope, before.first)
    if early:
        return Estimate(None, (), 0, f"needs {2 * QUARTER} months: {early}")
    gained = _revenue(frames, now, before)
    if frames.scope.settings.magic_number.basis == "arr":
        gained = _arr(frames, month)
    spend = frames[acquisition_spend].filter(parts.within(before))
    total = int(spend["amount_base"].cast(pl.Int128).sum())
    if not spend.height:
        return Estimate(None, gained, None, f"no acquisition spend in {before}")
    spent = parts.spent(frames, before, total, f"acquisition spend {before}")
    return estimated("magic_number", (*gained, spent), none=f"no acquisition spend in {before}")


def burn_multiple(frames: Collected, month: int) -> Estimate:
    """How much cash is burnt for each unit of new ARR, over twelve months? An exact ratio.

        burn multiple = net burn / net new ARR

    Without growth of ARR there is no value. Source: Sacks, Craft Ventures (2020).
    """
    window, early = _year(frames, month)
    if early:
        return early
    mrr, then = _stock(frames, month, "mrr"), _stock(frames, month - MONTHS_A_YEAR, "mrr_then")
    burnt = _item(frames, window, "net_burn")
    if burnt is None:
        return Estimate(None, (), 0, f"no net burn recorded for all of {window}")
    inputs = (burnt, mrr, then)
    if (mrr.value or 0) <= (then.value or 0):
        return Estimate(None, inputs, None, "ARR did not grow")
    return estimated("burn_multiple", inputs)


def rule_of_40(frames: Collected, month: int) -> Estimate:
    """Do growth and margin together reach 40 %? An exact ratio, over twelve months.

        rule of 40 = growth of billed revenue on the year before + margin

    the margin being free cash flow or EBITDA over billed revenue, as `rule_of_40.margin` says.
    """
    window, early = _year(frames, month)
    if early:
        return early
    before = Period(window.first - MONTHS_A_YEAR, window.first)
    missing = no_data(frames.scope, before.first)
    if missing:
        return Estimate(None, (), 0, f"needs {2 * MONTHS_A_YEAR} months: {missing}")
    item = frames.scope.settings.rule_of_40.margin
    profit = _item(frames, window, item)
    if profit is None:
        return Estimate(None, (), 0, f"no {item} recorded for all of {window}")
    now, then = _billed(frames, window, "revenue"), _billed(frames, before, "revenue_before")
    return estimated("rule_of_40", (now, then, profit), none="no billed revenue")


def _year(frames: Collected, month: int) -> tuple[Period, Estimate | None]:
    window = Period(month + 1 - MONTHS_A_YEAR, month + 1)
    early = no_data(frames.scope, window.first - 1)
    reason = f"needs {MONTHS_A_YEAR} months before it: {early}"
    return window, Estimate(None, (), 0, reason) if early else None


def _item(frames: Collected, window: Period, item: str) -> Input | None:
    """The sum of an item over a window; None where a month of it is missing."""
    found = frames[finance_months].filter(parts.within(window), pl.col("item") == item)
    if found.height < len(window.months):
        return None
    rows = lambda: parts.unnamed(  # noqa: E731
        found, "amount_base", pl.format("{} {}", "item", parts.text_of_month())
    )
    total = int(found["amount_base"].cast(pl.Int128).sum())
    key = "net_burn" if item == "net_burn" else "profit"
    return Input(f"{item.replace('_', ' ')} {window}", Kind.MONEY, total, key, rows=rows)


def _revenue(frames: Collected, now: Period, before: Period) -> tuple[Input, ...]:
    four = Input("quarters in a year", Kind.COUNT, 4, "per_year")
    return _billed(frames, now, "gained"), _billed(frames, before, "base"), four


def _arr(frames: Collected, month: int) -> tuple[Input, ...]:
    """Twelve times the MRR on each side; the growth is annual already."""
    twelve = Input("months in a year", Kind.COUNT, MONTHS_A_YEAR, "per_year")
    return _stock(frames, month, "gained"), _stock(frames, month - QUARTER, "base"), twelve


def _stock(frames: Collected, month: int, key: str) -> Input:
    return parts.mrr(frames, month, f"MRR at the end of {month_text(month)}", key)


def _billed(frames: Collected, window: Period, key: str) -> Input:
    found = frames[revenue_months].filter(parts.within(window))
    total = int(found["amount_base"].cast(pl.Int128).sum())
    return parts.billed(frames, window, total, f"billed revenue {window}", key)


def _spend_rows(scope: Scope, month: int) -> pl.LazyFrame:
    """The lines of six months, and the spend of the three before."""
    lines = issued_lines(scope, Period(month - 5, month + 1))
    return pl.concat([cost_rows(scope, "spend", Period(month - 5, month - 2)), lines])


def _burn_rows(scope: Scope, month: int) -> pl.LazyFrame:
    window = Period(month + 1 - MONTHS_A_YEAR, month + 1)
    booked = table_rows(scope, "finance", "month", "item", window)
    return pl.concat([booked, active_lines(scope, [month - MONTHS_A_YEAR, month])])


def _rule_rows(scope: Scope, month: int) -> pl.LazyFrame:
    window = Period(month + 1 - MONTHS_A_YEAR, month + 1)
    lines = issued_lines(scope, Period(window.first - MONTHS_A_YEAR, window.end))
    return pl.concat([table_rows(scope, "finance", "month", "item", window), lines])


MAGIC_NUMBER = formula_metric(
    "magic_number",
    magic_number,
    (revenue_months, acquisition_spend, mrr_months),
    Backing(("spend",), (revenue_facts,), _spend_rows, _SPEND),
)
BURN_MULTIPLE = formula_metric(
    "burn_multiple",
    burn_multiple,
    (finance_months, mrr_months),
    Backing(("finance",), (), _burn_rows, _COMPANY),
)
RULE_OF_40 = formula_metric(
    "rule_of_40",
    rule_of_40,
    (finance_months, revenue_months),
    Backing(("finance",), (revenue_facts,), _rule_rows, _COMPANY),
)
