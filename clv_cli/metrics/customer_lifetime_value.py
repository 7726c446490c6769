"""CLV: what the average customer is worth over its lifetime, before the cost of winning it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv_cli.measures.drilldown import active_lines, customers_lost
from clv_cli.measures.intervals import clv_interval
from clv_cli.measures.mrr_movements import mrr_movements
from clv_cli.measures.series import rounded
from clv_cli.measures.unit_economics import CLV_NEEDS, clv, ltv_window
from clv_cli.pipeline import Metric

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from clv_cli.pipeline import Collected, Figure, Scope


def customer_lifetime_value(frames: Collected, months: Sequence[int]) -> list[Figure]:
    """What is the average customer worth over its lifetime? Minor units, gross of CAC.

        CLV = ARPA x gross margin x min(1 / monthly churn, ltv.cap_months)

    ARPA at the month's end; margin and churn pooled over the trailing `ltv.churn_window_months`
    (customers lost / customers at risk). With fewer than `ltv.min_churn_events` lost customers there
    is no value.
    """
    return rounded(frames, months, lambda month: clv(frames, month))


def _customers(frames: Collected, month: int) -> pl.DataFrame:
    """The customers lost in the window: those whom churn, and so the lifetime, rests on."""
    return customers_lost(frames, ltv_window(frames.scope, month))


def _lines(scope: Scope, month: int) -> pl.LazyFrame:
    """The lines active at the month's end."""
    return active_lines(scope, [month])


CLV = Metric(
    "clv",
    needs=CLV_NEEDS,
    figures=customer_lifetime_value,
    contributors=_customers,
    evidence=_lines,
    behind=(mrr_movements,),
    interval=clv_interval,
)
