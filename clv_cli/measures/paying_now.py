"""Who pays today, and how much a year: what is at stake when nothing more exact is known."""

from __future__ import annotations

import polars as pl

from clv_cli.measures.drilldown import mrr_at
from clv_cli.measures.fx import divide_half_even
from clv_cli.measures.mrr_spans import mrr_spans
from clv_cli.measures.mrr_terms import int128
from clv_cli.money import MRR_UNITS
from clv_cli.pipeline import Scope, derived
from clv_cli.results import Frames


@derived("paying_now", mrr_spans)
def paying_now(scope: Scope, spans: pl.DataFrame) -> pl.DataFrame:
    """Which customers have MRR on the as-of day, and what is a year of it?

    Returns:
        `code`, sorted; `mrr` (Int64 MRR units of the base currency, above 0), `yearly` = 12 x MRR
        (Int64 minor units, rounded once).
    """
    return _yearly(scope, spans, scope.closing)


@derived("paid_last_month", mrr_spans)
def paid_last_month(scope: Scope, spans: pl.DataFrame) -> pl.DataFrame:
    """The same a month's end earlier: what whose term has just ended had paid."""
    return _yearly(scope, spans, scope.closing - 1)


def _yearly(scope: Scope, spans: pl.DataFrame, month: int) -> pl.DataFrame:
    levels = mrr_at(Frames(scope, {mrr_spans.name: spans}), month)
    yearly = divide_half_even(pl.col("mrr").cast(pl.Int128) * 12, int128(MRR_UNITS))
    return (
        levels.filter(pl.col("mrr") > 0)
        .with_columns(pl.col("mrr").cast(pl.Int64), yearly=yearly.cast(pl.Int64))
        .sort("code")
    )
