"""Rows and customers that look like one and are counted as two: never merged, never in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.frames import Finding, Severity
from clv_cli.money import to_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clv_cli.sources.part import Part

LINES = "billing_lines"
# What tells rows apart without saying anything about the sale.
PLACE = ("line_id", "source", "row")


def identical_lines(parts: Sequence[Part]) -> list[Finding]:
    """A warning where lines without an id of their own are alike in every column that is read.

    An invoice may hold two lines alike, so both count; a doubled export looks the same, so it is said
    how many there are beyond the first of each and what they sum to.

    Args:
        parts: all files.
    """
    bare = [part for part in parts if part.table == LINES and without_ids(part)]
    if not bare:
        return []
    rows = pl.concat([part.rows() for part in bare])
    said = sorted({name for part in bare for name in part.typed().collect_schema().names()})
    columns = [name for name in rows.collect_schema().names() if name in {*said, "currency"}]
    columns = [name for name in columns if name not in PLACE]
    # Eight bytes a row; only suspects are compared.
    mark = pl.struct(columns).hash()
    hashes = rows.select(mark.alias("mark")).collect()["mark"].sort()
    suspects = hashes.filter(hashes == hashes.shift(1)).unique()
    if suspects.is_empty():
        return []
    first = [pl.col(name).sort_by("source", "row").first() for name in ("source", "row")]
    alike = (
        rows.filter(mark.is_in(suspects.implode()))
        .group_by(columns)
        .agg(pl.len().alias("rows"), *first)
        .filter(pl.col("rows") > 1)
        .sort("source", "row")
        .collect()
    )
    return [] if alike.is_empty() else [_identical(alike)]


def without_ids(part: Part) -> bool:
    """Whether a file's lines have no id of their own, so that it is made of invoice and row.

    Args:
        part: a file of billing lines.
    """
    return not any(
        f.name == "line_id" and part.binding.given(f) for f in part.binding.spec.table.fields
    )


def _identical(alike: pl.DataFrame) -> Finding:
    beyond = pl.col("rows").cast(pl.Int128) - 1
    sums = alike.group_by("currency").agg((pl.col("amount") * beyond).sum()).sort("currency")
    money = ", ".join(f"{to_text(int(amount), code)} {code}" for code, amount in sums.iter_rows())
    count = int(alike["rows"].sum()) - alike.height
    first = alike.row(0, named=True)
    rows = "1 line repeats" if count == 1 else f"{count:,} lines repeat"
    return Finding(
        Severity.WARNING,
        "identical_lines",
        f"{rows} another in every column that is read ({money}); without ids of lines all count",
        source=first["source"],
        row=first["row"],
        remedy="map line_id if the export has one; if a file was doubled, export it again",
    )


def twins(tables: Mapping[str, pl.LazyFrame], codes: pl.DataFrame) -> list[Finding]:
    """Warnings about customers whose ids or names differ only in how their accents are encoded.

    `é` may be one character or an e and an accent: the same to a reader, two texts to a computer.

    Args:
        tables: of the Book.
        codes: every billing customer.
    """
    ids = _written_twice(codes.select(text="customer_id", customer_id="customer_id"))
    found = [_twins("customer ids", ids, tables.get(LINES))] if ids.height else []
    if "customers" not in tables:
        return found
    accented = tables["customers"].filter(_accented("name"))
    names = _written_twice(accented.select("customer_id", text="name").collect())
    return [*found, *([_twins("names of customers", names, accented)] if names.height else [])]


def _accented(column: str) -> pl.Expr:
    return pl.col(column).str.len_bytes() != pl.col(column).str.len_chars()


def _written_twice(texts: pl.DataFrame) -> pl.DataFrame:
    """The rows whose text is the same as another's once both are in Unicode's normal form C."""
    normal = texts.filter(_accented("text")).with_columns(
        normal=pl.col("text").str.normalize("NFC")
    )
    several = normal.group_by("normal").agg(forms=pl.col("text").n_unique())
    return normal.join(several.filter(pl.col("forms") > 1), on="normal").sort("normal", "text")


def _twins(what: str, rows: pl.DataFrame, table: pl.LazyFrame | None) -> Finding:
    place: tuple[str | None, int | None] = (None, None)
    if table is not None:
        there = table.filter(pl.col("customer_id").is_in(rows["customer_id"].implode()))
        first = there.select("source", "row").sort("source", "row").first()
        place = first.collect().row(0)
    return Finding(
        Severity.WARNING,
        "encoded_twice",
        f"{rows['text'].n_unique()} {what} differ only in how accents are encoded, such as "
        f'"{rows["normal"][0]}"; they are kept apart',
        source=place[0],
        row=place[1],
        remedy="where they are one customer, write them alike (Unicode form NFC) at their source",
    )
