"""Lines dated long after all others: a slip of the keyboard must not decide as of which day all figures are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.sources.assemble import NOT_BILLED

if TYPE_CHECKING:
    from datetime import date

    from clv_cli.frames import Book

# So few lines after so long a silence; or a few more, after a silence longer than all that was before.
ONE_IN, SILENT_DAYS = 50, 184
ONE_IN_FEW, SILENT_YEAR = 5, 366


@dataclass(frozen=True, slots=True)
class Strays:
    """Lines that stand apart.

    Args:
        lines: how many.
        of: how many lines there are.
        before: the last day before the silence.
        day: the first day after it.
        source: the file of the first of them.
        row: its row.
    """

    lines: int
    of: int
    before: date
    day: date
    source: str
    row: int


def strays(book: Book) -> Strays | None:
    """The few lines after a long silence at the end of the data, where there are such.

    Args:
        book: what was read.
    """
    issued = book.table("billing_lines").filter(~pl.col("status").is_in(NOT_BILLED))
    by_day = issued.group_by(day="issued_on").agg(n=pl.len()).sort("day").collect()
    silence = (by_day["day"] - by_day["day"].shift(1)).dt.total_days()
    long = by_day.with_row_index("at").filter(silence >= SILENT_DAYS)
    total = int(by_day["n"].sum())
    for at in long["at"]:
        later = int(by_day["n"][at:].sum())
        before, day = by_day["day"][at - 1], by_day["day"][at]
        past = (before - by_day["day"][0]).days
        longest = silence[at] > max(SILENT_YEAR, past) and later * ONE_IN_FEW <= total
        if later * ONE_IN <= total or longest:
            first = issued.filter(pl.col("issued_on") == day).select("source", "row")
            source, row = first.sort("source", "row").head(1).collect().row(0)
            return Strays(later, total, before, day, source, row)
    return None
