"""Rows too many to be held: handed over once, those of some customers at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import polars as pl

from clv_cli.side_by_side import side_by_side

if TYPE_CHECKING:
    from collections.abc import Iterator

    Places = np.ndarray[tuple[int, ...], np.dtype[np.integer]]

# Above all codes of customers.
NO_END = 2**31


@dataclass(frozen=True, slots=True)
class Range:
    """Rows of some customers.

    Args:
        first: the first of their codes.
        end: the code after the last of them.
        rows: all rows of theirs; whoever gets them may take them apart.
    """

    first: int
    end: int
    rows: pl.DataFrame

    def own(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows of a small frame that are about these customers."""
        return frame.filter((pl.col("code") >= self.first) & (pl.col("code") < self.end))


@dataclass(frozen=True, slots=True)
class Passing:
    """The rows of a measure that is too large to be held: handed over once, some customers at a time.

    Args:
        ranges: in the order of codes; at least one. A range is made when it is asked for.
    """

    ranges: Iterator[Range]

    def whole(self) -> pl.DataFrame:
        """All rows at once, for those who know that they are few."""
        return pl.concat([each.rows for each in self.ranges])


class Aside(Protocol):
    """Where rows wait that are too many for memory; see `sources.aside`."""

    def laid(
        self, frames: Iterator[pl.DataFrame], place: pl.Expr, places: int
    ) -> Iterator[pl.DataFrame] | None:
        """The rows of every place from 0, one place after the other; None where there is no room."""
        ...


def arranged(rows: pl.DataFrame, place: Places) -> pl.DataFrame:
    """The rows by their places, those of one place in the order in which they stood.

    Args:
        rows: emptied, for two of them would take twice the memory.
        place: of each row, below 65,536: small numbers are sorted by counting them.
    """
    order = pl.Series(np.argsort(place.astype(np.uint16), kind="stable").astype(np.uint32))
    columns = {name: rows.drop_in_place(name) for name in rows.columns}
    # Each column is let go as soon as it stands in its new order.
    return pl.DataFrame(
        side_by_side(lambda name: picked(columns.pop(name).rechunk(), order), list(columns))
    )


def picked(column: pl.Series, rows: pl.Series) -> pl.Series:
    """The values of some rows; a column of nothing is not looked at."""
    nothing = column.null_count() == len(column)
    return column.clear(len(rows)) if nothing else column.gather(rows)
