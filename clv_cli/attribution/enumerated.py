"""Texts of many lines as places in an enumeration: in the order of texts, and as cheap as numbers."""

from __future__ import annotations

from typing import cast

import numpy as np
import polars as pl


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
