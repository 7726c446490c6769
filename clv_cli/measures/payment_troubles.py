"""Payments that failed and were not made good, and cards that run out."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from clv_cli.measures.fx import at_month_end, convert
from clv_cli.measures.moment_kind import is_sentinel
from clv_cli.pipeline import Scope, derived, reduction


@reduction("payment_attempts")
def payment_attempts(scope: Scope) -> pl.LazyFrame:
    """The payment attempts of billing customers up to the as-of day.

    Returns:
        `code, day`, sorted; `payment_id, invoice_id, failed, amount, currency, card_expires_on` (null
        where it is a sentinel), `source, row`.
    """
    tried = scope.book.table("payments").filter(pl.col("attempted_on") <= scope.as_of)
    own = tried.join(scope.book.codes.lazy(), on="customer_id")
    return own.select(
        "code",
        "payment_id",
        "invoice_id",
        "amount",
        "currency",
        "source",
        "row",
        day="attempted_on",
        failed=pl.col("outcome") == "failed",
        card_expires_on=pl.when(~is_sentinel("card_expires_on")).then(pl.col("card_expires_on")),
    ).sort("code", "day", "payment_id")


@derived("open_failures", payment_attempts)
def open_failures(scope: Scope, attempts: pl.DataFrame) -> pl.DataFrame:
    """Which invoices failed to be paid and have not been paid since? Where none is named, all a customer's.

    Returns:
        `code, day` (of the first failure), `document` (the invoice; empty where none is named),
        sorted; `tries`, `amount` (Int64 minor units of the base currency at the as-of rate, tax
        included), `source, row`.
    """
    named = attempts.with_columns(document=pl.col("invoice_id").fill_null(""))
    paid = (
        named.filter(~pl.col("failed")).group_by("code", "document").agg(paid=pl.col("day").max())
    )
    failed = (
        named.filter("failed")
        .join(paid, on=["code", "document"], how="left")
        .filter(pl.col("paid").is_null() | (pl.col("paid") < pl.col("day")))
        .sort("code", "document", "day", "payment_id")
        .group_by("code", "document", maintain_order=True)
        .agg(
            pl.col("day", "source", "row").first(),
            pl.col("amount", "currency").last(),
            tries=pl.len().cast(pl.Int64),
        )
        .with_columns(month=pl.lit(scope.closing, pl.Int32))
    )
    rated = at_month_end(scope, failed).with_columns(
        amount=convert(pl.col("amount"), pl.col("multiplier"), pl.col("divisor"))
    )
    columns = ("code", "day", "document", "tries", "amount", "source", "row")
    return rated.select(columns).sort("code", "day", "document")


@derived("expiring_cards", payment_attempts)
def expiring_cards(scope: Scope, attempts: pl.DataFrame) -> pl.DataFrame:
    """Whose latest card expires, and when?

    Returns:
        `code`, sorted; `day` (`moments.card_days` before it expires), `expires_on`, `source, row`.
    """
    lead = timedelta(days=scope.settings.moments.card_days)
    latest = attempts.filter(pl.col("card_expires_on").is_not_null()).unique(
        "code", keep="last", maintain_order=True
    )
    return latest.select(
        "code",
        "source",
        "row",
        day=pl.col("card_expires_on") - lead,
        expires_on="card_expires_on",
    ).sort("code")
