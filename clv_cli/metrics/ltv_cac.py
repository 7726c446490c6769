"""LTV:CAC: how many times a customer returns what winning it cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv_cli.glossary import Kind
from clv_cli.measures.drilldown import active_lines, customers_lost
from clv_cli.measures.mrr_movements import mrr_movements
from clv_cli.measures.series import Estimate, exact
from clv_cli.measures.unit_economics import CAC_NEEDS, CLV_NEEDS, cac, clv, ltv_window
from clv_cli.pipeline import Input, Metric

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from clv_cli.pipeline import Collected, Figure, Scope


def ltv_cac(frames: Collected, months: Sequence[int]) -> list[Figure]:
    """How many times does a customer return what winning it cost? An exact ratio.

        LTV:CAC = CLV / CAC

    With the gross CLV; a net one would print one less. A CAC of nothing has no value.
    """

    def estimate(month: int) -> Estimate:
        gross, cost = clv(frames, month), cac(frames, month)
        inputs = (
            Input("CLV", Kind.MONEY, gross.value),
            Input("CAC", Kind.MONEY, cost.value),
            *gross.inputs,
            *cost.inputs,
        )
        if gross.value is None or cost.value is None:
            return Estimate(None, inputs, gross.n, gross.reason or cost.reason)
        if cost.value <= 0:
            return Estimate(None, inputs, gross.n, "winning customers cost nothing")
        return Estimate(gross.value / cost.value, inputs, gross.n)

    return exact(frames, months, estimate)


def _customers(frames: Collected, month: int) -> pl.DataFrame:
    """The customers lost in the window: those whom churn, and so the lifetime, rests on."""
    return customers_lost(frames, ltv_window(frames.scope, month))


def _lines(scope: Scope, month: int) -> pl.LazyFrame:
    """The lines active at the month's end."""
    return active_lines(scope, [month])


LTV_CAC = Metric(
    "ltv_cac",
    needs=(*CLV_NEEDS, *CAC_NEEDS),
    figures=ltv_cac,
    requires=("spend",),
    contributors=_customers,
    evidence=_lines,
    behind=(mrr_movements,),
)
