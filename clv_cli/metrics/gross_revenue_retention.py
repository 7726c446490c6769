"""GRR: how much of the MRR of a year ago was kept, without any expansion."""

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


def gross_revenue_retention(frames: Collected, months: Sequence[int]) -> list[Figure]:
    """How much of the MRR `nrr.months` ago was kept, without any expansion? An exact ratio.

        GRR = sum over the opening customers of min(MRR at the opening, MRR now)
              / their MRR at the opening

    Point to point, in the rates of the later month. The minimum is taken customer by customer, so
    that one who grew never hides one who left.
    Without customers at the opening there is no value.
    """
    return retained_share(frames, months, "kept", "kept of it, customer by customer")


def _customers(frames: Collected, month: int) -> pl.DataFrame:
    """What each customer of the opening pays more or less now."""
    return customers_by_change(frames, month, month - frames.scope.settings.nrr.months)


def _lines(scope: Scope, month: int) -> pl.LazyFrame:
    """The lines active at the opening or at the month's end."""
    return active_lines(scope, [month - scope.settings.nrr.months, month])


GRR = Metric(
    "grr",
    needs=(retention,),
    figures=gross_revenue_retention,
    contributors=_customers,
    evidence=_lines,
    behind=(mrr_spans,),
)
