"""Customers who use less and less of what they pay for."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.measures.moment_kind import Aim, MomentKind, in_window, moment_rows
from clv_cli.measures.paying_now import of_paying, paying_now
from clv_cli.measures.usage_months import before, grouped, known_on
from clv_cli.measures.usage_trend import is_below, is_falling, usage_trend
from clv_cli.periods import month_of

if TYPE_CHECKING:
    from datetime import date
    from fractions import Fraction

    from clv_cli.pipeline import Collected


def declining_usage(frames: Collected, since: date) -> pl.DataFrame:
    """Whose use fell by `decline.watch`, confirmed by the month before? The first such month."""
    rules = frames.scope.settings.moments.decline
    return _fell(frames, since, rules.watch, "declining_usage")


def usage_alert(frames: Collected, since: date) -> pl.DataFrame:
    """Whose use fell by `decline.alert`? The first such month."""
    rules = frames.scope.settings.moments.decline
    return _fell(frames, since, rules.alert, "usage_alert")


def _fell(frames: Collected, since: date, share: Fraction, kind: str) -> pl.DataFrame:
    scope = frames.scope
    # A first month is told from the month before it, and that one from the month before.
    # Months below neither bound fall out at once: a month that is not there confirms nothing.
    either = min(share, scope.settings.moments.decline.confirmed)
    low = frames[usage_trend].filter(pl.col("month") >= month_of(since) - 2, is_below(either))
    trend = low.with_columns(falling=is_falling(scope, share))
    begins = pl.col("falling") & ~before("falling", 1).fill_null(value=False)
    # Who left has no use to save: only those who still pay.
    dated = (
        trend.filter(begins)
        .with_columns(day=known_on(scope))
        .filter(in_window("day", since, scope.as_of))
    )
    found = of_paying(dated, frames[paying_now]).sort("code", "metric", "month")
    down = ((1 - pl.col("adjusted")) * 100).round(0).cast(pl.Int64)
    year, month = pl.col("month") // 12, pl.col("month") % 12 + 1
    return moment_rows(
        found,
        kind,
        code="code",
        day="day",
        subject="metric",
        occurrence=pl.format("{}-{}", year, month.cast(pl.String).str.zfill(2)),
        fact=pl.format(
            "{} {}, was {} (-{} %)",
            "metric",
            grouped("used"),
            grouped("usual"),
            down,
        ),
        source="source",
        row="row",
    )


_kind = partial(
    MomentKind,
    aim=Aim.KEEP,
    owner="success",
    needs=(usage_trend, paying_now),
    requires=("usage",),
    cools=True,
)
KINDS = (
    _kind(
        "usage_alert",
        "Usage collapsed",
        play="call today: ask what changed, offer help or a pause",
        priority=1,
        find=usage_alert,
    ),
    _kind(
        "declining_usage",
        "Declining usage",
        play="ask whether they are away and want to pause, or need another plan",
        priority=1,
        find=declining_usage,
    ),
)
