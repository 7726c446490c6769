"""A file's header: its cells, how they are compared, and which delimiter it is written with."""

from __future__ import annotations

import codecs
import csv
import io
import re
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Literal

from clv_cli.errors import DataError
from clv_cli.money import exponents

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

DELIMITERS = (",", ";", "\t", "|")
_HEAD = 1 << 16
_ZONE = re.compile(r"\((?:in )?(UTC|[A-Za-z_]+/[A-Za-z_/]+)\)", re.IGNORECASE)
_SNAKE = re.compile(r"[a-z0-9_.]*")
_SEP = re.compile(rb"sep=([,;\t|])", re.IGNORECASE)
_CODE = re.compile(r"\(([A-Z]{3})\)")
MAX_HEADER_ROWS = 40


@dataclass(frozen=True)
class Header:
    """The header of one file under one delimiter.

    Args:
        cells: as in the file.
        delimiter: the character between them.
        row: the line it begins in.
        start: its first byte, the byte order mark not counted.
    """

    cells: tuple[str, ...]
    delimiter: str
    row: int = 1
    start: int = 0

    @cached_property
    def _by_fold(self) -> dict[str, int]:
        # Of two headers that fold to one name the first counts: later ones are additions.
        return {fold(cell): index for index, cell in reversed(list(enumerate(self.cells)))}

    def find(self, name: str) -> int | None:
        """The column of that name: to the letter first, else with case and punctuation folded."""
        if name in self.cells:
            return self.cells.index(name)
        return self._by_fold.get(fold(name))

    def first(self, names: Iterable[str]) -> int | None:
        """The column of the first of several names that is there."""
        return next((at for at in map(self.find, names) if at is not None), None)

    def zone(self, index: int) -> str | None:
        """The time zone that a column's header states, such as `Created (UTC)`."""
        found = _ZONE.search(self.cells[index])
        return found[1] if found else None

    def currency(self, index: int) -> str | None:
        """The currency that a column's header states, such as `Amount spent (USD)`."""
        found = _CODE.search(self.cells[index])
        return found[1] if found and found[1] in exponents() else None

    @property
    def style(self) -> Literal["title", "snake"]:
        """`snake` when every cell is lower case without blanks, as APIs write them."""
        snake = all(_SNAKE.fullmatch(cell.strip()) for cell in self.cells)
        return "snake" if snake else "title"

    def listed(self) -> str:
        """The cells for an error message, shortened."""
        text = ", ".join(cell or '""' for cell in self.cells)
        return text if len(text) <= 300 else f"{text[:300]} …"


@lru_cache(maxsize=10_000)  # the aliases of all presets, asked for every file
def fold(name: str) -> str:
    """A header without what versions and accounts change: case, marks, zones, currencies."""
    plain = _CODE.sub(_known_code, _ZONE.sub("", name.strip().lstrip("*"))).casefold()
    return re.sub(r"[^\w]+|_+", " ", plain).strip()


def _known_code(found: re.Match[str]) -> str:
    return "" if found[1] in exponents() else found[0]


def read_headers(
    plain: Path, name: str, delimiter: str | None = None, row: int | None = None
) -> list[Header]:
    """Every record among the first 40 that may be the header, under every delimiter.

    Records come in the order of the file; of one record the more usual delimiter comes first. Most
    files have their header in the first line, others a title, a date and a blank line above it.

    Args:
        plain: UTF-8 bytes, or Windows-1252 of which the scan will find out.
        name: the file, for errors.
        delimiter: the config's, if it names one.
        row: the header's line, if the config names it.

    Raises:
        DataError: no text, or no such line.
    """
    with plain.open("rb") as file:
        head = file.read(_HEAD)
    mark = len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0
    lines = _head_lines(head[mark:])
    told = _separator(lines[0])
    chosen = delimiter or told
    found = [
        replace(header, start=header.start + mark if header.start else 0)
        for single in ((chosen,) if chosen else DELIMITERS)
        for header in _records(lines, single, name)
        if row in {None, header.row} and not (told and header.row == 1)
    ]
    if not found:
        raise DataError(
            f"the file has no record in line {row}" if row else "the file holds no header",
            where=name,
            hint="count lines from 1, blank ones included" if row else "export it again",
        )
    several = [header for header in found if len(header.cells) > 1]
    return sorted(several or found[:1], key=lambda header: header.row)


def _head_lines(head: bytes) -> list[bytes]:
    """The first lines with their line ends; the last is left out where the block may cut it."""
    lines = io.BytesIO(head).readlines()
    return lines[:-1] if len(lines) > 1 and len(head) >= _HEAD - len(codecs.BOM_UTF8) else lines


def _separator(line: bytes) -> str | None:
    """The delimiter that Excel's `sep=;` in the first line names."""
    found = _SEP.fullmatch(line.strip().strip(b'"'))
    return found[1].decode() if found else None


def _records(lines: Sequence[bytes], delimiter: str, name: str) -> list[Header]:
    """The first records that are not blank, with the line and byte they begin at."""
    reader = csv.reader(map(_text, lines), delimiter=delimiter)
    found: list[Header] = []
    begin = 0
    try:
        for cells in islice(reader, MAX_HEADER_ROWS):
            stripped = tuple(cell.strip() for cell in cells)
            if any(stripped):
                start = sum(map(len, lines[:begin]))
                found.append(Header(stripped, delimiter, begin + 1, start))
            begin = reader.line_num
    except csv.Error as error:
        # A lone CR outside quotes; below the header it is the cells' business.
        if not found:
            raise DataError(
                "the lines end with CR alone, as on old Macs, and some do not",
                where=name,
                hint="save the file with LF or CRLF line ends",
            ) from error
    return found


def _text(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")


def read_sample(plain: Path, header: Header, rows: int) -> list[tuple[str, ...]]:
    """The first whole rows under a header, for guesses that are checked later.

    Args:
        plain: UTF-8 bytes.
        header: the file's header.
        rows: how many at most.
    """
    with plain.open("rb") as file:
        head = file.read(_HEAD).removeprefix(codecs.BOM_UTF8)
    texts = map(_text, _head_lines(head)[header.row - 1 :])
    found: list[tuple[str, ...]] = []
    try:
        for record in islice(csv.reader(texts, delimiter=header.delimiter), 1, rows + 1):
            found.append(tuple(record))  # noqa: PERF401 - what was read before an error counts
    except csv.Error:
        pass  # a lone CR outside quotes ends the sample, not the file
    return [record for record in found if len(record) == len(header.cells)]


def assert_unique(header: Header, name: str) -> None:
    """Stop when two columns carry one name: which one is meant cannot be known.

    Raises:
        DataError: a header stands twice; nameless columns may.
    """
    seen: set[str] = set()
    for cell in header.cells:
        if cell and cell in seen:
            raise DataError(
                f'two columns are called "{cell}"',
                where=f"{name}:{header.row}",
                hint="rename or remove one of them",
            )
        seen.add(cell)
