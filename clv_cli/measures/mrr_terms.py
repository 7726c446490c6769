"""The arithmetic of one line: how many months an amount pays for. No rule, no switch.

Everything is exact: a rational is a pair of Int128 expressions, numerator and denominator.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.frames import NUMBER_SCALE
from clv_cli.measures.billed_lines import month_index
from clv_cli.money import MRR_UNITS

if TYPE_CHECKING:
    from fractions import Fraction

    from clv_cli.settings import IntervalFactor

MONTHS_OF = {"month": 1, "quarter": 3, "year": 12}
DAYS_OF = {"day": 1, "week": 7}
ONE = 10**NUMBER_SCALE
Rational = tuple[pl.Expr, pl.Expr]


def is_declared() -> pl.Expr:
    """Whether a line says its interval."""
    known = pl.col("interval").is_not_null()
    return known & (pl.col("interval_count").fill_null(1) > 0)


def declared(factor: IntervalFactor) -> Rational:
    """MRR units for one minor unit billed by the declared interval: numerator, denominator."""
    factors = {name: MRR_UNITS * getattr(factor, name) for name in (*MONTHS_OF, *DAYS_OF)}
    numerator = _choose({name: value.numerator * ONE for name, value in factors.items()})
    denominator = _choose({name: value.denominator for name, value in factors.items()})
    return numerator, denominator * _count()


def once(factor: IntervalFactor) -> tuple[pl.Expr, pl.Expr]:
    """The same for lines of one interval whose factor is whole, which needs no division.

    Returns:
        MRR units for one minor unit (Int128), and whether the line is such a one (never null).
    """
    factors = {name: MRR_UNITS * getattr(factor, name) for name in (*MONTHS_OF, *DAYS_OF)}
    whole = {name: value.numerator for name, value in factors.items() if value.denominator == 1}
    single = pl.col("interval").is_in(list(whole)) & (pl.col("interval_count").fill_null(1) == 1)
    return _choose(whole), single.fill_null(value=False)


def by_length(factor: IntervalFactor) -> Rational:
    """The same from the period alone: whole calendar months, one or two weeks, else days.

    31 January to 28 February is a whole month, and so is 28 February to 31 March. A month has
    365/12 days.
    """
    start, end = pl.col("period_start"), pl.col("period_end")
    months = (month_index(end) - month_index(start)).cast(pl.Int128)
    same_day = start.dt.day() == end.dt.day()
    clamped = _is_last(end) & ((start.dt.day() > end.dt.day()) | _is_last(start))
    whole = (same_day | clamped) & (months > 0)
    days = (end - start).dt.total_days().cast(pl.Int128)
    week: Fraction = MRR_UNITS * factor.week
    weeks = days.is_in([7, 14])
    numerator = (
        pl.when(whole).then(int128(MRR_UNITS)).when(weeks).then(int128(week.numerator * 7))
    ).otherwise(int128(MRR_UNITS * 365))
    denominator = (pl.when(whole).then(months).when(weeks).then(days * week.denominator)).otherwise(
        days * 12
    )
    return numerator, denominator


def full_days() -> pl.Expr:
    """The days of the full period that ends where a prorated line ends."""
    end, count = pl.col("period_end"), pl.col("interval_count").fill_null(1).cast(pl.Int64)
    back = _choose(dict(MONTHS_OF)).cast(pl.Int64) * count
    month = month_index(end) - back
    first = pl.date(month // 12, month % 12 + 1, 1)
    next_month = month + 1
    length = (pl.date(next_month // 12, next_month % 12 + 1, 1) - first).dt.total_days()
    clamped = pl.min_horizontal(end.dt.day().cast(pl.Int64), length)
    in_months = (end - first).dt.total_days() - (clamped - 1)
    in_days = _choose(dict(DAYS_OF)).cast(pl.Int64) * count
    return (
        pl.when(pl.col("interval").is_in(list(DAYS_OF))).then(in_days).otherwise(in_months)
    ).cast(pl.Int128)


def _is_last(day: pl.Expr) -> pl.Expr:
    return (day + pl.duration(days=1)).dt.day() == 1


def _choose(by_interval: dict[str, int]) -> pl.Expr:
    """A constant by the line's interval."""
    expr: pl.Expr = pl.lit(None, pl.Int128)
    for name, value in by_interval.items():
        expr = pl.when(pl.col("interval") == name).then(int128(value)).otherwise(expr)
    return expr


def _count() -> pl.Expr:
    return number("interval_count").fill_null(ONE)


def number(column: str) -> pl.Expr:
    """An exact decimal as whole millionths."""
    return pl.col(column).to_physical().cast(pl.Int128)


def money(column: str) -> pl.Expr:
    """Minor units as Int128."""
    return pl.col(column).cast(pl.Int128)


def int128(value: int) -> pl.Expr:
    """A whole number as Int128."""
    return pl.lit(value, pl.Int128)
