"""A look into one file: its header and enough rows to judge its columns by."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

from clv_cli.sources.bytes import Wrapping, open_raw
from clv_cli.sources.detect import candidates
from clv_cli.sources.headers import Header, read_headers
from clv_cli.sources.listing import SUFFIXES, read_items

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

# Columns are judged by their first rows: an analyst waits for this, and every run checks them all.
MAX_ROWS = 20_000


@dataclass(frozen=True)
class Peek:
    """What was seen of a file.

    Args:
        name: relative to the folder.
        headers: its header under each delimiter, best first.
        header: the one that its rows are cut by.
        rows: its first rows, cells without surrounding blanks.
        presets: the known exports that it may be.
        member: the file within a zip of several.
    """

    name: str
    headers: tuple[Header, ...]
    header: Header
    rows: tuple[tuple[str, ...], ...]
    presets: tuple[str, ...]
    member: str | None = None

    @cached_property
    def columns(self) -> tuple[tuple[str, ...], ...]:
        """The cells of each column."""
        return tuple(zip(*self.rows, strict=True)) if self.rows else ((),) * len(self.header.cells)

    def values(self, header: str) -> tuple[str, ...]:
        """The cells of a column that are not empty."""
        place = self.header.find(header)
        return () if place is None else tuple(cell for cell in self.columns[place] if cell)

    @property
    def label(self) -> str:
        """The file as printed; of a zip, with the file within it."""
        return ":".join(filter(None, (self.name, self.member)))

    @property
    def count(self) -> str:
        """How many rows, for people."""
        return f"{'over ' if len(self.rows) == MAX_ROWS else ''}{len(self.rows):,}"


def peek(path: Path, name: str, scratch: Path, member: str | None = None) -> Peek:
    """Look into a file.

    Args:
        path: the file.
        name: relative to the folder.
        scratch: folder for unpacked copies.
        member: the file within a zip of several.

    Raises:
        ClvError: it is no text table, or a damaged one.
    """
    if path.suffix in SUFFIXES:
        items = read_items(path, name)
        cells = tuple(dict.fromkeys(key for item in items for key in item))
        rows = tuple(tuple(item.get(cell) or "" for cell in cells) for item in items)
        header = Header(cells, ",")
        return Peek(name, (header,), header, rows[:MAX_ROWS], ())
    plain = open_raw(path, name, scratch, Wrapping(member=member)).plain
    headers = read_headers(plain, name)
    found = candidates(headers)
    header = next(iter(found.values()), max(headers, key=lambda one: len(one.cells)))
    return Peek(name, tuple(headers), header, _rows(plain, header), tuple(sorted(found)), member)


def _rows(plain: Path, header: Header) -> tuple[tuple[str, ...], ...]:
    """The first whole rows below the header; what cannot be read any more is left to the loader."""
    width = len(header.cells)
    rows: list[tuple[str, ...]] = []
    with plain.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        # Titles and blank lines may stand above the header.
        for record in _records(islice(file, header.row - 1, None), header.delimiter):
            if len(record) == width:
                rows.append(tuple(map(str.strip, record)))
            if len(rows) == MAX_ROWS:
                break
    return tuple(rows)


def _records(file: Iterable[str], delimiter: str) -> Iterator[list[str]]:
    reader = csv.reader(file, delimiter=delimiter)
    next(reader, None)
    try:
        yield from reader
    except csv.Error:
        return
