"""Canonical tables, the Book that holds them, and findings."""

from clv_cli.frames.book import (
    MATCH_COLUMNS,
    REPLACED_COLUMNS,
    Book,
    Finding,
    LineStats,
    Severity,
    SourceReport,
    Tally,
)
from clv_cli.frames.closed import CHANGED_COLUMNS, Closed
from clv_cli.frames.frozen import FROZEN_COLUMNS
from clv_cli.frames.memory import EMITTED_COLUMNS, Memory
from clv_cli.frames.pieces import Piece, Pieces
from clv_cli.frames.schema import (
    DTYPES,
    NUMBER_SCALE,
    RATE_SCALE,
    WEIGHT_ONE,
    Field,
    TableSchema,
    Type,
)
from clv_cli.frames.tables import TABLES

__all__ = [
    "CHANGED_COLUMNS",
    "DTYPES",
    "EMITTED_COLUMNS",
    "FROZEN_COLUMNS",
    "MATCH_COLUMNS",
    "NUMBER_SCALE",
    "RATE_SCALE",
    "REPLACED_COLUMNS",
    "TABLES",
    "WEIGHT_ONE",
    "Book",
    "Closed",
    "Field",
    "Finding",
    "LineStats",
    "Memory",
    "Piece",
    "Pieces",
    "Severity",
    "SourceReport",
    "TableSchema",
    "Tally",
    "Type",
]
