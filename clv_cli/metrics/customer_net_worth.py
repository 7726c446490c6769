"""Net worth per customer: what it is worth after winning and serving it."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from clv_cli.glossary import Kind
from clv_cli.measures.drilldown import active_lines, customers_lost
from clv_cli.measures.mrr_movements import mrr_movements
from clv_cli.measures.series import Estimate, rounded
from clv_cli.measures.unit_economics import (
    CAC_NEEDS,
    CLV_NEEDS,
    NO_COST_TO_SERVE,
    cac,
    clv,
    cost_to_serve,
    has_service_costs,
    ltv_window,
)
from clv_cli.pipeline import Input, Metric

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from clv_cli.pipeline import Collected, Figure, Scope


def customer_net_worth(frames: Collected, months: Sequence[int]) -> list[Figure]:
    """What is the average customer worth after winning and serving it? Minor units.

        customer net worth = CLV - CAC - cost to serve

    With the CLV gross of CAC, so that CAC is taken off once. Without support and success costs the
    cost to serve counts as nothing, and the inputs say so.
    """

    def estimate(month: int) -> Estimate:
        gross, cost, service = clv(frames, month), cac(frames, month), _service(frames, month)
        label = "cost to serve" if service.inputs else NO_COST_TO_SERVE
        inputs = (
            Input("CLV (gross of CAC)", Kind.MONEY, gross.value),
            Input("CAC", Kind.MONEY, cost.value),
            Input(label, Kind.MONEY, service.value),
            *gross.inputs,
            *cost.inputs,
            *(service.inputs or cost_to_serve(frames, month).inputs),
        )
        if gross.value is None or cost.value is None or service.value is None:
            reason = gross.reason or cost.reason or service.reason
            return Estimate(None, inputs, gross.n, reason)
        return Estimate(gross.value - cost.value - service.value, inputs, gross.n)

    return rounded(frames, months, estimate)


def _service(frames: Collected, month: int) -> Estimate:
    """The cost to serve; without any cost data nothing, with no inputs."""
    known = has_service_costs(frames, month)
    return cost_to_serve(frames, month) if known else Estimate(Fraction(0))


def _customers(frames: Collected, month: int) -> pl.DataFrame:
    """The customers lost in the window: those whom churn, and so the lifetime, rests on."""
    return customers_lost(frames, ltv_window(frames.scope, month))


def _lines(scope: Scope, month: int) -> pl.LazyFrame:
    """The lines active at the month's end."""
    return active_lines(scope, [month])


CUSTOMER_NET_WORTH = Metric(
    "customer_net_worth",
    needs=(*CLV_NEEDS, *CAC_NEEDS),
    figures=customer_net_worth,
    requires=("spend",),
    contributors=_customers,
    evidence=_lines,
    behind=(mrr_movements,),
)
