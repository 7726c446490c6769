"""What customers owe: gross invoices, when they were settled, and payment attempts."""

from __future__ import annotations

import polars as pl

from clv_cli.measures.billed_lines import counted_lines, month_index
from clv_cli.measures.conversion import rated, to_base, unrated_day, with_code
from clv_cli.measures.mrr_lines import mrr_lines
from clv_cli.pipeline import Scope, derived, reduction

_SETTLED = ("paid",)


@reduction("gross_sums")
def gross_sums(scope: Scope) -> pl.LazyFrame:
    """Invoiced amounts with tax, by customer and month, before it is known that all have a rate."""
    return _grouped(_gross(scope).with_columns(month=month_index(pl.col("issued_on"))), "month")


@derived("gross_invoiced", gross_sums)
def gross_invoiced(scope: Scope, sums: pl.DataFrame) -> pl.DataFrame:
    """How much was invoiced with tax, less credits? `code, month, amount_base`, sorted.

    Raises:
        DataError: a rate is missing.
    """
    return _by(rated(scope, sums), "code", "month")


@reduction("unsettled_sums")
def unsettled_sums(scope: Scope) -> pl.LazyFrame:
    """Invoices that were open at some month's end, before it is known that all have a rate."""
    lines = _gross(scope).with_columns(due=pl.coalesce("due_on", "issued_on"))
    first_paid = (
        scope.book.table("payments")
        .filter(pl.col("outcome") == "succeeded", pl.col("attempted_on") <= scope.as_of)
        .group_by("invoice_id")
        .agg(collected=pl.col("attempted_on").min())
    )
    paid = pl.when(pl.col("status").is_in(_SETTLED)).then(pl.col("issued_on"))
    known = lines.join(first_paid, on="invoice_id", how="left").with_columns(
        settled=pl.coalesce("paid_on", "collected", paid)
    )
    # What is settled in its own month is never seen open at a month's end.
    open_once = known.filter(
        pl.col("settled").is_null()
        | (month_index(pl.col("settled")) > month_index(pl.col("issued_on")))
    )
    return _grouped(open_once, "issued_on", "due", "settled")


@derived("unsettled", unsettled_sums)
def unsettled(scope: Scope, sums: pl.DataFrame) -> pl.DataFrame:
    """Which invoices were open at some month's end?

    Settled on the paid date, else on the first successful payment, else on the day of issue where
    the status says paid; all others are open.

    Returns:
        `code, issued_on, due, settled` (null while open), sorted; `amount_base` with tax, Int64.

    Raises:
        DataError: a rate is missing.
    """
    return _by(rated(scope, sums), "code", "issued_on", "due", "settled")


@reduction("collection_sums")
def collection_sums(scope: Scope) -> pl.LazyFrame:
    """Payment attempts, invoice by invoice, summed by the month of the first attempt."""
    invoices = _attempted(scope)
    days = (pl.col("recovered_on") - pl.col("failed_on")).dt.total_days()
    amount = pl.col("amount_base").cast(pl.Int128)
    back = pl.col("recovered_on").is_not_null()
    failed = pl.col("failed_on").is_not_null()
    keys = ["code", "month", "currency"]
    return (
        invoices.group_by(keys)
        .agg(
            unrated_day("first_on"),
            attempts=pl.len().cast(pl.Int64),
            failed=failed.sum().cast(pl.Int64),
            recovered=back.sum().cast(pl.Int64),
            days=days.sum().cast(pl.Int64),
            recovered_amount=amount.filter(back).sum().cast(pl.Int64),
        )
        .sort(keys)
    )


@derived("collections", collection_sums)
def collections(scope: Scope, sums: pl.DataFrame) -> pl.DataFrame:
    """How did collecting go? One row a customer and month of the first attempt.

    Retries of one invoice are one failure; it is recovered when a later attempt succeeds within
    `collections.dunning_days` of the first failure.

    Returns:
        `code, month`, sorted; `attempts, failed, recovered` (invoices), `days` from failure to
        recovery, `recovered_amount` (base minor units).

    Raises:
        DataError: a rate is missing.
    """
    columns = ["attempts", "failed", "recovered", "days", "recovered_amount"]
    rows = rated(scope, sums).group_by("code", "month")
    return rows.agg(pl.col(columns).sum()).sort("code", "month")


@reduction("recovered_lines")
def recovered_lines(scope: Scope) -> pl.LazyFrame:
    """The MRR on recovered invoices: `code, month, currency, mrr`, sorted."""
    back = _attempted(scope).filter(pl.col("recovered_on").is_not_null())
    keys = ["code", "month", "currency"]
    lines = mrr_lines(scope).select("invoice_id", "code", "currency", "mrr")
    mine = lines.join(back.select("invoice_id", "month"), on="invoice_id", how="inner")
    return mine.group_by(keys).agg(pl.col("mrr").sum()).sort(keys)


@reduction("cash_sums")
def cash_sums(scope: Scope) -> pl.LazyFrame:
    """Successful payments by customer and month."""
    paid = _payments(scope).filter(pl.col("outcome") == "succeeded")
    valued = to_base(scope, paid, pl.col("amount"), "attempted_on")
    dated = valued.with_columns(issued_on="attempted_on", month=month_index(pl.col("attempted_on")))
    return _grouped(dated, "month")


@derived("cash", cash_sums)
def cash(scope: Scope, sums: pl.DataFrame) -> pl.DataFrame:
    """How much money came in? `code, month, amount_base`, sorted.

    Raises:
        DataError: a rate is missing.
    """
    return _by(rated(scope, sums), "code", "month")


@reduction("refund_sums")
def refund_sums(scope: Scope) -> pl.LazyFrame:
    """Cash refunds by customer and month, covered by a credit or not."""
    lines = scope.book.table("billing_lines").filter(
        pl.col("kind") == "refund",
        ~pl.col("status").is_in(["draft", "void"]),
        pl.col("issued_on") <= scope.as_of,
    )
    valued = to_base(scope, with_code(scope, lines), -pl.col("amount"), "issued_on")
    return _grouped(valued.with_columns(month=month_index(pl.col("issued_on"))), "month")


@derived("refund_months", refund_sums)
def refund_months(scope: Scope, sums: pl.DataFrame) -> pl.DataFrame:
    """How much money went back? `code, month, amount_base` (positive), sorted.

    Raises:
        DataError: a rate is missing.
    """
    return _by(rated(scope, sums), "code", "month")


def _gross(scope: Scope) -> pl.LazyFrame:
    """Billed lines with tax in the base currency."""
    with_tax = pl.col("amount") + pl.col("tax").fill_null(0)
    return to_base(scope, counted_lines(scope), with_tax, "issued_on")


def _payments(scope: Scope) -> pl.LazyFrame:
    seen = scope.book.table("payments").filter(pl.col("attempted_on") <= scope.as_of)
    return with_code(scope, seen)


def _attempted(scope: Scope) -> pl.LazyFrame:
    """One row an invoice: its first attempt, first failure, and recovery within the dunning days."""
    document = pl.coalesce("invoice_id", "payment_id")
    rows = _payments(scope).with_columns(invoice_id=document)
    failed = rows.filter(pl.col("outcome") == "failed")
    first_failed = failed.group_by("invoice_id").agg(failed_on=pl.col("attempted_on").min())
    joined = to_base(scope, rows, pl.col("amount"), "attempted_on").join(
        first_failed, on="invoice_id", how="left"
    )
    wait = pl.col("attempted_on") - pl.col("failed_on")
    limit = pl.duration(days=scope.settings.collections.dunning_days)
    again = (pl.col("outcome") == "succeeded") & (wait >= pl.duration(days=0)) & (wait <= limit)
    return (
        joined.group_by("invoice_id")
        .agg(
            pl.col("code").min(),
            pl.col("currency").min(),
            pl.col("failed_on").min(),
            first_on=pl.col("attempted_on").min(),
            recovered_on=pl.col("attempted_on").filter(again).min(),
            amount_base=pl.col("amount_base").max(),
        )
        .with_columns(month=month_index(pl.col("first_on")))
    )


def _grouped(rows: pl.LazyFrame, *keys: str) -> pl.LazyFrame:
    """Sums by customer, the keys and currency, with the first day that has no rate."""
    by = ["code", *keys, "currency"]
    total = pl.col("amount_base").cast(pl.Int128).sum().cast(pl.Int64)
    # The day of a missing rate must come from inside the group: the keys need not hold it.
    return (
        rows.with_columns(rate_day="issued_on")
        .group_by(by)
        .agg(unrated_day("rate_day"), total)
        .sort(by)
    )


def _by(rows: pl.DataFrame, *keys: str) -> pl.DataFrame:
    total = pl.col("amount_base").cast(pl.Int128).sum().cast(pl.Int64)
    return rows.group_by(keys).agg(total).sort(keys)
