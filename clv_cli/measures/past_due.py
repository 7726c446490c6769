"""Unpaid lines: how long they count, and what is at risk meanwhile.

What is known of a line is when it fell due and when it was paid, never whether it is paid *today*: a
snapshot of last March must look the same whenever it is taken. Only a line that is open or written
off without a day of payment is unpaid on every day; a paid one without a day was paid in time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope

UNPAID = ("open", "uncollectible")
CHARGES = ("recurring", "proration", "usage", "one_off")
NEVER = pl.date(9999, 12, 31)


def unpaid_since() -> pl.Expr:
    """The day payment fell due; the day of issue where none is given."""
    return pl.coalesce("due_on", "issued_on")


def paid_again() -> pl.Expr:
    """The day of payment; never for an unpaid line; null where it was paid on an unknown day."""
    unpaid = pl.col("paid_on").is_null() & pl.col("status").is_in(UNPAID)
    return pl.when(unpaid).then(NEVER).otherwise(pl.col("paid_on"))


def lapses(scope: Scope) -> tuple[pl.Expr, pl.Expr]:
    """When does an unpaid line stop counting, and does it?

    It counts while (day - unpaid since) <= `churn.grace_days`. Under `churn.book: detection` it stops
    on the day after, so that no closed month moves; under `service_end`, once the grace is over, it
    stopped on the day payment was due.

    Returns:
        The first day on which it no longer counts, and whether it lapses at all (never null).
    """
    churn = scope.settings.churn
    if churn.grace_days is None:
        return NEVER, pl.lit(value=False)
    expiry = unpaid_since() + pl.duration(days=churn.grace_days + 1)
    late = (pl.col("kind").is_in(CHARGES) & (paid_again() > expiry)).fill_null(value=False)
    if churn.book == "detection":
        return expiry, late
    return unpaid_since(), late & (expiry <= scope.as_of)


def without_lapses(scope: Scope, lines: pl.LazyFrame) -> pl.LazyFrame:
    """Active lines without the days on which they were unpaid beyond the grace.

    Args:
        scope: the settings.
        lines: with `active_from` and `active_to`.
    """
    known = scope.book.lines
    never_paid = set(UNPAID) & set(known.statuses)
    if scope.settings.churn.grace_days is None or not (never_paid or known.says_when_paid):
        return lines
    from_day, lapsed = lapses(scope)
    stop = pl.max_horizontal("active_from", pl.min_horizontal("active_to", from_day))
    cut = pl.when(lapsed).then(stop).otherwise(pl.col("active_to"))
    if not known.says_when_paid:
        return lines.with_columns(active_to=cut)
    resumed = lines.filter(lapsed, paid_again() < pl.col("active_to")).with_columns(
        active_from=pl.max_horizontal("active_from", paid_again())
    )
    # A line paid after all counts again from that day: two spans of one line.
    return pl.concat([lines.with_columns(active_to=cut), resumed])


def at_risk(scope: Scope, lines: pl.LazyFrame) -> pl.LazyFrame:
    """The days on which a line counts though payment is due.

    Args:
        scope: the settings.
        lines: with `active_from` and `active_to`, before `without_lapses`.
    """
    from_day, lapsed = lapses(scope)
    ends = [pl.col("active_to"), paid_again(), pl.when(lapsed).then(from_day)]
    unpaid = (pl.col("kind").is_in(CHARGES) & (paid_again() > unpaid_since())).fill_null(
        value=False
    )
    return lines.filter(unpaid).with_columns(
        active_from=pl.max_horizontal("active_from", unpaid_since()),
        active_to=pl.min_horizontal(ends),
    )
