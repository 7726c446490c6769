"""Quick ratio: how much MRR is gained for each unit lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv_cli.measures import parts
from clv_cli.measures.drilldown import active_lines, customers_by_movement
from clv_cli.measures.mrr_months import mrr_months
from clv_cli.measures.mrr_movements import mrr_movements
from clv_cli.measures.series import Estimate, exact, minor, roll_forward
from clv_cli.pipeline import Metric

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from clv_cli.pipeline import Collected, Figure, Scope


_GAINS = ("new", "expansion", "reactivation")
_LOSSES = ("churn", "contraction")


def quick_ratio(frames: Collected, months: Sequence[int]) -> list[Figure]:
    """How much MRR is gained for each unit lost? An exact ratio.

        quick ratio = (new + expansion + reactivation) / (churn + contraction)

    Without losses there is no value.
    """
    rows = roll_forward(frames)

    def estimate(month: int) -> Estimate:
        row = rows[month]
        gained = minor(sum(row[movement] for movement in _GAINS))
        lost = -minor(sum(row[movement] for movement in _LOSSES))
        inputs = tuple(parts.moved(frames, [month], movement) for movement in (*_GAINS, *_LOSSES))
        if not lost:
            return Estimate(None, inputs, None, "no losses")
        return Estimate(gained / lost, inputs, row["customers_opening"])

    return exact(frames, months, estimate)


def _customers(frames: Collected, month: int) -> pl.DataFrame:
    """Whose MRR moved."""
    return customers_by_movement(frames, month, (*_GAINS, *_LOSSES))


def _lines(scope: Scope, month: int) -> pl.LazyFrame:
    """The lines active at the last month's end or at this one."""
    return active_lines(scope, [month - 1, month])


QUICK_RATIO = Metric(
    "quick_ratio",
    needs=(mrr_months,),
    figures=quick_ratio,
    contributors=_customers,
    evidence=_lines,
    behind=(mrr_movements,),
)
