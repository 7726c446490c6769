"""The paid terms that customers under contract have held, read from recurring lines."""

from __future__ import annotations

import polars as pl

from clv_cli.measures.billed_lines import counted_lines, month_index
from clv_cli.pipeline import Scope, derived, reduction

_STRIDE = 2**32
_TERM = ["code", "period_start", "period_end", "interval", "interval_count", "plan_id"]
_WHOLE = {3: "quarter", 12: "year"}


@reduction("recurring_rows")
def recurring_rows(scope: Scope) -> pl.LazyFrame:
    """The recurring lines with a positive amount and a period, in the columns of `recurring_terms`.

    They are as many as the lines: sorting them in memory costs a quarter of sorting while streaming,
    so their order is that of `recurring_terms`, which nobody else may read around.
    """
    lag = (pl.col("issued_on") - pl.col("period_start")).dt.total_days()
    return (
        counted_lines(scope)
        .filter(
            pl.col("kind") == "recurring",
            pl.col("amount") > 0,
            pl.col("period_start") < pl.col("period_end"),
        )
        .select(*_TERM, "amount", lag=lag.cast(pl.Int32))
    )


@derived("recurring_terms", recurring_rows)
def recurring_terms(_: Scope, rows: pl.DataFrame) -> pl.DataFrame:
    """Which service periods did each customer pay for, under which plan?

    Recurring lines with a positive amount and a period.

    Returns:
        `code, period_start, period_end, interval, interval_count, plan_id`, `amount` (Int64, in the
        lines' own currencies: it only ranks a customer's plans), `lag` (days from the start of the
        period to its invoice), sorted by the first six.
    """
    key = pl.col("code").cast(pl.Int64) * _STRIDE + pl.col("period_start").to_physical()
    # One number first: customers seldom have two terms that begin on one day.
    ordered = rows.sort(key, *_TERM[2:], "amount", "lag")
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).shift(1)) for name in _TERM)
    if not ordered.select(same.any()).item():
        return ordered
    return (
        ordered.group_by(_TERM)
        .agg(pl.col("amount").cast(pl.Int128).sum().cast(pl.Int64), pl.col("lag").max())
        .sort(_TERM)
    )


@reduction("subscription_starts")
def subscription_starts(scope: Scope) -> pl.LazyFrame:
    """Since when does the billing system know each customer's subscriptions, and their pauses?

    Returns:
        `code, started_on, pauses` (List of `start/end`), a row a subscription.
    """
    return (
        scope.book.table("subscriptions")
        .select("customer_id", "started_on", "pauses")
        .join(scope.book.codes.lazy(), on="customer_id", how="inner")
        .select("code", "started_on", "pauses")
        .sort("code", "started_on")
    )


@derived("coverage", recurring_terms)
def coverage(scope: Scope, terms: pl.DataFrame) -> pl.DataFrame:
    """From when to when was each customer covered until everything ran out at once?

    Terms that overlap are one block: a product added in mid-term, an upgrade before the end, two
    subscriptions with different anniversaries. Only the day on which nothing else runs on asks the
    customer to stay or go.

    Returns:
        `code, start, end` (exclusive), `interval`, `interval_count`, `plan_id` of the term that ends
        the block (of several, the dearest), `lag`; sorted by `code, start`.
    """
    del scope
    key = pl.col("code").cast(pl.Int64) * _STRIDE
    # Customers are kept apart in one running maximum by a stride that no day reaches.
    reach = (key + pl.col("period_end").to_physical()).cum_max() - key
    before = pl.when(pl.col("code") == pl.col("code").shift(1)).then(pl.col("reach").shift(1))
    blocks = (
        terms.sort("code", "period_start", "period_end", "plan_id")
        .with_columns(reach=reach)
        .with_columns(opens=(pl.col("period_start").to_physical() >= before).fill_null(value=True))
        .with_columns(block=pl.col("opens").cum_sum())
    )
    starts = blocks.group_by("block").agg(
        start=pl.col("period_start").min(), lag=pl.col("lag").max()
    )
    return (
        _last(_with_interval(blocks))
        .join(starts, on="block", how="left", suffix="_of_block")
        .select(
            "code",
            start="start",
            end="period_end",
            interval="interval",
            interval_count="interval_count",
            plan_id="plan_id",
            lag="lag_of_block",
        )
        .sort("code", "start")
    )


def _last(blocks: pl.DataFrame) -> pl.DataFrame:
    """The term that ends each block; of several, the dearest."""
    opens = pl.col("block") != pl.col("block").shift(1)
    alone = (
        opens & (pl.col("block") != pl.col("block").shift(-1)).fill_null(value=True)
    ).fill_null(value=False)
    marked = blocks.with_columns(alone=alone)
    # Most blocks are one term: only the others are worth an order of their own.
    ended = (
        marked.filter(~pl.col("alone"))
        .sort(
            ["block", "period_end", "amount", "plan_id"],
            descending=[False, True, True, False],
        )
        .unique("block", keep="first", maintain_order=True)
    )
    return pl.concat([marked.filter("alone"), ended]).drop("alone")


def _with_interval(terms: pl.DataFrame) -> pl.DataFrame:
    """Intervals in their usual names: 12 months are a year, and an undeclared one has its length."""
    start, end = pl.col("period_start"), pl.col("period_end")
    months = month_index(end) - month_index(start)
    whole = (months > 0) & ((start.dt.day() == end.dt.day()) | (end.dt.day() >= 28))
    declared = pl.col("interval").is_not_null()
    name = (
        pl.when(declared)
        .then(pl.col("interval"))
        .otherwise(pl.when(whole).then(pl.lit("month")).otherwise(pl.lit("day")))
    )
    count = (
        pl.when(declared)
        .then(pl.col("interval_count").fill_null(1).cast(pl.Int32))
        .otherwise(
            pl.when(whole).then(months).otherwise((end - start).dt.total_days().cast(pl.Int32))
        )
    )
    found = terms.with_columns(interval=name, interval_count=count)
    monthly = pl.col("interval") == "month"
    for months_of, word in _WHOLE.items():
        is_one = monthly & (pl.col("interval_count") == months_of)
        found = found.with_columns(
            interval=pl.when(is_one).then(pl.lit(word)).otherwise(pl.col("interval")),
            interval_count=pl.when(is_one).then(1).otherwise(pl.col("interval_count")),
        )
    return found
