"""Customers who pay for far more than they use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.measures.moment_kind import Aim, MomentKind, in_window, moment_rows
from clv_cli.measures.paying_now import of_paying, paying_now
from clv_cli.measures.usage_months import (
    grouped,
    known_on,
    lasted,
    products_fit,
    share_at_least,
    share_below,
    usage_months,
)
from clv_cli.periods import month_of

if TYPE_CHECKING:
    from datetime import date

    from clv_cli.pipeline import Collected


def under_quota(frames: Collected, since: date) -> pl.DataFrame:
    """Who used less than 30 % of its quota for two complete months? The second of them, once.

    A quota of 0 allows nothing, so nobody can be under it.
    """
    scope = frames.scope
    rules = scope.settings.moments.quota
    share = rules.under.numerator, rules.under.denominator
    # Only months under it remain: a streak is a run of neighbours among them.
    recent = pl.col("month") >= month_of(since) - rules.under_months
    every = frames[usage_months]
    if products_fit(every, rules.under):
        below = (pl.col("quota") > 0) & ~share_at_least(*share, pl.Int64)
        few = every.filter("complete", recent, below)
    else:
        below = (pl.col("quota") > 0) & ~share_at_least(*share)
        few = every.filter("complete", recent, share_below(rules.under)).filter(below)
    months = few.with_columns(under=pl.lit(value=True))
    dated = (
        months.filter(lasted("under", rules.under_months))
        .with_columns(day=known_on(scope))
        .filter(in_window("day", since, scope.as_of))
    )
    found = of_paying(dated, frames[paying_now]).sort("code", "metric", "month")
    year, month = pl.col("month") // 12, pl.col("month") % 12 + 1
    return moment_rows(
        found,
        "under_quota",
        code="code",
        day="day",
        subject="metric",
        occurrence=pl.format("{}-{}", year, month.cast(pl.String).str.zfill(2)),
        fact=pl.format(
            f"{{}} of {{}} {{}}, {rules.under_months} months in a row",
            grouped("used"),
            grouped("quota"),
            "metric",
        ),
        source="source",
        row="row",
    )


KINDS = (
    MomentKind(
        "under_quota",
        "Far under quota",
        Aim.KEEP,
        play="train them, or change the plan before they ask",
        owner="success",
        priority=2,
        needs=(usage_months, paying_now),
        find=under_quota,
        requires=("usage",),
        cools=True,
    ),
)
