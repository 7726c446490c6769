"""Who was asked to renew, and who did: what the contractual models are fitted to."""

from __future__ import annotations

import polars as pl

from clv_cli.measures.billed_lines import month_index
from clv_cli.measures.renewal_terms import coverage, subscription_starts
from clv_cli.pipeline import Scope, derived

_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_DAYS = {"day": 1, "week": 7}


@derived("renewal_opportunities", coverage, subscription_starts)
def renewal_opportunities(scope: Scope, blocks: pl.DataFrame, starts: pl.DataFrame) -> pl.DataFrame:
    """At the end of each customer's paid terms: which renewal was it, and did the customer stay?

    A renewal at most `churn.bridge_gap_days` late, or after a pause that the subscription declares,
    is a renewal. One that may still be invoiced is `pending`: the customer counts up to then and no
    further (right-censored). Numbers start at 1 with each stay, and again when the interval changes,
    for a chance of leaving a month is not one of leaving a year.

    A stay that began before its first line (a windowed export; the subscription's own start tells)
    enters at the number it had reached, so that it says nothing about renewals nobody saw
    (left-truncated). Where service began before the first issue of all and no subscription says when,
    the number is null: the customer's place is not known.

    Returns:
        `code, stay` (1, 2 ... of the customer), `interval, interval_count, plan_id`, `entry` (how
        this run of the interval began: `new`, `late`, `returned`, `switched`, `unknown`), `number`
        (Int32), `due_on`, `outcome` (`renewed`, `lost`, `pending`); sorted by `code, due_on`.
    """
    asked = _numbered(_entered(scope, _answered(scope, blocks, starts), starts))
    return asked.select(
        "code",
        "stay",
        "interval",
        "interval_count",
        "plan_id",
        "entry",
        "number",
        due_on="end",
        outcome="outcome",
    ).sort("code", "due_on")


@derived("renewal_counts", renewal_opportunities)
def renewal_counts(scope: Scope, asked: pl.DataFrame) -> pl.DataFrame:
    """Per plan and interval: how many customers faced their k-th renewal, and how many made it?

    Pending renewals and those of unknown number are left out.

    Returns:
        `interval, interval_count, plan_id, entry, number, at_risk, renewed, lost` (Int64), sorted by
        the first five. Sums over plans, entries or both are what a model of an interval is fitted to.
    """
    del scope
    keys = ["interval", "interval_count", "plan_id", "entry", "number"]
    known = asked.filter(pl.col("outcome") != "pending", pl.col("number").is_not_null())
    return (
        known.group_by(keys)
        .agg(
            at_risk=pl.len().cast(pl.Int64),
            renewed=(pl.col("outcome") == "renewed").sum().cast(pl.Int64),
            lost=(pl.col("outcome") == "lost").sum().cast(pl.Int64),
        )
        .sort(keys)
    )


def _answered(scope: Scope, blocks: pl.DataFrame, starts: pl.DataFrame) -> pl.DataFrame:
    """Blocks with the outcome at their end, and whether they go on what came before."""
    limit = scope.settings.churn.bridge_gap_days
    same = pl.col("code") == pl.col("code").shift(-1)
    gaps = _resuming(
        blocks.with_columns(next_start=pl.when(same).then(pl.col("start").shift(-1))),
        _paused(scope, blocks, starts, limit),
    )
    late = (pl.col("next_start") - pl.col("end")).dt.total_days()
    back = pl.col("resumes_on").is_not_null() & (
        pl.col("next_start") <= pl.col("resumes_on") + pl.duration(days=limit)
    )
    renewed = ((late <= limit) | back).fill_null(value=False)
    # A term invoiced late is not lost before its invoice is due.
    wait = pl.duration(days=limit + pl.col("lag").clip(0))
    known_on = pl.max_horizontal("end", "resumes_on") + wait
    lost = pl.col("next_start").is_not_null() | (known_on <= scope.as_of)
    outcome = pl.when(renewed).then(pl.lit("renewed")).when(lost).then(pl.lit("lost"))
    return gaps.with_columns(outcome=outcome.otherwise(pl.lit("pending")))


def _resuming(gaps: pl.DataFrame, paused: pl.DataFrame) -> pl.DataFrame:
    """Blocks with the day on which a declared pause after them ends; most books have none."""
    if not paused.height:
        return gaps.with_columns(resumes_on=pl.lit(None, pl.Date))
    return gaps.join(paused, on=["code", "end"], how="left").sort("code", "start")


def _paused(scope: Scope, blocks: pl.DataFrame, starts: pl.DataFrame, limit: int) -> pl.DataFrame:
    """`code, end, resumes_on`: blocks whose end is the beginning of a declared pause."""
    del scope
    span = pl.col("pauses").str.split_exact("/", 1)
    declared = (
        starts.select("code", "pauses")
        .explode("pauses", empty_as_null=True)
        .drop_nulls("pauses")
        .select(
            "code",
            begins=span.struct.field("field_0").str.to_date(strict=False),
            resumes_on=span.struct.field("field_1").str.to_date(strict=False),
        )
        .drop_nulls()
    )
    near = (pl.col("begins") - pl.col("end")).dt.total_days().abs() <= limit
    return (
        blocks.select("code", "end")
        .join(declared, on="code", how="inner")
        .filter(near)
        .group_by("code", "end")
        .agg(pl.col("resumes_on").max())
    )


def _entered(scope: Scope, blocks: pl.DataFrame, starts: pl.DataFrame) -> pl.DataFrame:
    """Blocks with their stay, their run of one interval, and how that began."""
    known = starts.group_by("code").agg(pl.col("started_on").min())
    first = (pl.col("code") != pl.col("code").shift(1)).fill_null(value=True)
    anew = first | (pl.col("outcome").shift(1) != "renewed")
    switched = (pl.col("interval") != pl.col("interval").shift(1)) | (
        pl.col("interval_count") != pl.col("interval_count").shift(1)
    )
    earlier = _terms_between(pl.col("started_on"), pl.col("start")).fill_null(0)
    # Billed after the term is in arrears, and the first bill of a new customer may be the first of all.
    in_advance = pl.col("start") + pl.duration(days=pl.col("lag")) < pl.col("end")
    before_all = pl.col("start") < scope.book.lines.first_issued
    unseen = pl.col("started_on").is_null() & before_all & in_advance
    entry = (
        pl.when(~anew)
        .then(pl.lit("switched"))
        .when(~first)
        .then(pl.lit("returned"))
        .when(unseen)
        .then(pl.lit("unknown"))
        .when(earlier > 0)
        .then(pl.lit("late"))
        .otherwise(pl.lit("new"))
    )
    begun = blocks.with_columns(started_on=pl.lit(None, pl.Date))
    if known.height:
        begun = blocks.join(known, on="code", how="left").sort("code", "start")
    stays = pl.col("anew").cum_sum()
    # A customer's first block opens a stay: the count before it is the same for all of its blocks.
    before = pl.when(first).then(stays - 1).forward_fill()
    return begun.with_columns(first=first, anew=anew, opens=anew | switched).with_columns(
        stay=(stays - before).cast(pl.Int32),
        entry=pl.when(pl.col("opens")).then(entry),
        skipped=pl.when(pl.col("opens") & first).then(earlier).when("opens").then(0),
    )


def _numbered(blocks: pl.DataFrame) -> pl.DataFrame:
    """Blocks with the number of the renewal at their end: counted from the opening of their run."""
    place = pl.int_range(pl.len(), dtype=pl.Int64)
    opened = pl.when("opens").then(place).forward_fill()
    number = place - opened + 1 + pl.col("skipped").forward_fill()
    return blocks.with_columns(entry=pl.col("entry").forward_fill(), number=number).with_columns(
        number=pl.when(pl.col("entry") != "unknown").then(pl.col("number").cast(pl.Int32)),
    )


def _terms_between(start: pl.Expr, end: pl.Expr) -> pl.Expr:
    """Whole terms of the row's interval between two days; negative spans are none."""
    months = month_index(end) - month_index(start) - (end.dt.day() < start.dt.day()).cast(pl.Int32)
    days = (end - start).dt.total_days().cast(pl.Int32)
    whole: pl.Expr = pl.lit(0, pl.Int32)
    for name, size in _MONTHS.items():
        found = months // (size * pl.col("interval_count"))
        whole = pl.when(pl.col("interval") == name).then(found).otherwise(whole)
    for name, size in _DAYS.items():
        found = days // (size * pl.col("interval_count"))
        whole = pl.when(pl.col("interval") == name).then(found).otherwise(whole)
    return whole.clip(0)
