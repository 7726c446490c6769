"""What a canonical column and table are: the one description that parsing, checks and docs share."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from polars.datatypes import DataTypeClass

NUMBER_SCALE = 6
RATE_SCALE = 10


class Type(Enum):
    """How a column's text is read and stored."""

    ID = "id"  # text, never a number
    TEXT = "text"
    DATE = "date"  # calendar day in the reporting zone
    MONEY = "money"  # Int64 minor units of the row's currency
    CURRENCY = "currency"  # ISO 4217 code, upper case
    NUMBER = "number"  # exact decimal, six digits after the point
    RATE = "rate"  # exact decimal, ten digits after the point
    WEIGHT = "weight"  # exact share 0..1 in parts per million, Int64
    BOOL = "bool"
    CHOICE = "choice"  # one of a closed set
    LIST = "list"  # several texts in one cell, separated by ;


DTYPES: dict[Type, pl.DataType | DataTypeClass] = {
    Type.ID: pl.String,
    Type.TEXT: pl.String,
    Type.DATE: pl.Date,
    Type.MONEY: pl.Int64,
    Type.CURRENCY: pl.String,
    Type.NUMBER: pl.Decimal(38, NUMBER_SCALE),
    Type.RATE: pl.Decimal(38, RATE_SCALE),
    Type.WEIGHT: pl.Int64,
    Type.BOOL: pl.Boolean,
    Type.CHOICE: pl.String,
    Type.LIST: pl.List(pl.String),
}
WEIGHT_ONE = 1_000_000


@dataclass(frozen=True, slots=True)
class Field:
    """One canonical column.

    Args:
        name: as everywhere in `clv`.
        type: how its text is read.
        required: a file without the column stops the run; a row without a value is quarantined.
        choices: for `CHOICE`, the closed set.
        doc: one line for `clv explain schema`.
        verbatim: its text is kept to the byte; of all others the blanks around it are dropped.
    """

    name: str
    type: Type
    required: bool = False
    choices: tuple[str, ...] = ()
    doc: str = ""
    verbatim: bool = False


@dataclass(frozen=True, slots=True)
class TableSchema:
    """One canonical table: its columns in order, and what a row is."""

    name: str
    doc: str
    fields: tuple[Field, ...]

    def field(self, name: str) -> Field | None:
        """The column of that name, or None."""
        return next((field for field in self.fields if field.name == name), None)

    @property
    def dtypes(self) -> dict[str, pl.DataType | DataTypeClass]:
        """Column name to polars type."""
        return {field.name: DTYPES[field.type] for field in self.fields}

    def empty(self) -> pl.LazyFrame:
        """The table without rows: the neutral element of a concatenation."""
        return pl.LazyFrame(schema={**self.dtypes, "source": pl.String, "row": pl.Int64})
