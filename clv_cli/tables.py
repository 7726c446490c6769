"""Tables about the data themselves: the account of every file, quarantined rows, findings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from clv_cli.glossary import Kind
from clv_cli.results import Column, Frames, Rows, Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clv_cli.frames import SourceReport
    from clv_cli.pipeline import Scope

TALLIES = ("read", "loaded", "quarantined", "skipped")
DTYPES = {Kind.TEXT: pl.String, Kind.COUNT: pl.Int64, Kind.MONEY: pl.Int64, Kind.DATE: pl.Date}


def static_table(
    name: str, title: str, columns: tuple[Column, ...], rows: Sequence[Mapping[str, Any]]
) -> Table:
    """A table whose rows are known already."""

    def finish(_: Frames) -> Rows:
        schema = {column.name: DTYPES[column.kind] for column in columns}
        return Rows(pl.DataFrame(list(rows), schema=schema))

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
    return static_table("sources", "Files, in rows", columns, rows)


def source_sums_table(scope: Scope) -> Table:
    """The account of every file in money, by currency."""
    columns = (
        Column("source", Kind.TEXT, "File"),
        Column("currency", Kind.TEXT, "Currency"),
        *(Column(name, Kind.MONEY, name.capitalize(), "currency") for name in TALLIES),
        Column("unreadable", Kind.COUNT, "Rows without a readable amount"),
    )
    rows = [row for item in scope.book.sources for row in _sums(item)]
    return static_table("source_sums", "Files, in money", columns, rows)


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
    aside = scope.book.quarantined.select(column.name for column in columns)
    rows = aside.sort("source", "row", "column").to_dicts()
    return static_table("quarantined", "Rows set aside", columns, rows)
