"""What winning and serving customers costs, by month, in the base currency."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.measures.fx import conversion, missing_rate
from clv_cli.money import allocate
from clv_cli.periods import month_of, month_start
from clv_cli.pipeline import Scope, derived, reduction

if TYPE_CHECKING:
    from collections.abc import Iterator

_SPEND = {"month": pl.Int32, "channel": pl.String, "category": pl.String, "amount_base": pl.Int64}
_COSTS = {"month": pl.Int32, "category": pl.String, "amount_base": pl.Int64}


@reduction("spend_sums")
def spend_sums(scope: Scope) -> pl.LazyFrame:
    """Acquisition spend as it was recorded: sums by period, channel, category and currency."""
    keys = ("period_start", "period_end", "channel", "category", "currency")
    return _sums(scope.book.table("spend"), keys)


@reduction("service_cost_sums")
def service_cost_sums(scope: Scope) -> pl.LazyFrame:
    """Service costs as they were recorded: sums by period, category and currency."""
    return _sums(scope.book.table("service_costs"), ("period_start", "category", "currency"))


@derived("acquisition_spend", spend_sums)
def acquisition_spend(scope: Scope, sums: pl.DataFrame) -> pl.DataFrame:
    """What did winning customers cost in each month?

    A row whose period spans several months is cut by their days, exactly; it is converted at the
    rate of its first day.

    Returns:
        `month, channel, category`, sorted; `amount_base` (Int64 minor units).

    Raises:
        DataError: a rate is missing.
    """
    rates = _rates(scope)
    rows = [
        (month, channel, category, part)
        for start, end, channel, category, currency, amount in sums.iter_rows()
        for month, part in _by_month(start, end, _base(scope, rates, currency, start, amount))
    ]
    return _grouped(pl.DataFrame(rows, schema=_SPEND, orient="row"))


@derived("service_costs", service_cost_sums)
def service_costs(scope: Scope, sums: pl.DataFrame) -> pl.DataFrame:
    """What did delivering to and serving customers cost in each month?

    Returns:
        `month, category`, sorted; `amount_base` (Int64 minor units, at the rate of the first day of
        the row's period).

    Raises:
        DataError: a rate is missing.
    """
    rates = _rates(scope)
    rows = [
        (month_of(start), category, _base(scope, rates, currency, start, amount))
        for start, category, currency, amount in sums.iter_rows()
    ]
    return _grouped(pl.DataFrame(rows, schema=_COSTS, orient="row"))


def spend_months(start: date, end: date | None) -> range:
    """The months that a row of spend falls into: without an end, that of its first day."""
    first = month_of(start)
    last = month_of(end - date.resolution) if end and end > start else first
    return range(first, last + 1)


def _sums(table: pl.LazyFrame, keys: tuple[str, ...]) -> pl.LazyFrame:
    return (
        table.group_by(keys).agg(pl.col("amount").cast(pl.Int128).sum().cast(pl.Int64)).sort(keys)
    )


def _rates(scope: Scope) -> dict[tuple[str, date], int]:
    return {(currency, day): rate for currency, day, rate in scope.book.rates.iter_rows()}


def _base(
    scope: Scope, rates: dict[tuple[str, date], int], currency: str, day: date, amount: int
) -> int:
    if currency == scope.currency:
        return amount
    if (currency, day) not in rates:
        raise missing_rate(currency, day, scope.currency)
    return round(amount * conversion(rates[currency, day], currency, scope.currency))


def _by_month(start: date, end: date | None, amount: int) -> Iterator[tuple[int, int]]:
    """The amount cut by the days that each month has of the period."""
    months = spend_months(start, end)
    if len(months) == 1:
        yield months[0], amount
        return
    last = end or month_start(months[-1] + 1)
    days = [
        Fraction((min(last, month_start(m + 1)) - max(start, month_start(m))).days) for m in months
    ]
    yield from zip(months, allocate(amount, days), strict=True)


def _grouped(rows: pl.DataFrame) -> pl.DataFrame:
    keys = [name for name in rows.columns if name != "amount_base"]
    return (
        rows.group_by(keys)
        .agg(pl.col("amount_base").cast(pl.Int128).sum().cast(pl.Int64))
        .sort(keys)
    )
