"""Who pays today, and how much a year: what is at stake when nothing more exact is known."""

from __future__ import annotations

import polars as pl

from clv_cli.measures.drilldown import mrr_at
from clv_cli.measures.fx import divide_half_even
from clv_cli.measures.mrr_spans import mrr_spans
from clv_cli.money import MRR_UNITS
from clv_cli.pipeline import Scope, derived
from clv_cli.results import Frames

_A_YEAR = MRR_UNITS // 12  # 55,440 is divided by 12 without rest, so a year stays within Int64


@derived("paying_now", mrr_spans, by_customer=True)
def paying_now(scope: Scope, spans: pl.DataFrame) -> pl.DataFrame:
    """Which customers have MRR on the as-of day, and what is a year of it?

    Returns:
        `code`, sorted; `mrr` (Int64 MRR units of the base currency, above 0), `yearly` = 12 x MRR
        (Int64 minor units, rounded once).
    """
    return _yearly(scope, spans, scope.closing)


@derived("paid_last_month", mrr_spans, by_customer=True)
def paid_last_month(scope: Scope, spans: pl.DataFrame) -> pl.DataFrame:
    """The same a month's end earlier: what whose term has just ended had paid."""
    return _yearly(scope, spans, scope.closing - 1)


def _yearly(scope: Scope, spans: pl.DataFrame, month: int) -> pl.DataFrame:
    levels = mrr_at(Frames(scope, {mrr_spans.name: spans}), month)
    paying = levels.filter(pl.col("mrr") > 0).with_columns(pl.col("mrr").cast(pl.Int64))
    yearly = divide_half_even(pl.col("mrr"), pl.lit(_A_YEAR, pl.Int64))
    return paying.with_columns(yearly=yearly).sort("code")


def of_paying(found: pl.DataFrame, paying: pl.DataFrame) -> pl.DataFrame:
    """The rows of customers who pay, in their order.

    Args:
        found: with `code`.
        paying: `paying_now`.
    """
    return found.filter(pays(found["code"], paying))


def pays(codes: pl.Series, paying: pl.DataFrame) -> pl.Series:
    """Whether each customer pays; looked up in order, which spares a join its table of all who do."""
    payers = paying["code"]
    place = payers.search_sorted(codes)
    return (payers.gather(place, null_on_oob=True) == codes).fill_null(value=False)
