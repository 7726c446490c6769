"""Files and texts that trip loaders: our own small ones, and public corpora where they are at hand."""

from __future__ import annotations

import csv as python_csv
import io
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from clv_cli.errors import ClvError
from tests.sources.exports import TORTURE, column, load_lines, money, write
from tests.sources.test_forms import rows_of

if TYPE_CHECKING:
    from pathlib import Path

    from clv_cli.sources.headers import Header

SHARED = TORTURE.parent
SPECTRUM = SHARED / "csv-spectrum"
NAUGHTY = SHARED / "blns.json"
HEAD = "invoice_id,customer_id,issued_on,kind,amount,currency,status\n"
ONE = "I1,C1,2026-01-05,recurring,100.00,USD,paid\n"
REFUSED = "refused"

# The cases of the shared corpus in small: what stands in the file, and what may come of it.
OWN: dict[str, tuple[bytes, object]] = {
    "plain": ((HEAD + ONE).encode(), {"USD": 10000}),
    "byte order mark": (b"\xef\xbb\xbf" + (HEAD + ONE).encode(), {"USD": 10000}),
    "short row": ((HEAD + "I1,C1,2026-01-05,recurring,100.00,paid\n" + ONE).encode(), 1),
    "thousands": ((HEAD + ONE.replace("100.00", '"1,234.56"')).encode(), {"USD": 123456}),
    "currency sign": ((HEAD + ONE.replace("100.00", "-$5")).encode(), {"USD": -500}),
    "Unicode minus": ((HEAD + ONE.replace("100", "\u22125")).encode(), {"USD": -500}),
    "German": (
        (HEAD + ONE).replace(",", ";").replace("100.00", "1.234,56").encode(),
        {"USD": 123456},
    ),
    "two number styles": (
        (HEAD + ONE.replace("100.00", '"1.234,56"') + ONE.replace("100.00", '"1,234.56"')).encode(),
        REFUSED,
    ),
    "no minor unit": ((HEAD + ONE.replace("100.00,USD", "99,JPY")).encode(), {"JPY": 99}),
    "three digits": ((HEAD + ONE.replace("100.00,USD", "1.234,KWD")).encode(), {"KWD": 1234}),
    "lower-case currency": ((HEAD + ONE.replace("USD", " usd ")).encode(), {"USD": 10000}),
    "not a number": ((HEAD + ONE.replace("100.00", "NaN") + ONE).encode(), 1),
    "overflow": ((HEAD + ONE.replace("100.00", "92233720368547758.08") + ONE).encode(), 1),
    "sep line": (b"sep=;\n" + (HEAD + ONE).replace(",", ";").encode(), {"USD": 10000}),
    "preamble": (b"Export\nMade,2026-02-01\n\n" + (HEAD + ONE).encode(), {"USD": 10000}),
    "repeated header": ((HEAD + ONE + HEAD + ONE).encode(), {"USD": 20000}),
    "rows of commas": ((HEAD + ONE + ",,,,,,\n,,,,,,\n").encode(), {"USD": 10000}),
    "trailing comma": ((HEAD + ONE).replace("\n", ",\n").encode(), {"USD": 10000}),
    "stray quotes": (
        (HEAD + ONE.replace("C1", '"C1') + ONE * 40 + ONE.replace("C1", 'C1"')).encode(),
        REFUSED,
    ),
    "backslashes": ((HEAD + ONE.replace("C1", r'"a \"b\" c"') + ONE).encode(), 1),
    "CR only": ((HEAD + ONE).replace("\n", "\r").encode(), {"USD": 10000}),
    "Windows-1252": ((HEAD + ONE.replace("C1", "Café")).encode("cp1252"), {"USD": 10000}),
    "UTF-16": ((HEAD + ONE).encode("utf-16"), {"USD": 10000}),
    "30 February": ((HEAD + ONE.replace("01-05", "02-30") + ONE).encode(), 1),
    "two date styles": ((HEAD + ONE.replace("2026-01-05", "05/01/2026") + ONE).encode(), 1),
    "workbook day": ((HEAD + ONE.replace("2026-01-05", "46027")).encode(), REFUSED),
    "sentinel day": ((HEAD + ONE.replace("2026", "9999") + ONE).encode(), 1),
    "empty": (b"", REFUSED),
    "mark only": (b"\xef\xbb\xbf", REFUSED),
    "web page": (b"<!DOCTYPE html><html>Sign in, please</html>\n", REFUSED),
    "renamed workbook": (b"PK\x03\x04" + b"\0" * 40, REFUSED),
    "damaged gzip": (b"\x1f\x8b\x08\0\0\0\0\0", REFUSED),
    "LFS pointer": (b"version https://git-lfs.github.com/spec/v1\noid sha256:abc\n", REFUSED),
    "empty amount": ((HEAD + ONE.replace("100.00", "") + ONE).encode(), 1),
    "negative zero": ((HEAD + ONE.replace("100.00", "-0.00")).encode(), {"USD": 0}),
    "NUL": ((HEAD + ONE.replace("C1", "C\0")).encode(), REFUSED),
}


@pytest.mark.parametrize("name", OWN)
def test_no_file_of_our_own_corpus_is_misread_in_silence(tmp_path: Path, name: str) -> None:
    content, expected = OWN[name]
    try:
        book = load_lines(tmp_path, content)
    except ClvError as error:
        assert expected == REFUSED, error  # noqa: PT017
        assert error.exit_code in {2, 3}  # noqa: PT017
        return
    if isinstance(expected, int):
        assert (book.quarantined.height, money(book)) == (expected, {"USD": 10000})
    else:
        assert (book.quarantined.height, money(book)) == (0, expected)


def cells_of(plain: Path) -> tuple[Header, list[tuple[str | None, ...]]]:
    """A file's cells as the loader gets them: found header, checked structure, polars' reading."""
    import polars as pl

    from clv_cli.sources.headers import read_headers
    from clv_cli.sources.structure import scan

    header = max(read_headers(plain, plain.name), key=lambda header: len(header.cells))
    structure = scan(plain, plain.name, header)
    assert structure.bad == ()
    frame = pl.scan_csv(plain, separator=header.delimiter, infer_schema=False, glob=False).collect()
    assert frame.height == structure.records - len(structure.blank)
    return header, frame.rows()


@pytest.mark.skipif(not SPECTRUM.exists(), reason="csv-spectrum is not beside this repository")
@pytest.mark.parametrize("crlf", [False, True])
@pytest.mark.parametrize(
    "name", [path.stem for path in sorted(SPECTRUM.glob("csvs/*.csv"))] if SPECTRUM.exists() else []
)
def test_csv_spectrum_reads_cell_for_cell(tmp_path: Path, name: str, crlf: bool) -> None:  # noqa: FBT001
    content = (SPECTRUM / "csvs" / f"{name}.csv").read_bytes().replace(b"\r\n", b"\n")
    plain = write(tmp_path, "x.csv", content.replace(b"\n", b"\r\n") if crlf else content)
    expected: list[dict[str, str]] = json.loads((SPECTRUM / "json" / f"{name}.json").read_text())
    header, rows = cells_of(plain)
    found = [
        dict(zip(header.cells, ("" if cell is None else cell for cell in row), strict=True))
        for row in rows
    ]
    wanted = [{key: value.replace("\r\n", "\n") for key, value in row.items()} for row in expected]
    assert [
        {key: value.replace("\r\n", "\n") for key, value in row.items()} for row in found
    ] == wanted


def naughty() -> list[str]:
    if NAUGHTY.exists():
        return [text for text in json.loads(NAUGHTY.read_text(encoding="utf-8")) if text.strip()]
    return [
        "=1+1",
        "'",
        '"',
        "NULL",
        "\u202eabc",
        "<script>",
        "$HOME",
        "社會科學院語學研究所",
        "[/red]",
    ]


def test_every_naughty_name_of_a_customer_loads_and_comes_out_unchanged(tmp_path: Path) -> None:
    # A cell without its surrounding blanks; a text of blanks only would be no name.
    names = [text.strip() for text in naughty()]
    book = load_lines(tmp_path, rows_of([{"customer_id": name} for name in names]))
    assert column(book, "customer_id") == names
    assert book.quarantined.is_empty()
    write(tmp_path, "clv.yaml", "sources: [{path: lines.csv, table: billing_lines}]\n")
    printed = {
        form: clv(tmp_path, "split", "--by", "customer", "--raw", "-f", form)
        for form in ("csv", "json")
    }
    rows = list(python_csv.DictReader(io.StringIO(printed["csv"], newline="")))
    assert {row["customer_id"] for row in rows} >= set(names)
    tables = json.loads(printed["json"])["tables"]
    shown = {row.get("customer_id") for table in tables for row in table["rows"]}
    assert shown >= set(names)


def test_every_naughty_string_as_a_name_comes_out_of_csv_and_json_unchanged(tmp_path: Path) -> None:
    """Through the csv module in, and out of a table that prints names, blanks around them included."""
    from clv_cli.render import render
    from clv_cli.render.layout import View
    from clv_cli.run import opening, reporting

    texts = json.loads(NAUGHTY.read_text(encoding="utf-8")) if NAUGHTY.exists() else naughty()
    file = io.StringIO(newline="")
    python_csv.writer(file).writerows([("customer_id", "name"), *_numbered(texts)])
    write(tmp_path, "customers.csv", file.getvalue())
    write(tmp_path, "accounts.csv", "account_id,name\nA1,nobody\n")
    ids = [customer for customer, _ in _numbered(texts)]
    write(tmp_path, "lines.csv", rows_of([{"customer_id": customer} for customer in ids]))
    tables = {"lines": "billing_lines", "customers": "customers", "accounts": "accounts"}
    entries = [f"{{path: {name}.csv, table: {table}}}" for name, table in tables.items()]
    config = write(tmp_path, "clv.yaml", f"sources: [{', '.join(entries)}]\n")
    report = reporting.check(opening.Request(config=config, cache=False))
    # Without raw, CSV writes an apostrophe before what a spreadsheet would run.
    view = View(tables=("unmatched",), raw=True)
    as_json, as_csv = (str(render(report, form, view)) for form in ("json", "csv"))
    rows = json.loads(as_json)["tables"][0]["rows"]
    assert {row["customer_id"]: row["name"] for row in rows} == {
        customer: text or None for customer, text in _numbered(texts)
    }
    lines = python_csv.DictReader(io.StringIO(as_csv, newline=""))
    assert {row["customer_id"]: row["name"] for row in lines} == dict(_numbered(texts))


def _numbered(texts: list[str]) -> list[tuple[str, str]]:
    return [(f"C{number:03}", text) for number, text in enumerate(texts)]


def clv(folder: Path, *arguments: str) -> str:
    """What a command prints, to the byte."""
    run = subprocess.run(
        [sys.executable, "-m", "clv_cli", *arguments, "-c", "clv.yaml"],
        cwd=folder,
        capture_output=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr.decode()
    return run.stdout.decode()
