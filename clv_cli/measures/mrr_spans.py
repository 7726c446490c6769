"""MRR as step functions: how much each customer paid a month, in each currency, from when to when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.measures.billed_lines import month_index
from clv_cli.measures.mrr_lines import mrr_lines
from clv_cli.pipeline import Scope, derived, reduction

if TYPE_CHECKING:
    from datetime import date

# Customers are kept apart in one sorted column of numbers by a stride that no day reaches.
_STRIDE = 2**32
_DAY_ZERO = 2**30  # days before 1970 are negative


@reduction("mrr_deltas")
def mrr_deltas(scope: Scope) -> pl.LazyFrame:
    """By how much does each customer's MRR change on which day?

    A line adds its MRR on its first day and takes it back on the day after its last; where a
    renewal follows at the same price on the same day, nothing changes and no row is left.

    Returns:
        `code, currency, day, delta` (Int64 MRR units, never 0), sorted by the first three.
    """
    currencies = scope.book.lines.currencies
    begins, ends = _packed("active_from", currencies), _packed("active_to", currencies)
    # Each line once, then turned into its two events: two selections would scan everything twice.
    events = (
        mrr_lines(scope)
        .select("mrr", begins.alias("begins"), ends.alias("ends"))
        .unpivot(on=["begins", "ends"], index="mrr", variable_name="event", value_name="key")
    )
    change = pl.when(pl.col("event") == "begins").then(pl.col("mrr")).otherwise(-pl.col("mrr"))
    # One packed key groups and sorts three times as fast as its three parts.
    return (
        events.group_by("key")
        .agg(delta=change.cast(pl.Int128).sum().cast(pl.Int64))
        .filter(pl.col("delta") != 0)
        .sort("key")
        .select(*_unpacked(currencies), "delta")
    )


def _packed(day: str, currencies: tuple[str, ...]) -> pl.Expr:
    """Customer, currency and day as one Int64 that sorts like the three."""
    index: pl.Expr = pl.lit(0, pl.Int64)
    for number, currency in enumerate(currencies[1:], start=1):
        index = pl.when(pl.col("currency") == currency).then(pl.lit(number)).otherwise(index)
    group = pl.col("code").cast(pl.Int64) * max(len(currencies), 1) + index
    return group * _STRIDE + pl.col(day).to_physical() + _DAY_ZERO


def _unpacked(currencies: tuple[str, ...]) -> list[pl.Expr]:
    group, many = pl.col("key") // _STRIDE, max(len(currencies), 1)
    name: pl.Expr = pl.lit(currencies[0] if currencies else "", pl.String)
    for number, currency in enumerate(currencies[1:], start=1):
        name = pl.when(group % many == number).then(pl.lit(currency)).otherwise(name)
    return [
        (group // many).cast(pl.Int32).alias("code"),
        name.alias("currency"),
        (pl.col("key") % _STRIDE - _DAY_ZERO).cast(pl.Int32).cast(pl.Date).alias("day"),
    ]


@derived("mrr_spans", mrr_deltas)
def mrr_spans(scope: Scope, deltas: pl.DataFrame) -> pl.DataFrame:
    """At which month ends did each customer have which MRR?

    A customer without MRR for at most `churn.bridge_gap_days`, from the end of service to its next
    start, keeps the level before the gap. The snapshot of a month is its last day, and `as_of` for
    the month of `as_of`.

    Returns:
        `code, currency, from_month, to_month` (exclusive; equal when no snapshot lies inside),
        `mrr` (Int64, constant, not 0), `from_day`, `to_day` (exclusive), `idle` (days the customer
        had been without MRR when the span began; null for the first). Spans of one customer add up.
    """
    spans = _bridged(_levels(deltas), scope.settings.churn.bridge_gap_days)
    return spans.with_columns(
        from_month=snapshot_month(pl.col("from_day"), scope.as_of),
        to_month=snapshot_month(pl.col("to_day"), scope.as_of),
    ).sort("code", "currency", "from_day")


def snapshot_month(day: pl.Expr, as_of: date) -> pl.Expr:
    """The first month whose snapshot sees a day: its own, unless the snapshot is taken before."""
    month = month_index(day)
    closing = as_of.year * 12 + as_of.month - 1
    return month + ((day > as_of) & (month == closing)).cast(pl.Int32)


def _levels(deltas: pl.DataFrame) -> pl.DataFrame:
    """Days of constant MRR by customer and currency, from the sorted changes."""
    # Whatever a customer adds is taken back, so one running sum starts each of them at 0.
    same = (pl.col("code") == pl.col("code").shift(-1)) & (
        pl.col("currency") == pl.col("currency").shift(-1)
    )
    return deltas.select(
        "code",
        "currency",
        from_day="day",
        to_day=pl.when(same).then(pl.col("day").shift(-1)),
        mrr=pl.col("delta").cum_sum(),
    ).filter(pl.col("mrr") != 0)


def _bridged(levels: pl.DataFrame, limit: int) -> pl.DataFrame:
    """The levels with `idle`, and those before a short gap of the customer prolonged over it."""
    key = pl.col("code").cast(pl.Int64) * _STRIDE
    paying = (
        levels.filter(pl.col("mrr") > 0)
        .sort("code", "from_day", "to_day")
        .with_columns(
            reach=(key + pl.col("to_day").to_physical()).cum_max() - key,
            next_from=pl.when(pl.col("code") == pl.col("code").shift(-1)).then(
                pl.col("from_day").shift(-1)
            ),
        )
        .with_columns(
            idle=pl.when(pl.col("code") == pl.col("code").shift(1)).then(
                (pl.col("from_day").to_physical() - pl.col("reach").shift(1)).clip(0)
            ),
            gap=pl.col("next_from").to_physical() - pl.col("reach"),
        )
    )
    # The span that ends last need not be the one that began last: find it by its last day.
    gaps = paying.filter(pl.col("gap").is_between(1, limit)).select(
        "code", to_day=pl.col("reach").cast(pl.Int32).cast(pl.Date), prolonged="next_from"
    )
    bridged = paying.join(gaps, on=["code", "to_day"], how="left").with_columns(
        to_day=pl.coalesce("prolonged", "to_day")
    )
    columns = ["code", "currency", "from_day", "to_day", "mrr", "idle"]
    below = levels.filter(pl.col("mrr") < 0).with_columns(idle=pl.lit(None, pl.Int64))
    return pl.concat([bridged.select(columns), below.select(columns)])
