"""Why customers left: by their own decision, by a failed payment, to a free plan, or unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.measures.conversion import with_code
from clv_cli.measures.line_steps import zero_lines
from clv_cli.measures.mrr_movements import mrr_movements
from clv_cli.periods import month_end
from clv_cli.pipeline import Scope, derived, reduction

if TYPE_CHECKING:
    from datetime import date

REASONS = ("voluntary", "involuntary", "free", "unknown")
# Words of billing systems for a customer who did not decide to leave.
_INVOLUNTARY = r"(?i)payment|unpaid|past.?due|dunning|declin|card|charge|delinquent|tax_location"


@reduction("subscription_ends")
def subscription_ends(scope: Scope) -> pl.LazyFrame:
    """When and why did subscriptions end? `code, ended_on, reason` (as recorded), sorted."""
    ends = with_code(scope, scope.book.table("subscriptions")).filter(
        pl.col("ended_on").is_not_null() | pl.col("cancel_requested_on").is_not_null()
    )
    day = pl.coalesce("ended_on", "cancel_requested_on")
    return ends.select("code", ended_on=day, reason="cancel_reason").sort(
        "code", "ended_on", "reason"
    )


@derived("churned", mrr_movements, subscription_ends, zero_lines)
def churned(
    scope: Scope, movements: pl.DataFrame, ends: pl.DataFrame, free: pl.DataFrame
) -> pl.DataFrame:
    """Who left in which month, with how much MRR, and why?

    Free: a recurring line of nothing runs at the month's end. Else by the reason of the customer's
    last subscription to end by the month's end: words about payments are involuntary, any other
    reason is voluntary, none is unknown.

    Returns:
        `code, month`, sorted; `churn` (Int64 MRR units, negative) and `why`, one of `REASONS`.
    """
    gone = movements.filter(pl.col("churn") != 0).select("code", "month", "churn")
    days = [_snapshot(month, scope.as_of) for month in gone["month"]]
    dated = gone.with_columns(day=pl.Series(days, dtype=pl.Date))
    last = (
        dated.join(ends, on="code", how="inner")
        .filter(pl.col("ended_on") <= pl.col("day"))
        .sort("code", "month", "ended_on", "reason")
        .group_by("code", "month", maintain_order=True)
        .agg(pl.col("reason").last())
    )
    kept_free = (
        dated.join(free, on="code", how="inner")
        .filter(pl.col("active_from") <= pl.col("day"), pl.col("active_to") > pl.col("day"))
        .select("code", "month")
        .unique()
        .with_columns(free=pl.lit(value=True))
    )
    keys = ["code", "month"]
    known = dated.join(last, on=keys, how="left").join(kept_free, on=keys, how="left")
    why = (
        pl.when(pl.col("free"))
        .then(pl.lit("free"))
        .when(pl.col("reason").fill_null("") == "")
        .then(pl.lit("unknown"))
        .when(pl.col("reason").str.contains(_INVOLUNTARY))
        .then(pl.lit("involuntary"))
        .otherwise(pl.lit("voluntary"))
    )
    return known.select(*keys, "churn", why=why).sort(keys)


def _snapshot(month: int, as_of: date) -> date:
    return min(month_end(month), as_of)
