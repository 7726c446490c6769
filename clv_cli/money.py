"""Money is integer minor units of an ISO 4217 currency; no float ever holds it.

Shares are rationals until one allocator cuts them into whole units, so parts always sum to
their whole. MRR is kept in 1/55,440 of a minor unit (`MRR_UNITS`): 55,440 divides by every term of
1-12, 24, 36, 48 and 60 months and turns weeks into whole numbers, so an annual plan's twelve
months sum to exactly the annual price.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING

from clv_cli.errors import DataError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

MRR_UNITS = 55_440
# ISO 4217 for no currency: what a report is in when no file names one.
NO_CURRENCY = "XXX"
MAX_MINOR = 10**14


@cache
def exponents() -> dict[str, int]:
    """The digits after the point of every ISO 4217 currency that has minor units.

    Source: the `iso4217` package (the maintenance agency's list); metals and test codes, which
    have no exponent, are left out.
    """
    from iso4217 import Currency  # noqa: PLC0415 - not needed for --help

    return {c.code: c.exponent for c in Currency if c.exponent is not None}


def exponent(currency: str) -> int:
    """The digits after the point: USD 2, JPY 0, KWD 3.

    Raises:
        DataError: no such currency.
    """
    known = exponents()
    if currency not in known:
        raise DataError(
            f'"{currency}" is not an ISO 4217 currency',
            hint=did_you_mean(currency, known) or "use a three-letter code such as USD",
        )
    return known[currency]


def to_decimal(minor: int, currency: str) -> Decimal:
    """Minor units as a decimal with exactly the currency's digits: 61248000 USD is 612480.00."""
    return Decimal(minor).scaleb(-exponent(currency))


def to_text(minor: int, currency: str) -> str:
    """Minor units as the machine-readable text of JSON and CSV: `612480.00`."""
    return f"{to_decimal(minor, currency):f}"


def from_text(text: str, currency: str) -> int:
    """A decimal text as minor units, exactly.

    Raises:
        DataError: it is no number, or finer than the currency's minor unit.
    """
    try:
        minor = Decimal(text).scaleb(exponent(currency))
    except ArithmeticError as error:
        raise DataError(f'"{text}" is not an amount') from error
    if not minor.is_finite() or minor != minor.to_integral_value():
        raise DataError(f'"{text}" is not a whole number of minor units of {currency}')
    return int(minor)


def mrr_to_minor(mrr: int) -> int:
    """MRR units as minor units, rounded once, at the edge."""
    return round(Fraction(mrr, MRR_UNITS))


def allocate(total: int, weights: Sequence[int | Fraction]) -> list[int]:
    """Cut whole units by weights so that the parts sum to the total: largest remainder.

        part_i = floor(|total| * w_i / sum(w)), the units left over to the largest remainders

    Ties go to the lower index; a negative total mirrors the positive one. Each part differs from
    its exact share by less than one unit and never has the opposite sign.

    Args:
        total: the units to cut.
        weights: not negative, not all zero.

    Raises:
        ValueError: weights that are negative or sum to nothing.
    """
    shares = [Fraction(weight) for weight in weights]
    whole = sum(shares, Fraction(0))
    if whole <= 0 or min(shares) < 0:
        raise ValueError("weights must not be negative and must not all be zero")
    exact = [abs(total) * share / whole for share in shares]
    parts = [value.numerator // value.denominator for value in exact]
    left = abs(total) - sum(parts)
    by_remainder = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for index in by_remainder[:left]:
        parts[index] += 1
    return parts if total >= 0 else [-part for part in parts]


def round_parts(parts: Sequence[int], unit: int, total: int | None = None) -> list[int]:
    """Round signed parts to multiples of a unit so that they still sum to the rounded total.

    Used where a reader adds up printed figures (MRR movements): each part is floor or ceiling of
    its exact value, and the parts sum to `total`, or to the rounded sum of the exact parts.

    Args:
        parts: exact values in the finer unit.
        unit: how many of the finer unit make one of the coarser.
        total: what the rounded parts must sum to, within one unit a part of the exact sum.
    """
    wanted = round(Fraction(sum(parts), unit)) if total is None else total
    floors = [part // unit for part in parts]
    left = wanted - sum(floors)
    order = sorted(range(len(parts)), key=lambda i: (-(parts[i] % unit), parts[i] == 0, i))
    for index in order[: max(left, 0)]:
        floors[index] += 1
    if left < 0:
        floors[max(order, key=lambda i: abs(parts[i]))] += left
    return floors
