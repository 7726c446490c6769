from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest

from clv_cli.errors import ConfigError, DataError
from clv_cli.sources import load_presets
from clv_cli.sources.presets import PRESETS
from clv_cli.yaml_marks import load_marked
from tests.sources.exports import LINE, column, csv, load, money, write

if TYPE_CHECKING:
    from clv_cli.frames import Book

SAMPLES = Path(__file__).parents[1] / "presets"
INVOICES = (SAMPLES / "stripe-invoices" / "in.csv").read_text(encoding="utf-8")
LINES = (SAMPLES / "stripe-invoice-lines" / "in.csv").read_text(encoding="utf-8")
HEADS = (SAMPLES / "stripe-invoice-lines" / "invoices.csv").read_text(encoding="utf-8")
ENRICHED = (
    {"path": "lines.csv", "preset": "stripe-invoice-lines"},
    {"path": "heads.csv", "table": "invoices"},
)


def test_every_preset_file_is_registered_and_has_a_sample() -> None:
    from clv_cli.sources import presets

    files = {path.stem for path in Path(presets.__file__).parent.glob("*.yaml")}
    assert files == set(PRESETS) == set(load_presets())
    assert {path.name for path in SAMPLES.iterdir()} == files
    assert all(preset.name == name for name, preset in load_presets().items())


def sample_book(folder: Path, name: str, **entry: object) -> Book:
    """Load the sample of a preset, as `entry` asks, beside a line of our own and rates."""
    for path in (SAMPLES / name).iterdir():
        shutil.copy(path, folder)
    extra = folder / "source.yaml"
    # What no preset can know, such as which question of a survey is the score.
    known = (
        load_marked(extra.read_text(encoding="utf-8"), "source.yaml").value
        if extra.exists()
        else {}
    )
    assert isinstance(known, dict)
    write(folder, "own.csv", csv(LINE))
    sources = [{"path": "in.csv", **entry, **known}, {"path": "own.csv", "table": "billing_lines"}]
    if (folder / "invoices.csv").exists():
        sources.append({"path": "invoices.csv", "table": "invoices"})
    days = [f"2026-0{month}-{day:02}" for month in (1, 2) for day in range(1, 29)]
    rates = [f"{day},{rate}" for day in days for rate in ("EUR,1.1", "JPY,0.007")]
    write(folder, "fx.csv", csv(*rates, header="day,currency,rate"))
    sources.append({"path": "fx.csv", "table": "fx_rates"})
    return load(folder, *sources, base_currency="USD", own_domains="own.example")


@pytest.mark.parametrize("name", PRESETS)
def test_a_sample_of_each_export_reads_as_expected(tmp_path: Path, name: str) -> None:
    book = sample_book(tmp_path, name, preset=name)
    table = load_presets()[name].table
    rows = book.table(table).filter(pl.col("source") == "in.csv").sort("row").collect()
    lists = [column for column, kind in rows.schema.items() if kind == pl.List(pl.String)]
    flat = rows.with_columns(pl.col(lists).list.join(";"))
    expected = SAMPLES / name / "expected.csv"
    if os.environ.get("CLV_UPDATE"):
        expected.write_text(flat.write_csv(), encoding="utf-8")
    assert flat.write_csv() == expected.read_text(encoding="utf-8")
    assert book.quarantined.is_empty()


@pytest.mark.parametrize("name", PRESETS)
def test_auto_recognises_each_sample_and_says_so(tmp_path: Path, name: str) -> None:
    book = sample_book(tmp_path, name)
    (note,) = [finding for finding in book.findings if finding.code == "preset_detected"]
    assert name in note.message
    assert next(item.preset for item in book.sources if item.source == "in.csv") == name


def test_a_dashboards_preset_refuses_an_api_dump_in_minor_units(tmp_path: Path) -> None:
    header, *rows = INVOICES.splitlines()
    snake = header.replace(" (UTC)", "").replace(" ", "_").lower()
    write(tmp_path, "x.csv", csv(*rows, header=snake))
    with pytest.raises(DataError, match="minor units"):
        load(tmp_path, {"path": "x.csv", "preset": "stripe-invoices"})
    with pytest.raises(ConfigError, match="style of its headers"):
        load(tmp_path, {"path": "x.csv"})


def test_an_unknown_export_names_the_nearest_preset_and_what_it_lacks(tmp_path: Path) -> None:
    header, *rows = INVOICES.splitlines()
    write(tmp_path, "x.csv", csv(*rows, header=header.replace("Total,Amount Paid", "Sum,Paid in")))
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, {"path": "x.csv", "preset": "auto"})
    assert "stripe-invoices" in caught.value.what
    assert "lacks Total" in caught.value.what


def test_the_config_overrides_a_preset_key_by_key(tmp_path: Path) -> None:
    shutil.copy(SAMPLES / "stripe-customers" / "in.csv", tmp_path)
    write(tmp_path, "own.csv", csv(LINE))
    customers = {
        "path": "in.csv",
        "preset": "stripe-customers",
        "columns": {"segment": "segment (metadata)"},
        "constants": {"channel": "ads"},
        "timezone": "Asia/Tokyo",
    }
    book = load(tmp_path, customers, {"path": "own.csv", "table": "billing_lines"})
    assert column(book, "segment", "customers") == ["smb", None, None]
    assert column(book, "channel", "customers") == ["ads"] * 3


def test_the_first_alias_in_the_list_wins(tmp_path: Path) -> None:
    header = "invoice_id,customer_id,issued_on,kind,Net,Gross,currency,status"
    write(tmp_path, "x.csv", csv("I1,C1,2026-01-05,recurring,1.00,1.19,EUR,paid", header=header))
    source = {"path": "x.csv", "table": "billing_lines", "columns": {"amount": ["net", "Gross"]}}
    assert money(load(tmp_path, source)) == {"EUR": 100}


def test_headers_match_whatever_their_case_marks_and_punctuation(tmp_path: Path) -> None:
    header = "*Invoice-ID,CUSTOMER ID,Issued on (UTC),Kind,Amount,Currency,Status"
    write(tmp_path, "lines.csv", csv(LINE, header=header))
    assert money(load(tmp_path)) == {"USD": 10000}


def test_rows_without_the_key_of_a_touch_are_skipped_and_counted(tmp_path: Path) -> None:
    shutil.copy(SAMPLES / "zendesk-tickets" / "in.csv", tmp_path)
    write(tmp_path, "own.csv", csv(LINE))
    book = load(
        tmp_path,
        {"path": "in.csv", "preset": "zendesk-tickets"},
        {"path": "own.csv", "table": "billing_lines"},
        base_currency="USD",
    )
    account = next(item for item in book.sources if item.table == "touches")
    assert (account.read.rows, account.loaded.rows, account.skipped.rows) == (2, 1, 1)
    assert book.quarantined.is_empty()


def test_dropped_rows_are_skipped_with_their_money(tmp_path: Path) -> None:
    write(tmp_path, "lines.csv", csv(LINE, LINE.replace("paid", "Draft")))
    source = {"path": "lines.csv", "table": "billing_lines", "drop": {"Status": ["draft"]}}
    book = load(tmp_path, source)
    (account,) = book.sources
    assert account.skipped.rows == 1
    assert account.skipped.money == {"USD": 10000}
    assert money(book) == {"USD": 10000}


def test_negate_turns_the_sign(tmp_path: Path) -> None:
    write(tmp_path, "lines.csv", csv(LINE))
    source = {
        "path": "lines.csv",
        "table": "billing_lines",
        "negate": "amount",
        "constants": {"kind": "credit"},
    }
    book = load(tmp_path, source)
    assert money(book) == {"USD": -10000}
    assert column(book, "kind") == ["credit"]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ({"preset": "stripe-invoice"}, "did you mean stripe-invoices?"),
        ({"table": "billing_line"}, "did you mean billing_lines?"),
        ({"table": "billing_lines", "columns": {"customer": "x"}}, "did you mean customer_id?"),
        ({"table": "billing_lines", "constants": {"sort": "x"}}, 'no column "sort"'),
        ({"table": "billing_lines", "negate": "amout"}, "did you mean amount?"),
        ({"table": "billing_lines", "columns": {"amount": "Amuont"}}, "did you mean amount?"),
        ({"table": "billing_lines", "drop": {"State": ["x"]}}, "did you mean status?"),
    ],
)
def test_a_wrong_name_is_answered_with_the_nearest(
    tmp_path: Path, source: dict[str, object], words: str
) -> None:
    header = "invoice_id,customer_id,issued_on,kind,amount,currency,status"
    write(tmp_path, "lines.csv", csv(LINE, header=header))
    with pytest.raises((ConfigError, DataError)) as caught:
        load(tmp_path, {"path": "lines.csv", **source})
    assert words in str(caught.value)
    assert "sources[0]" in str(caught.value)


def test_a_missing_required_column_lists_what_is_there(tmp_path: Path) -> None:
    header = "invoice_id,client_no,issued_on,kind,amount,currency,status"
    write(tmp_path, "lines.csv", csv(LINE, header=header))
    with pytest.raises(DataError) as caught:
        load(tmp_path)
    text = str(caught.value)
    assert "customer_id" in text
    assert "client_no" in text
    assert "sources[0].columns" in text


OWN = """\
name: till
table: billing_lines
signature: {all: [Slip, Sum]}
columns: {invoice_id: Slip, customer_id: Guest, issued_on: Day, amount: Sum, currency: Ccy}
constants: {kind: one_off, status: paid}
skip_empty: customer_id
"""


def test_a_preset_of_the_users_own_reads_like_one_of_ours(tmp_path: Path) -> None:
    write(tmp_path, "mine/till.yaml", OWN)
    rows = csv(
        "S1,G1,2026-01-05,12.50,USD", "S2,,2026-01-06,1.00,USD", header="Slip,Guest,Day,Sum,Ccy"
    )
    write(tmp_path, "x.csv", rows)
    book = load(tmp_path, {"path": "x.csv", "preset": "./mine/till.yaml"})
    assert money(book) == {"USD": 1250}
    (account,) = book.sources
    assert (account.preset, account.skipped.rows) == ("till", 1)
    assert not book.findings


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("invoice_id: Slip", "invoice: Slip", "till.yaml:1:1: billing_lines has no column invoice"),
        (
            "skip_empty",
            "skip_emty",
            "till.yaml:6:1: skip_emty: unknown key; did you mean skip_empty?",
        ),
        ("table: billing_lines", "table: billings", "there is no table billings"),
        ("name: till\n", "name: till\nname: tills\n", "till.yaml:2:1: name stands twice"),
        ("{all: [Slip, Sum]}", "[", "till.yaml:5:1"),
        ("signature: {all: [Slip, Sum]}", "units: cents", "till.yaml:3:1: units:"),
    ],
)
def test_a_fault_in_an_own_preset_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    write(tmp_path, "till.yaml", OWN.replace(old, new))
    write(tmp_path, "x.csv", csv("S1,G1,2026-01-05,12.50,USD", header="Slip,Guest,Day,Sum,Ccy"))
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, {"path": "x.csv", "preset": "till.yaml"})
    assert words in str(caught.value)


def test_an_own_preset_that_is_not_there_stops(tmp_path: Path) -> None:
    write(tmp_path, "x.csv", csv(LINE))
    with pytest.raises(ConfigError, match="cannot be read") as caught:
        load(tmp_path, {"path": "x.csv", "preset": "till.yaml"})
    assert caught.value.where == "sources[0].preset (No such file or directory)"


def test_a_last_day_that_is_inclusive_becomes_the_day_after(tmp_path: Path) -> None:
    own = (
        OWN.replace("currency: Ccy", "currency: Ccy, period_end: Until") + "inclusive: period_end\n"
    )
    write(tmp_path, "till.yaml", own)
    row = "S1,G1,2026-01-05,12.50,USD,2026-02-28"
    write(tmp_path, "x.csv", csv(row, header="Slip,Guest,Day,Sum,Ccy,Until"))
    book = load(tmp_path, {"path": "x.csv", "preset": "till.yaml"})
    assert str(column(book, "period_end")) == "[datetime.date(2026, 3, 1)]"


def test_the_first_cell_that_is_filled_counts_and_absent_columns_are_passed_over(
    tmp_path: Path,
) -> None:
    own = OWN.replace("customer_id: Guest, ", "").replace("skip_empty: customer_id\n", "")
    write(tmp_path, "till.yaml", own + "derive: {customer_id: {first_of: [Guest, Phone, Slip]}}\n")
    rows = ("S1,G1,2026-01-05,1.00,USD", "S2,,2026-01-06,1.00,USD")
    write(tmp_path, "x.csv", csv(*rows, header="Slip,Guest,Day,Sum,Ccy"))
    book = load(tmp_path, {"path": "x.csv", "preset": "till.yaml"})
    assert column(book, "customer_id") == ["G1", "S2"]


def enriched(folder: Path, lines: str = LINES, heads: str = HEADS, **settings: object) -> Book:
    write(folder, "lines.csv", lines)
    write(folder, "heads.csv", heads)
    write(folder, "fx.csv", "day,currency,rate\n2026-01-31,EUR,1.1\n")
    fx = {"path": "fx.csv", "table": "fx_rates"}
    whole = {"base_currency": "USD", "quarantine": {"max_share": "1"}, **settings}
    return load(folder, *ENRICHED, fx, **whole)


def test_a_line_without_its_invoice_is_set_aside(tmp_path: Path) -> None:
    book = enriched(tmp_path, LINES.replace("il_3,in_2", "il_3,in_9"))
    assert book.quarantined.select("row", "column", "code", "value").rows() == [
        (4, "invoice_id", "no_invoice", "in_9")
    ]
    account = next(item for item in book.sources if item.source == "lines.csv")
    assert account.quarantined.money == {"USD": 2500}


def test_lines_that_do_not_sum_to_their_invoice_warn_with_the_difference(tmp_path: Path) -> None:
    book = enriched(tmp_path, heads=HEADS.replace("50.00", "51.00"))
    (warning,) = [finding for finding in book.findings if finding.code == "lines_differ"]
    assert "in_2" in warning.message
    assert "difference -1.00" in warning.message
    assert warning.row == 3


def test_invoices_without_lines_become_one_line_each(tmp_path: Path) -> None:
    heads = HEADS + "in_3,cus_3,2026-02-05,,,7.00,USD,open\n"
    book = enriched(tmp_path, heads=heads)
    rows = book.table("billing_lines").filter(pl.col("invoice_id") == "in_3").collect()
    assert rows.select("line_id", "kind", "amount", "source", "row", "period_start").rows() == [
        ("in_3", "one_off", 700, "heads.csv", 4, None)
    ]
    assert money(book) == {"EUR": 10000, "USD": 5000 + 700}


def test_an_invoice_with_nothing_but_a_credit_still_becomes_a_line(tmp_path: Path) -> None:
    write(tmp_path, "heads.csv", HEADS.replace("EUR", "USD"))
    credit = LINE.replace("I1", "in_1").replace("recurring", "credit").replace("100.00", "-5.00")
    write(tmp_path, "credits.csv", csv(credit))
    book = load(
        tmp_path,
        {"path": "heads.csv", "table": "invoices"},
        {"path": "credits.csv", "table": "billing_lines"},
    )
    assert money(book) == {"USD": 10000 + 5000 - 500}


def test_api_lines_without_any_invoices_stop(tmp_path: Path) -> None:
    write(tmp_path, "lines.csv", LINES)
    with pytest.raises(DataError, match="no invoices to take them from"):
        load(tmp_path, {"path": "lines.csv", "preset": "stripe-invoice-lines"})
