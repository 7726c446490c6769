"""ARR: what today's subscriptions bring in a year, if nothing changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv_cli.measures import parts
from clv_cli.measures.drilldown import active_lines, customers_by_mrr
from clv_cli.measures.mrr_months import mrr_months
from clv_cli.measures.mrr_spans import mrr_spans
from clv_cli.measures.series import Estimate, minor, roll_forward, rounded
from clv_cli.periods import MONTHS_A_YEAR
from clv_cli.pipeline import Metric

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from clv_cli.pipeline import Collected, Figure, Scope


def annual_recurring_revenue(frames: Collected, months: Sequence[int]) -> list[Figure]:
    """What do today's subscriptions bring in a year? Minor units, at the month's end.

        ARR = 12 x MRR

    of the exact MRR: an annual plan of 100.00 is 100.00, not 12 x 8.33.
    """
    rows = roll_forward(frames)

    def estimate(month: int) -> Estimate:
        mrr = minor(rows[month]["closing"])
        inputs = (parts.mrr(frames, month),)
        return Estimate(MONTHS_A_YEAR * mrr, inputs, rows[month]["customers_closing"])

    return rounded(frames, months, estimate)


def _lines(scope: Scope, month: int) -> pl.LazyFrame:
    """The lines active at the month's end."""
    return active_lines(scope, [month])


ARR = Metric(
    "arr",
    needs=(mrr_months,),
    figures=annual_recurring_revenue,
    contributors=customers_by_mrr,
    evidence=_lines,
    behind=(mrr_spans,),
)
