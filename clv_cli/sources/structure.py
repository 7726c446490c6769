"""The structure of a CSV file, scanned byte by byte with numpy before polars reads it.

polars pads short records, follows stray quotes across thousands of lines, and checks nothing in
columns it does not need. This scan counts every record and its fields on its own, so that what
polars reads can be held against it.

A *record* is what stands between two line ends outside quotes. The header has the number of its line,
and blank lines count, so that without line ends in cells a record number is a line number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from clv_cli.errors import DataError
from clv_cli.sources.tidiness import is_tidy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from clv_cli.sources.headers import Header

_LF, _CR, _QUOTE = 10, 13, 34
_CHUNK = 1 << 18
# Two stray quotes far apart make one legal field that swallows every record between them.
MAX_FIELD_LINES = 20
MAX_FIELD_BYTES = 8192
MAX_RAW = 120
_SWALLOW_FIELDS = 4  # in narrower files an address can look like a record

_DOUBLE_QUOTES = 'double every quote within a cell ("") and export again'

FIELD_COUNT = "field_count"
BAD_QUOTE = "bad_quote"


class NotUtf8Error(Exception):
    """Bytes that are no UTF-8; whoever reads the file knows what else they may be.

    Args:
        place: the first such byte.
        line: its line.
    """

    def __init__(self, place: int, line: int) -> None:
        super().__init__(f"byte {place} in line {line} is no UTF-8")
        self.place = place
        self.line = line


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A record that is set aside before polars sees it.

    Args:
        row: record number, the header being 1.
        code: `field_count` or `bad_quote`.
        fields: how many fields it has.
        start: first byte.
        end: byte after the last, without the line end.
        raw: the beginning of its text.
    """

    row: int
    code: str
    fields: int
    start: int
    end: int
    raw: str = ""


@dataclass(frozen=True, slots=True)
class Structure:
    """What the scan found.

    Args:
        records: all records after the header, blank and bad ones included.
        blank: record numbers of blank lines.
        bad: records with another number of fields than the header, or with broken quotes.
        final_newline: whether the last record ends with a line end.
        tidy: no cell begins or ends with a blank or is quoted and empty: nothing needs trimming.
        feet: records of another shape that belong to no row, such as footers; they are in `blank`.
        quoted: whether there is any quote; a file without one is split faster.
    """

    records: int
    blank: tuple[int, ...]
    bad: tuple[BadRecord, ...]
    final_newline: bool
    tidy: bool
    feet: tuple[BadRecord, ...] = ()
    quoted: bool = True

    @property
    def excluded(self) -> tuple[int, ...]:
        """Record numbers that hold no row of the table."""
        return tuple(sorted((*self.blank, *(record.row for record in self.bad))))


@dataclass(frozen=True, slots=True)
class _Odd:
    """Records of one chunk that are not as the header; numbers and bytes relative to the chunk."""

    records: int
    blank: list[int]
    bad: list[BadRecord]
    tidy: bool


def scan(path: Path, name: str, header: Header) -> Structure:
    """Count every record and its fields, from the header on.

    A chunk ends at its last line end outside quotes; the rest goes to the next one.

    Args:
        path: plain UTF-8 bytes.
        name: the file, for errors.
        header: where the table begins, how many fields it has and what is between them.

    Raises:
        DataError: NUL bytes, quotes that never close or hold more than 20 lines or 8 kB.
        NotUtf8Error: bytes that are no UTF-8.
    """
    scanner = _Scanner(path, name, header)
    for start, chunk in _chunks(path, scanner, header.start):
        scanner.add(start, scanner.inspect(chunk, start))
    bad = _with_raw(path, scanner.bad)
    return Structure(
        scanner.records - header.row,
        tuple(scanner.blank),
        bad,
        _ends_with_newline(path),
        scanner.tidy,
        quoted=scanner.quoted,
    )


def _chunks(path: Path, scanner: _Scanner, start: int) -> Iterator[tuple[int, bytes]]:
    """Pieces of whole records, each with its first byte's place."""
    rest = b""
    with path.open("rb") as file:
        file.seek(start)
        while block := file.read(_CHUNK):
            data = rest + block
            cut = scanner.whole_records(data, start)
            if cut:
                yield start, data[:cut]
            start, rest = start + cut, data[cut:]
    if rest:
        scanner.assert_closed(rest, start)
        yield start, rest


class _Scanner:
    """Counts the records of chunks and keeps the odd ones."""

    def __init__(self, path: Path, name: str, header: Header) -> None:
        self._path = path
        self._name = name
        self._delimiter = ord(header.delimiter)
        self._fields = len(header.cells)
        self._record = header.delimiter.encode() * (self._fields - 1) + b"\n"
        self._others = bytes(set(range(256)) - {self._delimiter, _LF})
        self.records = header.row - 1
        self.blank: list[int] = []
        self.bad: list[BadRecord] = []
        self.tidy = True
        self.quoted = False

    def add(self, start: int, odd: _Odd) -> None:
        """Turn a chunk's relative places into places in the file."""
        first = self.records + 1
        self.blank.extend(first + index for index in odd.blank)
        self.bad.extend(
            BadRecord(
                first + record.row,
                record.code,
                record.fields,
                start + record.start,
                start + record.end,
            )
            for record in odd.bad
        )
        self.records += odd.records
        self.tidy &= odd.tidy

    def whole_records(self, data: bytes, start: int) -> int:
        """How many bytes end with the last line end outside quotes."""
        end = data.rfind(b"\n") + 1
        if _QUOTE not in data:
            return end
        places, tokens, quoted = _tokens(data, self._delimiter)
        line_ends = places[(tokens == _LF) & ~quoted]
        cut = int(line_ends[-1]) + 1 if line_ends.size else 0
        if quoted.size and quoted[-1]:
            self._assert_short(data, cut, start)
        return cut

    def assert_closed(self, data: bytes, start: int) -> None:
        """Stop when the file ends within quotes."""
        if data.count(b'"') % 2:
            raise DataError(
                "a quote is opened and never closed",
                where=self._line(start + data.rfind(b'"')),
                hint=_DOUBLE_QUOTES,
            )

    def inspect(self, chunk: bytes, start: int) -> _Odd:
        """Count the records of one chunk of whole records."""
        self._assert_text(chunk, start)
        if not chunk.endswith(b"\n"):
            chunk += b"\n"
        if _QUOTE not in chunk:
            return self._without_quotes(chunk)
        self.quoted = True
        return self._with_quotes(chunk, start)

    def _without_quotes(self, chunk: bytes) -> _Odd:
        # Without everything but delimiters and line ends, equal records are equal bytes.
        marks = chunk.translate(None, self._others)
        records, rest = divmod(len(marks), self._fields)
        if self._fields > 1 and not rest and marks == self._record * records:
            return _Odd(records, [], [], self.tidy and is_tidy(chunk, self._delimiter))
        data = np.frombuffer(chunk, np.uint8)
        places = np.flatnonzero((data == self._delimiter) | (data == _LF))
        ends = np.flatnonzero(data[places] == _LF)
        return self._odd(chunk, places[ends], np.diff(ends, prepend=-1), None)

    def _with_quotes(self, chunk: bytes, start: int) -> _Odd:
        data = np.frombuffer(chunk, np.uint8)
        places, tokens, quoted = _tokens(chunk, self._delimiter)
        outside = ~quoted & (tokens != _QUOTE)
        kept = places[outside]
        ends = np.flatnonzero(tokens[outside] == _LF)
        line_ends = kept[ends]
        swallowing = self._swallowing(start, places, tokens, quoted)
        broken = _broken_quotes(data, places, tokens, quoted, self._delimiter)
        broken = np.concatenate((broken, swallowing))
        return self._odd(
            chunk, line_ends, np.diff(ends, prepend=-1), np.searchsorted(line_ends, broken)
        )

    def _odd(
        self,
        chunk: bytes,
        line_ends: NDArray[np.intp],
        fields: NDArray[np.intp],
        broken: NDArray[np.intp] | None,
    ) -> _Odd:
        """The records whose number of fields or quotes are wrong."""
        data = np.frombuffer(chunk, np.uint8)
        starts = np.concatenate(([0], line_ends[:-1] + 1))
        lengths = line_ends - starts
        blank = (lengths == 0) | ((lengths == 1) & (data[starts] == _CR))
        wrong = (fields != self._fields) & ~blank
        if broken is not None:
            wrong[broken] = True
        damaged = set() if broken is None else set(broken.tolist())
        bad = [
            BadRecord(
                index,
                BAD_QUOTE if index in damaged else FIELD_COUNT,
                int(fields[index]),
                int(starts[index]),
                int(line_ends[index]),
            )
            for index in np.flatnonzero(wrong).tolist()
        ]
        tidy = self.tidy and is_tidy(chunk, self._delimiter)
        return _Odd(int(line_ends.size), np.flatnonzero(blank).tolist(), bad, tidy)

    def _assert_text(self, chunk: bytes, start: int) -> None:
        if b"\0" in chunk:
            raise DataError(
                "the file holds NUL bytes: it is no text, or damaged",
                where=self._line(start + chunk.index(b"\0")),
                hint="export it again as CSV (UTF-8)",
            )
        if chunk.isascii():
            return
        try:
            chunk.decode("utf-8")
        except UnicodeDecodeError as error:
            place = start + error.start
            raise NotUtf8Error(place, self._line_number(place)) from error

    def _swallowing(
        self,
        start: int,
        places: NDArray[np.intp],
        tokens: NDArray[np.uint8],
        quoted: NDArray[np.bool_],
    ) -> NDArray[np.intp]:
        """Places of quoted cells that hold whole records, as two stray quotes make them.

        Such a file is legal CSV, so only likelihood tells: a cell with as many delimiters a line
        as a record has. One of more lines or bytes than a cell sensibly has stops the run.
        """
        order = np.flatnonzero(tokens == _QUOTE)
        begins, ends = order[:-1], order[1:]
        within = quoted[begins]
        begins, ends = begins[within], ends[within]
        breaks = np.cumsum(tokens == _LF)
        lines = breaks[ends] - breaks[begins]
        long = (places[ends] - places[begins] > MAX_FIELD_BYTES) | (lines > MAX_FIELD_LINES)
        if long.any():
            self._stop(start + int(places[begins[np.argmax(long)]]))
        if self._fields < _SWALLOW_FIELDS:
            return places[:0]
        delimiters = ends - begins - 1 - lines
        whole = (lines > 0) & (delimiters >= lines * (self._fields - 1))
        found: NDArray[np.intp] = places[begins[whole]]
        return found

    def _assert_short(self, data: bytes, cut: int, start: int) -> None:
        """Stop when the field that is open at the end of a block is already too long."""
        begin = data.rfind(b'"')
        if data.count(b"\n", begin) > MAX_FIELD_LINES or len(data) - cut > 1 << 20:
            self._stop(start + begin)

    def _stop(self, place: int) -> None:
        raise DataError(
            f"a quoted cell is longer than {MAX_FIELD_LINES} lines or {MAX_FIELD_BYTES} bytes: "
            "a stray quote",
            where=f"{self._line(place)}, where it begins",
            hint=_DOUBLE_QUOTES,
        )

    def _line(self, place: int) -> str:
        """`file:line` of a byte."""
        return f"{self._name}:{self._line_number(place)}"

    def _line_number(self, place: int) -> int:
        with self._path.open("rb") as file:
            return file.read(place).count(b"\n") + 1


def _tokens(
    chunk: bytes, delimiter: int
) -> tuple[NDArray[np.intp], NDArray[np.uint8], NDArray[np.bool_]]:
    """Places of delimiters, line ends and quotes; what stands there; whether it is within quotes.

    An opening quote counts as within, a closing one as outside.
    """
    data = np.frombuffer(chunk, np.uint8)
    marks = data == delimiter
    marks |= data == _LF
    marks |= data == _QUOTE
    places = np.flatnonzero(marks)
    tokens = data[places]
    quoted = (np.cumsum(tokens == _QUOTE) & 1).astype(np.bool_)
    return places, tokens, quoted


def _broken_quotes(
    data: NDArray[np.uint8],
    places: NDArray[np.intp],
    tokens: NDArray[np.uint8],
    quoted: NDArray[np.bool_],
    delimiter: int,
) -> NDArray[np.intp]:
    """Places of quotes inside an unquoted cell, or with text after the closing one."""
    quotes = tokens == _QUOTE
    at, opens = places[quotes], quoted[quotes]
    opening, closing = at[opens], at[~opens]
    before = np.where(opening > 0, data[opening - 1], _LF)
    after = np.where(closing + 1 < data.size, data[np.minimum(closing + 1, data.size - 1)], _LF)
    bad_open = opening[~np.isin(before, (delimiter, _LF, _QUOTE))]
    bad_close = closing[~np.isin(after, (delimiter, _LF, _CR, _QUOTE))]
    return np.concatenate((bad_open, bad_close))


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read(1) == b"\n"


def _with_raw(path: Path, bad: list[BadRecord]) -> tuple[BadRecord, ...]:
    """The same records with the beginning of their text."""
    records = []
    with path.open("rb") as file:
        for record in bad:
            file.seek(record.start)
            raw = file.read(min(record.end - record.start, 4 * MAX_RAW))
            text = raw.decode("utf-8", "ignore")[:MAX_RAW].rstrip("\r")
            records.append(
                BadRecord(record.row, record.code, record.fields, record.start, record.end, text)
            )
    return tuple(records)
