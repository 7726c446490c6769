"""Text columns to typed columns, as polars expressions: per column, never per value.

Each type has one grammar. Text outside it becomes null here and a quarantined row later; nothing is
guessed, rounded or padded. See `quarantine` for the reasons.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
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
MONEY_ANY = r"^-?[0-9]+(\.[0-9]+)?$"
MONEY_MINOR = r"^-?[0-9]{1,15}$"
_DAY_LENGTH = len("2026-10-31")
_TIME = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?"
    r" ?(Z|UTC|[+-][0-9]{2}:?[0-9]{2})?$"
)
_OFFSET = r"([+-])([0-9]{2}):?([0-9]{2})$"
_EPOCH = r"^[0-9]{1,10}$"
# Sentinels such as 0001-01-01 and 9999-12-31 would open 120,000 months.
FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2099, 12, 31)
_TRUE, _FALSE = ("true", "1", "yes"), ("false", "0", "no")
ISO, EPOCH = "iso", "epoch"


@dataclass(frozen=True, slots=True)
class Clock:
    """How a source's times become reporting days.

    Args:
        formats: the date format of each date column.
        day_only: columns whose iso values are days without a time, as far as a sample tells.
        zones: zone of the times of each date column.
        reporting: zone of the reporting days.
    """

    formats: Mapping[str, str]
    day_only: frozenset[str]
    zones: Mapping[str, str]
    reporting: str


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
    minor = fine // step
    exact = (minor * step == fine) & minor.is_between(-MAX_MINOR, MAX_MINOR)
    return pl.when(text.str.contains(MONEY_MAJOR) & exact).then(minor)


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


def day(text: pl.Expr, name: str, clock: Clock) -> pl.Expr:
    """A calendar day in the reporting zone.

    Args:
        text: without surrounding blanks.
        name: the canonical column.
        clock: formats and zones.
    """
    form = clock.formats[name]
    zone = clock.zones[name]
    if form == ISO:
        value = _iso(text, name in clock.day_only, zone, clock.reporting)
    elif form == EPOCH:
        seconds = pl.when(text.str.contains(_EPOCH)).then(text).cast(pl.Int64, strict=False)
        value = _cut(pl.from_epoch(seconds, "s").dt.replace_time_zone("UTC"), clock.reporting)
    else:
        value = _formatted(text, form, zone, clock.reporting)
    return pl.when(value.is_between(FIRST_DAY, LAST_DAY)).then(value)


def _iso(text: pl.Expr, day_only: bool, zone: str, reporting: str) -> pl.Expr:  # noqa: FBT001
    # Ten characters that read as a year, a month and a day: no other form has that length.
    value = text.str.to_date("%Y-%m-%d", strict=False, cache=False)
    plain = pl.when(text.str.len_bytes() == _DAY_LENGTH).then(value)
    if day_only:
        return plain
    timed = pl.when(text.str.contains(_TIME)).then(text)
    return pl.coalesce(plain, _iso_time(timed, zone, reporting))


def _iso_time(text: pl.Expr, zone: str, reporting: str) -> pl.Expr:
    """`2026-01-31T23:30:00-08:00`: the value's own offset wins over the source's zone."""
    whole = text.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("us"))
    local = whole + pl.duration(
        hours=text.str.slice(11, 2).cast(pl.Int64, strict=False),
        minutes=text.str.slice(14, 2).cast(pl.Int64, strict=False),
        seconds=text.str.extract(r"^.{16}:([0-9]{2})", 1).cast(pl.Int64).fill_null(0),
    )
    sign = pl.when(text.str.extract(_OFFSET, 1) == "-").then(-1).otherwise(1)
    hours = text.str.extract(_OFFSET, 2).cast(pl.Int64)
    minutes = text.str.extract(_OFFSET, 3).cast(pl.Int64)
    offset = pl.duration(minutes=sign * (hours * 60 + minutes))
    universal = (
        pl.when(hours.is_not_null())
        .then(local - offset)
        .when(text.str.contains("(Z|UTC)$"))
        .then(local)
    )
    if zone == reporting:
        return pl.coalesce(_cut(universal.dt.replace_time_zone("UTC"), reporting), local.dt.date())
    return _cut(
        pl.coalesce(universal.dt.replace_time_zone("UTC"), _located(local, zone)), reporting
    )


def _formatted(text: pl.Expr, form: str, zone: str, reporting: str) -> pl.Expr:
    """A strftime format; one without a day means the first of the month."""
    if "%d" not in form and "%e" not in form and "%j" not in form and "%D" not in form:
        text, form = text + " 1", f"{form} %d"
    if not any(mark in form for mark in ("%H", "%I", "%T", "%R", "%k", "%l")):
        return text.str.to_date(form, strict=False)
    if "%z" in form:
        return _cut(
            text.str.to_datetime(form, time_unit="us", strict=False).dt.convert_time_zone("UTC"),
            reporting,
        )
    local = text.str.to_datetime(form, time_unit="us", strict=False)
    return local.dt.date() if zone == reporting else _cut(_located(local, zone), reporting)


def _located(local: pl.Expr, zone: str) -> pl.Expr:
    """A wall-clock time as an instant: the first of two, none for an hour that was skipped."""
    instant = local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return instant.dt.convert_time_zone("UTC")


def _cut(instant: pl.Expr, reporting: str) -> pl.Expr:
    return instant.dt.convert_time_zone(reporting).dt.date()


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
    return index.cat.to(_closed(tuple(known))).cast(pl.String)


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
    """A column whose type needs no context: everything but money and days.

    Args:
        field: the canonical column.
        text: its text without surrounding blanks.
        values: the source's value map of the column.
    """
    match field.type:
        case Type.CURRENCY:
            return currency_code(text).cast(pl.String)
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
