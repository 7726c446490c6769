"""ARPA: what the average customer pays a month."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv_cli.measures.drilldown import active_lines, customers_by_mrr
from clv_cli.measures.mrr_months import mrr_months
from clv_cli.measures.mrr_spans import mrr_spans
from clv_cli.measures.series import rounded
from clv_cli.measures.unit_economics import arpa
from clv_cli.pipeline import Metric

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from clv_cli.pipeline import Collected, Figure, Scope


def average_revenue_per_account(frames: Collected, months: Sequence[int]) -> list[Figure]:
    """What does the average customer pay a month? Minor units, at the month's end.

        ARPA = MRR / customers

    Without customers there is no value.
    """
    return rounded(frames, months, lambda month: arpa(frames, month))


def _lines(scope: Scope, month: int) -> pl.LazyFrame:
    """The lines active at the month's end."""
    return active_lines(scope, [month])


ARPA = Metric(
    "arpa",
    needs=(mrr_months,),
    figures=average_revenue_per_account,
    contributors=customers_by_mrr,
    evidence=_lines,
    behind=(mrr_spans,),
)
