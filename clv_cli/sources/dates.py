"""Texts of days and times to reporting days: per column one form, never one per value.

The forms `iso`, `epoch`, `epoch_ms` and `excel` are read as they are. The orders `ymd`, `dmy`, `mdy` and
`named` are first written as ISO text; whatever else is a strftime format.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping

ISO, EPOCH, EPOCH_MS, EXCEL = "iso", "epoch", "epoch_ms", "excel"
YMD, DMY, MDY, NAMED = "ymd", "dmy", "mdy", "named"
# What an undeclared column may be; of forms that read every value alike, the first is named.
AUTO_FORMS = (ISO, YMD, DMY, MDY, NAMED)
_DAY_LENGTH = len("2026-10-31")
_TIME = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?"
    r" ?(Z|UTC|[+-][0-9]{2}:?[0-9]{2})?$"
)
_OFFSET = r"([+-])([0-9]{2}):?([0-9]{2})$"
_EPOCH = r"^[0-9]{1,10}$"
_EPOCH_MS = r"^[0-9]{13}$"
_EXCEL = r"^[0-9]{5}(\.[0-9]+)?$"
# Day 0 of a workbook, such that its days from March 1900 on are right.
_EXCEL_ZERO = date(1899, 12, 30)
_DAY_SECONDS = 86_400
# Sentinels such as 0001-01-01 and 9999-12-31 would open 120,000 months.
FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2099, 12, 31)

_CLOCK = (
    r"(?:[T, ]+(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.[0-9]+)?)?"
    r"(?: ?(?P<half>[AaPp])\.?[Mm]\b\.?)?)?"
    r"(?: ?(?P<zone>Z|[A-Z]{3,4}|(?:UTC|GMT)?[+-][0-9]{2}:?[0-9]{2}|[A-Za-z]+/[A-Za-z_/]+))?$"
)
_DAY, _MONTH = r"(?P<day>[0-9]{1,2})", r"(?P<month>[0-9]{1,2})"
_YEAR, _YEAR4 = r"(?P<year>[0-9]{4}|[0-9]{2})", r"(?P<year>[0-9]{4})"
_NAME = r"(?P<month>[A-Za-z]{3,9})\.?"
_CUT = r"[-./ ]"
_ORDERS: Mapping[str, tuple[str, ...]] = {
    YMD: (f"^{_YEAR4}{_CUT}{_MONTH}{_CUT}{_DAY}{_CLOCK}",),
    DMY: (f"^{_DAY}{_CUT}{_MONTH}{_CUT}{_YEAR}{_CLOCK}",),
    MDY: (f"^{_MONTH}{_CUT}{_DAY}{_CUT}{_YEAR}{_CLOCK}",),
    NAMED: (
        rf"^{_DAY}{_CUT}{_NAME}[-., ]+{_YEAR4}{_CLOCK}",
        rf"^{_NAME} {_DAY}(?:st|nd|rd|th)?,? {_YEAR4}{_CLOCK}",
    ),
}
_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august"),
    *("september", "october", "november", "december"),
)
# Abbreviations that mean one offset in what these systems write; others, such as IST, do not.
_ABBREVIATIONS: Mapping[str, str] = {
    **dict.fromkeys(("UTC", "GMT", "Z"), "Z"),
    "EST": "-05:00",
    "EDT": "-04:00",
    "CST": "-06:00",
    "CDT": "-05:00",
    "MST": "-07:00",
    "MDT": "-06:00",
    "PST": "-08:00",
    "PDT": "-07:00",
    "CET": "+01:00",
    "CEST": "+02:00",
}
NAMED_ZONE = r"([A-Za-z]+/[A-Za-z_/]+)$"


@dataclass(frozen=True, slots=True)
class Clock:
    """How a source's times become reporting days.

    Args:
        formats: the form of each date column.
        day_only: columns whose iso values are days without a time, as far as a sample tells.
        zones: zone of the times of each date column.
        reporting: zone of the reporting days.
        named: zones such as Europe/Berlin that stand within the values of a column.
    """

    formats: Mapping[str, str]
    day_only: frozenset[str]
    zones: Mapping[str, str]
    reporting: str
    named: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def day(text: pl.Expr, name: str, clock: Clock) -> pl.Expr:
    """A calendar day in the reporting zone, for the forms that one expression can read.

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
    elif form == EPOCH_MS:
        moment = pl.when(text.str.contains(_EPOCH_MS)).then(text).cast(pl.Int64, strict=False)
        value = _cut(pl.from_epoch(moment, "ms").dt.replace_time_zone("UTC"), clock.reporting)
    elif form == EXCEL:
        value = _serial(text, zone, clock.reporting)
    else:
        value = _formatted(text, form, zone, clock.reporting)
    return pl.when(value.is_between(FIRST_DAY, LAST_DAY)).then(value)


def _iso(text: pl.Expr, day_only: bool, zone: str, reporting: str) -> pl.Expr:  # noqa: FBT001
    # Ten characters that read as a year, a month and a day: no other form has that length.
    value = text.str.to_date("%Y-%m-%d", strict=False)
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


def _serial(text: pl.Expr, zone: str, reporting: str) -> pl.Expr:
    """A workbook's number of days, its fraction being the time."""
    legal = pl.when(text.str.contains(_EXCEL)).then(text)
    start = pl.lit(_EXCEL_ZERO).cast(pl.Datetime("us"))
    days = legal.str.slice(0, 5).cast(pl.Int64)
    seconds = (legal.str.slice(5).cast(pl.Float64, strict=False) * _DAY_SECONDS).round()
    local = start + pl.duration(days=days, seconds=seconds.cast(pl.Int64).fill_null(0))
    if zone == reporting:
        return local.dt.date()
    return (
        pl.when(seconds.is_null())
        .then(local.dt.date())
        .otherwise(_cut(_located(local, zone), reporting))
    )


def add_days(frame: pl.LazyFrame, text: str, into: str, name: str, clock: Clock) -> pl.LazyFrame:
    """Add a column of days to a frame, in stages where one expression would grow too large.

    Args:
        frame: with the texts.
        text: their column.
        into: the new column.
        name: the canonical column, whose form and zone count.
        clock: formats and zones.
    """
    form = clock.formats[name]
    if form not in _ORDERS:
        return frame.with_columns(day(pl.col(text), name, clock).alias(into))
    staged = _staged(frame, text, into, form)
    known, local, zone = (pl.col(f"{into} {part}") for part in ("known", "local", "zone"))
    value = _iso(known, False, clock.zones[name], clock.reporting)  # noqa: FBT003
    for stated in clock.named.get(name, ()):
        there = _iso(local, False, stated, clock.reporting)  # noqa: FBT003
        value = pl.when(zone == stated).then(there).otherwise(value)
    within = pl.when(value.is_between(FIRST_DAY, LAST_DAY)).then(value)
    return staged.with_columns(within.alias(into)).drop(
        f"{into} {part}" for part in ("known", "local", "zone")
    )


def _staged(frame: pl.LazyFrame, text: str, into: str, form: str) -> pl.LazyFrame:
    """Texts of numbers or a month's name in a known order, with or without a time and a zone.

    Adds the time as ISO text, the same with its offset, and a zone such as Europe/Berlin.
    """
    groups = [pl.col(text).str.extract_groups(pattern) for pattern in _ORDERS[form]]
    parts = f"{into} parts"
    cut = pl.coalesce(
        pl.when(group.struct.field("year").is_not_null()).then(group) for group in groups
    )
    zone, local = pl.col(f"{into} zone"), pl.col(f"{into} local")
    day_text = pl.concat_str(
        _year(pl.col(parts).struct.field("year")),
        _month(pl.col(parts).struct.field("month"), form),
        pl.col(parts).struct.field("day").str.zfill(2),
        separator="-",
    )
    # A zone that is not known refuses the value; to read it in another one would move it.
    known = pl.when(zone.is_null()).then(local).otherwise(local + _offset(zone))
    return (
        frame.with_columns(cut.alias(parts))
        .with_columns(
            pl.when(_part(parts, "hour").is_null())
            .then(day_text)
            .otherwise(day_text + _time(parts))
            .alias(f"{into} local"),
            _part(parts, "zone").alias(f"{into} zone"),
        )
        .with_columns(known.alias(f"{into} known"))
        .drop(parts)
    )


def _part(parts: str, key: str) -> pl.Expr:
    """A group of the pattern; null where it matched nothing."""
    text = pl.col(parts).struct.field(key)
    return pl.when(text != "").then(text)


def _year(text: pl.Expr) -> pl.Expr:
    """Four digits; two mean 1990 to 2089, which no billing system's data leave."""
    century = pl.when(text >= "90").then(pl.lit("19")).otherwise(pl.lit("20"))
    return pl.when(text.str.len_bytes() == 2).then(pl.concat_str(century, text)).otherwise(text)


def _month(text: pl.Expr, form: str) -> pl.Expr:
    if form != NAMED:
        return text.str.zfill(2)
    word = text.str.to_lowercase()
    number = pl.lit(None, pl.String).cast(pl.String)
    for at, month in enumerate(_MONTHS, 1):
        written = word.is_in([month, month[:3], "sept" if month == "september" else month])
        number = pl.when(written).then(pl.lit(f"{at:02d}")).otherwise(number)
    return number


def _offset(zone: pl.Expr) -> pl.Expr:
    """`-08:00` of a zone that is an offset or a known abbreviation."""
    offset = zone.str.extract(r"([+-][0-9]{2}:?[0-9]{2})$", 1)
    for abbreviation, value in _ABBREVIATIONS.items():
        offset = pl.when(zone == abbreviation).then(pl.lit(value)).otherwise(offset)
    return offset


def _time(parts: str) -> pl.Expr:
    """` 14:51:07` of hours that may be counted twice a day; null for hours that are none."""
    hour, half = _part(parts, "hour").cast(pl.Int64), _part(parts, "half").str.to_lowercase()
    legal = half.is_null() | hour.is_between(1, 12)
    afternoon = pl.when(half == "p").then(12).otherwise(0)
    whole = pl.when(half.is_null()).then(hour).otherwise(hour % 12 + afternoon)
    hours = pl.when(legal).then(whole).cast(pl.String).str.zfill(2)
    seconds = _part(parts, "second").fill_null("00")
    colon = pl.lit(":")
    return pl.concat_str(pl.lit(" "), hours, colon, _part(parts, "minute"), colon, seconds)


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
