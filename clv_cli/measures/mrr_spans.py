"""MRR as step functions: how much each customer paid a month, in each currency, from when to when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.measures.billed_lines import month_index, months_of
from clv_cli.measures.fx import missing_rate
from clv_cli.measures.mrr_deltas import STRIDE, delta_columns, level_columns, mrr_deltas
from clv_cli.measures.subscription_levels import subscription_adjustments
from clv_cli.measures.units import numbered, numbers_of
from clv_cli.pipeline import Scope, derived

if TYPE_CHECKING:
    from datetime import date


@derived("unit_numbers", mrr_deltas, subscription_adjustments)
def unit_numbers(scope: Scope, deltas: pl.DataFrame, adjustments: pl.DataFrame) -> pl.DataFrame:
    """Which number has each subscription, where each moves by itself?

    Returns:
        `code, subscription_id, unit` (Int32), sorted by all three; without rows where units are the
        customers.
    """
    return numbers_of(scope, deltas, adjustments)


@derived("mrr_spans", mrr_deltas, subscription_adjustments, unit_numbers, by_customer=True)
def mrr_spans(
    scope: Scope, deltas: pl.DataFrame, adjustments: pl.DataFrame, units: pl.DataFrame
) -> pl.DataFrame:
    """At which month ends did each customer have which MRR?

    A customer without MRR for at most `churn.bridge_gap_days`, from the end of service to its next
    start, keeps the level before the gap. The snapshot of a month is its last day, and `as_of` for
    the month of `as_of`.

    Returns:
        `code, unit` (what moves by `grain`; the code for a customer), `currency, from_month,
        to_month` (exclusive; equal when no snapshot lies inside), `mrr` (Int64, constant, not 0),
        `from_day`, `to_day` (exclusive), `idle` (days the unit had been without MRR when the span
        began; null for the first), `held`: whether it is what a pause takes off, with a negative
        `mrr`. Spans of one customer add up. Under `fx.mode: service_start` with `base`, the level in
        the base currency.

    Raises:
        DataError: under `fx.mode: service_start`, a line's first day has no rate.
    """
    values = level_columns(scope)
    _require_rates(scope, deltas)
    moved = _adjusted(scope, deltas, adjustments.filter(pl.col("role") == "level"))
    levels = _levels(numbered(scope, moved, units), values)
    spans = _bridged(levels, scope.settings.churn.bridge_gap_days, values).with_columns(
        held=pl.lit(value=False)
    )
    if adjustments.height:
        held = adjustments.filter(pl.col("role") == "held")
        spans = pl.concat([spans, _held(numbered(scope, held, units), spans.columns, values)])
    return spans.with_columns(
        from_month=_snapshots(spans["from_day"], scope.as_of),
        to_month=_snapshots(spans["to_day"], scope.as_of),
    ).sort("unit", "currency", "held", "from_day")


def _snapshots(days: pl.Series, as_of: date) -> pl.Series:
    """`snapshot_month` of many days."""
    closing = as_of.year * 12 + as_of.month - 1
    month = months_of(days)
    return month + ((days > as_of) & (month == closing)).cast(pl.Int32)


def snapshot_month(day: pl.Expr, as_of: date) -> pl.Expr:
    """The first month whose snapshot sees a day: its own, unless the snapshot is taken before."""
    month = month_index(day)
    closing = as_of.year * 12 + as_of.month - 1
    return month + ((day > as_of) & (month == closing)).cast(pl.Int32)


def _require_rates(scope: Scope, deltas: pl.DataFrame) -> None:
    if "base_delta" in deltas.columns:
        unrated = deltas.filter(pl.col("base_delta").is_null()).sort("currency", "day")
        for currency, day in unrated.select("currency", "day").iter_rows():
            raise missing_rate(currency, day, scope.currency)


def _adjusted(scope: Scope, deltas: pl.DataFrame, adjustments: pl.DataFrame) -> pl.DataFrame:
    """The deltas of the lines with those of snapped prorations and pauses."""
    if not adjustments.height:
        return deltas
    values, changes = level_columns(scope), delta_columns(scope)
    keys = [name for name in deltas.columns if name not in changes]
    begins = adjustments.rename({"from_day": "day"}).select(
        *keys, *(pl.col(v).alias(d) for v, d in zip(values, changes, strict=True))
    )
    ends = adjustments.rename({"to_day": "day"}).select(
        *keys, *((-pl.col(v)).alias(d) for v, d in zip(values, changes, strict=True))
    )
    return (
        pl.concat([deltas.select(*keys, *changes), begins, ends])
        .group_by(keys)
        .agg(pl.col(change).sum() for change in changes)
        .filter(pl.any_horizontal(pl.col(change) != 0 for change in changes))
        .sort(keys)
    )


def _held(held: pl.DataFrame, columns: list[str], values: tuple[str, ...]) -> pl.DataFrame:
    """What pauses hold, as negative spans beside the level that includes it."""
    return held.with_columns(
        *(-pl.col(value) for value in values),
        idle=pl.lit(None, pl.Int64),
        held=pl.lit(value=True),
    ).select(columns)


def _levels(deltas: pl.DataFrame, values: tuple[str, ...]) -> pl.DataFrame:
    """Days of constant MRR by unit and currency, from the sorted changes."""
    plain = deltas["unit"].is_sorted() and "subscription_id" not in deltas.columns
    moved = deltas if plain else deltas.sort("unit", "currency", "day")
    # Whatever a unit adds is taken back, so one running sum starts each of them at 0.
    same = (pl.col("unit") == pl.col("unit").shift(-1)) & (
        pl.col("currency") == pl.col("currency").shift(-1)
    )
    totals = dict(zip(values, ("delta", "base_delta"), strict=False))
    return moved.select(
        "code",
        "unit",
        "currency",
        from_day="day",
        to_day=pl.when(same).then(pl.col("day").shift(-1)),
        **{value: pl.col(delta).cum_sum() for value, delta in totals.items()},
    ).filter(pl.col("mrr") != 0)


def _bridged(levels: pl.DataFrame, limit: int, values: tuple[str, ...]) -> pl.DataFrame:
    """The levels with `idle`, and those before a short gap of the unit prolonged over it."""
    key = pl.col("unit").cast(pl.Int64) * STRIDE
    paying = (
        levels.filter(pl.col("mrr") > 0)
        .sort("unit", "from_day", "to_day")
        .with_columns(
            reach=(key + pl.col("to_day").to_physical()).cum_max() - key,
            next_from=pl.when(pl.col("unit") == pl.col("unit").shift(-1)).then(
                pl.col("from_day").shift(-1)
            ),
        )
        .with_columns(
            idle=pl.when(pl.col("unit") == pl.col("unit").shift(1)).then(
                (pl.col("from_day").to_physical() - pl.col("reach").shift(1)).clip(0)
            ),
            gap=pl.col("next_from").to_physical() - pl.col("reach"),
        )
    )
    # The span that ends last need not be the one that began last: find it by its last day.
    gaps = paying.filter(pl.col("gap").is_between(1, limit)).select(
        "unit", to_day=pl.col("reach").cast(pl.Int32).cast(pl.Date), prolonged="next_from"
    )
    bridged = paying
    if gaps.height:
        bridged = paying.join(gaps, on=["unit", "to_day"], how="left").with_columns(
            to_day=pl.coalesce("prolonged", "to_day")
        )
    columns = ["code", "unit", "currency", "from_day", "to_day", *values, "idle"]
    below = levels.filter(pl.col("mrr") < 0).with_columns(idle=pl.lit(None, pl.Int64))
    return pl.concat([bridged.select(columns), below.select(columns)])
