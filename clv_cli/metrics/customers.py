"""Customers: how many pay for a subscription."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from clv_cli.glossary import Kind
from clv_cli.measures import parts
from clv_cli.measures.drilldown import active_lines, customers_by_mrr
from clv_cli.measures.mrr_months import mrr_months
from clv_cli.measures.mrr_spans import mrr_spans
from clv_cli.measures.series import Estimate, roll_forward, rounded
from clv_cli.pipeline import Input, Metric

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from clv_cli.pipeline import Collected, Figure, Scope


def customers(frames: Collected, months: Sequence[int]) -> list[Figure]:
    """How many customers have MRR > 0 at the month's end? A month in which nobody pays is 0."""
    rows = roll_forward(frames)

    def estimate(month: int) -> Estimate:
        row = rows[month]
        inputs = (
            Input("customers at the opening", Kind.COUNT, row["customers_opening"]),
            Input("new", Kind.COUNT, row["customers_new"]),
            Input("reactivated", Kind.COUNT, row["customers_reactivated"]),
            Input("lost", Kind.COUNT, row["customers_churned"]),
            parts.customers(frames, month),
        )
        closing = row["customers_closing"]
        return Estimate(Fraction(closing), inputs, closing)

    return rounded(frames, months, estimate)


def _lines(scope: Scope, month: int) -> pl.LazyFrame:
    """The lines active at the month's end."""
    return active_lines(scope, [month])


CUSTOMERS = Metric(
    "customers",
    needs=(mrr_months,),
    figures=customers,
    contributors=customers_by_mrr,
    evidence=_lines,
    behind=(mrr_spans,),
)
