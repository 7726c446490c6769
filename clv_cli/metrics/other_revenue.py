"""What is billed beside subscriptions, what was paid back, and what came in."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.glossary import GLOSSARY, Kind
from clv_cli.measures import parts
from clv_cli.measures.drilldown import issued_lines, table_rows
from clv_cli.measures.estimates import Backing, estimated, formula_metric
from clv_cli.measures.receivables import cash, refund_months
from clv_cli.measures.revenue_facts import revenue_facts
from clv_cli.periods import Period, month_text
from clv_cli.pipeline import Input, Over

if TYPE_CHECKING:
    from clv_cli.measures.series import Estimate
    from clv_cli.pipeline import Collected, Measure, Scope


def billed_by_kind(name: str, kind: str, frames: Collected, month: int) -> Estimate:
    """How much was billed of one kind of line in the month? Minor units."""
    found = frames[revenue_facts].filter(pl.col("month") == month, pl.col("kind") == kind)
    return _summed(name, frames, found, month)


def summed(name: str, source: Measure, frames: Collected, month: int) -> Estimate:
    """The sum of a measure by customer and month. Minor units."""
    return _summed(name, frames, frames[source].filter(pl.col("month") == month), month)


def _summed(name: str, frames: Collected, found: pl.DataFrame, month: int) -> Estimate:
    value = int(found["amount_base"].cast(pl.Int128).sum())
    rows = lambda: parts.ledger(frames, found, "amount_base", pl.lit(month_text(month)))  # noqa: E731
    label = GLOSSARY[name].title.lower()
    put = Input(label, Kind.MONEY, value, name, Over.SUM, rows)
    return estimated(name, (put,), found["code"].n_unique())


def _kind_lines(kind: str, scope: Scope, month: int) -> pl.LazyFrame:
    return issued_lines(scope, Period(month, month + 1)).filter(pl.col("kind") == kind)


def _payments(scope: Scope, month: int) -> pl.LazyFrame:
    rows = table_rows(scope, "payments", "attempted_on", "outcome", Period(month, month + 1))
    return rows.filter(pl.col("kind") == "succeeded")


def _refunds(scope: Scope, month: int) -> pl.LazyFrame:
    rows = table_rows(scope, "billing_lines", "issued_on", "kind", Period(month, month + 1))
    return rows.filter(pl.col("kind") == "refund")


USAGE_REVENUE = formula_metric(
    "usage_revenue",
    partial(billed_by_kind, "usage_revenue", "usage"),
    (revenue_facts,),
    Backing(evidence=partial(_kind_lines, "usage")),
)
ONE_OFF_REVENUE = formula_metric(
    "one_off_revenue",
    partial(billed_by_kind, "one_off_revenue", "one_off"),
    (revenue_facts,),
    Backing(evidence=partial(_kind_lines, "one_off")),
)
REFUNDS = formula_metric(
    "refunds",
    partial(summed, "refunds", refund_months),
    (refund_months,),
    Backing(evidence=_refunds),
)
CASH_COLLECTED = formula_metric(
    "cash_collected",
    partial(summed, "cash_collected", cash),
    (cash,),
    Backing(requires=("payments",), evidence=_payments),
)
