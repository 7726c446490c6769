"""Groups of many lines by whole numbers: several columns of texts are as dear to group by as to read.

Texts become places in an enumeration, whose order is that of the texts; combinations of them one number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

    Ints = np.ndarray[tuple[int, ...], np.dtype[np.int64]]
    Bools = np.ndarray[tuple[int, ...], np.dtype[np.bool]]


# So many combinations are told apart by a table of all of them, which no sort is as fast as.
DENSE = 2**20
# Amounts are summed in two halves of about so many bits.
HALF = 24


def enumerated(column: pl.Series) -> pl.Series:
    """The same texts in an enumeration of those that occur, sorted.

    Args:
        column: texts or categories; what is an enumeration already stays as it is.
    """
    if isinstance(column.dtype, pl.Enum):
        return column
    if column.dtype == pl.String:
        return column.cast(pl.Enum(column.drop_nulls().unique().sort()))
    code = column.to_physical()
    known = code.drop_nulls()
    used = np.flatnonzero(among(end_of(known), known))
    names = pl.Series(used, dtype=code.dtype).cat.to(column.dtype).cast(pl.String)
    order = names.arg_sort().to_numpy()
    kind = pl.Enum(names.gather(order))
    place = np.zeros(end_of(known), np.uint32)
    place[used[order]] = np.arange(len(used))
    # Few places are narrowed, and then looked up for all rows.
    return placed(pl.Series(column.name, place), kind).gather(code)


def names_of(column: pl.Series) -> pl.Series:
    """All names of the enumeration that a column is of, in order."""
    return cast("pl.Enum", column.dtype).categories


def placed(places: pl.Series, kind: pl.Enum) -> pl.Series:
    """Places in an enumeration as its values."""
    physical = pl.Series([], dtype=kind).to_physical().dtype
    return places.cast(physical).cat.to(kind)


def numbered(frame: pl.DataFrame, keys: Sequence[str]) -> tuple[Ints, Ints]:
    """The combinations of some columns, numbered from 0: each row's number, and the first row of each.

    Args:
        frame: the columns are texts, categories or whole numbers, with nulls.
        keys: their names; so many values that their combinations exceed 64 bits no memory could hold.
    """
    number, count = np.zeros(frame.height, np.int64), 1
    for name in keys:
        place = _places(frame[name])
        more = int(place.max(initial=0)) + 1
        number, count = number * more + place, count * more
    if count > DENSE:
        _, first, found = np.unique(number, return_index=True, return_inverse=True)
        return found, first
    # What is written last stays, so rows are written from the last to the first.
    rows = np.full(count, -1, np.int64)
    rows[number[::-1]] = np.arange(len(number))[::-1]
    there = np.flatnonzero(rows >= 0)
    first = rows[there]
    rows[there] = np.arange(len(there))
    return rows[number], first


def _places(column: pl.Series) -> Ints:
    """The values of a column as whole numbers from 1, in their order; 0 where there is none."""
    whole = column if column.dtype.is_integer() else enumerated(column).to_physical()
    if whole.null_count():
        known = whole.drop_nulls().cast(pl.Int64).to_numpy()
        none = int(known.min()) - 1 if len(known) else 0
        return whole.cast(pl.Int64).fill_null(none).to_numpy() - none
    place = whole.to_numpy().astype(np.int64)
    place -= place.min(initial=2**62) - 1
    return place


def sums_by(frame: pl.DataFrame, keys: Sequence[str], money: Sequence[str]) -> pl.DataFrame:
    """Sums by some columns: `keys`, `lines` (Int64) and `money` (Int128), in no order."""
    number, first = numbered(frame, keys)
    sums = [_sums(number, frame[name], len(first)) for name in money]
    lines = pl.Series("lines", np.bincount(number, minlength=len(first)))
    return frame.select(pl.col(keys).gather(first)).with_columns(lines, *sums)


def _sums(number: Ints, amounts: pl.Series, count: int) -> pl.Series:
    """Exact sums of Int64 by number: of halves, each of which a float holds to the unit."""
    values = amounts.to_numpy()
    halves = (values >> HALF, values & ((1 << HALF) - 1))
    if max(int(np.abs(half).max(initial=0)) for half in halves) * len(values) < 2**53:
        high, low = (np.bincount(number, half, count).astype(int).tolist() for half in halves)
        exact = [(up << HALF) + down for up, down in zip(high, low, strict=True)]
    else:
        wide = np.zeros(count, object)
        np.add.at(wide, number, values.astype(object))
        exact = wide.tolist()
    return pl.Series(amounts.name, exact, dtype=pl.Int128)


def among(count: int, rows: pl.Series) -> Bools:
    """Of so many rows, which are among these? A mask is far cheaper than to look each of them up."""
    found = np.zeros(count, np.bool)
    found[rows.to_numpy()] = True
    return found


def end_of(*rows: pl.Series) -> int:
    """The row after the last of these; 0 after none."""
    return max(int(found.to_numpy().max()) + 1 if len(found) else 0 for found in rows)
