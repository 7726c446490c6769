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


def enumerated(column: pl.Series) -> pl.Series:
    """The same texts in an enumeration of those that occur, sorted.

    Args:
        column: texts or categories; what is an enumeration already stays as it is.
    """
    if isinstance(column.dtype, pl.Enum):
        return column
    if column.dtype == pl.String:
        return column.cast(pl.Enum(column.drop_nulls().unique().sort()))
    used = column.drop_nulls().unique()
    names = used.cast(pl.String)
    order = names.arg_sort()
    kind = pl.Enum(names.gather(order))
    code = used.to_physical().to_numpy()
    place = np.zeros(int(code.max(initial=0)) + 1, np.uint32)
    place[code[order.to_numpy()]] = np.arange(len(code))
    return placed(pl.Series(column.name, place).gather(column.to_physical()), kind)


def names_of(column: pl.Series) -> pl.Series:
    """All names of the enumeration that a column is of, in order."""
    return cast("pl.Enum", column.dtype).categories


def placed(places: pl.Series, kind: pl.Enum) -> pl.Series:
    """Places in an enumeration as its values."""
    physical = pl.Series([], dtype=kind).to_physical().dtype
    return places.cast(physical).cat.to(kind)


def combined(frame: pl.DataFrame, keys: Sequence[str]) -> Ints:
    """One number for each combination of some columns, in the order of the columns.

    Args:
        frame: the columns are texts, categories or whole numbers, with nulls.
        keys: their names; so many values that their combinations exceed 64 bits no memory could hold.
    """
    number = np.zeros(frame.height, np.int64)
    for name in keys:
        column = frame[name]
        whole = column if column.dtype.is_integer() else enumerated(column).to_physical()
        wide = pl.col(name).cast(pl.Int64)
        # The place of nothing is 0.
        counted = whole.to_frame(name).select((wide - wide.min() + 1).fill_null(0))
        place = counted.to_series().to_numpy()
        number = number * (place.max(initial=0) + 1) + place
    return number


def sums_by(frame: pl.DataFrame, keys: Sequence[str], money: Sequence[str]) -> pl.DataFrame:
    """Sums by some columns: `keys`, `lines` (Int64) and `money` (Int128), in no order."""
    sums = [pl.col(name).cast(pl.Int128).sum() for name in money]
    numbered = frame.select(*money, number=combined(frame, keys)).with_row_index("first")
    lines = pl.len().cast(pl.Int64).alias("lines")
    found = numbered.group_by("number").agg(lines, *sums, pl.col("first").first())
    named = frame.select(pl.col(keys).gather(found["first"]))
    return named.with_columns(found["lines"], *(found[name] for name in money))


def among(count: int, rows: pl.Series) -> Bools:
    """Of so many rows, which are among these? A mask is far cheaper than to look each of them up."""
    found = np.zeros(count, np.bool)
    found[rows.to_numpy()] = True
    return found


def end_of(*rows: pl.Series) -> int:
    """The row after the last of these; 0 after none."""
    return max(int(found.to_numpy().max()) + 1 if len(found) else 0 for found in rows)
