"""A large file is read while it is scanned: that changes neither a figure nor a word."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from clv_cli.errors import DataError
from clv_cli.sources import beside, part
from tests.sources.exports import LINE, codes, column, csv, load_lines

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROWS = 7000  # more than the first records, by which a reading ahead goes
CLEAN = csv(*[LINE] * ROWS)


def late(row: str | bytes) -> bytes:
    """A clean file that ends with an odd row."""
    return CLEAN.encode() + (row.encode() if isinstance(row, str) else row) + b"\n"


FILES = {
    "clean": CLEAN.encode(),
    "no line end": CLEAN.encode()[:-1],
    "a quoted name": late(LINE.replace("C1", '"C,1"')),
    "a blank before a cell": late(LINE.replace("C1", " C1")),
    "too many fields": late(f"{LINE},more"),
    "a blank line": late("") + LINE.encode() + b"\n",
    "an amount that is none": late(LINE.replace("100.00", "x")),
    "Windows-1252": late(LINE.replace("C1", "é").encode("cp1252")),
    "NUL": late(LINE.replace("C1", "\0")),
    "an open quote": late(LINE.replace("C1", '"C1')),
    "odd from the start": csv(f"{LINE},more", *[LINE] * ROWS).encode(),
}


def told(folder: Path, content: bytes) -> object:
    """All that loading a file says."""
    try:
        book = load_lines(folder, content)
    except DataError as error:
        return error.what, error.where, error.hint
    names = ("row", "line_id", "customer_id", "amount", "currency")
    return (
        [column(book, name) for name in names],
        *(codes(book), book.findings, book.sources, book.lines),
    )


@pytest.mark.parametrize("name", FILES)
def test_reading_beside_the_scan_is_reading_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    after = told(tmp_path / "after", FILES[name])
    monkeypatch.setattr(beside, "LARGE", 0)
    assert told(tmp_path / "beside", FILES[name]) == after


@pytest.mark.parametrize(("name", "readings"), [("clean", 1), ("a quoted name", 2)])
def test_a_reading_by_a_wrong_guess_is_thrown_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, readings: int
) -> None:
    seen: list[bool] = []
    real: Callable[..., part._Reading] = part._read

    def counted(*arguments: object) -> part._Reading:
        seen.append(arguments[-1].quoted)  # type: ignore[attr-defined]
        return real(*arguments)

    monkeypatch.setattr(part, "_read", counted)
    monkeypatch.setattr(beside, "LARGE", 0)
    book = load_lines(tmp_path, FILES[name])
    assert seen == [False, True][:readings]
    assert column(book, "customer_id")[-1] == ("C,1" if readings > 1 else "C1")
