"""MRR: what active customers pay a month for subscriptions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv_cli.glossary import Kind
from clv_cli.measures import parts
from clv_cli.measures.drilldown import active_lines, customers_by_mrr
from clv_cli.measures.mrr_months import mrr_months
from clv_cli.measures.mrr_movements import MOVEMENTS
from clv_cli.measures.mrr_spans import mrr_spans
from clv_cli.measures.series import Estimate, minor, roll_forward, rounded
from clv_cli.pipeline import Input, Metric

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from clv_cli.pipeline import Collected, Figure, Scope


def monthly_recurring_revenue(frames: Collected, months: Sequence[int]) -> list[Figure]:
    """How much do active customers pay a month? Minor units, at the month's end.

        MRR = opening MRR + new + expansion + contraction + churn + reactivation + fx

    which is the sum over active lines of amount / months of the interval; a month in which nobody
    pays is 0.
    """
    rows = roll_forward(frames)

    def estimate(month: int) -> Estimate:
        row = rows[month]
        inputs = [
            Input("opening MRR", Kind.MONEY, minor(row["opening"])),
            *(Input(name, Kind.MONEY, minor(row[name])) for name in MOVEMENTS),
            parts.mrr(frames, month),
        ]
        return Estimate(minor(row["closing"]), tuple(inputs), row["customers_closing"])

    return rounded(frames, months, estimate)


def _lines(scope: Scope, month: int) -> pl.LazyFrame:
    """The lines active at the month's end."""
    return active_lines(scope, [month])


MRR = Metric(
    "mrr",
    needs=(mrr_months,),
    figures=monthly_recurring_revenue,
    contributors=customers_by_mrr,
    evidence=_lines,
    behind=(mrr_spans,),
)
