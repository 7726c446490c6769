"""Receivables: days sales outstanding, what is overdue, and how old it is."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.glossary import Kind
from clv_cli.measures import parts
from clv_cli.measures.drilldown import table_rows
from clv_cli.measures.estimates import Backing, estimated, formula_metric
from clv_cli.measures.receivables import gross_invoiced, unsettled
from clv_cli.periods import MONTHS_A_YEAR, Period, month_end, month_start
from clv_cli.pipeline import Input

if TYPE_CHECKING:
    from clv_cli.measures.series import Estimate
    from clv_cli.pipeline import Collected, Metric, Scope

MONTHS = 3
BUCKETS = {
    "overdue": (1, None),
    "overdue_1_30": (1, 30),
    "overdue_31_60": (31, 60),
    "overdue_61_90": (61, 90),
    "overdue_over_90": (91, None),
}


def days_sales_outstanding(frames: Collected, month: int) -> Estimate:
    """How many days of invoicing are still owed at the month's end?

    DSO = receivables / invoiced with tax in the last three months x days in them
    """
    window = Period(month + 1 - MONTHS, month + 1)
    recent = frames[gross_invoiced].filter(parts.within(window))
    note = parts.text_of_month()
    rows = lambda: parts.ledger(frames, recent, "amount_base", note)  # noqa: E731
    total = int(recent["amount_base"].cast(pl.Int128).sum())
    last = min(month_end(month), frames.scope.as_of)
    days = (last - month_start(window.first)).days + 1
    inputs = (
        _owed(frames, month, "receivables"),
        Input(f"invoiced with tax {window}", Kind.MONEY, total, "invoiced", rows=rows),
        Input("days", Kind.COUNT, days, "days"),
    )
    return estimated("dso", inputs, none=f"nothing invoiced in {MONTHS} months")


def overdue(name: str, frames: Collected, month: int) -> Estimate:
    """How much is past due at the month's end, by age? Minor units, with tax."""
    put = _owed(frames, month, name)
    return estimated(name, (put,))


def _owed(frames: Collected, month: int, name: str) -> Input:
    day = min(month_end(month), frames.scope.as_of)
    still_open = pl.col("settled").is_null() | (pl.col("settled") > day)
    found = frames[unsettled].filter(pl.col("issued_on") <= day, still_open)
    if name in BUCKETS:
        age, (low, high) = (pl.lit(day) - pl.col("due")).dt.total_days(), BUCKETS[name]
        found = found.filter(age >= low if high is None else age.is_between(low, high))
    rows = lambda: parts.ledger(  # noqa: E731
        frames, found, "amount_base", pl.format("due {}", pl.col("due").cast(pl.String))
    )
    value = int(found["amount_base"].cast(pl.Int128).sum())
    label = "receivables" if name == "receivables" else f"receivables {name.replace('_', ' ')}"
    return Input(label, Kind.MONEY, value, name, rows=rows)


def _rows(scope: Scope, month: int) -> pl.LazyFrame:
    """The lines of invoices that were not paid in the month of issue, as far as dates say."""
    window = Period(MONTHS_A_YEAR, month + 1)
    rows = table_rows(scope, "billing_lines", "issued_on", "kind", window)
    unpaid = scope.book.table("billing_lines").filter(
        pl.col("status").is_in(["open", "uncollectible"]) | (pl.col("paid_on") > month_end(month))
    )
    return rows.join(unpaid.select("line_id"), on="line_id", how="semi")


DSO = formula_metric(
    "dso", days_sales_outstanding, (gross_invoiced, unsettled), Backing(evidence=_rows)
)
OVERDUE_METRICS: tuple[Metric, ...] = tuple(
    formula_metric(name, partial(overdue, name), (unsettled,), Backing(evidence=_rows))
    for name in BUCKETS
)
