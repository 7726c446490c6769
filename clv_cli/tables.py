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
    name: str,
    title: str,
    columns: tuple[Column, ...],
    rows: Sequence[Mapping[str, Any]],
    notes: tuple[str, ...] = (),
) -> Table:
    """A table whose rows are known already."""

    def finish(_: Frames) -> Rows:
        schema = {column.name: DTYPES[column.kind] for column in columns}
        return Rows(pl.DataFrame(list(rows), schema=schema), notes=notes)

    return Table(name, title, columns, (), finish)


def sources_table(scope: Scope) -> Table:
    """The account of every file in rows: read = loaded + quarantined + skipped."""
    columns = (
        Column("source", Kind.TEXT, "File"),
        Column("table", Kind.TEXT, "Table"),
        Column("preset", Kind.TEXT, "Preset", people=False),
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


def formats_table(scope: Scope) -> Table:
    """How every file was read: what told its table, its encoding, where its header stands."""
    columns = (
        Column("source", Kind.TEXT, "File"),
        Column("preset", Kind.TEXT, "Read as"),
        Column("recognised", Kind.TEXT, "Told by"),
        Column("encoding", Kind.TEXT, "Encoding"),
        Column("header_row", Kind.COUNT, "Header row"),
    )
    rows = [
        {
            "source": item.source,
            "preset": item.preset or f"table {item.table}",
            "recognised": item.recognised,
            "encoding": item.encoding,
            "header_row": item.header_row,
        }
        for item in scope.book.sources
    ]
    return static_table("formats", "How files were read", columns, rows)


def statuses_table(scope: Scope) -> Table:
    """Loaded rows and their sum by currency and status: what finance compares with the dashboard."""
    columns = (
        Column("source", Kind.TEXT, "File"),
        Column("status", Kind.TEXT, "Status"),
        Column("rows", Kind.COUNT, "Rows"),
        Column("currency", Kind.TEXT, "Currency"),
        Column("amount", Kind.MONEY, "Amount", "currency"),
    )
    rows = [
        {
            "source": item.source,
            "status": status,
            "rows": count,
            "currency": currency,
            "amount": amount,
        }
        for item in scope.book.sources
        for currency, status, count, amount in item.statuses
        if currency is not None
    ]
    return static_table("statuses", "Loaded, by currency and status", columns, rows)


def skipped_table(scope: Scope) -> Table:
    """Rows that were skipped on purpose: by which rule, and how much money."""
    columns = (
        Column("source", Kind.TEXT, "File"),
        Column("rule", Kind.TEXT, "Rule"),
        Column("rows", Kind.COUNT, "Rows"),
        Column("currency", Kind.TEXT, "Currency"),
        Column("amount", Kind.MONEY, "Amount", "currency"),
    )
    rows = []
    for item in scope.book.sources:
        for rule, tally in item.rules:
            base = {"source": item.source, "rule": rule, "rows": tally.rows}
            # Rows of several currencies stand once a currency, their count on the first.
            sums: list[tuple[str | None, int | None]] = [*sorted(tally.money.items())]
            for at, (currency, amount) in enumerate(sums or [(None, None)]):
                count = {} if at == 0 else {"rows": None}
                rows.append({**base, **count, "currency": currency, "amount": amount})
    return static_table("skipped", "Rows skipped, by rule", columns, rows)


def replaced_table(scope: Scope) -> Table:
    """Documents whose amount a newer export changed, with file and row of both versions."""
    columns = (
        Column("table", Kind.TEXT, "Table"),
        Column("key", Kind.TEXT, "Document", personal=True),
        Column("source", Kind.TEXT, "Newer file"),
        Column("row", Kind.COUNT, "Row"),
        Column("amount", Kind.MONEY, "Amount", "currency"),
        Column("currency", Kind.TEXT, "Currency"),
        Column("old_source", Kind.TEXT, "Older file"),
        Column("old_row", Kind.COUNT, "Row"),
        Column("old_amount", Kind.MONEY, "Amount", "currency"),
    )
    rows = scope.book.replaced.sort("table", "key", "source", "old_source").to_dicts()
    return static_table("replaced", "Amounts that newer exports changed", columns, rows)


def suggestions_table(rows: Sequence[Mapping[str, Any]], note: str) -> Table:
    """Accounts whose names are like an unmatched customer's; nothing is joined by them.

    Args:
        rows: `customer_id, name, account_id, account_name, score`.
        note: a sentence for under the table.
    """
    columns = (
        Column("customer_id", Kind.TEXT, "Customer"),
        Column("name", Kind.TEXT, "Name"),
        Column("account_id", Kind.TEXT, "Account"),
        Column("account_name", Kind.TEXT, "Name in the CRM"),
        Column("score", Kind.COUNT, "Likeness %"),
    )
    title = "Accounts with names like those of unmatched customers"
    return static_table("suggestions", title, columns, rows, (note,))


def source_sums_table(scope: Scope) -> Table:
    """The account of every file in money, by currency."""
    columns = (
        Column("source", Kind.TEXT, "File"),
        Column("currency", Kind.TEXT, "Currency"),
        *(Column(name, Kind.MONEY, name.capitalize(), "currency") for name in TALLIES),
        Column("unreadable", Kind.COUNT, "Unreadable"),
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
        Column("value", Kind.TEXT, "Value", personal=True),
    )
    aside = scope.book.quarantined.select(column.name for column in columns)
    rows = aside.sort("source", "row", "column").to_dicts()
    return static_table("quarantined", "Rows set aside", columns, rows)
