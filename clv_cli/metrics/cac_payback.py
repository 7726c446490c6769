"""CAC payback: after how many months a customer has paid back what winning it cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv_cli.measures.drilldown import cost_rows, customers_won
from clv_cli.measures.mrr_movements import mrr_movements
from clv_cli.measures.series import exact
from clv_cli.measures.unit_economics import (
    CAC_NEEDS,
    CLV_NEEDS,
    new_window,
    payback,
    spend_window,
)
from clv_cli.pipeline import Metric

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from clv_cli.pipeline import Collected, Figure, Scope


def cac_payback(frames: Collected, months: Sequence[int]) -> list[Figure]:
    """After how many months has a customer paid back what winning it cost? Exact months.

        CAC payback = acquisition spend / (new MRR x gross margin)

    New MRR, not new ARR. Without spend, new MRR or a positive margin there is no value.
    """
    return exact(frames, months, lambda month: payback(frames, month))


def _customers(frames: Collected, month: int) -> pl.DataFrame:
    """The customers won in the window."""
    return customers_won(frames, new_window(frames.scope, month))


def _rows(scope: Scope, month: int) -> pl.LazyFrame:
    """The rows of spend of the spend window."""
    return cost_rows(scope, "spend", spend_window(scope, month))


CAC_PAYBACK = Metric(
    "cac_payback",
    needs=(*CAC_NEEDS, *CLV_NEEDS),
    figures=cac_payback,
    requires=("spend",),
    contributors=_customers,
    evidence=_rows,
    behind=(mrr_movements,),
)
