"""Tiny exports written on the spot, and loading them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from clv_cli.settings import Settings
from clv_cli.sources import LineStore, load_book

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clv_cli.frames import Book

HEADER = "invoice_id,customer_id,issued_on,kind,amount,currency,status"
LINE = "I1,C1,2026-01-05,recurring,100.00,USD,paid"
TORTURE = Path(__file__).parents[2].parent / "shared" / "data" / "csv-torture" / "billing"


def csv(*rows: str, header: str = HEADER) -> str:
    """A file of a header and rows."""
    return "\n".join([header, *rows]) + "\n"


def write(folder: Path, name: str, content: str | bytes) -> Path:
    """Write one export."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def load(folder: Path, *sources: Mapping[str, object], **settings: object) -> Book:
    """Load some sources of a folder; without any, lines.csv as plain billing lines."""
    entries = sources or ({"path": "lines.csv", "table": "billing_lines"},)
    whole = Settings.model_validate({"sources": list(entries), **settings})
    return load_book(whole, folder, LineStore(folder / "store"))


def load_lines(folder: Path, content: str | bytes, **settings: object) -> Book:
    """Load one file of plain billing lines; every bad row is borne."""
    write(folder, "lines.csv", content)
    return load(folder, **{"quarantine": {"max_share": "1"}} | settings)


def column(book: Book, name: str, table: str = "billing_lines") -> list[Any]:
    """A column of a table, in the order of its rows."""
    return book.table(table).sort("source", "row").select(name).collect()[name].to_list()


def codes(book: Book) -> list[tuple[int, str | None, str]]:
    """Row, column and reason of every row set aside."""
    rows = book.quarantined.select("row", "column", "code").rows()
    return [(row, column, code) for row, column, code in rows]


def money(book: Book) -> dict[str, int]:
    """The loaded amounts by currency."""
    sums = (
        book.table("billing_lines")
        .group_by("currency")
        .agg(pl.col("amount").cast(pl.Int128).sum())
        .collect()
    )
    return dict(sums.iter_rows())
