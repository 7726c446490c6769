"""Tables about the data themselves: the account of every file, quarantined rows, findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.glossary import Kind
from clv_cli.results import Column, Frames, Rows, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv_cli.frames import SourceReport
    from clv_cli.pipeline import Scope

TALLIES = ("read", "loaded", "quarantined", "skipped")


def static_table(
    name: str,
    title: str,
    columns: tuple[Column, ...],
    frame: pl.DataFrame,
    notes: Sequence[str] = (),
) -> Table:
    """A table whose rows are known already."""

    def finish(_: Frames) -> Rows:
        return Rows(frame, notes=tuple(notes))

    return Table(name, title, columns, (), finish)


def sources_table(scope: Scope) -> Table:
    """The account of every file in rows: read = loaded + quarantined + skipped."""
    columns = (
        Column("source", Kind.TEXT, "File"),
        Column("table", Kind.TEXT, "Table"),
        Column("preset", Kind.TEXT, "Preset"),
        *(Column(name, Kind.COUNT, name.capitalize()) for name in TALLIES),
        Column("first_day", Kind.DATE, "First day"),
        Column("last_day", Kind.DATE, "Last day"),
    )
    rows = [
        {
            "source": item.source,
            "table": item.table,
            "preset": item.preset or "",
            **{name: getattr(item, name).rows for name in TALLIES},
            "first_day": item.first_day,
            "last_day": item.last_day,
        }
        for item in scope.book.sources
    ]
    schema = {
        "source": pl.String,
        "table": pl.String,
        "preset": pl.String,
        **dict.fromkeys(TALLIES, pl.Int64),
        "first_day": pl.Date,
        "last_day": pl.Date,
    }
    frame = pl.DataFrame(rows, schema=schema)
    return static_table("sources", "Files, in rows", columns, frame)


def source_sums_table(scope: Scope) -> Table:
    """The account of every file in money, by currency."""
    columns = (
        Column("source", Kind.TEXT, "File"),
        Column("currency", Kind.TEXT, "Currency"),
        *(Column(name, Kind.MONEY, name.capitalize(), "currency") for name in TALLIES),
        Column("unreadable", Kind.COUNT, "Rows without a readable amount"),
    )
    rows = [row for item in scope.book.sources for row in _sums(item)]
    schema = {
        "source": pl.String,
        "currency": pl.String,
        **dict.fromkeys(TALLIES, pl.Int64),
        "unreadable": pl.Int64,
    }
    return static_table(
        "source_sums", "Files, in money", columns, pl.DataFrame(rows, schema=schema)
    )


def _sums(item: SourceReport) -> list[dict[str, str | int]]:
    return [
        {
            "source": item.source,
            "currency": currency,
            **{name: getattr(item, name).money.get(currency, 0) for name in TALLIES},
            "unreadable": item.unreadable,
        }
        for currency in sorted(item.read.money)
    ]


def quarantine_table(scope: Scope) -> Table:
    """Every row that was set aside, with file, row, column, reason and value."""
    columns = (
        Column("source", Kind.TEXT, "File"),
        Column("row", Kind.COUNT, "Row"),
        Column("column", Kind.TEXT, "Column"),
        Column("code", Kind.TEXT, "Reason"),
        Column("value", Kind.TEXT, "Value"),
    )
    frame = scope.book.quarantined.select("source", "row", "column", "code", "value")
    return static_table(
        "quarantined", "Rows set aside", columns, frame.sort("source", "row", "column")
    )


def findings_table(scope: Scope) -> Table:
    """Everything noticed while reading."""
    columns = (
        Column("severity", Kind.TEXT, "Severity"),
        Column("source", Kind.TEXT, "File"),
        Column("row", Kind.COUNT, "Row"),
        Column("message", Kind.TEXT, "Finding"),
        Column("remedy", Kind.TEXT, "What to do"),
    )
    rows = [
        {
            "severity": item.severity.value,
            "source": item.source,
            "row": item.row,
            "message": item.message,
            "remedy": item.remedy,
        }
        for item in scope.book.findings
    ]
    schema = {
        "severity": pl.String,
        "source": pl.String,
        "row": pl.Int64,
        "message": pl.String,
        "remedy": pl.String,
    }
    return static_table("findings", "Findings", columns, pl.DataFrame(rows, schema=schema))
