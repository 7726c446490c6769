"""What became of closed months: their lines as read now against what they were when they were closed."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from clv_cli.frames.closed import (
    BOOKED,
    CONFIG,
    FX,
    LATE,
    NEW,
    REVERSED,
    VERSION,
    Closed,
)
from clv_cli.measures.billed_lines import billed_lines, month_index
from clv_cli.periods import month_end
from clv_cli.pipeline import Scope, derived, reduction

_KEY = ["line_id", "customer_id"]
_LINE = {
    "line_id": pl.String,
    "customer_id": pl.String,
    "issued_on": pl.Date,
    "currency": pl.String,
    "source": pl.String,
    "row": pl.Int64,
    "worth": pl.Int64,
}
RESTATED = {
    "month": pl.Int32,
    "customer_id": pl.String,
    "cause": pl.String,
    "line_id": pl.String,
    "issued_on": pl.Date,
    "before": pl.Int64,
    "now": pl.Int64,
    "difference": pl.Int64,
    "source": pl.String,
    "row": pl.Int64,
}


def _closed(scope: Scope) -> Closed | None:
    """The closed months, where the as-of day sees all of them."""
    closed = scope.book.closed
    seen = closed is not None and scope.as_of >= month_end(closed.last)
    return closed if seen else None


@reduction("closed_billed")
def closed_billed(scope: Scope) -> pl.LazyFrame:
    """What is each line of the closed months worth now, before any correction is booked?

    Returns:
        `line_id, customer_id` with the sum of their billed lines, `worth`, in minor units of the base
        currency; `issued_on, currency, source, row` of the first. Empty without closed months.
    """
    closed = _closed(scope)
    if closed is None or scope.book.as_read is None:
        return pl.LazyFrame(schema=_LINE)
    lines = billed_lines(replace(scope, book=scope.book.as_read))
    return _worth(lines.filter(pl.col("month") <= closed.last), "amount_base")


def _worth(lines: pl.LazyFrame, amount: str) -> pl.LazyFrame:
    first = ("issued_on", "currency", "source", "row")
    return (
        lines.sort("source", "row")
        .group_by(_KEY)
        .agg(
            *(pl.col(name).first() for name in first),
            worth=pl.col(amount).cast(pl.Int128).sum().cast(pl.Int64),
        )
        .select(pl.col(name).cast(kind) for name, kind in _LINE.items())
    )


@derived("restatements", closed_billed)
def restatements(scope: Scope, now: pl.DataFrame) -> pl.DataFrame:
    """Which lines of closed months are worth something else than when they were closed, and why?

    The cause of a line whose row came, changed or went is that. Where its row is the same, another
    exchange rate, other settings or another version of `clv` made the difference, in this order; what
    remains is a later row that decides whether the line counts, such as a credit of a refund.

    Returns:
        `RESTATED`, by month, customer and line; `before, now, difference` in minor units of the base
        currency. Empty where nothing changed, or nothing is closed.
    """
    closed = _closed(scope)
    if closed is None:
        return pl.DataFrame(schema=RESTATED)
    counted = closed.read.filter(pl.col("billed_base").is_not_null()).lazy()
    then = _worth(counted, "billed_base").collect(engine="in-memory")
    both = then.join(now, on=_KEY, how="full", suffix="_now", coalesce=True)
    rows = closed.changed.group_by("line_id").agg(pl.col("cause").first().alias("row_cause"))
    latest = [pl.coalesce(f"{n}_now", n).alias(n) for n in ("source", "row", "currency")]
    worth = {
        "before": pl.col("worth").fill_null(0),
        "now": pl.col("worth_now").fill_null(0),
        "issued_on": pl.coalesce("issued_on", "issued_on_now"),
    }
    told = both.join(rows, on="line_id", how="left").with_columns(*latest, **worth)
    differing = told.with_columns(difference=pl.col("now") - pl.col("before")).filter(
        pl.col("difference") != 0
    )
    return (
        differing.with_columns(
            cause=pl.coalesce("row_cause", _other_cause(scope, closed)),
            month=month_index(pl.col("issued_on")),
        )
        .select(pl.col(name).cast(kind) for name, kind in RESTATED.items())
        .sort("month", "customer_id", "line_id")
    )


def _other_cause(scope: Scope, closed: Closed) -> pl.Expr:
    """Why a line is worth something else though its row is the same."""
    decided = NEW
    if closed.version_changed:
        decided = VERSION
    if closed.config_changed:
        decided = CONFIG
    both = pl.col("worth").is_not_null() & pl.col("worth_now").is_not_null()
    rated = both & (pl.col("currency") != scope.currency)
    return pl.when(rated).then(pl.lit(FX)).otherwise(pl.lit(decided))


@reduction("adjusting_lines")
def adjusting_lines(scope: Scope) -> pl.LazyFrame:
    """The billed lines that correct closed months, in the months in which they are booked.

    Returns:
        `code, month` with `lines` and `amount_base` (minor units), sorted.
    """
    closed = scope.book.closed
    keys = ["code", "month"]
    if closed is None or scope.settings.closing.changes != "adjust":
        schema = {"code": pl.Int32, "month": pl.Int32, "lines": pl.Int64, "amount_base": pl.Int64}
        return pl.LazyFrame(schema=schema)
    marked = pl.col("line_id").str.contains(f"({REVERSED}|{BOOKED})$")
    late = pl.col("line_id").is_in(_late(closed).implode())
    return (
        billed_lines(scope)
        .filter(marked | late)
        .group_by(keys)
        .agg(
            lines=pl.len().cast(pl.Int64),
            amount_base=pl.col("amount_base").cast(pl.Int128).sum().cast(pl.Int64),
        )
        .sort(keys)
    )


def _late(closed: Closed) -> pl.Series:
    """The lines that came late: booked now, or in a month that was closed since."""
    now = closed.changed.filter(pl.col("cause") == LATE)["line_id"]
    both = closed.booked.select("line_id", "issued_on").join(
        closed.read.select("line_id", home="issued_on"), on="line_id"
    )
    moved = both.filter(month_index(pl.col("issued_on")) > month_index(pl.col("home")))["line_id"]
    return pl.concat([now, moved]).unique().sort()
