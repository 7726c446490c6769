"""As of which day a run sees the data."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from clv_cli.errors import DataError
from clv_cli.periods import month_end, month_of, parse_day
from clv_cli.sources import strays

if TYPE_CHECKING:
    from clv_cli.frames import Book
    from clv_cli.settings import Settings

NO_LINES = date(2999, 12, 31)


def as_of_day(asked: str | None, settings: Settings, book: Book) -> date:
    """The day that was asked for, that of the config, or the data's own.

    Args:
        asked: a day or month as text, or None.
        settings: for `as_of`.
        book: what was read.

    Raises:
        UsageError: the text is no day.
        DataError: the data's own day would be that of a few lines long after all others.
    """
    if not book.lines.rows:
        return NO_LINES  # a worksheet has no days: it is the same in whatever period is asked
    if asked:
        return parse_day(asked, "--as-of")
    if settings.as_of:
        return parse_day(settings.as_of, "as_of in the config")
    found = strays(book)
    if found is not None:
        before = default_as_of(book.lines.first_issued, found.before)
        verb = "is" if found.lines == 1 else "are"
        raise DataError(
            f"{found.lines:,} of {found.of:,} lines {verb} dated long after all others: after "
            f"{found.before.isoformat()} comes {found.day.isoformat()}",
            where=f"{found.source}:{found.row}, issued_on",
            hint=f"correct the dates, or say as of which day: --as-of {before.isoformat()}",
        )
    return default_as_of(book.lines.first_issued, book.lines.last_issued)


def default_as_of(first: date, last: date) -> date:
    """The end of the last month that has an issued line on its last day or after it.

    Never the clock. Data that end within their first month are seen as of their last day.

    Args:
        first: the first day on which a line was issued.
        last: the last one.
    """
    month = month_of(last)
    if last == month_end(month):
        return last
    return month_end(month - 1) if month - 1 >= month_of(first) else last
