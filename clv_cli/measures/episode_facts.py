"""What was known of every risk episode before its flag: the facts that make episodes comparable.

Each fact keeps to days before the flag; `require_before_flag` refuses anything younger, since a fact
that help could have changed would explain the effect of help away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.errors import DataError
from clv_cli.measures.billed_lines import billed_lines, month_index
from clv_cli.measures.fx import conversions
from clv_cli.measures.mrr_deltas import mrr_deltas
from clv_cli.measures.risk_episodes import (
    episode_revenue,
    episode_touches,
    flagged_codes,
    risk_episodes,
    within,
)
from clv_cli.money import MRR_UNITS
from clv_cli.pipeline import Scope, derived, reduction

if TYPE_CHECKING:
    from collections.abc import Iterable

RECENT_DAYS = 90
USAGE_MONTHS = 3
NO_SEGMENT = ""


@reduction("episode_segments")
def episode_segments(scope: Scope) -> pl.LazyFrame:
    """The segment of each flagged customer that has one: `code, segment`."""
    known = scope.book.table("customers").filter(pl.col("segment").is_not_null())
    coded = known.join(scope.book.codes.lazy(), on="customer_id")
    own = coded.join(flagged_codes(scope), on="code", how="semi")
    return own.group_by("code").agg(pl.col("segment").min()).sort("code")


@reduction("episode_terms")
def episode_terms(scope: Scope) -> pl.LazyFrame:
    """The terms of flagged customers: `code, issued_on, period_start, period_end`, sorted."""
    lines = billed_lines(scope).filter(
        pl.col("kind") == "recurring", pl.col("period_start") < pl.col("period_end")
    )
    own = lines.join(flagged_codes(scope), on="code", how="semi")
    keys = ["code", "issued_on", "period_start", "period_end"]
    return own.select(keys).unique().sort(keys)


@reduction("episode_usage")
def episode_usage(scope: Scope) -> pl.LazyFrame:
    """Metered usage of flagged customers by calendar month: `code, metric, month, quantity`."""
    used = scope.book.table("usage").filter(pl.col("period_start") <= scope.as_of)
    coded = used.join(scope.book.codes.lazy(), on="customer_id")
    own = coded.join(flagged_codes(scope), on="code", how="semi")
    keys = ["code", "metric", "month"]
    dated = own.with_columns(month=month_index(pl.col("period_start")))
    return dated.group_by(keys).agg(pl.col("quantity").cast(pl.Float64).sum()).sort(keys)


@reduction("episode_scores")
def episode_scores(scope: Scope) -> pl.LazyFrame:
    """Recommendation scores of flagged customers: `code, answered_on, score` (0 to 1), sorted."""
    said = scope.book.table("surveys").filter(
        pl.col("kind") == "nps", pl.col("score").is_not_null(), pl.col("answered_on").is_not_null()
    )
    coded = said.join(scope.book.codes.lazy(), on="customer_id")
    own = coded.join(flagged_codes(scope), on="code", how="semi")
    scale = pl.col("scale_max").cast(pl.Float64).fill_null(10.0)
    score = (pl.col("score").cast(pl.Float64) / scale).mean()
    return own.group_by("code", "answered_on").agg(score=score).sort("code", "answered_on")


@derived(
    "episode_facts",
    risk_episodes,
    episode_revenue,
    episode_touches,
    mrr_deltas,
    episode_segments,
    episode_terms,
    episode_usage,
    episode_scores,
)
def episode_facts(  # noqa: PLR0913, PLR0917 - one argument a measure it needs
    scope: Scope,
    episodes: pl.DataFrame,
    revenue: pl.DataFrame,
    touches: pl.DataFrame,
    deltas: pl.DataFrame,
    segments: pl.DataFrame,
    terms: pl.DataFrame,
    usage: pl.DataFrame,
    scores: pl.DataFrame,
) -> pl.DataFrame:
    """What was known of every compared episode before its flag?

    Returns:
        `flag_id`, sorted by flag; `segment` (empty: none); Float64 facts: `mrr` (minor units the day
        before the flag), `tenure` (months since the first bill),
        `tickets` and `helps` (of the last 90 days), `renewal` (months until the running term
        ends), `term` (its months), `usage_decline` with `usage_known`, `score` with `score_known`;
        placebo outcomes, over before the flag and no part of the facts: `revenue` (net billed in
        the year before, minor units) and `grown` (MRR gained in the 6 months before).

    Raises:
        DataError: a fact is as young as its flag.
    """
    own = episodes.filter(pl.col("state") == "compared").select("flag_id", "code", "flagged_on")
    windows = own.with_columns(
        year_ago=pl.col("flagged_on").dt.offset_by("-12mo"),
        half_ago=pl.col("flagged_on").dt.offset_by("-6mo"),
        recent=pl.col("flagged_on") - pl.duration(days=RECENT_DAYS),
    )
    flag = "flagged_on"
    parts = [
        within(windows, revenue, "issued_on", "year_ago", flag, "amount_base", "revenue"),
        within(windows, touches, "happened_on", "recent", flag, "touches", "touched"),
        within(windows, touches, "happened_on", "recent", flag, "helps", "helps"),
        _mrr_on(scope, windows, deltas, flag, "mrr"),
        _mrr_on(scope, windows, deltas, "half_ago", "mrr_half_ago"),
        _tenure(own, revenue),
        _term(own, terms),
        _usage_decline(own, usage),
        _score(own, scores),
    ]
    facts = own.join(segments, on="code", how="left")
    for part in parts:
        facts = facts.join(part, on="flag_id", how="left")
    require_before_flag(facts, ("term_on", "score_on"))
    filled = facts.with_columns(
        pl.col("segment").fill_null(NO_SEGMENT),
        usage_known=pl.col("usage_decline").is_not_null(),
        score_known=pl.col("score").is_not_null(),
        score=pl.col("score").fill_null(pl.col("score").mean()),
    ).with_columns(pl.exclude("flag_id", "code", "flagged_on", "segment").cast(pl.Float64))
    done = filled.with_columns(pl.col(pl.Float64).fill_null(0.0))
    return (
        done.with_columns(
            tickets=pl.col("touched") - pl.col("helps"),
            grown=pl.col("mrr") - pl.col("mrr_half_ago"),
        )
        .drop("touched", "mrr_half_ago", "term_on", "score_on")
        .sort("flagged_on", "flag_id")
    )


def require_before_flag(facts: pl.DataFrame, days: Iterable[str]) -> None:
    """Refuse facts that are as young as the flag of their episode, or younger.

    Args:
        facts: with `flag_id, flagged_on`.
        days: the columns that hold the day on which a fact became known; null: no such fact.

    Raises:
        DataError: naming the first episode.
    """
    for name in days:
        late = facts.filter(pl.col(name) >= pl.col("flagged_on")).sort("flag_id")
        if late.height:
            raise DataError(
                f"a fact of risk episode {late['flag_id'][0]} is no older than its flag",
                where=f"measure episode_facts, {name}",
                hint="what is compared must have been known before help was possible",
            )


def _mrr_on(
    scope: Scope, episodes: pl.DataFrame, deltas: pl.DataFrame, day: str, name: str
) -> pl.DataFrame:
    """MRR at the end of the day before a day, in minor units of the base currency (a fact, no money)."""
    near = episodes.select("flag_id", "code", day).join(deltas, on="code")
    levels = (
        near.filter(pl.col("day") < pl.col(day))
        .group_by("flag_id", "currency", day)
        .agg(pl.col("delta").cast(pl.Int128).sum().cast(pl.Float64))
    )
    # The nearest earlier rate will do: this only says how large a customer is.
    rates = conversions(scope.book).select(
        "currency",
        rated="day",
        factor=pl.col("multiplier").cast(pl.Float64) / pl.col("divisor").cast(pl.Float64),
    )
    rated = levels.sort(day).join_asof(
        rates.sort("rated"),
        left_on=day,
        right_on="rated",
        by="currency",
        check_sortedness=False,
    )
    home = pl.col("currency") == scope.currency
    factor = pl.when(home).then(1.0).otherwise(pl.col("factor")).fill_null(1.0)
    worth = (pl.col("delta") / MRR_UNITS * factor).sum().alias(name)
    return rated.sort("flag_id", "currency").group_by("flag_id").agg(worth)


def _tenure(episodes: pl.DataFrame, revenue: pl.DataFrame) -> pl.DataFrame:
    first = revenue.group_by("code").agg(since=pl.col("issued_on").min())
    days = (pl.col("flagged_on") - pl.col("since")).dt.total_days().clip(lower_bound=0)
    return episodes.join(first, on="code").select("flag_id", tenure=days / (365.25 / 12))


def _term(episodes: pl.DataFrame, terms: pl.DataFrame) -> pl.DataFrame:
    """The longest running term among those billed before the flag, and what is left of it."""
    near = episodes.join(terms, on="code").filter(pl.col("issued_on") < pl.col("flagged_on"))
    running = near.filter(
        pl.col("period_start") < pl.col("flagged_on"), pl.col("period_end") >= pl.col("flagged_on")
    )
    month = 365.25 / 12
    return running.group_by("flag_id").agg(
        renewal=(pl.col("period_end") - pl.col("flagged_on")).dt.total_days().max() / month,
        term=(pl.col("period_end") - pl.col("period_start")).dt.total_days().max() / month,
        term_on=pl.col("issued_on").max(),
    )


def _usage_decline(episodes: pl.DataFrame, usage: pl.DataFrame) -> pl.DataFrame:
    """1 - mean of the last three complete months / mean of the three before: the worst metric.

    The month of the flag is not over and does not count; a metric without all six months says
    nothing.
    """
    near = episodes.join(usage, on="code").with_columns(
        back=month_index(pl.col("flagged_on")) - pl.col("month")
    )
    six = near.filter(pl.col("back").is_between(1, 2 * USAGE_MONTHS))
    late = pl.col("back") <= USAGE_MONTHS
    sums = six.group_by("flag_id", "metric").agg(
        months=pl.len(),
        late=pl.col("quantity").filter(late).sum(),
        early=pl.col("quantity").filter(~late).sum(),
    )
    whole = sums.filter((pl.col("months") == 2 * USAGE_MONTHS) & (pl.col("early") > 0))
    decline = (1 - pl.col("late") / pl.col("early")).max()
    return whole.group_by("flag_id").agg(usage_decline=decline)


def _score(episodes: pl.DataFrame, scores: pl.DataFrame) -> pl.DataFrame:
    """The latest recommendation score answered before the flag, and when."""
    near = episodes.join(scores, on="code").filter(pl.col("answered_on") < pl.col("flagged_on"))
    last = near.sort("flag_id", "answered_on").group_by("flag_id", maintain_order=True).last()
    return last.select("flag_id", "score", score_on="answered_on")
