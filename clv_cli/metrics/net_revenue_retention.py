"""NRR: how much the customers of a year ago pay today."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv_cli.measures.drilldown import active_lines, customers_by_change
from clv_cli.measures.mrr_spans import mrr_spans
from clv_cli.measures.ratios import retained_share
from clv_cli.measures.retention import retention
from clv_cli.pipeline import Metric

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from clv_cli.pipeline import Collected, Figure, Scope


def net_revenue_retention(frames: Collected, months: Sequence[int]) -> list[Figure]:
    """How much do the customers of `nrr.months` ago pay today? An exact ratio.

        NRR = MRR now of the customers active at the opening / their MRR at the opening

    Point to point, in the rates of the later month. Customers won since are in neither term; one
    who left and came back counts.
    Without customers at the opening there is no value.
    """
    return retained_share(frames, months, "closing", "their MRR now")


def _customers(frames: Collected, month: int) -> pl.DataFrame:
    """What each customer of the opening pays more or less now."""
    return customers_by_change(frames, month, month - frames.scope.settings.nrr.months)


def _lines(scope: Scope, month: int) -> pl.LazyFrame:
    """The lines active at the opening or at the month's end."""
    return active_lines(scope, [month - scope.settings.nrr.months, month])


NRR = Metric(
    "nrr",
    needs=(retention,),
    figures=net_revenue_retention,
    contributors=_customers,
    evidence=_lines,
    behind=(mrr_spans,),
)
