"""The six movements of MRR: new, expansion, contraction, churn, reactivation, fx."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv_cli.glossary import Kind
from clv_cli.measures import parts
from clv_cli.measures.drilldown import active_lines, customers_by_movement
from clv_cli.measures.mrr_months import COUNTS, mrr_months
from clv_cli.measures.mrr_movements import MOVEMENTS, mrr_movements
from clv_cli.measures.series import Estimate, minor, roll_forward, rounded
from clv_cli.pipeline import Input, Metric

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from clv_cli.pipeline import Collected, Figure, Scope

_COUNTED = {movement: count for count, movement in COUNTS.items()}


def mrr_movement(name: str) -> Metric:
    """The metric of one movement: its sum over all customers in a month, in minor units.

    Contraction and churn are negative. A month in which nothing of the kind happened is 0.

    Args:
        name: one of `MOVEMENTS`.
    """

    def figures(frames: Collected, months: Sequence[int]) -> list[Figure]:
        rows = roll_forward(frames)

        def estimate(month: int) -> Estimate:
            row = rows[month]
            inputs = (
                Input("opening MRR", Kind.MONEY, minor(row["opening"])),
                Input("closing MRR", Kind.MONEY, minor(row["closing"])),
                parts.moved(frames, [month], name),
            )
            return Estimate(minor(row[name]), inputs, row.get(_COUNTED.get(name, "")))

        return rounded(frames, months, estimate)

    def customers(frames: Collected, month: int) -> pl.DataFrame:
        return customers_by_movement(frames, month, [name])

    return Metric(
        name,
        needs=(mrr_months,),
        figures=figures,
        contributors=customers,
        evidence=_lines,
        behind=(mrr_movements,),
    )


def _lines(scope: Scope, month: int) -> pl.LazyFrame:
    """The lines active at the last month's end or at this one."""
    return active_lines(scope, [month - 1, month])


MOVEMENT_METRICS = {name: mrr_movement(name) for name in MOVEMENTS}
