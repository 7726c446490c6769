"""Terms that end soon: a month before, a week before, on the day."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.measures.moment_kind import Aim, MomentKind, in_window, moment_rows, no_moments
from clv_cli.measures.paying_now import paid_last_month, paying_now, pays
from clv_cli.measures.term_ends import term_ends_due

if TYPE_CHECKING:
    from datetime import date

    from clv_cli.pipeline import Collected


def renewal(frames: Collected, since: date) -> pl.DataFrame:
    """Whose term ends in 30 days, in 7, today? What has been renewed already is not asked about."""
    scope = frames.scope
    days = sorted(set(scope.settings.moments.renewal_days), reverse=True)
    furthest = scope.as_of + timedelta(days=max(days, default=0))
    ends = _with_stake(frames, frames[term_ends_due].filter(in_window("due_on", since, furthest)))
    parts = [
        ends.with_columns(day=pl.col("due_on") - pl.duration(days=n), n=pl.lit(n)) for n in days
    ]
    if not parts:
        return no_moments()
    # Of several reminders within the window the latest says it all.
    found = (
        pl.concat(parts)
        .filter(in_window("day", since, scope.as_of))
        .sort("code", "subject", "due_on", "day")
        .unique(["code", "subject", "due_on"], keep="last", maintain_order=True)
    )
    return moment_rows(
        found,
        "renewal",
        code="code",
        day="day",
        subject="subject",
        occurrence=pl.format("{}:T-{}", "due_on", "n"),
        fact=pl.format("{}-month term ends {}", "months", "due_on"),
        amount="ended",
        basis=pl.when(pl.col("ended").is_not_null()).then(pl.lit("12 x MRR of the term that ends")),
        source="source",
        row="row",
    )


def _with_stake(frames: Collected, ends: pl.DataFrame) -> pl.DataFrame:
    """The ends with what was paid a year where, on the day itself, nothing is paid any more."""
    before = frames[paid_last_month]
    over = before.filter(~pays(before["code"], frames[paying_now]))
    return ends.join(over.select("code", ended="yearly"), on="code", how="left").sort(
        "code", "due_on", "subject"
    )


KINDS = (
    MomentKind(
        "renewal",
        "Renewal due",
        Aim.KEEP,
        play="prepare the renewal: what they achieved, what comes next",
        owner="success",
        priority=2,
        needs=(term_ends_due, paying_now, paid_last_month),
        find=renewal,
    ),
)
