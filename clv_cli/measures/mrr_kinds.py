"""The one rule that names a change of MRR, for two month ends or for two moments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope

CHANGES = ("new", "expansion", "contraction", "churn", "reactivation")
COUNTS = {
    "customers_new": "new",
    "customers_churned": "churn",
    "customers_reactivated": "reactivation",
}


def classified(
    scope: Scope, rows: pl.DataFrame, *, change: pl.Expr, fresh: pl.Expr
) -> pl.DataFrame:
    """Rows with the five movements and whom they gained and lost.

    Args:
        scope: the settings.
        rows: with `before` and `after` (whether the unit counts) and `idle` (days it had not paid).
        change: what moved, in constant rates.
        fresh: whether the unit had never paid before.
    """
    before, after = pl.col("before"), pl.col("after")
    window = scope.settings.churn.reactivation_window_days
    forgotten = pl.lit(value=False) if window is None else pl.col("idle").fill_null(0) > window
    unknown = fresh | forgotten
    stays = before == after
    cases = {
        "new": ~before & after & unknown,
        "expansion": stays & (change > 0),
        "contraction": stays & (change < 0),
        "churn": before & ~after,
        "reactivation": ~before & after & ~unknown,
    }
    moves = [pl.when(case).then(change).otherwise(0).alias(name) for name, case in cases.items()]
    counts = [cases[name].cast(pl.Int64).alias(count) for count, name in COUNTS.items()]
    return rows.with_columns(*moves, *counts)


def idle_by_month(spans: pl.DataFrame) -> pl.DataFrame:
    """The longest silence before a unit's starts in a month, in days: `unit, month, idle`."""
    return (
        spans.filter(pl.col("mrr") > 0)
        .group_by("unit", month="from_month")
        .agg(pl.col("idle").max())
    )
