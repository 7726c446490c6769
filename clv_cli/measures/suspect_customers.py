"""Customers whose history the data do not hold whole: cut off on the left, on the right, or below 0."""

from __future__ import annotations

import polars as pl

from clv_cli.measures.mrr_movements import mrr_movements
from clv_cli.measures.mrr_spans import mrr_spans
from clv_cli.periods import month_of, month_start
from clv_cli.pipeline import Scope, derived, reduction

UNUSUAL = 3  # a first month with so many times the usual number of new customers began before


@reduction("known_starts")
def known_starts(scope: Scope) -> pl.LazyFrame:
    """Since when is each customer known? The earliest of its record and its subscriptions.

    Returns:
        `code`, sorted; `start`, and the `source` and `row` that say so.
    """
    customers = scope.book.table("customers").select(
        "customer_id", "source", "row", start="created_on"
    )
    subscriptions = scope.book.table("subscriptions").select(
        "customer_id", "source", "row", start="started_on"
    )
    said = pl.concat([customers, subscriptions]).filter(pl.col("start").is_not_null())
    return (
        said.join(scope.book.codes.lazy(), on="customer_id", how="inner")
        .group_by("code")
        .agg(pl.col("start", "source", "row").sort_by("start", "source", "row").first())
        .sort("code")
    )


@derived("won_customers", mrr_movements, by_customer=True)
def won_customers(_: Scope, movements: pl.DataFrame) -> pl.DataFrame:
    """Who was new in which month? `code, month`, sorted by them; `new` (Int64 MRR units, above 0)."""
    return movements.filter(pl.col("new") > 0).select("code", "month", "new")


@derived("truncated_customers", won_customers, known_starts)
def truncated_customers(scope: Scope, won: pl.DataFrame, starts: pl.DataFrame) -> pl.DataFrame:
    """Who was a customer before the data begin, and therefore looks new in their first month?

    Known by an earlier record or subscription; where nothing is known of a customer's start, all of
    the first month count when they are more than three times as many as come in a usual month.

    Returns:
        `code`, sorted; `mrr` booked as new (Int64 MRR units of the base currency), `start`, `source`,
        `row` (empty where nothing is known).
    """
    if not scope.book.lines.rows:
        return won.clear().select("code", mrr="new").join(starts, on="code", how="left")
    first = month_of(scope.book.lines.first_issued)
    opening = won.filter(pl.col("month") <= first).select("code", mrr="new")
    known = opening.join(starts, on="code", how="left")
    earlier = known.filter(pl.col("start") < month_start(first))
    unknown = known.filter(pl.col("start").is_null())
    months = max(1, min(scope.closing - first, 11))
    usual = won.filter(pl.col("month").is_between(first + 1, first + months)).height / months
    crowd = unknown if scope.closing > first and unknown.height > UNUSUAL * max(usual, 1) else None
    return pl.concat([earlier, *([] if crowd is None else [crowd])]).sort("code")


@derived("open_gaps", mrr_spans, by_customer=True)
def open_gaps(scope: Scope, spans: pl.DataFrame) -> pl.DataFrame:
    """Whose service ended so recently that a renewal would still be bridged?

    Their churn is provisional: it is undone when they renew within `churn.bridge_gap_days`.

    Returns:
        `code, unit, currency`, sorted; `mrr` (Int64 MRR units of the currency) and the `last` day of
        service.
    """
    paying = spans.filter(pl.col("mrr") > 0, pl.col("from_day") <= scope.as_of)
    reach = pl.col("to_day").max().over("unit")
    limit = pl.duration(days=scope.settings.churn.bridge_gap_days)
    ended = (reach <= scope.as_of) & (reach + limit > scope.as_of)
    return (
        paying.filter(ended, pl.col("to_day") == reach)
        .select("code", "unit", "currency", "mrr", last=pl.col("to_day") - pl.duration(days=1))
        .sort("unit", "currency")
    )


@derived("negative_customers", mrr_movements, by_customer=True)
def negative_customers(_: Scope, movements: pl.DataFrame) -> pl.DataFrame:
    """Whose credits exceed its charges at some month's end?

    Returns:
        `code`, sorted; the lowest `mrr` (Int64 MRR units of the base currency) and its `month`.
    """
    below = movements.filter(pl.col("closing") < 0).sort("code", "closing", "month")
    return (
        below.group_by("code")
        .agg(mrr=pl.col("closing").first(), month=pl.col("month").first())
        .sort("code")
    )
