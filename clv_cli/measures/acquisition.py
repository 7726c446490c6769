"""How customers were won: deals, trials, and who came by recommendation."""

from __future__ import annotations

import polars as pl

from clv_cli.measures.billed_lines import counted_lines, month_index
from clv_cli.measures.mrr_spans import mrr_spans
from clv_cli.pipeline import Scope, derived, reduction


@reduction("deal_rows")
def deal_rows(scope: Scope) -> pl.LazyFrame:
    """Which deals were opened, won and lost? `deal_id, outcome, type, opened, closed` (months)."""
    rows = scope.book.table("deals")
    closed = pl.when(pl.col("closed_on") <= scope.as_of).then(month_index(pl.col("closed_on")))
    opened = pl.when(pl.col("created_on") <= scope.as_of).then(month_index(pl.col("created_on")))
    return rows.select("deal_id", "outcome", "type", opened=opened, closed=closed).sort("deal_id")


@reduction("trial_starts")
def trial_starts(scope: Scope) -> pl.LazyFrame:
    """When did each customer's first trial begin? `code, started_on`, sorted."""
    trials = counted_lines(scope).filter(pl.col("kind") == "trial")
    start = pl.coalesce("period_start", "issued_on")
    return trials.group_by("code").agg(started_on=start.min()).sort("code")


@derived("trials", trial_starts, mrr_spans)
def trials(scope: Scope, starts: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
    """Who tried, and who paid within `trials.window_days`?

    Customers who paid before their trial are left out: an add-on tried by a customer wins nobody.

    Returns:
        `code, month` of the trial's start, sorted; `converted` (0 or 1) and `decided` (whether the
        window is over by the as-of day).
    """
    paid = spans.filter(pl.col("mrr") > 0).group_by("code").agg(paid_on=pl.col("from_day").min())
    wait = (pl.col("paid_on") - pl.col("started_on")).dt.total_days()
    limit = scope.settings.trials.window_days
    over = (pl.lit(scope.as_of) - pl.col("started_on")).dt.total_days() >= limit
    known = starts.join(paid, on="code", how="left").filter(wait.fill_null(0) >= 0)
    return known.select(
        "code",
        month=month_index(pl.col("started_on")),
        converted=(wait <= limit).fill_null(value=False).cast(pl.Int64),
        decided=over,
    ).sort("code")


@reduction("recommended")
def recommended(scope: Scope) -> pl.LazyFrame:
    """Who came by recommendation? `code`, sorted.

    Customers named as referred in `referrals`, or by a won deal's referrer.
    """
    named = scope.book.table("referrals").select(customer_id="referred_id")
    deals = scope.book.table("deals").filter(
        pl.col("referrer_customer_id").is_not_null(), pl.col("outcome") == "won"
    )
    both = pl.concat([named, deals.select("customer_id")]).unique()
    return (
        both.join(scope.book.codes.lazy(), on="customer_id", how="inner")
        .select("code")
        .sort("code")
    )
