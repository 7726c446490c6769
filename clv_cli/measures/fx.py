"""Exact conversion between currencies: integers all the way, one rounding, half to even.

    minor units of the base = minor units x rate x 10^(digits of the base - digits of the currency)

The power of ten is folded into the rate table (`conversions`), so that a line needs one product and
one division. -100 converts to minus what 100 converts to.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.errors import DataError
from clv_cli.frames import RATE_SCALE
from clv_cli.money import exponent
from clv_cli.periods import month_end

if TYPE_CHECKING:
    from datetime import date

    from clv_cli.frames import Book
    from clv_cli.pipeline import Scope


def divide_half_even(numerator: pl.Expr, denominator: pl.Expr) -> pl.Expr:
    """The nearest whole number to a quotient, ties to even, mirrored at zero.

    Args:
        numerator: Int128, or Int64 where none is near its bounds.
        denominator: of the same type, positive.
    """
    # Floors, on either side of zero: what is left is positive. One division, which is what costs.
    whole = numerator // denominator
    # An odd number is left at the half, too: more than the denominator says both at once.
    up = 2 * (numerator - whole * denominator) + whole % 2 > denominator
    return whole + up


def convert(amount: pl.Expr, multiplier: pl.Expr, divisor: pl.Expr) -> pl.Expr:
    """Minor units of another currency as Int64 minor units of the base, exactly, half-even.

    Args:
        amount: Int64 minor units.
        multiplier: of `conversions`.
        divisor: of `conversions`.
    """
    return divide_half_even(amount.cast(pl.Int128) * multiplier, divisor).cast(pl.Int64)


def conversion(rate: int, currency: str, base: str) -> Fraction:
    """The exact factor from minor units of a currency to those of the base.

    Args:
        rate: base units for one unit, in 1e-10.
        currency: what is converted.
        base: what it is converted to.
    """
    return Fraction(rate, 10**RATE_SCALE) * Fraction(10) ** (exponent(base) - exponent(currency))


def conversions(book: Book) -> pl.DataFrame:
    """The Book's rates as factors of minor units: `currency, day, multiplier, divisor` (Int128)."""
    scales = pl.DataFrame(
        [
            (currency, 10 ** max(shift, 0), 10 ** (RATE_SCALE + max(-shift, 0)))
            for currency in book.rates["currency"].unique().sort()
            for shift in [exponent(book.currency) - exponent(currency)]
        ],
        schema={"currency": pl.String, "up": pl.Int128, "divisor": pl.Int128},
        orient="row",
    )
    return book.rates.join(scales, on="currency", how="inner").select(
        "currency",
        "day",
        multiplier=pl.col("rate").cast(pl.Int128) * pl.col("up"),
        divisor="divisor",
    )


def at_month_end(scope: Scope, amounts: pl.DataFrame) -> pl.DataFrame:
    """Amounts of `currency` and `month` with the exact factors of the month's snapshot.

    The rate is that of the month's last day, or of `as_of` in its own month; under `fx.mode:
    constant` that of `fx.constant_on`. The base currency has the factor 1.

    Args:
        scope: the Book and the as-of day.
        amounts: a frame with `currency` and `month`.

    Returns:
        The frame with `multiplier` and `divisor` (Int128).

    Raises:
        DataError: a rate is missing.
    """
    needed = amounts.select("currency", "month").unique().sort("currency", "month")
    fixed = scope.settings.fx.constant_on if scope.settings.fx.mode == "constant" else None
    days = [fixed or min(month_end(month), scope.as_of) for month in needed["month"]]
    rated = needed.with_columns(day=pl.Series(days, dtype=pl.Date)).join(
        conversions(scope.book), on=["currency", "day"], how="left"
    )
    at_home = pl.col("currency") == scope.currency
    factors = rated.with_columns(
        pl.when(at_home).then(pl.lit(1, pl.Int128)).otherwise(pl.col(name)).alias(name)
        for name in ("multiplier", "divisor")
    ).sort("currency", "month")
    for currency, day in (
        factors.filter(pl.col("divisor").is_null()).select("currency", "day").rows()
    ):
        raise missing_rate(currency, day, scope.currency)
    return amounts.join(factors.drop("day"), on=["currency", "month"], how="left")


def missing_rate(currency: str, day: date, base: str) -> DataError:
    """The error of an amount that cannot be converted."""
    return DataError(
        f"no exchange rate from {currency} to {base} on {day.isoformat()}",
        where="fx_rates",
        hint=f"add a rate of {currency} for that day, or raise fx.max_age_days",
    )
