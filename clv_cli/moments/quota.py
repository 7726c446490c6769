"""Use near, at and over what the plan allows, for how long, and where the month is heading."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.measures.moment_kind import Aim, MomentKind, in_window, moment_rows, no_moments
from clv_cli.measures.mrr_terms import int128
from clv_cli.measures.next_plans import next_plans
from clv_cli.measures.usage_months import (
    first_open,
    grouped,
    known_on,
    lasted,
    near_quota,
    share_at_least,
    usage_months,
)
from clv_cli.periods import month_end, month_of

if TYPE_CHECKING:
    from datetime import date

    from clv_cli.pipeline import Collected

_BASIS = "a year of the next plan's price difference"
_UNKNOWN = "no next plan in the price list"


def quota_near(frames: Collected, since: date) -> pl.DataFrame:
    """Who came near its quota (80 %), and no further that month?"""
    found = _crossings(frames, since, pl.lit(value=True), share_at_least(1, 1))
    return _told(frames, found, "quota_near")


def quota_reached(frames: Collected, since: date) -> pl.DataFrame:
    """Who used all of its quota, and no more that month?"""
    found = _crossings(frames, since, share_at_least(1, 1), _over())
    return _told(frames, found, "quota_reached")


def quota_exceeded(frames: Collected, since: date) -> pl.DataFrame:
    """Who used more than its quota?"""
    return _told(frames, _crossings(frames, since, _over()), "quota_exceeded")


def quota_sustained(frames: Collected, since: date) -> pl.DataFrame:
    """Who has been over its quota for so many complete months in a row? Once in a streak."""
    scope = frames.scope
    streak = scope.settings.moments.quota.sustained_months
    recent = pl.col("month").is_between(month_of(since) - streak, first_open(scope) - 1)
    months = (
        frames[near_quota]
        .filter(recent)
        .filter(pl.col("last"), _over())
        .with_columns(over=pl.lit(value=True))
    )
    found = _recent(frames, months.filter(lasted("over", streak)), since)
    return _told(frames, found, "quota_sustained", f", {streak} months in a row")


def quota_projected(frames: Collected, since: date) -> pl.DataFrame:
    """Who will use more than its quota this month, at the pace so far?

        use so far x days of the month > quota x days so far

    Only where the as-of day lies within its month, some days into it, and use adds up over the month.
    """
    scope = frames.scope
    as_of, rules = scope.as_of, scope.settings.moments
    length = month_end(month_of(as_of)).day
    if as_of.day == length or as_of.day < rules.quota.projected_after_days or as_of < since:
        return no_moments()
    pace = pl.col("used").cast(pl.Int128) * int128(length)
    allowed = pl.col("quota").cast(pl.Int128) * int128(as_of.day)
    found = frames[usage_months].filter(
        ~pl.col("complete"),
        pl.col("month") == month_of(as_of),
        ~pl.col("metric").is_in(rules.gauges),
        pl.col("quota") > 0,
        pl.col("used") < pl.col("quota"),
        pace > allowed,
    )
    dated = found.with_columns(day=pl.lit(as_of))
    return _told(frames, dated, "quota_projected", f" by day {as_of.day} of {length}")


def _over() -> pl.Expr:
    return ((pl.col("used") > pl.col("quota")) & (pl.col("quota") > 0)).fill_null(value=False)


def _crossings(
    frames: Collected, since: date, level: pl.Expr, beyond: pl.Expr | None = None
) -> pl.DataFrame:
    """The first row of each month at a level, of units that were not there the month before.

    Args:
        frames: with the usage rows.
        since: first day.
        level: whether a row is at the level.
        beyond: whether it is at the next one, which then speaks for the month.
    """
    near = frames[near_quota].filter(pl.col("month") >= month_of(since) - 1)
    again = (pl.col("unit") == pl.col("unit").shift(1)) & (
        pl.col("month") == pl.col("month").shift(1)
    )
    firsts = near.filter(level).filter(~again.fill_null(value=False))
    was = (pl.col("unit") == pl.col("unit").shift(1)) & (
        pl.col("month") == pl.col("month").shift(1) + 1
    )
    fresh = firsts.filter(~was.fill_null(value=False))
    if beyond is not None:
        # A month's only row speaks for itself; of several, a later one may go further.
        further = near.filter(~pl.col("alone"), beyond).select("unit", "month").unique()
        fresh = fresh.filter(~(pl.col("alone") & beyond))
        fresh = fresh.join(further, on=["unit", "month"], how="anti")
    return _recent(frames, fresh, since)


def _recent(frames: Collected, rows: pl.DataFrame, since: date) -> pl.DataFrame:
    scope = frames.scope
    dated = rows.with_columns(day=known_on(scope))
    return dated.filter(in_window("day", since, scope.as_of))


def _told(frames: Collected, found: pl.DataFrame, kind: str, more: str = "") -> pl.DataFrame:
    """The moments of some rows, with the price difference of the next plan at stake."""
    gains = frames[next_plans].select("code", "metric", "gain")
    named = found.with_columns(pl.col("metric").cast(pl.String))
    priced = named.join(gains, on=["code", "metric"], how="left").sort("code", "metric", "month")
    fact = pl.format(f"{{}} of {{}} {{}}{more}", grouped("used"), grouped("quota"), "metric")
    year, month = pl.col("month") // 12, pl.col("month") % 12 + 1
    return moment_rows(
        priced,
        kind,
        code="code",
        day="day",
        subject="metric",
        occurrence=pl.format("{}-{}", year, month.cast(pl.String).str.zfill(2)),
        fact=fact,
        amount="gain",
        basis=pl.when(pl.col("gain").is_null()).then(pl.lit(_UNKNOWN)).otherwise(pl.lit(_BASIS)),
        source="source",
        row="row",
    )


_kind = partial(
    MomentKind,
    aim=Aim.GROW,
    owner="sales",
    requires=("usage",),
    needs=(near_quota, next_plans),
    cools=True,
)
KINDS = (
    _kind(
        "quota_sustained",
        "Over quota, still",
        play="offer the next plan: they have needed it for months",
        priority=2,
        find=quota_sustained,
    ),
    _kind(
        "quota_exceeded",
        "Over quota",
        play="explain the overage and offer the next plan",
        priority=2,
        find=quota_exceeded,
    ),
    _kind(
        "quota_reached",
        "At the quota",
        play="tell them before they hit the wall; offer the next plan",
        priority=2,
        find=quota_reached,
    ),
    _kind(
        "quota_projected",
        "Quota will be crossed",
        play="tell them in time; offer the next plan",
        priority=2,
        needs=(usage_months, next_plans),
        find=quota_projected,
    ),
    _kind(
        "quota_near",
        "Near the quota",
        play="warn helpfully and show the next plan",
        priority=3,
        find=quota_near,
    ),
)
