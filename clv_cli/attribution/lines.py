"""The lines the split works on: purchases, and the credits that take purchases back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.measures.billed_lines import billed_lines

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope

COLUMNS = (
    "line_id",
    "invoice_id",
    "customer_id",
    "code",
    "issued_on",
    "month",
    "kind",
    "product_id",
    "touchpoint",
    "deal_id",
    "currency",
    "amount",
    "amount_base",
    "period_start",
    "period_end",
    "original_line_id",
    "source",
    "row",
)
ONE = pl.lit(1, pl.Int128)


def history(scope: Scope) -> pl.LazyFrame:
    """All billed lines up to `as_of`, with the columns the split reads."""
    return billed_lines(scope).select(
        *(name for name in COLUMNS if name != "amount_base"),
        # A missing rate stops the run through `revenue_facts`; until then it counts as nothing.
        pl.col("amount_base").fill_null(0),
    )


def in_period(scope: Scope) -> pl.Expr:
    """Whether a line is issued in a reported month."""
    return pl.col("month").is_between(scope.period.first, scope.period.end - 1)


def first_purchases(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Each customer's first purchase day: `code, first_day`."""
    bought = lines.filter(pl.col("amount") > 0)
    return bought.group_by("code").agg(first_day=pl.col("issued_on").min())


def purchases(scope: Scope, lines: pl.LazyFrame, credits_: pl.LazyFrame) -> pl.LazyFrame:
    """The lines whose split is needed: those of the period, and earlier ones credited in it.

    Args:
        scope: its period is reported.
        lines: all billed lines.
        credits_: see `credits`.

    Returns:
        Lines that are not negative, with `reported`: whether they lie in the period.
    """
    bought = lines.filter(pl.col("amount") >= 0)
    now = bought.filter(in_period(scope)).with_columns(reported=pl.lit(value=True))
    if scope.book.lines.first_issued >= scope.period.start_day:
        return now
    taken_now = credits_.filter(in_period(scope) & (pl.col("taken") > 0))
    credited = taken_now.select(line_id="original_line_id").unique()
    earlier = bought.filter(~in_period(scope)).join(credited, on="line_id", how="semi")
    return pl.concat([now, earlier.with_columns(reported=pl.lit(value=False))])


def credits(lines: pl.LazyFrame) -> pl.LazyFrame:
    """How much of which purchase does each credit take back?

    A credit follows its original, a purchase of the same customer in the same currency; credits of
    one original count in order of issue, and never take back more than it was worth. Whatever has
    no original, or exceeds it, is `excess`.

    Returns:
        Negative lines with `nth` (among the credits of the original), `taken` (minor units of the
        line's currency), `taken_base` and `excess_base` (of the base currency); all not negative.
    """
    negative = lines.filter(pl.col("amount") < 0)
    named = negative.select(line_id="original_line_id").drop_nulls().unique()
    originals = (
        lines.filter(pl.col("amount") > 0)
        .join(named, on="line_id", how="semi")
        .select("code", "currency", original_line_id="line_id", worth="amount")
    )
    owed, owed_base = -pl.col("amount").cast(pl.Int128), -pl.col("amount_base").cast(pl.Int128)
    order = {"order_by": ["issued_on", "line_id"]}
    before = owed.cum_sum().over("original_line_id", **order) - owed
    left = (pl.col("worth") - before).clip(lower_bound=0)
    taken = pl.when(pl.col("worth").is_null()).then(0).otherwise(pl.min_horizontal(owed, left))
    return (
        negative.join(originals, on=["original_line_id", "code", "currency"], how="left")
        .with_columns(
            taken=taken.cast(pl.Int64),
            nth=pl.int_range(pl.len()).over("original_line_id", **order),
        )
        .with_columns(taken_base=(owed_base * pl.col("taken") // owed).cast(pl.Int64))
        .with_columns(excess_base=(owed_base - pl.col("taken_base")).cast(pl.Int64))
        .drop("worth")
    )
