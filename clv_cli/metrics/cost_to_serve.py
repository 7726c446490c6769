"""Cost to serve: what Support and Success cost per customer over its lifetime."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv_cli.measures.drilldown import cost_rows, customers_lost
from clv_cli.measures.mrr_movements import mrr_movements
from clv_cli.measures.series import rounded
from clv_cli.measures.unit_economics import CLV_NEEDS, COST_OF_SERVICE, ltv_window
from clv_cli.measures.unit_economics import cost_to_serve as serve
from clv_cli.pipeline import Metric

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from clv_cli.pipeline import Collected, Figure, Scope


def cost_to_serve(frames: Collected, months: Sequence[int]) -> list[Figure]:
    """What do Support and Success cost per customer over its lifetime? Minor units.

        cost to serve = support and success cost per customer and month x min(1 / churn, cap)

    over the same window and lifetime as CLV. Without such costs there is no value.
    """
    return rounded(frames, months, lambda month: serve(frames, month))


def _customers(frames: Collected, month: int) -> pl.DataFrame:
    """The customers lost in the window: those whom churn, and so the lifetime, rests on."""
    return customers_lost(frames, ltv_window(frames.scope, month))


def _rows(scope: Scope, month: int) -> pl.LazyFrame:
    """The support and success costs of the window."""
    return cost_rows(scope, "service_costs", ltv_window(scope, month), COST_OF_SERVICE)


COST_TO_SERVE = Metric(
    "cost_to_serve",
    needs=CLV_NEEDS,
    figures=cost_to_serve,
    requires=("service_costs",),
    contributors=_customers,
    evidence=_rows,
    behind=(mrr_movements,),
)
