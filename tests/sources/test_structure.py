from __future__ import annotations

import csv as python_csv
import gzip
import io
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clv_cli.errors import DataError
from clv_cli.sources.headers import read_headers
from clv_cli.sources.structure import scan
from tests.sources.exports import HEADER, LINE, codes, column, csv, load, load_lines, money, write

if TYPE_CHECKING:
    from pathlib import Path


def stop(folder: Path, content: bytes | str, name: str = "lines.csv") -> DataError:
    write(folder, name, content)
    with pytest.raises(DataError) as caught:
        load(folder, {"path": name, "table": "billing_lines"})
    return caught.value


@given(
    st.lists(st.lists(st.text("ab1 \r\té'", max_size=5), min_size=3, max_size=3), max_size=6),
    st.sampled_from(("\n", "\r\n", "\n\n")),
    st.sampled_from(("", "\n")),
)
def test_a_file_without_quotes_is_split_alike_without_looking_for_them(
    rows: list[list[str]], line_end: str, last: str
) -> None:
    records = [["a", "b", "c"], *rows]
    text = line_end.join(map(",".join, records)) + last
    looking, blind = (
        pl.scan_csv(
            text.encode(), infer_schema=False, quote_char=mark, row_index_name="row"
        ).collect()
        for mark in ('"', None)
    )
    assert blind.equals(looking)


def test_one_quote_anywhere_makes_a_file_quoted(tmp_path: Path) -> None:
    rows = csv(*[LINE] * 10_000)  # more than one chunk of the scan
    for content, quoted in ((rows, False), (f'{rows}"I2"{LINE[2:]}\n', True)):
        path = write(tmp_path, "lines.csv", content)
        (header,) = read_headers(path, path.name, ",", 1)
        assert scan(path, path.name, header).quoted is quoted


def test_a_plain_file_loads_with_its_row_numbers(tmp_path: Path) -> None:
    book = load_lines(tmp_path, csv(LINE, "I2,C2,2026-01-06,one_off,50.00,USD,open"))
    assert column(book, "row") == [2, 3]
    assert column(book, "source") == ["lines.csv", "lines.csv"]
    assert column(book, "line_id") == ["I1:2", "I2:3"]
    assert money(book) == {"USD": 15000}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf", "no text"),
        (b"\n \n", "no text"),
        (b"<!DOCTYPE html><html>sign in</html>", "web page"),
        (b"PK\x03\x04\x14\x00", "Excel"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:abc\n", "Git LFS"),
        (csv(LINE).encode().replace(b"I1", b"I\0"), "NUL"),
        (csv(LINE).encode().replace(b"C1", b"\x81"), "neither UTF-8 nor cp1252: byte 0x81"),
        (csv(LINE).encode().replace(b"C1", b"\xe9\xc3\xa9"), "mixes UTF-8"),
        (csv(LINE).replace("\n", "\r", 1).encode(), "CR alone"),
        (b"\x1f\x8b\x08\x00broken", "gzip data are damaged"),
    ],
)
def test_what_is_no_csv_text_stops_and_says_what_it_is(
    tmp_path: Path, content: bytes, words: str
) -> None:
    error = stop(tmp_path, content)
    assert words in error.what
    assert "lines.csv" in str(error.where)
    assert error.hint


@pytest.mark.parametrize(
    "encoded",
    [
        b"\xef\xbb\xbf" + csv(LINE).encode(),
        csv(LINE).encode("utf-16"),
        b"\xfe\xff" + csv(LINE).encode("utf-16-be"),
        gzip.compress(csv(LINE).encode()),
        csv(LINE).replace("\n", "\r\n").encode(),
        csv(LINE).replace(",", ";").encode(),
        csv(LINE).replace(",", "\t").encode(),
        csv(LINE).replace(",", "|").encode(),
        csv(LINE).encode("utf-16-le"),
        csv(LINE).encode("utf-16-be"),
        csv(LINE).replace("\n", "\r").encode(),
        b"\n" + csv(LINE).encode(),
        b"sep=;\n" + csv(LINE).replace(",", ";").encode(),
        b"\xef\xbb\xbfBilling, all lines\nGenerated,2026-02-01\n\n" + csv(LINE).encode(),
    ],
    ids=[
        *("bom", "utf16", "utf16be", "gzip", "crlf", "semicolon", "tab", "pipe"),
        *("utf16le-bare", "utf16be-bare", "cr", "blank-first", "sep", "preamble"),
    ],
)
def test_every_honest_encoding_gives_the_same_row(tmp_path: Path, encoded: bytes) -> None:
    book = load_lines(tmp_path, encoded)
    assert column(book, "customer_id") == ["C1"]
    assert money(book) == {"USD": 10000}


def test_a_file_without_a_last_line_end_loads_with_a_warning(tmp_path: Path) -> None:
    book = load_lines(tmp_path, csv(LINE).rstrip("\n"))
    assert money(book) == {"USD": 10000}
    assert [finding.code for finding in book.findings] == ["no_final_newline"]


def test_short_and_long_rows_are_set_aside_and_never_padded_or_cut(tmp_path: Path) -> None:
    short, long = "I2,C2,2026-01-05,recurring,5.00,USD", LINE + ",extra"
    book = load_lines(tmp_path, csv(LINE, short, "I3" + LINE[2:], long))
    assert codes(book) == [(3, None, "field_count"), (5, None, "field_count")]
    assert column(book, "row") == [2, 4]
    assert book.quarantined["value"].to_list() == [short, long]
    assert book.sources[0].unreadable == 2


def test_blank_lines_are_skipped_counted_and_keep_the_row_numbers(tmp_path: Path) -> None:
    book = load_lines(tmp_path, csv("", LINE, "", "", "I2" + LINE[2:], "", ""))
    assert column(book, "row") == [3, 6]
    (account,) = book.sources
    assert (account.read.rows, account.loaded.rows, account.skipped.rows) == (7, 2, 5)


def test_a_repeated_header_line_is_skipped_and_counted(tmp_path: Path) -> None:
    book = load_lines(tmp_path, csv(LINE, HEADER, "I2" + LINE[2:]))
    assert column(book, "row") == [2, 4]
    assert book.sources[0].skipped.rows == 1


def test_line_ends_in_quoted_cells_are_one_record(tmp_path: Path) -> None:
    book = load_lines(tmp_path, csv(LINE.replace("C1", '"C\n1, ""x"""'), "I2" + LINE[2:]))
    assert column(book, "customer_id") == ['C\n1, "x"', "C1"]
    assert column(book, "row") == [2, 3]


def test_a_quote_that_never_closes_stops_at_its_line(tmp_path: Path) -> None:
    error = stop(tmp_path, csv(LINE, LINE.replace("C1", '"C1'), LINE))
    assert "never closed" in error.what
    assert error.where == "lines.csv:3"


def test_two_stray_quotes_far_apart_stop_at_the_first(tmp_path: Path) -> None:
    rows = [LINE] * 60
    rows[10] = LINE.replace("C1", '"C1')
    rows[50] = LINE.replace("C1", 'C1"')
    error = stop(tmp_path, csv(*rows))
    assert "stray quote" in error.what
    assert "lines.csv:12" in str(error.where)


def test_two_stray_quotes_on_neighbouring_rows_hide_neither(tmp_path: Path) -> None:
    rows = [LINE, LINE.replace("C1", '"C1'), LINE.replace("C1", 'C1"'), LINE]
    book = load_lines(tmp_path, csv(*rows))
    assert codes(book) == [(3, None, "bad_quote")]
    assert money(book) == {"USD": 20000}


def test_an_address_of_several_lines_in_quotes_loads(tmp_path: Path) -> None:
    address = '"1 Quay, Harbour\nTown, Land"'
    book = load_lines(tmp_path, csv(f"{LINE},{address}", header=HEADER + ",Address"))
    assert money(book) == {"USD": 10000}


def test_a_cell_of_more_than_8_kb_in_quotes_stops(tmp_path: Path) -> None:
    assert "stray quote" in stop(tmp_path, csv(LINE.replace("C1", f'"{"x" * 9000}"'))).what


@pytest.mark.parametrize("cell", ['5" pipe', 'a "b" c', '"x"y', r'"say \"hi\""'])
def test_a_quote_within_a_cell_sets_its_record_aside(tmp_path: Path, cell: str) -> None:
    rows = [LINE, LINE.replace("C1", cell), "I3" + LINE[2:]]
    write(tmp_path, "lines.csv", csv(*rows))
    try:
        book = load(tmp_path, quarantine={"max_share": "1"})
    except DataError as error:
        assert "quote" in error.what  # noqa: PT017
        return
    assert codes(book) == [(3, None, "bad_quote")]
    assert column(book, "row") == [2, 4]


def test_duplicate_headers_stop(tmp_path: Path) -> None:
    header = HEADER.replace("status", "amount")
    assert '"amount"' in stop(tmp_path, csv(LINE, header=header)).what


def test_a_nameless_last_column_is_ignored(tmp_path: Path) -> None:
    book = load_lines(tmp_path, csv(LINE + ",", header=HEADER + ","))
    assert money(book) == {"USD": 10000}


def test_a_file_that_changes_while_it_is_read_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, "lines.csv", csv(LINE))
    from clv_cli.sources import part

    def scan_while_somebody_writes(*arguments: object) -> object:
        found = scan(*arguments)  # type: ignore[arg-type]
        path.write_bytes(path.read_bytes() + LINE.encode() + b"\n")
        return found

    monkeypatch.setattr(part, "scan", scan_while_somebody_writes)
    with pytest.raises(DataError, match=r"changed|records"):
        load(tmp_path)


def test_a_gzip_bomb_stops(tmp_path: Path) -> None:
    bomb = gzip.compress(b"0" * (64 << 20))
    assert "200 times" in stop(tmp_path, bomb).what


CELLS = st.text(alphabet='ab,"\n é', max_size=6)


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=30), st.integers(1, 40)
)
def test_the_scan_counts_every_record_of_every_legal_file(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], block: int
) -> None:
    from clv_cli.sources import structure
    from clv_cli.sources.headers import Header

    text = io.StringIO(newline="")
    python_csv.writer(text, lineterminator="\n", quoting=python_csv.QUOTE_ALL).writerows(rows)
    path = tmp_path_factory.mktemp("scan") / "x.csv"
    path.write_bytes(text.getvalue().encode())
    whole = structure._CHUNK
    structure._CHUNK = block
    try:
        found = scan(path, "x.csv", Header(("a", "b", "c"), ","))
    finally:
        structure._CHUNK = whole
    assert found.records == len(rows) - 1
    assert found.bad == ()
    assert found.blank == ()
