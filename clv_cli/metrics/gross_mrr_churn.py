"""Gross MRR churn: which share of MRR was lost in the month, before any gain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv_cli.measures.drilldown import active_lines, customers_by_movement
from clv_cli.measures.mrr_months import mrr_months
from clv_cli.measures.mrr_movements import mrr_movements
from clv_cli.measures.ratios import lost_share
from clv_cli.pipeline import Metric

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
    return lost_share(frames, months, _MOVEMENTS)


def _customers(frames: Collected, month: int) -> pl.DataFrame:
    """Whose MRR moved so."""
    return customers_by_movement(frames, month, _MOVEMENTS)


def _lines(scope: Scope, month: int) -> pl.LazyFrame:
    """The lines active at the last month's end or at this one."""
    return active_lines(scope, [month - 1, month])


GROSS_MRR_CHURN = Metric(
    "gross_mrr_churn",
    needs=(mrr_months,),
    figures=gross_mrr_churn,
    contributors=_customers,
    evidence=_lines,
    behind=(mrr_movements,),
)
