"""Amounts of any table in the base currency, each at the rate of its own day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.measures.fx import conversions, convert, missing_rate

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope

UNRATED = "unrated"


def to_base(scope: Scope, rows: pl.LazyFrame, amount: pl.Expr, day: str) -> pl.LazyFrame:
    """Rows with `amount_base`, Int64 minor units of the base currency; null without a rate.

    Args:
        scope: the Book.
        rows: with `currency` and a day.
        amount: what is converted, minor units.
        day: the column of the day whose rate is used.
    """
    valued = rows.with_columns(amount_base=amount.cast(pl.Int64))
    if scope.book.rates.is_empty():
        at_home = pl.col("currency") == scope.currency
        return valued.with_columns(amount_base=pl.when(at_home).then(pl.col("amount_base")))
    rated = valued.join(
        conversions(scope.book).lazy(),
        left_on=["currency", day],
        right_on=["currency", "day"],
        how="left",
    )
    foreign = convert(pl.col("amount_base"), pl.col("multiplier"), pl.col("divisor"))
    at_home = pl.col("currency") == scope.currency
    return rated.with_columns(
        amount_base=pl.when(at_home).then(pl.col("amount_base")).otherwise(foreign)
    ).drop("multiplier", "divisor")


def unrated_day(day: str) -> pl.Expr:
    """The first day of a group on which an amount had no rate, under `unrated`; null when none."""
    return pl.col(day).filter(pl.col("amount_base").is_null()).min().alias(UNRATED)


def rated(scope: Scope, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows without `unrated`.

    Args:
        scope: the Book.
        rows: with `currency` and `unrated`.

    Raises:
        DataError: an amount could not be converted.
    """
    for currency, day in (
        rows.filter(pl.col(UNRATED).is_not_null()).select("currency", UNRATED).rows()
    ):
        raise missing_rate(currency, day, scope.currency)
    return rows.drop(UNRATED)


def with_code(scope: Scope, rows: pl.LazyFrame) -> pl.LazyFrame:
    """Rows of billing customers, with their `code`; rows of others, and of test accounts, are left out."""
    mine = rows.join(scope.book.codes.lazy(), on="customer_id", how="inner")
    tests = scope.book.test_customers
    return mine.filter(~pl.col("customer_id").is_in(tests)) if tests else mine
