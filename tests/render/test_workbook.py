"""The workbook adds up, live and cached; its text is text; every format holds the same decimals."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import openpyxl
import polars as pl
import pytest

from clv_cli.commands.delivery import show
from clv_cli.commands.options import Shared
from clv_cli.errors import UsageError
from clv_cli.harmless import safe_text
from clv_cli.render import render
from clv_cli.render.layout import View
from clv_cli.render.workbook import sheets
from clv_cli.results import Check, Column, Kind, Report, Table
from tests.render.hostile import OWN, hostile_report, published
from tests.render.reports import result, sample_report

if TYPE_CHECKING:
    from pathlib import Path

    from openpyxl.workbook import Workbook

BUCKETS = (
    Column("bucket", Kind.TEXT, "Bucket", labels={"cxm": "CXM", "cs": "CS", "sales": "Sales"}),
    Column("amount", Kind.MONEY, "Revenue"),
    Column("share", Kind.RATIO, "Share"),
)
LINES = (Column("line_id", Kind.TEXT, "Line"), *BUCKETS[:2])


def split_report(currency: str = "USD", off: int = 0) -> Report:
    """Three buckets of 1000.01 in four lines, as `clv split` hands them over."""
    rows = [("a", "cxm", 100_000), ("b", "cs", 3), ("c", "sales", 10), ("d", "sales", -12)]
    lines = pl.DataFrame(rows, schema=["line_id", "bucket", "amount"], orient="row")
    sums = [("cxm", 100_000), ("cs", 3), ("sales", -2), ("total", 100_001)]
    buckets = pl.DataFrame(sums, schema=["bucket", "amount"], orient="row").with_columns(
        share=pl.col("amount") / 100_001
    )
    ledger = result("split_by_line", LINES, lines)
    ledger = replace(ledger, table=replace(ledger.table, totals=("amount",)))
    return replace(
        sample_report(),
        currency=currency,
        results=(result("split_buckets", BUCKETS, buckets), ledger),
        checks=(Check("split_total", 100_001, 100_001 + off, "split = billed in the period"),),
    )


def opened(report: Report, view: View | None = None, *, values: bool = True) -> Workbook:
    content = render(report, "xlsx", view or View())
    assert isinstance(content, bytes)
    return openpyxl.load_workbook(io.BytesIO(content), data_only=values)


def grid(book: Workbook, sheet: str) -> list[list[object]]:
    return [[c for c in row if c is not None] for row in book[sheet].iter_rows(values_only=True)]


def test_the_summary_sums_the_lines_live_and_shows_the_sums_without_a_calculator() -> None:
    values, formulas = opened(split_report()), opened(split_report(), values=False)
    assert values.sheetnames[:3] == ["Summary", "Split buckets", "Split lines"]
    seen, live = grid(values, "Summary"), grid(formulas, "Summary")
    assert [row[:2] for row in seen[7:13]] == [
        ["CXM", 1000],
        ["CS", 0.03],
        ["Sales", -0.02],
        ["Total", 1000.01],
        ["Billed in the period", 1000.01],
        ["Difference", 0],
    ]
    lines = "'Split lines'!$B$2:$B$5,\"cxm\",'Split lines'!$C$2:$C$5"
    assert live[7][1] == f"=SUMIF({lines.replace('cxm', 'CXM')})"
    assert live[10][1] == "=SUM(B8:B10)"
    assert live[12][1] == "=ROUND(B11-B12,2)"
    assert grid(formulas, "Split lines")[5] == ["Total", "=SUM($C$2:$C$5)"]
    assert grid(values, "Split lines")[5] == ["Total", 1000.01]


def test_the_reconciliation_holds_every_check_and_the_sum_of_the_sheet() -> None:
    seen = grid(opened(split_report()), "Reconciliation")
    assert seen[1] == ["split", 1000.01, "billed in the period", 1000.01, 0]
    assert seen[2][0] == "sum of the sheet Split lines"
    live = opened(split_report(), values=False)["Reconciliation"]
    assert live["B3"].value == "=SUM('Split lines'!$C$2:$C$5)"
    assert live["E3"].value == "=ROUND(B3-D3,2)"


def test_a_difference_that_is_not_nothing_is_shown_white_on_red() -> None:
    book = opened(split_report(off=-7))
    assert book["Reconciliation"]["E2"].value == 0.07
    rules = book["Reconciliation"].conditional_formatting
    places = {str(found.sqref): found.rules[0] for found in rules}
    assert places["E2"].operator == "notEqual"
    assert places["E2"].dxf.fill.bgColor.rgb == "FFC00000"


@pytest.mark.parametrize(
    ("currency", "shape", "digits"),
    [("USD", "#,##0.00", 2), ("JPY", "#,##0", 0), ("KWD", "#,##0.000", 3)],
)
def test_money_has_the_digits_of_its_currency(currency: str, shape: str, digits: int) -> None:
    book = opened(split_report(currency), values=False)
    assert book["Split lines"]["C2"].number_format == f"{shape};[Red]-{shape}"
    assert book["Reconciliation"]["E2"].value == f"=ROUND(B2-D2,{digits})"
    lines = [row[2] for row in book["Split lines"].iter_rows(2, 5, values_only=True)]
    assert [Decimal(str(v)) for v in lines] == [
        Decimal(m).scaleb(-digits) for m in (100_000, 3, 10, -12)
    ]


def test_headings_are_frozen_days_are_days_and_no_value_is_empty() -> None:
    split = opened(sample_report())["Split"]
    days = [datetime(2026, 10, 1), datetime(2026, 10, 31)]  # noqa: DTZ001 - days have no zone
    assert split.freeze_panes == "B2"
    assert [split.cell(2, at).value for at in (2, 3)] == days
    assert split["C3"].value is None
    changes = opened(sample_report())["Key figures"]
    assert (changes["D2"].value, changes["D2"].number_format) == (0.031, "+0.0%;-0.0%;0.0%")
    assert "pts" in changes["D3"].number_format
    assert (split["B2"].number_format, split["C2"].number_format) == ("yyyy-mm", "yyyy-mm-dd")


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param(OWN, id="own"),
        pytest.param(
            published(),
            id="published",
            marks=pytest.mark.skipif(not published(), reason="needs ../shared/data/csv-torture"),
        ),
    ],
)
def test_no_text_of_a_workbook_is_a_formula_a_link_or_markup(texts: list[str]) -> None:
    texts = [*texts, "<r>not <b>rich</b></r>", "_x0041_", "x" * 40_000]
    content = render(hostile_report(texts), "xlsx", View())
    assert isinstance(content, bytes)
    book = openpyxl.load_workbook(io.BytesIO(content), rich_text=False)
    column = [row[0] for row in book["Names"].iter_rows(2, len(texts) + 1, values_only=True)]
    expected = [safe_text(text) for text in texts]
    assert [cell or "" for cell in column[:-1]] == expected[:-1]
    assert column[-1] == "x" * 32_766 + "…"
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        assert not [name for name in parts.namelist() if "sheet" in name and "rels" in name]
        sheets_xml = [parts.read(n) for n in parts.namelist() if n.startswith("xl/worksheets")]
    formulas = [f for xml in sheets_xml for f in re.findall(rb"<f>([^<]*)</f>", xml)]
    assert all(f.startswith((b"SUM", b"ROUND", b"IF(B$")) for f in formulas)
    assert not any(b"<hyperlink" in xml for xml in sheets_xml)


def test_a_number_of_more_digits_than_a_spreadsheet_has_is_text() -> None:
    frame = pl.DataFrame({"amount": [10**15 - 1, 10**15 + 1]})
    table = result("long", (Column("amount", Kind.MONEY, "Amount"),), frame)
    sheet = opened(replace(sample_report(), results=(table,)))["Long"]
    assert sheet["A2"].value == 9999999999999.99
    assert sheet["A3"].value == "10000000000000.01"


def test_a_table_too_long_for_a_sheet_is_elsewhere_or_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sheets, "MAX_ROWS", 3)
    with pytest.raises(UsageError, match="4 rows, a sheet takes 3"):
        render(split_report(), "xlsx", View(tables=("split_by_line",)))
    view = View(("split_by_line",), elsewhere={"split_by_line": "s-split_by_line.parquet"})
    book = opened(split_report(), view)
    assert grid(book, "Split lines") == [
        ["4 rows, more than the 3 of a sheet: they are in s-split_by_line.parquet"]
    ]
    assert len(grid(book, "Reconciliation")) == 2


def test_sheets_of_equal_names_are_told_apart() -> None:
    both = tuple(
        replace(found, table=Table(name, "t", BUCKETS[:2], (), found.table.finish))
        for name, found in zip(("a" * 40, "A" * 35), split_report().results, strict=True)
    )
    names = opened(replace(split_report(), results=both, checks=())).sheetnames
    assert len({name.casefold() for name in names}) == len(names)
    assert all(len(name) <= 31 for name in names)


def test_show_writes_what_is_too_long_beside_the_workbook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sheets, "MAX_ROWS", 3)
    report = replace(split_report(), results=split_report().results[1:])
    show(report, Shared(output=tmp_path / "s.xlsx"))
    assert pl.read_parquet(tmp_path / "s-split_by_line.parquet").height == 4
    book = openpyxl.load_workbook(tmp_path / "s.xlsx")
    assert "s-split_by_line.parquet" in str(book["Split lines"]["A1"].value)
    assert capsys.readouterr().err.count("wrote ") == 2


def test_show_names_the_columns_whose_texts_csv_had_to_change(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = hostile_report(OWN)
    show(report, Shared(output=tmp_path / "a.csv"))
    assert "were changed in name, evidence" in capsys.readouterr().err
    show(report, Shared(output=tmp_path / "b.csv", raw=True))
    assert "changed" not in capsys.readouterr().err
    first, raw = (pl.read_csv(tmp_path / name)["name"][0] for name in ("a.csv", "b.csv"))
    assert (first, raw) == ("'=1+1", "=1+1")


def test_a_workbook_is_not_written_to_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    with pytest.raises(UsageError, match="binary") as stopped:
        show(split_report(), Shared(format="xlsx"))
    assert stopped.value.hint == "write it to a file: -o FILE.xlsx"


def test_all_formats_parse_back_to_equal_decimals() -> None:
    """Money, in three currencies, with 0, 2 and 3 digits, out of every format."""
    report, view = sample_report(), View(tables=("split",))
    wanted = [("7412903.18", "1234"), ("-0.05", "-1.234")]
    expected = [tuple(Decimal(text) for text in row) for row in wanted]

    def text(name: str) -> str:
        rendered = render(report, name, view)
        assert isinstance(rendered, str)
        return rendered

    stored = render(report, "parquet", view)
    assert isinstance(stored, bytes)
    frame = pl.read_parquet(io.BytesIO(stored))
    sheet = opened(report, view)["Split"]
    tables = {
        "csv": list(csv.DictReader(io.StringIO(text("csv")))),
        "json": json.loads(text("json"))["tables"][0]["rows"],
        "jsonl": [json.loads(line) for line in text("jsonl").splitlines()],
        "parquet": frame.to_dicts(),
        "xlsx": [{"amount": r[4], "local": r[5]} for r in sheet.iter_rows(2, 3, values_only=True)],
        "md": _cells(text("md"), r"\|"),
        "plain": _cells(text("plain"), r"  +"),
        "table": _cells(text("table"), r"  +"),
    }
    for name, rows in tables.items():
        got = [tuple(Decimal(str(row[key])) for key in ("amount", "local")) for row in rows]
        assert got == expected, name


def _cells(text: str, separator: str) -> list[dict[str, str]]:
    """The rows of the table as people see it: the two columns of money, without separators."""
    rows = [line for line in text.splitlines() if re.search(r"7,412,903\.18|-0\.05", line)]
    cells = [[c.strip() for c in re.split(separator, row) if c.strip()] for row in rows]
    found = []
    for row in cells[:2]:
        at = next(i for i, c in enumerate(row) if c in {"7,412,903.18", "-0.05"})
        found.append({"amount": row[at].replace(",", ""), "local": row[at + 1].replace(",", "")})
    return found
