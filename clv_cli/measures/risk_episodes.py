"""Risk episodes: customers flagged as at risk, some helped in time, and what they brought afterwards.

    flag ── grace ── landmark ───────── outcome months ───────── end
          help?       counted from here in both arms

A landmark design: whoever is lost before the landmark is left out of both arms, because help that
came later could not have reached them (no immortal time); who leaves afterwards stays in, with what
he brought, zeros included. Every fact used to compare episodes is older than the flag.
Source: Anderson, Cain and Gelber (1983).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.measures.billed_lines import billed_lines
from clv_cli.measures.mrr_deltas import mrr_deltas
from clv_cli.measures.revenue_facts import missing_rates, require_rates
from clv_cli.pipeline import Scope, derived, reduction

if TYPE_CHECKING:
    from datetime import date

# What became of an episode; only `compared` ones enter the estimate.
STATES = {
    "compared": "compared",
    "lost": "lost before help could count",
    "open": "outcome not over yet",
}


def flagged_codes(scope: Scope) -> pl.LazyFrame:
    """The billing customers ever flagged by the as-of day, test accounts left out: `code`."""
    return _flags(scope).select("code").unique()


def _flags(scope: Scope) -> pl.LazyFrame:
    flags = scope.book.table("risk_flags").filter(pl.col("flagged_on") <= scope.as_of)
    own = flags.filter(~pl.col("customer_id").is_in(scope.book.test_customers))
    return own.join(scope.book.codes.lazy(), on="customer_id")


@reduction("episode_flags")
def episode_flags(scope: Scope) -> pl.LazyFrame:
    """All flags of billing customers up to the as-of day: `code, flagged_on, flag_id`, sorted.

    Of several flags on one day the smallest id stands for all.
    """
    days = _flags(scope).group_by("code", "flagged_on").agg(pl.col("flag_id").min())
    return days.sort("code", "flagged_on")


@reduction("episode_touches")
def episode_touches(scope: Scope) -> pl.LazyFrame:
    """The touches of flagged customers by day, sorted: `code, happened_on, touches, helps`.

    `helps` are those that CS began; the others customers began themselves.
    """
    done = scope.book.table("touches").filter(pl.col("happened_on") <= scope.as_of)
    coded = done.join(scope.book.codes.lazy(), on="customer_id")
    own = coded.join(flagged_codes(scope), on="code", how="semi")
    begun = pl.col("type").is_in(scope.settings.evidence.rescue.not_help).fill_null(value=False)
    counts = {"touches": pl.len().cast(pl.Int64), "helps": (~begun).sum().cast(pl.Int64)}
    days = own.group_by("code", "happened_on").agg(**counts)
    return days.sort("code", "happened_on")


@reduction("episode_revenue")
def episode_revenue(scope: Scope) -> pl.LazyFrame:
    """Net billed revenue of flagged customers by day of issue: `code, issued_on, amount_base`."""
    own = billed_lines(scope).join(flagged_codes(scope), on="code", how="semi")
    amount = pl.col("amount_base").cast(pl.Int128).sum().cast(pl.Int64)
    return own.group_by("code", "issued_on").agg(amount).sort("code", "issued_on")


@derived(
    "risk_episodes", episode_flags, episode_touches, episode_revenue, mrr_deltas, missing_rates
)
def risk_episodes(  # noqa: PLR0913, PLR0917 - one argument a measure it needs
    scope: Scope,
    flags: pl.DataFrame,
    touches: pl.DataFrame,
    revenue: pl.DataFrame,
    deltas: pl.DataFrame,
    missing: pl.DataFrame,
) -> pl.DataFrame:
    """Who was flagged when, who was helped in time, and what did they bring afterwards?

    Returns:
        `flag_id, code, flagged_on`; `landmark` (grace days later) and `end_day` (exclusive);
        `helped` (CS acted between flag and landmark); `state` (see `STATES`); `outcome` (Int64
        minor units: net billed revenue from landmark to end). Sorted by flag.

    Raises:
        DataError: a billed line has no rate.
    """
    require_rates(missing, scope.currency)
    rules = scope.settings.evidence.rescue
    grace = pl.duration(days=rules.grace_days)
    own = _first_of_each(flags, rules.apart_days).with_columns(
        landmark=pl.col("flagged_on") + grace
    )
    dated = own.with_columns(end_day=pl.col("landmark").dt.offset_by(f"{rules.outcome_months}mo"))
    marked = dated.join(_helped(dated, touches), on="flag_id", how="left").join(
        within(dated, revenue, "issued_on", "landmark", "end_day", "amount_base", "outcome"),
        on="flag_id",
        how="left",
    )
    stayed = _paying(dated, deltas)
    over = scope.as_of + timedelta(days=1)
    state = (
        pl.when(~pl.col("flag_id").is_in(stayed.to_list()))
        .then(pl.lit("lost"))
        .when(pl.col("end_day") > over)
        .then(pl.lit("open"))
        .otherwise(pl.lit("compared"))
    )
    columns = ("flag_id", "code", "flagged_on", "landmark", "end_day", "helped", "state", "outcome")
    return (
        marked.with_columns(
            pl.col("helped").fill_null(value=False), pl.col("outcome").fill_null(0), state=state
        )
        .select(columns)
        .sort("flagged_on", "flag_id")
    )


def within(  # noqa: PLR0913, PLR0917 - the four columns of a window join, and what is summed
    episodes: pl.DataFrame,
    facts: pl.DataFrame,
    day: str,
    start: str,
    end: str,
    value: str,
    name: str,
) -> pl.DataFrame:
    """The sum of a fact over a window of each episode, `[start, end)`: `flag_id` and the sum.

    Episodes without any such fact are absent.
    """
    near = episodes.select("flag_id", "code", start, end).join(facts, on="code")
    inside = near.filter((pl.col(day) >= pl.col(start)) & (pl.col(day) < pl.col(end)))
    total = pl.col(value).cast(pl.Int128).sum().cast(pl.Int64).alias(name)
    return inside.group_by("flag_id").agg(total)


def _first_of_each(flags: pl.DataFrame, apart: int) -> pl.DataFrame:
    """The flags that begin an episode: the first, and each one long enough after such a one."""
    kept: list[bool] = []
    last: tuple[int, date] | None = None
    for code, day in flags.select("code", "flagged_on").iter_rows():
        begins = last is None or last[0] != code or (day - last[1]).days >= apart
        kept.append(begins)
        last = (code, day) if begins else last
    return flags.filter(pl.Series(kept, dtype=pl.Boolean))


def _helped(episodes: pl.DataFrame, touches: pl.DataFrame) -> pl.DataFrame:
    """The episodes with a touch from the day of the flag to the landmark: `flag_id, helped`."""
    near = episodes.select("flag_id", "code", "flagged_on", "landmark").join(touches, on="code")
    day = pl.col("happened_on")
    inside = near.filter(
        (day >= pl.col("flagged_on")) & (day <= pl.col("landmark")) & (pl.col("helps") > 0)
    )
    return inside.select("flag_id").unique().with_columns(helped=pl.lit(value=True))


def _paying(episodes: pl.DataFrame, deltas: pl.DataFrame) -> pl.Series:
    """The ids of the episodes whose customer has MRR at the landmark."""
    near = episodes.select("flag_id", "code", "landmark").join(deltas, on="code")
    level = near.filter(pl.col("day") <= pl.col("landmark")).group_by("flag_id", "currency")
    sums = level.agg(pl.col("delta").cast(pl.Int128).sum())
    return sums.filter(pl.col("delta") > 0)["flag_id"].unique().sort()
