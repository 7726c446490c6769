"""The billing lines file by file: what is added up of one file need not be added up again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class Piece:
    """The billing lines of one file.

    Args:
        lines: the loaded rows, as in the table.
        customers: the ids of its customers, sorted, each once.
        key: names all that its rows follow from; None where other files had a say in them.
    """

    lines: pl.LazyFrame
    customers: pl.Series
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Pieces:
    """All billing lines, once more in pieces.

    Args:
        whole: the very table that the pieces make up; a Book with another one has no pieces.
        parts: in the order of the table.
    """

    whole: pl.LazyFrame
    parts: tuple[Piece, ...]
