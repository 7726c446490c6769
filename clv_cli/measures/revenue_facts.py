"""Billed revenue by customer, month of issue, product and kind: the facts under every revenue figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.measures.billed_lines import billed_lines
from clv_cli.measures.fx import missing_rate
from clv_cli.pipeline import Scope, derived, reduction

if TYPE_CHECKING:
    from datetime import date

FACT_KEYS = ("code", "month", "product_id", "kind")


@reduction("missing_rates")
def missing_rates(scope: Scope) -> pl.LazyFrame:
    """Which billed lines cannot be converted? `currency, day`; empty when all can."""
    book = scope.book
    if book.lines.currencies in {(), (book.currency,)}:
        return pl.LazyFrame(schema={"currency": pl.String, "day": pl.Date})
    return (
        billed_lines(scope)
        .filter(pl.col("currency") != book.currency, pl.col("amount_base").is_null())
        .select("currency", day="issued_on")
        .unique()
        .sort("currency", "day")
    )


@reduction("revenue_sums")
def revenue_sums(scope: Scope) -> pl.LazyFrame:
    """The sums behind `revenue_facts`, before it is known that every line has a rate."""
    return (
        billed_lines(scope)
        .group_by(FACT_KEYS)
        .agg(
            lines=pl.len().cast(pl.Int64),
            # Int64 sums wrap silently; Int128 ones cannot, and the strict cast back would raise.
            amount_base=pl.col("amount_base").cast(pl.Int128).sum().cast(pl.Int64),
        )
        .sort(FACT_KEYS)
    )


@derived("revenue_facts", revenue_sums, missing_rates)
def revenue_facts(scope: Scope, sums: pl.DataFrame, missing: pl.DataFrame) -> pl.DataFrame:
    """How much was billed to whom, when, for what?

    Returns:
        `code, month, product_id, kind`, sorted; `lines` and `amount_base` (Int64 minor units).

    Raises:
        DataError: a billed line is in a currency that has no rate on its day of issue.
    """
    require_rates(missing, scope.currency)
    return sums


@derived("revenue_months", revenue_facts)
def revenue_months(_: Scope, facts: pl.DataFrame) -> pl.DataFrame:
    """How much was billed in each month?

    Returns:
        `month`, sorted; `lines`, `amount_base` (Int64 minor units), and of it `invoiced` and
        `taken_back` (sums of what is above and below 0 by customer, product and kind).
    """
    amount = pl.col("amount_base").cast(pl.Int128)
    sums = {
        "amount_base": amount.sum(),
        "invoiced": amount.filter(amount > 0).sum(),
        "taken_back": amount.filter(amount < 0).sum(),
    }
    return (
        facts.group_by("month")
        .agg(pl.col("lines").sum(), **{name: sum_.cast(pl.Int64) for name, sum_ in sums.items()})
        .sort("month")
    )


def require_rates(missing: pl.DataFrame, base: str) -> None:
    """Stop unless every billed line could be converted.

    Args:
        missing: the frame of `missing_rates`.
        base: the base currency.

    Raises:
        DataError: naming the first currency and day without a rate.
    """
    for currency, day in missing.iter_rows():
        first: date = day
        raise missing_rate(currency, first, base)
