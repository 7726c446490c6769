"""Step functions beside MRR: discounts, subscriptions, what has not yet begun."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.measures.billed_lines import counted_lines
from clv_cli.measures.fx import divide_half_even
from clv_cli.measures.mrr_balances import in_base
from clv_cli.measures.mrr_lines import mrr_lines
from clv_cli.measures.mrr_spans import snapshot_month
from clv_cli.periods import month_end
from clv_cli.pipeline import Scope, reduction

if TYPE_CHECKING:
    from clv_cli.pipeline import Collected, Measure


@reduction("discount_steps")
def discount_steps(scope: Scope) -> pl.LazyFrame:
    """How much of each customer's MRR is discounted away, and when does that change?

        discount MRR of a line = its MRR x discount / amount

    Returns:
        `code, currency, day, delta` (Int64 MRR units), sorted by the first three.
    """
    mrr, amount = pl.col("mrr").cast(pl.Int128), pl.col("amount").cast(pl.Int128)
    discounted = mrr_lines(scope).filter(pl.col("discount").fill_null(0) != 0)
    # The sign of the amount goes above the line: the divisor must be positive.
    above = mrr * pl.col("discount").cast(pl.Int128) * amount.sign()
    share = divide_half_even(above, amount.abs()).cast(pl.Int64)
    return _steps(discounted.with_columns(mrr=share), "code", "currency")


@reduction("subscription_steps")
def subscription_steps(scope: Scope) -> pl.LazyFrame:
    """How does the MRR of each subscription and plan change, day by day?

    Returns:
        `code, subscription_id, plan_id, currency, day, delta` (Int64 MRR units), sorted.
    """
    return _steps(mrr_lines(scope), "code", "subscription_id", "plan_id", "currency")


@reduction("advance_lines")
def advance_lines(scope: Scope) -> pl.LazyFrame:
    """Which MRR was invoiced before its service began?

    Returns:
        `code, currency, issued_on, active_from, active_to, mrr`, sorted.
    """
    keys = ["code", "currency", "issued_on", "active_from", "active_to"]
    early = mrr_lines(scope).filter(pl.col("issued_on") < pl.col("active_from"))
    return early.group_by(keys).agg(pl.col("mrr").sum()).sort(keys)


@reduction("term_ends")
def term_ends(scope: Scope) -> pl.LazyFrame:
    """How much MRR came up for renewal in each month?

    Returns:
        `code, currency, month, mrr`, sorted: recurring lines by the month whose end sees them ended.
    """
    keys = ["code", "currency", "month"]
    return (
        mrr_lines(scope)
        .filter(pl.col("kind") == "recurring", pl.col("active_to") <= scope.as_of)
        .with_columns(month=snapshot_month(pl.col("active_to"), scope.as_of))
        .group_by(keys)
        .agg(pl.col("mrr").sum())
        .sort(keys)
    )


@reduction("zero_lines")
def zero_lines(scope: Scope) -> pl.LazyFrame:
    """Who had a recurring line of nothing, and when? `code, active_from, active_to`, sorted."""
    keys = ["code", "active_from", "active_to"]
    free = counted_lines(scope).filter(
        pl.col("kind") == "recurring",
        pl.col("amount") == 0,
        pl.col("period_start") < pl.col("period_end"),
    )
    return (
        free.select("code", active_from="period_start", active_to="period_end").unique().sort(keys)
    )


def level_at(frames: Collected, steps: Measure, month: int, *keys: str) -> pl.DataFrame:
    """The level of a step function at a month's end, in the base currency.

    Args:
        frames: with the step function.
        steps: one of the measures here.
        month: the month.
        keys: kept beside `code`.

    Returns:
        `code`, the keys and `value` (Int64 MRR units of the base currency, not 0).
    """
    day = min(month_end(month), frames.scope.as_of)
    levels = (
        frames[steps]
        .filter(pl.col("day") <= day)
        .group_by("code", *keys, "currency")
        .agg(mrr=pl.col("delta").cast(pl.Int128).sum().cast(pl.Int64))
        .filter(pl.col("mrr") != 0)
    )
    return at_month(frames, levels, month, *keys)


def at_month(frames: Collected, levels: pl.DataFrame, month: int, *keys: str) -> pl.DataFrame:
    """Levels of `code, currency, mrr` as `code`, the keys and `value` at a month's end."""
    dated = levels.with_columns(month=pl.lit(month, pl.Int32))
    return (
        in_base(frames.scope, dated)
        .group_by("code", *keys)
        .agg(pl.col("value").sum())
        .filter(pl.col("value") != 0)
    )


def _steps(lines: pl.LazyFrame, *keys: str) -> pl.LazyFrame:
    """Each line adds its MRR on its first day and takes it back on the day after its last."""
    events = lines.select(*keys, "mrr", "active_from", "active_to").unpivot(
        on=["active_from", "active_to"],
        index=[*keys, "mrr"],
        variable_name="event",
        value_name="day",
    )
    begins = pl.col("event") == "active_from"
    change = pl.when(begins).then(pl.col("mrr")).otherwise(-pl.col("mrr"))
    return (
        events.group_by(*keys, "day")
        .agg(delta=change.cast(pl.Int128).sum().cast(pl.Int64))
        .filter(pl.col("delta") != 0)
        .sort(*keys, "day")
    )
