"""Rows too many to be held: handed over once, those of some customers at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator

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
        self, rows: pl.LazyFrame, place: pl.Expr, places: int
    ) -> Iterator[pl.DataFrame] | None:
        """The rows of every place from 0, one place after the other; None where there is no room."""
        ...
