"""Payments that failed, and cards that will."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.measures.moment_kind import Aim, MomentKind, in_window, moment_rows
from clv_cli.measures.paying_now import paying_now
from clv_cli.measures.payment_troubles import expiring_cards, open_failures

if TYPE_CHECKING:
    from datetime import date

    from clv_cli.pipeline import Collected


def payment_failed(frames: Collected, since: date) -> pl.DataFrame:
    """Which invoices failed and are still unpaid? Dated by the first failure; said once an invoice."""
    found = frames[open_failures].filter(in_window("day", since, frames.scope.as_of))
    document = pl.when(pl.col("document") == "").then(pl.lit("payment"))
    return moment_rows(
        found,
        "payment_failed",
        code="code",
        day="day",
        subject=document.otherwise(pl.col("document")),
        occurrence=pl.format("{}", "day"),
        fact=pl.format(
            "{} failed {}",
            document.otherwise(pl.col("document")),
            pl.when(pl.col("tries") == 1)
            .then(pl.lit("once"))
            .otherwise(pl.format("{} times", "tries")),
        ),
        amount="amount",
        basis=pl.lit("the amount that failed, tax included"),
        source="source",
        row="row",
    )


def card_expiring(frames: Collected, since: date) -> pl.DataFrame:
    """Whose card expires in 30 days? Only of customers who pay today."""
    scope = frames.scope
    found = (
        frames[expiring_cards]
        .filter(in_window("day", since, scope.as_of))
        .join(frames[paying_now], on="code", how="semi")
        .sort("code")
    )
    return moment_rows(
        found,
        "card_expiring",
        code="code",
        day="day",
        subject=pl.lit("card"),
        occurrence=pl.format("{}", "expires_on"),
        fact=pl.format("card expires {}", "expires_on"),
        source="source",
        row="row",
    )


KINDS = (
    MomentKind(
        "payment_failed",
        "Payment failed",
        Aim.KEEP,
        play="write before the next attempt: most failures are an old card",
        owner="support",
        priority=1,
        needs=(open_failures,),
        find=payment_failed,
        requires=("payments",),
    ),
    MomentKind(
        "card_expiring",
        "Card expires",
        Aim.KEEP,
        play="ask for the new card",
        owner="support",
        priority=3,
        needs=(expiring_cards, paying_now),
        find=card_expiring,
        requires=("payments",),
    ),
)
