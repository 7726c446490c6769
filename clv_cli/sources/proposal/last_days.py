"""Whether a file of the user's own writes the last day of service, or the day after it."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.sources.last_days import END, START, are_last, counted
from clv_cli.sources.proposal.values import UNDECIDED, day_format

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv_cli.sources.proposal.model import Column
    from clv_cli.sources.proposal.peek import Peek

_ORDERS = {"iso": "ymd", "ymd": "ymd", "dmy": "dmy", "mdy": "mdy"}
_NUMBERS = re.compile(r"\d+")


def last_days(
    columns: Sequence[Column], peek: Peek, date_format: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    """The column of last days, and what tells; nothing where ends are the days after, or nothing tells.

    Args:
        columns: what was found among the file's headers.
        peek: the file.
        date_format: of the file's days, for columns that could be day or month first.
    """
    headers = {column.name: column.header for column in columns}
    if not {START, END} <= headers.keys():
        return ()
    starts, ends = (_days(headers[name], peek, date_format) for name in (START, END))
    days = pl.LazyFrame({START: starts, END: ends}, schema=dict.fromkeys((START, END), pl.Date))
    whole, short, _ = counted(days)
    if not are_last(whole, short):
        return ()
    return ((END, f"{short:,} of {short + whole:,} whole months end on it"),)


def _days(header: str, peek: Peek, date_format: Sequence[str]) -> list[date | None]:
    """The days of a column, row by row; None where a cell is none, or could be two."""
    form = day_format(peek.values(header)) or UNDECIDED
    if form == UNDECIDED:
        form = next((name for name in date_format if name in {"dmy", "mdy"}), form)
    order, place = _ORDERS.get(form), peek.header.find(header)
    if order is None or place is None:
        return [None] * len(peek.rows)
    return [_day(cell, order) for cell in peek.columns[place]]


def _day(text: str, order: str) -> date | None:
    parts = dict(zip(order, map(int, _NUMBERS.findall(text)[:3]), strict=False))
    if len(parts) < len(order):
        return None
    year = parts["y"] if parts["y"] > 99 else 2000 + parts["y"]
    try:
        return date(year, parts["m"], parts["d"])
    except ValueError:
        return None
