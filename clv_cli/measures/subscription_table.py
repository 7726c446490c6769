"""MRR from the subscription table at list price: `mrr.basis: subscriptions`.

The table knows only what a subscription is today, so its present price and quantity stand for its
whole past: upgrades never show. That is why invoice lines are the default, and this is compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.frames import TABLES
from clv_cli.measures.fx import divide_half_even
from clv_cli.measures.mrr_terms import ONE, declared, is_declared, money, number

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope

ENDS = {
    "period_end": ("ended_on",),
    "cancel_effective": ("ended_on",),
    "cancel_request": ("cancel_requested_on", "ended_on"),
}


def subscription_lines(scope: Scope) -> pl.LazyFrame:
    """What is each subscription worth a month at its price, and from when to when?

        MRR = (amount, or quantity x the plan's price) x (intervals in a month) / interval count

    From its first day, or the end of its trial, to its end or cancellation by `churn.date`; one that
    has not ended counts up to `as_of`. A subscription without a price, a first day or an interval is
    none.

    Returns:
        As `mrr_lines`, one row a subscription; `line_id` is the subscription's.
    """
    numerator, denominator = declared(scope.settings.mrr.interval_factor)
    price = pl.coalesce(money("amount"), money("price") * number("quantity").fill_null(ONE) // ONE)
    lines = (
        _priced(scope)
        .filter(is_declared(), pl.col("active_from").is_not_null())
        .with_columns(mrr=divide_half_even(price * numerator, denominator).cast(pl.Int64))
        .filter(pl.col("mrr").is_not_null())
    )
    return _as_lines(scope, lines)


def _priced(scope: Scope) -> pl.LazyFrame:
    """Subscriptions of billed customers, each with its plan's price and its days."""
    plans = (
        scope.book.table("plans")
        .unique("plan_id", keep="first", maintain_order=True)
        .select("plan_id", "price", of_plan="currency", plan_interval="interval")
    )
    end = pl.coalesce(*ENDS[scope.settings.churn.date], pl.lit(None, pl.Date))
    known = pl.when(end <= scope.as_of).then(end)
    return (
        scope.book.table("subscriptions")
        .filter(~pl.col("customer_id").is_in(scope.book.test_customers))
        .join(plans, on="plan_id", how="left")
        .join(scope.book.codes.lazy(), on="customer_id", how="inner")
        .with_columns(
            interval=pl.coalesce("interval", "plan_interval"),
            currency=pl.coalesce("currency", "of_plan", pl.lit(scope.currency)),
            active_from=pl.coalesce("trial_end", "started_on"),
            active_to=known.fill_null(pl.date(9999, 12, 31)),
        )
        .filter(pl.col("active_from") <= scope.as_of)
    )


def _as_lines(scope: Scope, subscriptions: pl.LazyFrame) -> pl.LazyFrame:
    """In the columns of billing_lines, so that every reader of the ledger reads these too."""
    schema = TABLES["billing_lines"].dtypes
    said = {
        "line_id": pl.col("subscription_id"),
        "invoice_id": pl.col("subscription_id"),
        "issued_on": pl.col("active_from"),
        "kind": pl.lit("recurring"),
        "status": pl.lit("paid"),
        "period_start": pl.col("active_from"),
        "period_end": pl.col("active_to"),
        "amount": pl.coalesce("amount", "price"),
    }
    kept = {"customer_id", "subscription_id", "plan_id", "quantity", "currency", "interval"}
    kept |= {"interval_count"}
    columns = [
        said[name].cast(dtype).alias(name)
        if name in said
        else (pl.col(name) if name in kept else pl.lit(None, dtype).alias(name))
        for name, dtype in schema.items()
    ]
    extra = ["source", "row", "code", "active_from", "active_to", "mrr"]
    here = pl.col("currency") == scope.currency
    only = here if scope.settings.fx.mode == "per_currency" else pl.lit(value=True)
    return subscriptions.filter(only).select(*columns, *extra)
