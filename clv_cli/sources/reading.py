"""Text columns to typed columns, as polars expressions: per column, never per value.

Each type has one grammar. Text outside it becomes null here and a quarantined row later; nothing is
guessed, rounded or padded. See `quarantine` for the reasons.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.frames import DTYPES, NUMBER_SCALE, RATE_SCALE, WEIGHT_ONE, Type
from clv_cli.money import MAX_MINOR, exponents
from clv_cli.sources.preset import ANY_OTHER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clv_cli.frames import Field

# No currency has more than four digits after the point.
_MAX_EXPONENT = 4
MONEY_MAJOR = r"^-?[0-9]{1,15}(\.[0-9]{1,4}0*)?$"
MONEY_MINOR = r"^-?[0-9]{1,15}$"
# The short form of an amount: up to fifteen digits, a point and two more; 100 is the step of its currency.
_CENTS_DIGITS, _CENTS_STEP = 18, 100
_TRUE, _FALSE = ("true", "1", "yes"), ("false", "0", "no")


@cache
def currencies() -> tuple[str, ...]:
    """All ISO 4217 codes, those with the same digits after the point side by side."""
    return tuple(sorted(exponents(), key=lambda code: (exponents()[code], code)))


def spellings(name: str) -> tuple[str, ...]:
    """The ways a known value may be written: as it is, lower, UPPER, Capitalised, Title Case."""
    forms = (name, name.lower(), name.upper(), name.capitalize(), name.title())
    return tuple(dict.fromkeys(forms))


def index_of(text: pl.Expr, groups: Sequence[Sequence[str]]) -> pl.Expr:
    """The place of the group that lists a text, in any of its spellings; null for none.

    Texts become codes of one closed set: that streams, where `replace_strict` would hold the whole
    scan in memory.

    Args:
        text: without surrounding blanks.
        groups: the texts of each place; an earlier place wins.
    """
    codes, stride = _codebook(tuple(map(tuple, groups)))
    if codes is None:
        return pl.lit(None, pl.UInt8)
    return (text.cast(codes, strict=False).to_physical() // stride).cast(pl.UInt8)


@cache
def _codebook(groups: tuple[tuple[str, ...], ...]) -> tuple[pl.Enum | None, int]:
    """All spellings of all groups as one closed set, every group padded to the same length.

    So a code's group is one division, and no chain of comparisons.
    """
    lists: list[list[str]] = [[] for _ in groups]
    seen: set[str] = set()
    for place, names in enumerate(groups):
        forms = (form for name in names for form in spellings(name))
        lists[place] = [form for form in dict.fromkeys(forms) if form not in seen]
        seen.update(lists[place])
    stride = max(map(len, lists), default=0)
    if not stride:
        return None, 1
    padded = [
        [*forms, *(f"\0{place}:{k}" for k in range(len(forms), stride))]
        for place, forms in enumerate(lists)
    ]
    return pl.Enum([form for forms in padded for form in forms]), stride


@cache
def _closed(names: tuple[str, ...]) -> pl.Enum:
    return pl.Enum(names)


def currency_code(text: pl.Expr) -> pl.Expr:
    """A currency's text as a value of the closed set; null when it is no ISO 4217 code."""
    codes = currencies()
    return index_of(text, [(code,) for code in codes]).cat.to(_closed(codes))


def step_of(code: pl.Expr) -> pl.Expr:
    """How many 1/10,000 of a major unit make one minor unit: USD 100, JPY 10,000, KWD 10.

    The codes are sorted by exponent, so a comparison of codes replaces a look-up per value.
    """
    physical = code.to_physical()
    counts = [sum(e <= limit for e in exponents().values()) for limit in range(_MAX_EXPONENT)]
    step: pl.Expr = pl.when(physical.is_not_null()).then(1)
    for exponent in reversed(range(_MAX_EXPONENT)):
        finer = 10 ** (_MAX_EXPONENT - exponent)
        step = pl.when(physical < counts[exponent]).then(finer).otherwise(step)
    return step.cast(pl.Int64)


def money(text: pl.Expr, units: str, step: pl.Expr) -> pl.Expr:
    """Minor units; null when the text is no amount, too fine for its currency, or too large.

        minor = text x 10^exponent, exactly

    Args:
        text: without surrounding blanks.
        units: `major` (`12.34`) or `minor` (`1234`).
        step: see `step_of`; not used for minor units.
    """
    if units == "minor":
        minor = text.cast(pl.Int64, strict=False)
        within = minor.is_between(-MAX_MINOR, MAX_MINOR)
        return pl.when(text.str.contains(MONEY_MINOR) & within).then(minor)
    # Scale 4 cannot round here: the grammar lets only zeros stand beyond the fourth digit.
    decimal = text.cast(pl.Decimal(38, _MAX_EXPONENT), strict=False)
    fine = decimal.to_physical().cast(pl.Int64, strict=False)
    # All in terms of `fine`: polars shares one part among several, but not a part of a part.
    exact = (fine % step == 0) & fine.is_between(-MAX_MINOR * step, MAX_MINOR * step)
    return pl.when(text.str.contains(MONEY_MAJOR) & exact).then(fine // step)


def cents(text: pl.Expr, step: pl.Expr) -> pl.Expr:
    """The minor units of `money`, for amounts with two digits after the point and in the currency; else null.

    As texts `-0` comes before `.`, and all digits after both: two comparisons tell how an amount
    begins, one how it ends, and that all else are digits the decimal asks itself.

    Args:
        text: without surrounding blanks, in major units.
        step: see `step_of`.
    """
    decimal = text.cast(pl.Decimal(_CENTS_DIGITS, 2), strict=False)
    minor = decimal.to_physical().cast(pl.Int64, strict=False)
    ends = text.str.slice(-3, 2).is_between(pl.lit(".0"), pl.lit(".9"))
    exact = (step == _CENTS_STEP) & minor.is_between(-MAX_MINOR, MAX_MINOR)
    return pl.when(_begins_with_digit(text) & ends & exact).then(minor)


def whole(text: pl.Expr) -> pl.Expr:
    """The integers among the texts of `number`; else null."""
    return pl.when(_begins_with_digit(text)).then(text.cast(pl.Int64, strict=False))


def _begins_with_digit(text: pl.Expr) -> pl.Expr:
    """Whether a number begins with a digit or a minus and a digit, and is no longer than any amount."""
    negative = (text >= "-0") & (text < ".")
    return ((text >= "0") | negative) & (text.str.len_bytes() <= _CENTS_DIGITS)


def number(text: pl.Expr, scale: int) -> pl.Expr:
    """An exact decimal with so many digits after the point; finer text is refused."""
    grammar = rf"^-?[0-9]{{1,18}}(\.[0-9]{{1,{scale}}}0*)?$"
    value = text.cast(pl.Decimal(38, scale), strict=False)
    return pl.when(text.str.contains(grammar)).then(value)


def weight(text: pl.Expr) -> pl.Expr:
    """A share of 0 to 1 in parts per million."""
    grammar = r"^(0(\.[0-9]{1,6}0*)?|1(\.0+)?)$"
    share = pl.when(text.str.contains(grammar)).then(text).cast(pl.Decimal(38, 6), strict=False)
    return (share * WEIGHT_ONE).cast(pl.Int64)


def choice(text: pl.Expr, values: Mapping[str, Sequence[str]], known: Sequence[str]) -> pl.Expr:
    """One of a closed set, by the value map first and then by its own name."""
    mapped = {form for names in values.values() for name in names for form in spellings(name)}
    groups = [
        (*values.get(name, ()), *(form for form in spellings(name) if form not in mapped))
        for name in known
    ]
    index = index_of(text, groups)
    for name in known:
        if ANY_OTHER in values.get(name, ()):
            other = pl.lit(known.index(name), pl.UInt8)
            index = pl.when(index.is_null() & text.is_not_null()).then(other).otherwise(index)
    return index.cat.to(_closed(tuple(known)))


def mapped_text(text: pl.Expr, values: Mapping[str, Sequence[str]]) -> pl.Expr:
    """Free text by the value map; what is not in it stays."""
    if not values:
        return text
    names = list(values)
    index = index_of(text, [values[name] for name in names])
    return pl.coalesce(index.cat.to(_closed(tuple(names))).cast(pl.String), text)


def boolean(text: pl.Expr, values: Mapping[str, Sequence[str]]) -> pl.Expr:
    """True or false, by the value map or as true, 1, yes, false, 0, no."""
    groups = (values.get("true", ()), values.get("false", ()), _TRUE, _FALSE)
    return index_of(text, groups) % 2 == 0


def items(text: pl.Expr) -> pl.Expr:
    """Several texts in one cell, separated by `;`."""
    stripped = text.str.split(";").list.eval(pl.element().str.strip_chars())
    kept = stripped.list.eval(pl.element().filter(pl.element() != ""))
    return pl.when(kept.list.len() > 0).then(kept)


def typed(field: Field, text: pl.Expr, values: Mapping[str, Sequence[str]]) -> pl.Expr:
    """A column whose type needs no context: everything but money and days; closed sets as such.

    Args:
        field: the canonical column.
        text: its text without surrounding blanks.
        values: the source's value map of the column.
    """
    match field.type:
        case Type.CURRENCY:
            return currency_code(text)
        case Type.CHOICE:
            return choice(text, values, field.choices)
        case Type.BOOL:
            return boolean(text, values)
        case Type.NUMBER:
            return number(text, NUMBER_SCALE)
        case Type.RATE:
            return number(text, RATE_SCALE)
        case Type.WEIGHT:
            return weight(text)
        case Type.LIST:
            return items(text)
        case _:
            return mapped_text(text, values).cast(DTYPES[field.type])
