"""What stands behind a figure: the customers it is made of, and the source rows under it."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.measures.billed_lines import billed_lines
from clv_cli.measures.fx import divide_half_even
from clv_cli.measures.mrr_balances import in_base, visible
from clv_cli.measures.mrr_lines import mrr_lines
from clv_cli.measures.mrr_movements import mrr_movements
from clv_cli.measures.mrr_spans import mrr_spans
from clv_cli.measures.revenue_facts import revenue_facts
from clv_cli.money import MRR_UNITS
from clv_cli.periods import Period, month_end

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv_cli.pipeline import Collected, Scope


def customers_by_mrr(frames: Collected, month: int) -> pl.DataFrame:
    """Every paying customer with its MRR at the month's end, largest first."""
    levels = mrr_at(frames, month).filter(pl.col("mrr") > 0)
    return _named(frames, levels.with_columns(note=pl.lit("")), pl.col("mrr"))


def customers_by_movement(frames: Collected, month: int, movements: Sequence[str]) -> pl.DataFrame:
    """Every customer whose MRR moved in some ways in the month, largest movement first.

    Args:
        frames: with `mrr_movements`.
        month: the month.
        movements: which ones.
    """
    rows = frames[mrr_movements].filter(pl.col("month") == month)
    moved = rows.select("code", *movements).unpivot(
        index="code", variable_name="note", value_name="mrr"
    )
    return _named(frames, moved.filter(pl.col("mrr") != 0), pl.col("mrr"))


def customers_by_change(frames: Collected, month: int, since: int) -> pl.DataFrame:
    """Every customer of an opening month with what it pays more or less now, in today's rates.

    Args:
        frames: with `mrr_spans`.
        month: the month whose rates are used.
        since: the opening month.
    """
    then = mrr_at(frames, since, rates=month).filter(pl.col("mrr") > 0)
    now = mrr_at(frames, month).rename({"mrr": "now"})
    pairs = then.join(now, on="code", how="left").with_columns(pl.col("now").fill_null(0).clip(0))
    note = pl.when(pl.col("now") == 0).then(pl.lit("left")).otherwise(pl.lit(""))
    return _named(frames, pairs.with_columns(note=note), pl.col("now") - pl.col("mrr"))


def customers_lost(frames: Collected, window: Period) -> pl.DataFrame:
    """Every customer who left in a window with the MRR it took along, largest first."""
    return _over_window(frames, window, "churn")


def customers_won(frames: Collected, window: Period) -> pl.DataFrame:
    """Every new customer of a window with the MRR it brought, largest first."""
    return _over_window(frames, window, "new")


def customers_by_revenue(frames: Collected, window: Period) -> pl.DataFrame:
    """Every customer billed in a window with its billed revenue, largest first."""
    facts = frames[revenue_facts].filter(_within(window))
    sums = facts.group_by("code").agg(
        mrr=pl.col("amount_base").cast(pl.Int128).sum().cast(pl.Int64),
        note=pl.format("{} lines", pl.col("lines").sum()),
    )
    return _named(frames, sums, pl.col("mrr"), unit=1)


def mrr_at(frames: Collected, month: int, rates: int | None = None) -> pl.DataFrame:
    """Each customer's MRR at a month's end: `code, mrr` in MRR units of the base currency.

    Args:
        frames: with `mrr_spans`.
        month: the month.
        rates: the month whose closing rates are used; default: the same.
    """
    scope = frames.scope
    spans = visible(scope, frames[mrr_spans]).filter(
        pl.col("from_month") <= month, pl.col("to_month") > month
    )
    if "base" not in spans.columns and (spans["currency"] == scope.currency).all():
        return _by_customer(spans)
    values = [name for name in ("mrr", "base") if name in spans.columns]
    levels = (
        spans.group_by("code", "currency")
        .agg(pl.col(value).sum() for value in values)
        .with_columns(month=pl.lit(month if rates is None else rates, pl.Int32))
    )
    return in_base(scope, levels).group_by("code").agg(mrr=pl.col("value").sum())


def _by_customer(spans: pl.DataFrame) -> pl.DataFrame:
    """The MRR of each customer; most have one span, and then nothing is to be grouped."""
    levels = spans.select("code", "mrr")
    if bool((levels["code"] > levels["code"].shift(1)).all()):
        return levels
    return levels.group_by("code").agg(pl.col("mrr").sum())


def active_lines(scope: Scope, months: Sequence[int]) -> pl.LazyFrame:
    """The lines that make MRR at the ends of some months."""
    days = [min(month_end(month), scope.as_of) for month in months]
    active = [(pl.col("active_from") <= day) & (pl.col("active_to") > day) for day in days]
    return _lines(mrr_lines(scope).filter(reduce(or_, active)))


def issued_lines(scope: Scope, window: Period) -> pl.LazyFrame:
    """The lines billed in a window."""
    return _lines(billed_lines(scope).filter(_within(window)))


def cost_rows(
    scope: Scope, table: str, window: Period, categories: Sequence[str] | None = None
) -> pl.LazyFrame:
    """The rows of `spend` or `service_costs` whose period touches a window.

    Args:
        scope: the Book.
        table: which of the two.
        window: the months.
        categories: only these; default: all.
    """
    rows = scope.book.table(table)
    # A row without an end is about the month of its first day.
    end = pl.col("period_start").dt.month_end() + pl.duration(days=1)
    if table == "spend":
        end = pl.coalesce("period_end", end)
    rows = rows.filter(
        pl.col("period_start") < window.end_day,
        (pl.max_horizontal(end, pl.col("period_start") + pl.duration(days=1))) > window.start_day,
    )
    if categories is not None:
        rows = rows.filter(pl.col("category").is_in(categories))
    customer = pl.col("customer_id") if table == "service_costs" else pl.lit(None, pl.String)
    return rows.select(
        pl.lit(table).alias("table"),
        customer.alias("customer_id"),
        pl.lit(None, pl.String).alias("line_id"),
        pl.col("period_start").alias("day"),
        pl.col("category").alias("kind"),
        "amount",
        "currency",
        "source",
        "row",
    ).sort("day", "source", "row")


def table_rows(scope: Scope, table: str, day: str, kind: str, window: Period) -> pl.LazyFrame:
    """The rows of any table in a window, as source rows.

    Args:
        scope: the Book.
        table: which one.
        day: its day.
        kind: the column that says what a row is.
        window: the months.
    """
    rows = scope.book.table(table).filter(
        pl.col(day) >= window.start_day, pl.col(day) < window.end_day, pl.col(day) <= scope.as_of
    )
    have = rows.collect_schema().names()
    text, whole = pl.lit(None, pl.String), pl.lit(None, pl.Int64)
    ids = [name for name in ("line_id", "payment_id", "deal_id", "response_id") if name in have]
    return rows.select(
        pl.lit(table).alias("table"),
        (pl.col("customer_id") if "customer_id" in have else text).alias("customer_id"),
        (pl.col(ids[0]) if ids else text).alias("line_id"),
        pl.col(day).alias("day"),
        pl.col(kind).cast(pl.String).alias("kind"),
        (pl.col("amount") if "amount" in have else whole).alias("amount"),
        (pl.col("currency") if "currency" in have else text).alias("currency"),
        "source",
        "row",
    ).sort("day", "source", "row")


def _over_window(frames: Collected, window: Period, movement: str) -> pl.DataFrame:
    rows = frames[mrr_movements].filter(_within(window), pl.col(movement) != 0)
    year, zero_based = pl.col("month") // 12, pl.col("month") % 12
    month = pl.format("{}-{}", year.cast(pl.String), (zero_based + 1).cast(pl.String).str.zfill(2))
    return _named(frames, rows.with_columns(note=month), pl.col(movement))


def _within(window: Period) -> pl.Expr:
    return pl.col("month").is_between(window.first, window.end, closed="left")


def _lines(lines: pl.LazyFrame) -> pl.LazyFrame:
    return lines.select(
        pl.lit("billing_lines").alias("table"),
        "customer_id",
        "line_id",
        pl.col("issued_on").alias("day"),
        "kind",
        "amount",
        "currency",
        "source",
        "row",
    ).sort("customer_id", "day", "source", "row", "line_id")


def _named(
    frames: Collected, rows: pl.DataFrame, value: pl.Expr, unit: int = MRR_UNITS
) -> pl.DataFrame:
    """Codes as customer ids and units as whole minor units; the largest, either way, first."""
    whole = divide_half_even(value.cast(pl.Int128), pl.lit(unit, pl.Int128)).cast(pl.Int64)
    return (
        rows.join(frames.scope.book.codes, on="code", how="left")
        .select("customer_id", whole.alias("value"), "note")
        .sort(pl.col("value").abs(), "customer_id", "note", descending=[True, False, False])
    )
