"""Overlapping exports: every document counts once, in its newest version, and nothing else moves."""

from __future__ import annotations

import os
import tempfile
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clv_cli.errors import ConfigError, DataError
from clv_cli.frames import Severity
from clv_cli.run import opening, reporting
from clv_cli.sources import load_presets
from clv_cli.sources.versions import changed_at, date_in_name
from tests.sources.exports import HEADER, column, csv, load, money, write

if TYPE_CHECKING:
    from clv_cli.frames import Book, SourceReport

# Each example runs the whole report twice: `just laws` asks for more of them.
EXAMPLES = int(os.environ.get("CLV_EXAMPLES", "5"))
KEYED = {"path": "lines*.csv", "table": "billing_lines", "key": "invoice_id"}


def line(invoice: str, amount: str, customer: str = "C1", status: str = "paid") -> str:
    return f"{invoice},{customer},2026-01-05,recurring,{amount},USD,{status}"


def accounts(book: Book) -> dict[str, SourceReport]:
    return {item.source: item for item in book.sources}


def test_the_file_with_the_later_date_in_its_name_wins(tmp_path: Path) -> None:
    write(tmp_path, "lines_2026-01-31.csv", csv(line("I1", "100.00"), line("I2", "50.00")))
    write(tmp_path, "lines_2026-02-28.csv", csv(line("I1", "80.00"), line("I3", "30.00")))
    book = load(tmp_path, KEYED)
    assert sorted(column(book, "amount")) == [3000, 5000, 8000]
    old, new = (accounts(book)[f"lines_2026-0{day}.csv"] for day in ("1-31", "2-28"))
    assert (old.read.rows, old.loaded.rows, old.skipped.rows) == (2, 1, 1)
    assert (old.read.money, old.loaded.money, old.skipped.money) == (
        {"USD": 15000},
        {"USD": 5000},
        {"USD": 10000},
    )
    assert [words for words, _ in old.rules] == ["replaced by a newer export"]
    assert new.loaded.rows == 2


def test_a_changed_amount_is_listed_with_file_and_row_of_both(tmp_path: Path) -> None:
    write(tmp_path, "lines_2026-01-31.csv", csv(line("I2", "50.00"), line("I1", "100.00")))
    write(tmp_path, "lines_2026-02-28.csv", csv(line("I1", "80.00"), line("I2", "50.00")))
    book = load(tmp_path, KEYED)
    assert book.replaced.rows() == [
        (
            "billing_lines",
            "I1",
            "lines_2026-02-28.csv",
            2,
            8000,
            "USD",
            "lines_2026-01-31.csv",
            3,
            10000,
        )
    ]
    (found,) = [item for item in book.findings if item.code == "replaced_changed"]
    assert found.severity is Severity.WARNING
    assert (found.source, found.row) == ("lines_2026-02-28.csv", 2)
    assert "80.00 USD here and was 100.00 in lines_2026-01-31.csv:3" in found.message
    assert "-20.00" in found.message


def test_an_invoice_edited_later_is_replaced_whole(tmp_path: Path) -> None:
    """A line taken off it stands in no newer row; keyed by line, it would live on."""
    header = f"line_id,{HEADER}"
    old = [f"L1,{line('I1', '100.00')}", f"L2,{line('I1', '40.00')}"]
    new = [f"L1,{line('I1', '100.00')}", f"L3,{line('I1', '25.00')}"]
    write(tmp_path, "lines_2026-01.csv", csv(*old, header=header))
    write(tmp_path, "lines_2026-02.csv", csv(*new, header=header))
    book = load(tmp_path, KEYED)
    assert sorted(column(book, "line_id")) == ["L1", "L3"]
    assert book.replaced.select("amount", "old_amount").rows() == [(12500, 14000)]


@pytest.mark.parametrize("preset", sorted(load_presets()))
def test_presets_of_invoice_lines_replace_documents_not_lines(preset: str) -> None:
    found = load_presets()[preset]
    if found.table == "billing_lines":
        assert "line_id" not in found.key


def test_a_document_that_the_newest_export_skips_does_not_live_on_in_an_older_one(
    tmp_path: Path,
) -> None:
    write(tmp_path, "lines_2026-01.csv", csv(line("I1", "100.00"), line("I2", "5.00")))
    write(tmp_path, "lines_2026-02.csv", csv(line("I1", "100.00", status="void")))
    book = load(tmp_path, KEYED | {"drop": {"status": "void"}})
    assert column(book, "invoice_id") == ["I2"]
    assert book.replaced.select("amount", "old_amount").rows() == [(0, 10000)]
    assert [words for words, _ in accounts(book)["lines_2026-02.csv"].rules] == ["status: void"]


def test_a_version_of_which_a_row_is_unreadable_still_replaces_the_older_one(
    tmp_path: Path,
) -> None:
    write(tmp_path, "lines_2026-01.csv", csv(line("I1", "100.00")))
    write(tmp_path, "lines_2026-02.csv", csv(line("I1", "x"), line("I1", "60.00")))
    book = load(tmp_path, KEYED, quarantine={"max_share": "1"})
    assert column(book, "amount") == [6000]
    assert book.quarantined.height == 1


def test_files_that_differ_without_a_known_order_stop_the_run(tmp_path: Path) -> None:
    write(tmp_path, "lines_a.csv", csv(line("I1", "100.00")))
    write(tmp_path, "lines_b.csv", csv(line("I9", "1.00"), line("I1", "80.00")))
    with pytest.raises(DataError, match=r'invoice_id "I1" differs in two files') as caught:
        load(tmp_path, KEYED)
    assert caught.value.where == "lines_a.csv:2, lines_b.csv:3"
    assert "lines" in str(caught.value.where)
    assert "updated" in str(caught.value.hint)


def test_the_time_of_a_file_decides_nothing(tmp_path: Path) -> None:
    for name, amount, seconds in (("lines_a.csv", "100.00", 1), ("lines_b.csv", "80.00", 9)):
        path = write(tmp_path, name, csv(line("I1", amount)))
        os.utime(path, (seconds, seconds))
    with pytest.raises(DataError, match="neither is known to be newer"):
        load(tmp_path, KEYED)


def test_one_undated_file_among_dated_ones_leaves_the_order_unknown(tmp_path: Path) -> None:
    for name, amount in (("lines_2026-01", "1.00"), ("lines_2026-02", "2.00"), ("lines", "3.00")):
        write(tmp_path, f"{name}.csv", csv(line("I1", amount)))
    with pytest.raises(DataError, match="differs in two files"):
        load(tmp_path, KEYED)


def test_the_latest_change_wins_over_the_date_of_the_file(tmp_path: Path) -> None:
    header = f"{HEADER},changed"
    newer = csv(f"{line('I1', '80.00')},2026-01-20T08:00:00Z", header=header)
    older = csv(f"{line('I1', '100.00')},2026-01-20T09:00:00+02:00", header=header)
    write(tmp_path, "lines_2026-01.csv", newer)
    write(tmp_path, "lines_2026-02.csv", older)
    assert column(load(tmp_path, KEYED | {"updated": "changed"}), "amount") == [8000]
    assert column(load(tmp_path, KEYED), "amount") == [10000]


def test_a_change_that_one_version_does_not_date_leaves_it_to_the_files(tmp_path: Path) -> None:
    header = f"{HEADER},changed"
    write(tmp_path, "lines_2026-01.csv", csv(f"{line('I1', '80.00')},2026-05-01", header=header))
    write(tmp_path, "lines_2026-02.csv", csv(f"{line('I1', '100.00')},", header=header))
    assert column(load(tmp_path, KEYED | {"updated": "changed"}), "amount") == [10000]


def test_a_column_of_changes_that_is_not_there_is_told(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write(tmp_path, f"lines_{name}.csv", csv(line("I1", "100.00")))
    with pytest.raises(DataError, match='no column "chnaged"'):
        load(tmp_path, KEYED | {"updated": "chnaged"})
    with pytest.raises(ConfigError, match="no column"):
        load(tmp_path, KEYED | {"key": "invoice"})


def test_two_rows_alike_in_one_file_are_two(tmp_path: Path) -> None:
    write(tmp_path, "lines_a.csv", csv(line("I1", "100.00"), line("I1", "100.00")))
    write(tmp_path, "lines_b.csv", csv(line("I1", "100.00"), line("I1", "100.00")))
    assert money(load(tmp_path, KEYED)) == {"USD": 20000}


def test_one_row_less_is_another_version(tmp_path: Path) -> None:
    write(tmp_path, "lines_a.csv", csv(line("I1", "100.00"), line("I1", "100.00")))
    write(tmp_path, "lines_b.csv", csv(line("I1", "100.00")))
    with pytest.raises(DataError, match="differs in two files"):
        load(tmp_path, KEYED)


def test_without_a_key_all_rows_count_and_doubled_ids_are_told(tmp_path: Path) -> None:
    header, row = f"line_id,{HEADER}", f"L1,{line('I1', '100.00')}"
    for name in ("a", "b"):
        write(tmp_path, f"lines_{name}.csv", csv(row, header=header))
    book = load(tmp_path, KEYED | {"key": []})
    assert money(book) == {"USD": 20000}
    assert "duplicate_line_id" in [finding.code for finding in book.findings]


def test_another_table_or_preset_is_never_replaced(tmp_path: Path) -> None:
    write(tmp_path, "lines.csv", csv(line("I1", "100.00")))
    pay = "payment_id,invoice_id,customer_id,attempted_on,outcome,amount,currency"
    write(tmp_path, "pay.csv", csv("P1,I1,C1,2026-01-05,succeeded,1.00,USD", header=pay))
    payments = {"path": "pay.csv", "table": "payments", "key": "invoice_id"}
    assert money(load(tmp_path, KEYED, payments)) == {"USD": 10000}


def test_stripe_invoices_of_two_exports_count_once_in_their_newest_version(
    tmp_path: Path,
) -> None:
    header = (
        "id,Amount Due,Customer,Currency,Subtotal,Tax,Total,Status,Date (UTC),Total Discount Amount"
    )
    old = "in_1,10.00,cus_1,usd,10.00,0.00,10.00,open,2026-01-05,0.00"
    new = "in_1,10.00,cus_1,usd,10.00,0.00,10.00,paid,2026-01-05,0.00"
    write(tmp_path, "invoices-2026-01-31.csv", csv(old, header=header))
    write(tmp_path, "invoices-2026-02-28.csv", csv(new, header=header))
    book = load(tmp_path, {"path": "invoices-*.csv", "preset": "stripe-invoices"})
    assert column(book, "status") == ["paid"]
    assert book.replaced.is_empty()


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("invoices_2026-09-01_2026-09-30.csv", "2026-09-30T00:00:00"),
        ("a/2026-10-31/invoices.csv", "2026-10-31T00:00:00"),
        ("2025/invoices_20261031.csv", "2026-10-31T00:00:00"),
        ("invoices_20261001_20261031.csv", "2026-10-31T00:00:00"),
        ("invoices_2026Q1.csv", "2026-03-31T00:00:00"),
        ("invoices-2026-02.csv.gz", "2026-02-28T00:00:00"),
        ("invoices 2026-10-31T23-59.csv", "2026-10-31T23:59:00"),
        ("invoices_20261031_235901.csv", "2026-10-31T23:59:01"),
        ("invoices_2025.csv", "2025-12-31T00:00:00"),
        ("invoices_2026-10-31 (1).csv", "2026-10-31T00:00:00"),
        ("invoices_2026-02-30.csv", None),
        ("invoices_31-10-2026.csv", None),
        ("export_20261399.csv", None),
        ("invoices.csv", None),
    ],
)
def test_a_files_date_is_the_last_day_its_name_states(name: str, day: str | None) -> None:
    found = date_in_name(name)
    assert (found and found.isoformat()) == day


def test_times_of_change_are_read_in_every_common_form() -> None:
    noon = int(datetime.fromisoformat("2026-10-31T12:00:00+00:00").timestamp()) * 1_000_000
    texts = {
        "2026-10-31T12:00:00Z": noon,
        "2026-10-31 12:00 UTC": noon,
        "2026-10-31 14:00:00+02:00": noon,
        "2026-10-31 05:00:00 -0700": noon,
        "2026-10-31T12:00:00.000001Z": noon + 1,
        str(noon // 1_000_000): noon,
        str(noon // 1_000): noon,
        "2026-10-31": noon - 12 * 3600 * 1_000_000,
        "10/31/2026 12:00": noon,
        "soon": None,
        "2026-13-01": None,
    }
    frame = pl.DataFrame({"text": list(texts)})
    read = frame.select(changed_at(pl.col("text"), ("%m/%d/%Y %H:%M",)))
    assert read.to_series().to_list() == list(texts.values())


Ledger = list[list[str]]


@st.composite
def ledgers(draw: st.DrawFn) -> Ledger:
    """Some invoices of one to three lines each, all of them keyed, some lines exactly alike."""
    documents = []
    for number in range(draw(st.integers(1, 8))):
        customer, day = draw(st.sampled_from("ABC")), draw(st.integers(1, 28))
        month = draw(st.integers(1, 6))
        amounts = draw(st.lists(st.integers(-5_000, 9_000), min_size=1, max_size=3))
        amounts += amounts[:1] if draw(st.booleans()) else []
        documents.append(
            [
                f"I{number},{customer},2026-{month:02}-{day:02},"
                f"{'recurring' if amount >= 0 else 'credit'},{amount / 100:.2f},USD,paid,"
                f"month,2026-{month:02}-01,2026-{month + 1:02}-01"
                for amount in amounts
            ]
        )
    return documents


def figures(folder: Path, files: dict[str, list[str]]) -> object:
    """The figures of `clv report` on some files, without the account of the files themselves."""
    header = f"{HEADER},interval,period_start,period_end"
    for name, rows in files.items():
        write(folder, name, csv(*rows, header=header))
    config = "sources:\n  - {path: 'lines*.csv', table: billing_lines, key: invoice_id}\n"
    path = write(folder, "clv.yaml", config)
    report = reporting.report(
        opening.Request(config=path, as_of="2026-06-30", period="6m", cache=False)
    )
    return [
        (result.table.name, result.rows.frame.rows())
        for result in report.results
        if result.table.name != "sources"
    ]


@settings(max_examples=EXAMPLES)
@given(ledger=ledgers(), data=st.data())
def test_twice_shuffled_or_cut_at_documents_an_export_gives_the_same_figures(
    ledger: Ledger, data: st.DataObject
) -> None:
    rows = [row for document in ledger for row in document]
    shuffled = data.draw(st.permutations(rows))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(ledger)), max_size=3)))
    pieces = [ledger[a:b] for a, b in zip([0, *cuts], [*cuts, len(ledger)], strict=True)]
    cut = {
        f"lines_{at}.csv": [row for document in piece for row in document]
        for at, piece in enumerate(pieces)
        if piece
    }
    others = {
        "twice": {"lines.csv": rows, "lines_b.csv": shuffled},
        "shuffled": {"lines.csv": shuffled},
        "cut": cut,
    }
    how = data.draw(st.sampled_from(sorted(others)))
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        once = figures(base / "once", {"lines.csv": rows})
        assert figures(base / how, others[how]) == once


@settings(max_examples=2 * EXAMPLES)
@given(ledger=ledgers(), data=st.data())
def test_the_account_foots_whatever_overlaps(ledger: Ledger, data: st.DataObject) -> None:
    """Loaded is each document's newest version; read = loaded + set aside + skipped, file by file."""
    header = f"{HEADER},interval,period_start,period_end"
    files: dict[str, list[str]] = {}
    newest: dict[int, list[str]] = {}
    for month in (1, 2, 3):
        chosen = data.draw(st.sets(st.sampled_from(range(len(ledger))), min_size=1))
        rows = []
        for number in sorted(chosen):
            document = ledger[number]
            if data.draw(st.booleans()):
                document = [row.replace(",paid,", ",lost,") for row in document[:1]] + document[1:]
            newest[number] = document
            rows += document
        files[f"lines_2026-0{month}.csv"] = rows
    loaded = [row for document in newest.values() for row in document if ",paid," in row]
    expected = sum(round(float(row.split(",")[4]) * 100) for row in loaded)
    with tempfile.TemporaryDirectory() as folder:
        for name, rows in files.items():
            write(Path(folder), name, csv(*rows, header=header))
        book = load(Path(folder), KEYED, base_currency="USD", quarantine={"max_share": "1"})
    for item in book.sources:
        assert item.read.rows == len(files[item.source])
        whole = item.loaded + item.quarantined + item.skipped
        assert (whole.rows, whole.money) == (item.read.rows, item.read.money)
    assert sum(item.loaded.rows for item in book.sources) == len(loaded)
    assert sum(item.loaded.money.get("USD", 0) for item in book.sources) == expected
