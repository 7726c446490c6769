"""Gross MRR churn: which share of MRR was lost in the month, before any gain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv_cli.glossary import Kind
from clv_cli.measures.drilldown import active_lines, customers_by_movement
from clv_cli.measures.mrr_months import mrr_months
from clv_cli.measures.mrr_movements import mrr_movements
from clv_cli.measures.series import Estimate, exact, minor, roll_forward
from clv_cli.pipeline import Input, Metric

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from clv_cli.pipeline import Collected, Figure, Scope


_MOVEMENTS = ("churn", "contraction")


def gross_mrr_churn(frames: Collected, months: Sequence[int]) -> list[Figure]:
    """Which share of MRR was lost, before any gain? An exact ratio.

        gross MRR churn = (churn + contraction) / opening MRR

    In constant exchange rates. Without opening MRR there is no value.
    """
    rows = roll_forward(frames)

    def estimate(month: int) -> Estimate:
        row = rows[month]
        opening = minor(row["opening"])
        # Losses are negative movements; the ratio of what was lost is positive.
        lost = -minor(sum(row[movement] for movement in _MOVEMENTS))
        inputs = (
            *(Input(movement, Kind.MONEY, minor(row[movement])) for movement in _MOVEMENTS),
            Input("opening MRR", Kind.MONEY, opening),
        )
        if opening <= 0:
            return Estimate(None, inputs, 0, "no MRR at the opening")
        return Estimate(lost / opening, inputs, row["customers_opening"])

    return exact(frames, months, estimate)


def _customers(frames: Collected, month: int) -> pl.DataFrame:
    """Whose MRR moved so."""
    return customers_by_movement(frames, month, _MOVEMENTS)


def _lines(scope: Scope, month: int) -> pl.LazyFrame:
    """The lines active at the last month's end or at this one."""
    return active_lines(scope, [month - 1, month])


GROSS_MRR_CHURN = Metric(
    "gross_mrr_churn",
    needs=(
        mrr_months,
        mrr_movements,
    ),
    figures=gross_mrr_churn,
    contributors=_customers,
    evidence=_lines,
)
