"""What a file is packed in: encodings, zips, workbooks, Parquet."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest

from clv_cli.errors import ClvError, DataError
from tests.sources.exports import HEADER, LINE, column, csv, load, load_lines, money, write

if TYPE_CHECKING:
    from pathlib import Path

    from clv_cli.frames import Book


def zipped(members: dict[str, str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return packed.getvalue()


def read(folder: Path, name: str, content: bytes, **keys: object) -> Book:
    write(folder, name, content)
    return load(folder, {"path": name, "table": "billing_lines", **keys})


def refusal(folder: Path, name: str, content: bytes, **keys: object) -> ClvError:
    with pytest.raises(ClvError) as caught:
        read(folder, name, content, **keys)
    return caught.value


def test_windows_1252_loads_with_a_warning_that_names_the_first_line(tmp_path: Path) -> None:
    rows = [LINE] * 5000 + [LINE.replace("C1", "Café €uro")]
    book = load_lines(tmp_path, csv(*rows).encode("cp1252"))
    assert column(book, "customer_id")[-1] == "Café €uro"
    warning, alike = book.findings
    assert alike.code == "identical_lines"
    assert (warning.code, warning.row, warning.severity) == ("not_utf8", 5002, "warning")
    assert "0xe9" in warning.message


def test_a_header_in_windows_1252_is_found(tmp_path: Path) -> None:
    content = csv(LINE + ",x", header=HEADER + ",Größe").encode("cp1252")
    assert money(load_lines(tmp_path, content)) == {"USD": 10000}


def test_a_declared_encoding_is_taken_without_a_warning(tmp_path: Path) -> None:
    content = csv(LINE.replace("C1", "Łódź")).encode("iso-8859-2")
    book = read(tmp_path, "lines.csv", content, encoding="iso-8859-2")
    assert column(book, "customer_id") == ["Łódź"]
    assert book.findings == ()
    wrong = refusal(tmp_path, "lines.csv", content, encoding="ascii")
    assert "not ascii" in wrong.what
    assert "lines.csv:2" in str(wrong.where)


def test_the_only_table_of_a_zip_is_read(tmp_path: Path) -> None:
    content = zipped({"readme.md": "x", "lines.csv": csv(LINE), "__MACOSX/._lines.csv": "x"})
    assert money(read(tmp_path, "export.zip", content)) == {"USD": 10000}


def test_a_zip_of_several_tables_stops_until_one_is_named(tmp_path: Path) -> None:
    content = zipped({"a.csv": csv(LINE), "b.csv": csv(LINE, LINE)})
    error = refusal(tmp_path, "export.zip", content)
    assert "a.csv, b.csv" in str(error.where)
    assert error.hint == "set member: a.csv at sources[0]"
    assert money(read(tmp_path, "export.zip", content, member="b*")) == {"USD": 20000}
    assert "no file c.csv" in refusal(tmp_path, "export.zip", content, member="c.csv").what


@pytest.mark.parametrize("name", ["export.zip", "export.xlsx"])
def test_a_damaged_zip_or_workbook_stops(tmp_path: Path, name: str) -> None:
    content = zipped({"lines.csv": csv(*[LINE] * 100)})
    assert "damaged" in refusal(tmp_path, name, content[: len(content) // 2]).what


def workbook(*rows: tuple[object, ...], sheets: tuple[str, ...] = ("Data",)) -> bytes:
    xlsxwriter = pytest.importorskip("xlsxwriter")
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"default_date_format": "yyyy-mm-dd"}) as book:
        for sheet in [book.add_worksheet(name) for name in sheets]:
            for at, row in enumerate(rows):
                sheet.write_row(at, 0, row)
    return target.getvalue()


CELLS = tuple(HEADER.split(","))


def test_a_workbook_reads_its_cells_exactly(tmp_path: Path) -> None:
    rows = [
        ("Export of March",),
        CELLS,
        ("I1", "007", datetime(2026, 1, 5), "recurring", 12345678901.23, "USD", "paid"),  # noqa: DTZ001
        ("I2", 8, datetime(2026, 1, 6), "recurring", 0.1 + 0.2, "USD", "paid"),  # noqa: DTZ001
        (),
        ("I3", 8, "2026-01-07", "recurring", "1,234.50", "USD", "paid"),
    ]
    book = read(tmp_path, "lines.xlsx", workbook(*rows))
    assert column(book, "amount") == [1234567890123, 30, 123450]
    assert column(book, "customer_id") == ["007", "8", "8"]
    assert column(book, "issued_on") == [date(2026, 1, day) for day in (5, 6, 7)]
    assert column(book, "row") == [3, 4, 6]


def test_a_workbook_of_several_sheets_stops_until_one_is_named(tmp_path: Path) -> None:
    content = workbook(CELLS, tuple(LINE.split(",")), sheets=("Q1", "Q2"))
    error = refusal(tmp_path, "lines.xlsx", content)
    assert error.hint == "set sheet: Q1 at sources[0]"
    assert money(read(tmp_path, "lines.xlsx", content, sheet="Q2")) == {"USD": 10000}


def test_without_the_extra_a_workbook_names_its_one_line_fix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "fastexcel", None)
    error = refusal(tmp_path, "lines.xlsx", workbook(CELLS))
    assert 'pip install "clv-cli[excel]"' in str(error.hint)


def test_a_parquet_file_reads_decimals_days_and_moments_exactly(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "invoice_id": [1, 2],
            "customer_id": ["a,b", 'c"d\ne'],
            "issued_on": [date(2026, 1, 5), date(2026, 1, 6)],
            "paid_on": [datetime(2026, 1, 5, 23, 30), None],  # noqa: DTZ001
            "kind": ["recurring", "recurring"],
            "amount": [Decimal("12345678901.23"), Decimal("-0.50")],
            "currency": ["USD", "USD"],
            "status": ["paid", "paid"],
            "tags": [["x"], []],
        }
    )
    target = io.BytesIO()
    frame.write_parquet(target)
    book = read(tmp_path, "lines.parquet", target.getvalue())
    assert column(book, "amount") == [1234567890123, -50]
    assert column(book, "customer_id") == ["a,b", 'c"d\ne']
    assert column(book, "paid_on") == [date(2026, 1, 5), None]


def test_a_packed_file_is_unpacked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import gzip

    header = "id,Amount Due,Customer,Currency,Subtotal,Tax,Total,Status,Date (UTC)"
    row = "in_1,5.00,cus_1,usd,5.00,0.00,5.00,paid,2026-01-05"
    write(tmp_path, "stripe.csv.gz", gzip.compress(f"{header}\n{row}\n".encode()))
    opened: list[Path] = []
    real = gzip.open

    def counted(path: Path, mode: str) -> gzip.GzipFile:
        opened.append(path)
        return real(path, mode)  # type: ignore[return-value]

    monkeypatch.setattr(gzip, "open", counted)
    # Without a preset the header is looked at first, and the file is read after that.
    book = load(tmp_path, {"path": "stripe.csv.gz"})
    assert column(book, "amount") == [500]
    assert len(opened) == 1


def test_a_changed_file_is_not_taken_for_its_old_copy(tmp_path: Path) -> None:
    first = read(tmp_path, "lines.csv", csv(LINE).encode("utf-16"))
    second = read(tmp_path, "lines.csv", csv(LINE, LINE).encode("utf-16"))
    assert (money(first), money(second)) == ({"USD": 10000}, {"USD": 20000})


def test_a_mixture_of_line_ends_stops(tmp_path: Path) -> None:
    content = (csv(*[LINE] * 2000).replace("\n", "\r") + csv(LINE)).encode()
    with pytest.raises(DataError, match="CR alone"):
        load_lines(tmp_path, content)
