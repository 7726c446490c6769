"""Customers on a plan of 0: who still uses the product though nothing is paid."""

from __future__ import annotations

import polars as pl

from clv_cli.measures.billed_lines import counted_lines, month_index
from clv_cli.measures.mrr_lines import amount_counted
from clv_cli.measures.units import by_subscription, coded_by_unit
from clv_cli.pipeline import Scope, derived, reduction

_EMPTY = {"unit": pl.Int32, "month": pl.Int32}


@reduction("free_lines")
def free_lines(scope: Scope) -> pl.LazyFrame:
    """Which recurring lines cost nothing, and when? `code, active_from, active_to`.

    Only under `mrr.free: keep_active`, and for customers: a single subscription that becomes free
    is lost to it.
    """
    lines = coded_by_unit(scope, counted_lines(scope))
    free = lines.filter(
        pl.col("kind") == "recurring",
        pl.col("period_start") < pl.col("period_end"),
        amount_counted(scope) == 0,
    ).select("code", active_from="period_start", active_to="period_end")
    wanted = scope.settings.mrr.free == "keep_active" and not by_subscription(scope)
    return (free if wanted else free.clear()).unique().sort("code", "active_from", "active_to")


@derived("free_months", free_lines, by_customer=True)
def free_months(scope: Scope, lines: pl.DataFrame) -> pl.DataFrame:
    """At which month ends did each customer have a plan of 0? `unit, month`, each once, sorted."""
    if not lines.height:
        return pl.DataFrame(schema=_EMPTY)
    closing = scope.closing
    seen = [
        (month_index(day) + ((day > scope.as_of) & (month_index(day) == closing))).cast(pl.Int32)
        for day in (pl.col("active_from"), pl.col("active_to"))
    ]
    months = lines.select("code", first=seen[0], end=pl.min_horizontal(seen[1], closing + 1))
    return (
        months.filter(pl.col("first") < pl.col("end"))
        .with_columns(month=pl.int_ranges("first", "end"))
        .explode("month", empty_as_null=False)
        .select(unit="code", month=pl.col("month").cast(pl.Int32))
        .unique()
        .sort("unit", "month")
    )
