"""Billed revenue by month of issue, and by customer, product and kind where a figure is taken apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.facts import by_code, fact_table
from clv_cli.measures.billed_lines import billed_lines, months_of_issue, uncoded_lines
from clv_cli.measures.fx import conversions, missing_rate
from clv_cli.pipeline import Facts, Scope, derived, reduction

if TYPE_CHECKING:
    from datetime import date

FACT_KEYS = ("code", "month", "product_id", "kind")
MONEY = ("amount_base", "invoiced", "taken_back")


@reduction("missing_rates")
def missing_rates(scope: Scope) -> pl.LazyFrame:
    """Which billed lines cannot be converted? `currency, day`; empty when all can."""
    book = scope.book
    if book.lines.currencies in {(), (book.currency,)}:
        return pl.LazyFrame(schema={"currency": pl.String, "day": pl.Date})
    # Days and currencies are few: they are looked up, not the lines.
    days = uncoded_lines(scope).select("currency", day="issued_on").unique()
    return (
        days.filter(pl.col("currency") != book.currency)
        .join(conversions(book).lazy(), on=["currency", "day"], how="anti")
        .sort("currency", "day")
    )


@fact_table("revenue_sums")
def revenue_sums(scope: Scope) -> Facts:
    """The sums behind `revenue_facts`, before it is known that every line has a rate."""
    rows = billed_lines(scope)
    return Facts(
        rows,
        FACT_KEYS,
        ("amount_base",),
        lambda found: found.sort(FACT_KEYS),
        "lines",
        recode=by_code,
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


@fact_table("revenue_month_sums")
def revenue_month_sums(scope: Scope) -> Facts:
    """The sums behind `revenue_months`, before it is known that every line has a rate."""
    rows = months_of_issue(scope).with_columns(**both_ways())
    return Facts(rows, ("month",), MONEY, lambda found: found.sort("month"), "lines")


def both_ways() -> dict[str, pl.Expr]:
    """What a line adds to what was invoiced (above 0), and to what was taken back (below 0)."""
    amount = pl.col("amount_base")
    return {
        "invoiced": pl.when(amount > 0).then(amount),
        "taken_back": pl.when(amount < 0).then(amount),
    }


@derived("revenue_months", revenue_month_sums, missing_rates)
def revenue_months(scope: Scope, sums: pl.DataFrame, missing: pl.DataFrame) -> pl.DataFrame:
    """How much was billed in each month?

    Returns:
        `month`, sorted; `lines`, `amount_base` (Int64 minor units), and of it `invoiced` (lines
        above 0) and `taken_back` (lines below 0).

    Raises:
        DataError: a billed line is in a currency that has no rate on its day of issue.
    """
    require_rates(missing, scope.currency)
    return sums


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
