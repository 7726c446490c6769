"""Customer churn: which share of the customers left in the month."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from clv_cli.measures import parts
from clv_cli.measures.drilldown import active_lines, customers_by_movement
from clv_cli.measures.intervals import share_of
from clv_cli.measures.mrr_months import mrr_months
from clv_cli.measures.mrr_movements import mrr_movements
from clv_cli.measures.series import Estimate, exact, roll_forward
from clv_cli.pipeline import Metric

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from clv_cli.pipeline import Collected, Figure, Scope


def logo_churn(frames: Collected, months: Sequence[int]) -> list[Figure]:
    """Which share of the customers left? An exact ratio.

        logo churn = customers with MRR at the last month's end and none at this one / customers
        with MRR at the last month's end

    Without customers at the opening there is no value.
    """
    rows = roll_forward(frames)

    def estimate(month: int) -> Estimate:
        lost, opening = rows[month]["customers_churned"], rows[month]["customers_opening"]
        inputs = (
            parts.customers_moved(frames, [month], "churn", "customers lost", "lost"),
            parts.opening_customers(frames, month),
        )
        if not opening:
            return Estimate(None, inputs, 0, "no customers at the opening")
        return Estimate(Fraction(lost, opening), inputs, opening)

    return exact(frames, months, estimate)


def _customers(frames: Collected, month: int) -> pl.DataFrame:
    """Who left."""
    return customers_by_movement(frames, month, ["churn"])


def _lines(scope: Scope, month: int) -> pl.LazyFrame:
    """The lines active at the last month's end or at this one."""
    return active_lines(scope, [month - 1, month])


LOGO_CHURN = Metric(
    "logo_churn",
    needs=(mrr_months,),
    figures=logo_churn,
    contributors=_customers,
    evidence=_lines,
    behind=(mrr_movements,),
    interval=share_of("lost", "opening_customers"),
)
