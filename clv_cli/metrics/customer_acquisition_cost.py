"""CAC: what winning one customer costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv_cli.measures.drilldown import cost_rows, customers_won
from clv_cli.measures.mrr_movements import mrr_movements
from clv_cli.measures.series import rounded
from clv_cli.measures.unit_economics import CAC_NEEDS, cac, new_window, spend_window
from clv_cli.pipeline import Metric

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from clv_cli.pipeline import Collected, Figure, Scope


def customer_acquisition_cost(frames: Collected, months: Sequence[int]) -> list[Figure]:
    """What does winning one customer cost? Minor units.

        CAC = acquisition spend / new customers

    over `cac.window_months`, the spend `cac.lag_months` earlier; all categories, or marketing alone
    when `cac.fully_loaded` is false. Reactivated customers are not new. Without spend or without new
    customers there is no value.
    """
    return rounded(frames, months, lambda month: cac(frames, month))


def _customers(frames: Collected, month: int) -> pl.DataFrame:
    """The customers won in the window."""
    return customers_won(frames, new_window(frames.scope, month))


def _rows(scope: Scope, month: int) -> pl.LazyFrame:
    """The rows of spend of the spend window."""
    return cost_rows(scope, "spend", spend_window(scope, month))


CAC = Metric(
    "cac",
    needs=CAC_NEEDS,
    figures=customer_acquisition_cost,
    requires=("spend",),
    contributors=_customers,
    evidence=_rows,
    behind=(mrr_movements,),
)
