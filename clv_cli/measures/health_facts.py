"""What the health score reads beside use and payments: tickets, contacts, answers, cancellations."""

from __future__ import annotations

import polars as pl

from clv_cli.pipeline import Scope, reduction


@reduction("health_tickets")
def health_tickets(scope: Scope) -> pl.LazyFrame:
    """The days of what customers asked for themselves (tickets): `code, day`, sorted."""
    begun = pl.col("type").is_in(scope.settings.evidence.rescue.not_help).fill_null(value=False)
    return _touches(scope).filter(begun).select("code", day="happened_on").sort("code", "day")


@reduction("health_contacts")
def health_contacts(scope: Scope) -> pl.LazyFrame:
    """The days on which we and the customer met: what we began, and answers given. `code, day`."""
    begun = pl.col("type").is_in(scope.settings.evidence.rescue.not_help).fill_null(value=False)
    ours = _touches(scope).filter(~begun).select("code", day="happened_on")
    answered = _answers(scope).select("code", day="answered_on")
    return pl.concat([ours, answered]).unique().sort("code", "day")


@reduction("health_answers")
def health_answers(scope: Scope) -> pl.LazyFrame:
    """Recommendation scores: `code, day`, sorted; `share` of the scale (Float64, 0 to 1)."""
    scale = pl.col("scale_max").cast(pl.Float64).fill_null(10.0)
    rated = _answers(scope).filter(
        pl.col("kind") == "nps", pl.col("score").is_not_null(), scale > 0
    )
    share = (pl.col("score").cast(pl.Float64) / scale).clip(0, 1).mean()
    return rated.group_by("code", day="answered_on").agg(share=share).sort("code", "day")


@reduction("health_cancels")
def health_cancels(scope: Scope) -> pl.LazyFrame:
    """Cancellations asked for: `code, day`, sorted."""
    asked = scope.book.table("subscriptions").filter(pl.col("cancel_requested_on") <= scope.as_of)
    own = asked.join(scope.book.codes.lazy(), on="customer_id")
    return own.select("code", day="cancel_requested_on").sort("code", "day")


def _touches(scope: Scope) -> pl.LazyFrame:
    done = scope.book.table("touches").filter(pl.col("happened_on") <= scope.as_of)
    return done.join(scope.book.codes.lazy(), on="customer_id")


def _answers(scope: Scope) -> pl.LazyFrame:
    said = scope.book.table("surveys").filter(pl.col("answered_on") <= scope.as_of)
    return said.join(scope.book.codes.lazy(), on="customer_id")
