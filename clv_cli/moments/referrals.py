"""Customers who brought customers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.measures.moment_kind import Aim, MomentKind, in_window, is_sentinel, moment_rows
from clv_cli.measures.paying_now import paying_now
from clv_cli.pipeline import Scope, reduction

if TYPE_CHECKING:
    from datetime import date

    from clv_cli.pipeline import Collected


@reduction("referrals_made")
def referrals_made(scope: Scope) -> pl.LazyFrame:
    """The referrals and testimonials up to the as-of day.

    Returns:
        `code` (of who spoke), `day, referral_id`, sorted; `brought` (the code of who bought; null
        where it was never billed), `brought_id, said` (its kind), `source, row`.
    """
    codes = scope.book.codes.lazy()
    made = scope.book.table("referrals").filter(
        pl.col("made_on") <= scope.as_of,
        ~is_sentinel("made_on"),
        pl.col("kind") != "no_gripes",
        pl.col("referrer_id") != pl.col("referred_id"),
    )
    return (
        made.join(codes, left_on="referrer_id", right_on="customer_id")
        .join(
            codes.rename({"code": "brought"}),
            left_on="referred_id",
            right_on="customer_id",
            how="left",
        )
        .select(
            "code",
            "referral_id",
            "brought",
            "source",
            "row",
            day="made_on",
            brought_id="referred_id",
            said="kind",
        )
        .sort("code", "day", "referral_id")
    )


def referral(frames: Collected, since: date) -> pl.DataFrame:
    """Who brought another customer? Nobody who only did not complain, and nobody who brought itself."""
    worth = frames[paying_now].select(brought="code", yearly="yearly")
    found = (
        frames[referrals_made]
        .filter(in_window("day", since, frames.scope.as_of))
        .join(worth, on="brought", how="left")
        .sort("code", "day", "referral_id")
    )
    return moment_rows(
        found,
        "referral",
        code="code",
        day="day",
        subject="brought_id",
        occurrence="referral_id",
        fact=pl.format("{} for {}", "said", "brought_id"),
        amount=pl.col("yearly").fill_null(0),
        basis=pl.lit("a year of MRR of the customer brought"),
        source="source",
        row="row",
    )


KINDS = (
    MomentKind(
        "referral",
        "Referral",
        Aim.THANK,
        play="thank them the same day; reward both",
        owner="success",
        priority=3,
        needs=(referrals_made, paying_now),
        find=referral,
        requires=("referrals",),
    ),
)
