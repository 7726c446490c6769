"""A file's header: its cells, how they are compared, and which delimiter it is written with."""

from __future__ import annotations

import codecs
import csv
import io
import re
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Literal

from clv_cli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

DELIMITERS = (",", ";", "\t", "|")
_HEAD = 1 << 16
_ZONE = re.compile(r"\((?:in )?(UTC|[A-Za-z_]+/[A-Za-z_/]+)\)", re.IGNORECASE)
_SNAKE = re.compile(r"[a-z0-9_.]*")


@dataclass(frozen=True)
class Header:
    """The header of one file under one delimiter.

    Args:
        cells: as in the file.
        delimiter: the character between them.
    """

    cells: tuple[str, ...]
    delimiter: str

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

    @property
    def style(self) -> Literal["title", "snake"]:
        """`snake` when every cell is lower case without blanks, as APIs write them."""
        snake = all(_SNAKE.fullmatch(cell.strip()) for cell in self.cells)
        return "snake" if snake else "title"

    def listed(self) -> str:
        """The cells for an error message, shortened."""
        text = ", ".join(cell or '""' for cell in self.cells)
        return text if len(text) <= 300 else f"{text[:300]} …"


def fold(name: str) -> str:
    """A header without what versions and accounts change: case, marks, zones, punctuation."""
    plain = _ZONE.sub("", name.strip().lstrip("*").casefold())
    return re.sub(r"[^\w]+|_+", " ", plain).strip()


def read_headers(plain: Path, name: str) -> list[Header]:
    """The first record under each delimiter that cuts it into different cells.

    Args:
        plain: UTF-8 bytes.
        name: the file, for errors.

    Raises:
        DataError: the first record is blank, has CR line ends, or is no UTF-8.
    """
    with plain.open("rb") as file:
        head = file.read(_HEAD)
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(head)
    except UnicodeDecodeError as error:
        line = head.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"the file is not UTF-8: byte 0x{head[error.start]:02x}",
            where=f"{name}:{line}",
            hint="export it again as UTF-8",
        ) from error
    if "\r" in text.split("\n", 1)[0].rstrip("\r"):
        raise DataError(
            "the lines end with CR alone, as on old Macs",
            where=name,
            hint="save the file with LF or CRLF line ends",
        )
    if not text.split("\n", 1)[0].strip():
        raise DataError(
            "the first line is blank", where=f"{name}:1", hint="let the header be the first line"
        )
    headers = [Header(_first_record(text, delimiter), delimiter) for delimiter in DELIMITERS]
    return [header for header in headers if len(header.cells) > 1] or headers[:1]


def _first_record(text: str, delimiter: str) -> tuple[str, ...]:
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    return tuple(cell.strip() for cell in next(rows, []))


def read_sample(plain: Path, header: Header, rows: int) -> list[tuple[str, ...]]:
    """The first whole rows under a header, for guesses that are checked later.

    Args:
        plain: UTF-8 bytes.
        header: the file's header.
        rows: how many at most.
    """
    with plain.open("rb") as file:
        text = file.read(_HEAD).decode("utf-8", "ignore")
    # The last line of the block may be cut; of whole files that costs one row of the sample.
    lines = io.StringIO(text.rpartition("\n")[0], newline="")
    found = islice(csv.reader(lines, delimiter=header.delimiter), 1, rows + 1)
    return [tuple(row) for row in found if len(row) == len(header.cells)]


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
                where=f"{name}:1",
                hint="rename or remove one of them",
            )
        seen.add(cell)
