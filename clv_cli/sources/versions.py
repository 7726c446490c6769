"""When was an export made, and when was a row last changed? By what they say, never by file time."""

from __future__ import annotations

import calendar
import re
from datetime import datetime
from pathlib import PurePosixPath

import polars as pl

_DAY = re.compile(
    r"(?<!\d)(20\d\d)([-_.]?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])"
    # A time needs an end, or the start of a second date would pass for one.
    r"(?:[T_ -]([01]\d|2[0-3])[-_.:]?([0-5]\d)(?:[-_.:]?([0-5]\d))?Z?(?![\d-]))?(?!\d)"
)
_SPAN = re.compile(
    r"(?<!\d)(?<!\d[-_.])(20\d\d)(?:[-_.]?Q([1-4])|[-_.](0[1-9]|1[0-2]))?(?![-_.]?\d)",
    re.IGNORECASE,
)
_OFFSET = r"[0-9] ?([+-])([0-9]{2}):?([0-9]{2})$"
_FORMS = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%d")


def date_in_name(name: str) -> datetime | None:
    """The latest day that a file's name states, else its folders'; None when they state none.

    A span ends on its last day: `invoices_2026-09-01_2026-09-30.csv` is of 30 September, as are
    `2026-09` and, for the third quarter, `2026Q3`. Days are written year first.

    Args:
        name: path of the file.
    """
    for part in reversed(PurePosixPath(name).parts):
        found = [*map(_moment, _DAY.finditer(part)), *map(_end, _SPAN.finditer(part))]
        stated = [moment for moment in found if moment is not None]
        if stated:
            return max(stated)
    return None


def _moment(match: re.Match[str]) -> datetime | None:
    numbers = (int(number or 0) for number in match.group(1, 3, 4, 5, 6, 7))
    year, month, day, hour, minute, second = numbers
    try:
        return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - a wall clock
    except ValueError:
        return None  # 30 February: a number that only looks like a day


def _end(match: re.Match[str]) -> datetime:
    year, quarter, month = match.groups()
    last = int(month or 3 * int(quarter or 4))
    return datetime(int(year), last, calendar.monthrange(int(year), last)[1])  # noqa: DTZ001 - a wall clock


def changed_at(text: pl.Expr, formats: tuple[str, ...]) -> pl.Expr:
    """A row's time of change in microseconds since 1970; null when the text states none.

    Epoch seconds or milliseconds, ISO 8601 with or without an offset, else the source's own format.
    Times without an offset are compared with one another as they stand.

    Args:
        text: without surrounding blanks.
        formats: `date_format` of the source.
    """
    digits = text.str.extract(r"^([0-9]{9,13})$", 1).cast(pl.Int64)
    epoch = pl.when(digits < 10**11).then(digits * 10**6).otherwise(digits * 10**3)
    plain = text.str.replace(r" ?(Z|UTC)$", "").str.replace("T", " ")
    local = plain.str.replace(r"([0-9]) ?[+-][0-9]{2}:?[0-9]{2}$", "${1}")
    sign = pl.when(plain.str.extract(_OFFSET, 1) == "-").then(-1).otherwise(1)
    hours, minutes = (plain.str.extract(_OFFSET, n).cast(pl.Int64) for n in (2, 3))
    # The offset of "2026-10-31" would be "-31" of nothing: only times have one.
    timed = plain.str.contains(":")
    offset = pl.when(timed).then(sign * (hours * 60 + minutes)).fill_null(0) * 60_000_000
    iso = pl.coalesce(_micros(pl.when(timed).then(local).otherwise(plain), form) for form in _FORMS)
    own = [_micros(text, form) for form in formats if "%" in form]
    return pl.coalesce(epoch, iso - offset, *own)


def _micros(text: pl.Expr, form: str) -> pl.Expr:
    if any(mark in form for mark in ("%H", "%I", "%T", "%R")):
        return text.str.to_datetime(form, time_unit="us", strict=False).to_physical()
    return text.str.to_date(form, strict=False).cast(pl.Datetime("us")).to_physical()
