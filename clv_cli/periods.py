"""Days, months and periods. Every range is half-open: `[start, end)`.

A month is an integer, `year * 12 + month - 1`: arithmetic is addition, and every engine has it.
"Today" never enters here; it comes in once, as `--as-of`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from clv_cli.errors import UsageError

MONTHS_A_YEAR = 12
_MONTH = r"[0-9]{4}-(?:0[1-9]|1[0-2])"


def month_of(day: date) -> int:
    """The month that holds a day."""
    return day.year * MONTHS_A_YEAR + day.month - 1


def month_start(month: int) -> date:
    """The first day of a month."""
    year, zero_based = divmod(month, MONTHS_A_YEAR)
    return date(year, zero_based + 1, 1)


def month_end(month: int) -> date:
    """The last day of a month."""
    return month_start(month + 1) - timedelta(days=1)


def month_text(month: int) -> str:
    """A month as `2026-10`."""
    return month_start(month).isoformat()[:7]


def parse_month(text: str) -> int:
    """`2026-10` as a month.

    Raises:
        UsageError: the text is no month.
    """
    if not re.fullmatch(_MONTH, text):
        raise UsageError(f'"{text}" is not a month', hint="write it as 2026-10")
    return int(text[:4]) * MONTHS_A_YEAR + int(text[5:]) - 1


def parse_day(text: str, option: str) -> date:
    """An ISO day, or a month for its last day.

    Raises:
        UsageError: the text is neither.
    """
    try:
        return (
            month_end(parse_month(text))
            if len(text) == len("2026-10")
            else date.fromisoformat(text)
        )
    except (ValueError, UsageError) as error:
        raise UsageError(
            f'"{text}" is not a day',
            where=option,
            hint="write 2026-10-31, or 2026-10 for its last day",
        ) from error


@dataclass(frozen=True, slots=True)
class Period:
    """Whole months, `[first, end)`."""

    first: int
    end: int

    @property
    def months(self) -> range:
        """The months of the period."""
        return range(self.first, self.end)

    @property
    def start_day(self) -> date:
        """The first day."""
        return month_start(self.first)

    @property
    def end_day(self) -> date:
        """The day after the last one."""
        return month_start(self.end)

    def __str__(self) -> str:
        """The period as a reader says it: `2025-11..2026-10`."""
        return f"{month_text(self.first)}..{month_text(self.end - 1)}"


def parse_period(text: str, as_of: date) -> Period:
    """`12m`, `2026`, `2026Q3`, `2026-10`, `2026-01..2026-06`, `ytd`, seen from a day.

    A period never reaches beyond the month of `as_of`.

    Raises:
        UsageError: the text is none of these, or the period is empty.
    """
    last = month_of(as_of) + 1
    first, end = _bounds(text.strip(), last)
    end = min(end, last)
    if first >= end:
        raise UsageError(
            f'the period "{text}" holds no month up to {as_of.isoformat()}',
            where="-p/--period",
            hint="choose an earlier period, or a later --as-of",
        )
    return Period(first, end)


def _bounds(text: str, last: int) -> tuple[int, int]:
    if found := re.fullmatch(r"(\d{1,3})m", text):
        return last - int(found[1]), last
    if text == "ytd":
        return (last - 1) - (last - 1) % MONTHS_A_YEAR, last
    if found := re.fullmatch(r"(\d{4})", text):
        return int(text) * MONTHS_A_YEAR, (int(text) + 1) * MONTHS_A_YEAR
    if found := re.fullmatch(r"(\d{4})Q([1-4])", text, re.IGNORECASE):
        first = int(found[1]) * MONTHS_A_YEAR + (int(found[2]) - 1) * 3
        return first, first + 3
    if found := re.fullmatch(rf"({_MONTH})(?:\.\.({_MONTH}))?", text):
        return parse_month(found[1]), parse_month(found[2] or found[1]) + 1
    raise UsageError(
        f'"{text}" is not a period',
        where="-p/--period",
        hint="write 12m, 2026, 2026Q3, 2026-10, 2026-01..2026-06 or ytd",
    )
