from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clv_cli.errors import ConfigError, DataError
from clv_cli.frames import Severity
from tests.sources.exports import HEADER, LINE, codes, column, csv, load, load_lines, money, write

if TYPE_CHECKING:
    import random
    from pathlib import Path

    from clv_cli.frames import Book

LINES = {"path": "lines.csv", "table": "billing_lines"}
FX = {"path": "fx.csv", "table": "fx_rates"}


def test_a_missing_file_names_its_path(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        load(tmp_path, {"path": "nope*.csv", "table": "billing_lines"})
    assert "nope*.csv" in str(caught.value.where)
    assert caught.value.exit_code == 3


def test_a_glob_reads_its_files_in_sorted_order(tmp_path: Path) -> None:
    for name in ("b", "a", "c"):
        write(tmp_path, f"lines_{name}.csv", csv(LINE.replace("I1", name)))
    book = load(tmp_path, {"path": "lines_*.csv", "table": "billing_lines"})
    assert column(book, "invoice_id") == ["a", "b", "c"]
    assert [item.source for item in book.sources] == ["lines_a.csv", "lines_b.csv", "lines_c.csv"]


def test_a_file_of_exactly_that_name_is_meant_literally(tmp_path: Path) -> None:
    write(tmp_path, "x[1].csv", csv(LINE.replace("I1", "literal")))
    write(tmp_path, "x1.csv", csv(LINE.replace("I1", "glob")))
    book = load(tmp_path, {"path": "x[1].csv", "table": "billing_lines"})
    assert column(book, "invoice_id") == ["literal"]


def test_an_absolute_path_is_allowed(tmp_path: Path) -> None:
    path = write(tmp_path / "elsewhere", "lines.csv", csv(LINE))
    book = load(tmp_path, {"path": str(path), "table": "billing_lines"})
    assert money(book) == {"USD": 10000}
    pattern = {"path": str(path.parent / "l*.csv"), "table": "billing_lines"}
    assert money(load(tmp_path, pattern)) == {"USD": 10000}


def test_too_many_bad_rows_stop_with_the_first_three(tmp_path: Path) -> None:
    rows = [LINE] * 97 + [LINE.replace("100.00", f"bad{n}") for n in range(4)]
    write(tmp_path, "lines.csv", csv(*rows))
    with pytest.raises(DataError) as caught:
        load(tmp_path)
    assert "4 of 101 rows" in caught.value.what
    assert "lines.csv:99 amount bad_amount 'bad0'" in str(caught.value.where)
    assert "bad3" not in str(caught.value.where)
    assert load(tmp_path, quarantine={"max_share": "0.04"}).quarantined.height == 4


def test_too_much_bad_money_stops_though_the_rows_are_few(tmp_path: Path) -> None:
    rows = [LINE] * 199 + [LINE.replace("100.00", "5000.00").replace("paid", "lost")]
    write(tmp_path, "lines.csv", csv(*rows))
    with pytest.raises(DataError, match="money in USD"):
        load(tmp_path)


def test_at_most_twenty_findings_a_file_then_one_that_counts(tmp_path: Path) -> None:
    rows = [LINE.replace("100.00", "x")] * 25 + [LINE]
    book = load_lines(tmp_path, csv(*rows))
    assert len(book.findings) == 21
    assert book.quarantined.height == 25
    assert "5 more rows" in book.findings[-1].message
    assert {finding.severity for finding in book.findings} == {Severity.ERROR}


def test_the_account_foots_in_rows_and_money(tmp_path: Path) -> None:
    rows = [LINE, LINE.replace("paid", "lost"), LINE.replace("100.00", "x"), LINE + ",", ""]
    (account,) = load_lines(tmp_path, csv(*rows)).sources
    assert (account.read.rows, account.read.money) == (5, {"USD": 20000})
    assert (account.loaded.rows, account.loaded.money) == (1, {"USD": 10000})
    assert (account.quarantined.rows, account.quarantined.money) == (3, {"USD": 10000})
    assert (account.skipped.rows, account.unreadable) == (1, 2)
    assert (account.first_day, account.last_day) == (date(2026, 1, 5), date(2026, 1, 5))


def test_the_account_that_does_not_foot_stops() -> None:
    from clv_cli.frames import Tally
    from clv_cli.settings import Source
    from clv_cli.sources.account import Sums, report
    from clv_cli.sources.binding import bind
    from clv_cli.sources.headers import Header
    from clv_cli.sources.preset import spec_of
    from clv_cli.sources.structure import Structure

    spec = spec_of(Source(path="x", table="billing_lines"), None, "sources[0]")
    binding = bind(spec, Header(tuple(HEADER.split(",")), ","), "x", None)
    day = date(2026, 1, 5)
    frame = pl.DataFrame(
        [(0, "USD", "recurring", "paid", 2, 200, 200, 0, day, day)],
        schema=[
            *("state", "currency", "kind", "status", "rows", "money", "size", "unreadable"),
            *("first", "last"),
        ],
        orient="row",
    )
    structure = Structure(2, (), (), final_newline=True, tidy=True)
    whole = Tally(2, {"USD": 200})
    assert report(Sums(frame), whole, structure, "x", binding).loaded == whole
    for wrong in (Tally(1, {"USD": 200}), Tally(2, {"USD": 199})):
        with pytest.raises(DataError, match="do not add up"):
            report(Sums(frame), wrong, structure, "x", binding)


def test_line_stats_leave_drafts_and_voids_out_of_the_days(tmp_path: Path) -> None:
    rows = [
        LINE,
        "I2,C2,2025-01-01,one_off,1.00,USD,draft",
        "I3,C2,2027-01-01,one_off,1.00,USD,void",
        "I4,C3,2026-03-01,usage,1.00,USD,open",
    ]
    stats = load_lines(tmp_path, csv(*rows)).lines
    assert (stats.rows, stats.first_issued, stats.last_issued) == (
        4,
        date(2026, 1, 5),
        date(2026, 3, 1),
    )
    assert stats.kinds == ("one_off", "recurring", "usage")
    assert stats.statuses == ("draft", "open", "paid", "void")


def test_codes_number_the_sorted_customers(tmp_path: Path) -> None:
    rows = [LINE.replace("C1", name) for name in ("b", "a", "b", "Z")]
    book = load_lines(tmp_path, csv(*rows))
    assert book.codes.rows() == [("Z", 0), ("a", 1), ("b", 2)]
    assert book.codes.schema == {"customer_id": pl.String, "code": pl.Int32}


def test_repeated_line_ids_warn_and_all_rows_stay(tmp_path: Path) -> None:
    rows = [f"L1,{LINE}", f"L2,{LINE}", f"L1,{LINE}"]
    book = load_lines(tmp_path, csv(*rows, header=f"line_id,{HEADER}"))
    (warning,) = book.findings
    assert (warning.severity, warning.code) == (Severity.WARNING, "duplicate_line_id")
    assert "1 line_ids" in warning.message
    assert money(book) == {"USD": 30000}


def test_only_lines_without_an_id_get_one_made_of_invoice_and_row(tmp_path: Path) -> None:
    rows = [f"L1,{LINE}", f",{LINE}", f"L3,{LINE}"]
    book = load_lines(tmp_path, csv(*rows, header=f"line_id,{HEADER}"))
    assert column(book, "line_id") == ["L1", "I1:3", "L3"]


def test_the_same_file_twice_warns_once(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", csv(LINE))
    write(tmp_path, "b.csv", csv(LINE))
    book = load(tmp_path, {"path": "?.csv", "table": "billing_lines"})
    # The ids made of invoice and row coincide because the lines are alike: one fact, told once.
    assert [finding.code for finding in book.findings] == ["identical_lines"]


def test_made_ids_that_coincide_by_chance_still_warn(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", csv(LINE))
    write(tmp_path, "b.csv", csv(LINE.replace("100.00", "200.00")))
    book = load(tmp_path, {"path": "?.csv", "table": "billing_lines"})
    assert [finding.code for finding in book.findings] == ["duplicate_line_id"]


def test_ids_of_the_export_itself_warn_though_the_lines_are_alike(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", csv(f"L1,{LINE}", header=f"line_id,{HEADER}"))
    write(tmp_path, "b.csv", csv(f"L1,{LINE}", header=f"line_id,{HEADER}"))
    book = load(tmp_path, {"path": "?.csv", "table": "billing_lines"})
    assert [finding.code for finding in book.findings] == ["duplicate_line_id"]


def test_own_domains_and_flags_make_test_customers(tmp_path: Path) -> None:
    write(tmp_path, "lines.csv", csv(LINE))
    rows = ["C3,Own,a@OWN.example,,", "C1,Acme,b@acme.example,,true", "C2,Bolt,,Own.Example,false"]
    header = "customer_id,name,email,domain,is_test"
    write(tmp_path, "customers.csv", csv(*rows, "C4,Corp,x@corp.example,,", header=header))
    customers = {"path": "customers.csv", "table": "customers"}
    book = load(tmp_path, LINES, customers, own_domains=["own.example"])
    assert book.test_customers == ("C1", "C2", "C3")
    assert column(book, "domain", "customers") == [
        "own.example",
        "acme.example",
        "own.example",
        "corp.example",
    ]


def test_two_currencies_need_a_base_currency(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="2 currencies") as caught:
        load_lines(tmp_path, csv(LINE, LINE.replace("USD", "EUR")))
    assert "base_currency" in str(caught.value)
    assert load_lines(tmp_path, csv(LINE.replace("USD", "EUR"))).currency == "EUR"


def fx_book(folder: Path, day: str, *rates: str, **settings: object) -> Book:
    write(folder, "lines.csv", csv(LINE, LINE.replace("USD", "EUR").replace("2026-01-05", day)))
    write(folder, "fx.csv", csv(*rates, header="day,currency,rate"))
    return load(folder, LINES, FX, base_currency="USD", **settings)


def test_every_day_has_the_latest_rate_that_is_not_too_old(tmp_path: Path) -> None:
    book = fx_book(
        tmp_path,
        "2026-01-04",
        "2026-01-01,EUR,1.1",
        "2026-01-03,EUR,1.2000000001",
        fx={"max_age_days": 1},
    )
    assert book.rates.rows() == [
        ("EUR", date(2026, 1, 1), 11_000_000_000),
        ("EUR", date(2026, 1, 2), 11_000_000_000),
        ("EUR", date(2026, 1, 3), 12_000_000_001),
        ("EUR", date(2026, 1, 4), 12_000_000_001),
    ]
    assert book.rates.schema["rate"] == pl.Int64


def test_a_missing_rate_stops_with_its_day_and_row(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        fx_book(tmp_path, "2026-01-05", "2026-01-01,EUR,1.1", fx={"max_age_days": 3})
    assert caught.value.what == "no rate for EUR on 2026-01-05"
    assert "lines.csv:3" in str(caught.value.where)


def test_the_rate_of_a_draft_is_not_needed(tmp_path: Path) -> None:
    draft = LINE.replace("USD", "EUR").replace("paid", "draft")
    write(tmp_path, "lines.csv", csv(LINE, draft))
    assert load(tmp_path, LINES, base_currency="USD").rates.is_empty()


@pytest.mark.parametrize("second", ["2026-01-01,EUR,1.2", "2026-01-02,EUR,0", "2026-01-02,EUR,-1"])
def test_rates_that_contradict_or_are_not_positive_stop(tmp_path: Path, second: str) -> None:
    with pytest.raises(DataError, match=r"two different rates|not above zero"):
        fx_book(tmp_path, "2026-01-01", "2026-01-01,EUR,1.1", second)


def test_without_billing_lines_a_worksheet_is_enough(tmp_path: Path) -> None:
    write(
        tmp_path,
        "w.csv",
        csv("all,total,,900.00,USD", header="bucket,component,item,amount,currency"),
    )
    book = load(tmp_path, {"path": "w.csv", "table": "worksheet"})
    assert (book.lines.rows, book.lines.first_issued) == (0, date(1970, 1, 1))
    assert book.currency == "USD"
    write(tmp_path, "c.csv", csv("C1", header="customer_id"))
    with pytest.raises(DataError, match="no billing lines"):
        load(tmp_path, {"path": "c.csv", "table": "customers"})


def test_a_header_without_rows_loads_as_nothing_but_gives_no_totals(tmp_path: Path) -> None:
    write(tmp_path, "lines.csv", csv())
    with pytest.raises(DataError, match="no billing line was loaded"):
        load(tmp_path)
    assert load(tmp_path, base_currency="USD").lines.rows == 0


def test_a_yaml_list_reads_like_a_file(tmp_path: Path) -> None:
    write(tmp_path, "lines.csv", csv(LINE))
    text = """
initiatives:
  - {initiative_id: 1, name: Setup, aligned: true, effective_from: 2026-01-01, products: [a, b]}
  - {initiative_id: 2, name: Desk, aligned: false, effective_from: 2026-02-30}
"""
    write(tmp_path, "cx.yaml", text)
    source = {"path": "cx.yaml", "table": "initiatives"}
    book = load(tmp_path, LINES, source, quarantine={"max_share": "1"})
    assert column(book, "products", "initiatives") == [["a", "b"]]
    assert column(book, "row", "initiatives") == [1]
    assert codes(book) == [(2, "effective_from", "bad_date")]


@pytest.mark.parametrize("text", ["", "a: 1", "a: []", "a: [1]\nb: []", "a:\n- {x: 1, x: 2}"])
def test_a_yaml_file_of_another_shape_stops(tmp_path: Path, text: str) -> None:
    write(tmp_path, "cx.yaml", text)
    with pytest.raises((DataError, ConfigError)):
        load(tmp_path, {"path": "cx.yaml", "table": "initiatives"})


def test_the_parts_of_another_book_in_the_same_folder_stay(tmp_path: Path) -> None:
    first = load_lines(tmp_path, csv(LINE))
    load_lines(tmp_path, csv(LINE, LINE))
    assert first.table("billing_lines").collect().height == 1
    assert len(list((tmp_path / "store").glob("*.parquet"))) == 2


def test_an_impossible_date_format_stops_without_a_traceback(tmp_path: Path) -> None:
    write(tmp_path, "lines.csv", csv(LINE))
    with pytest.raises(DataError):
        load(tmp_path, {**LINES, "date_format": "%Q%"})


AMOUNTS = st.lists(st.integers(-(10**9), 10**9), min_size=2, max_size=20)


def rows_of(amounts: list[int]) -> list[str]:
    return [
        f"I{n},C{n % 3},2026-01-{n % 28 + 1:02d},recurring,{amount / 100:.2f},USD,paid"
        for n, amount in enumerate(amounts)
    ]


@settings(deadline=None, max_examples=25)
@given(AMOUNTS, st.integers(1, 4), st.randoms(use_true_random=False))
def test_splitting_and_shuffling_files_changes_no_total(
    tmp_path_factory: pytest.TempPathFactory, amounts: list[int], files: int, order: random.Random
) -> None:
    folder = tmp_path_factory.mktemp("split")
    rows = rows_of(amounts)
    whole = load_lines(folder, csv(*rows))
    order.shuffle(rows)
    for k in range(files):
        write(folder, f"part_{k}.csv", csv(*rows[k::files]))
    split = load(folder, {"path": "part_*.csv", "table": "billing_lines"}, base_currency="USD")
    assert money(split) == money(whole) == {"USD": sum(amounts)}
    assert split.codes.equals(whole.codes)
    by_customer = ["customer_id", "amount", "issued_on"]
    left, right = (
        book.table("billing_lines").select(by_customer).sort(by_customer).collect()
        for book in (split, whole)
    )
    assert left.equals(right)


DAMAGES = st.sampled_from(
    [
        lambda row: row + ",x",
        lambda row: row.rsplit(",", 1)[0],
        lambda _: "",
        lambda _: HEADER,
        lambda row: row.replace("2026", "20x6"),
        lambda row: row.replace(".", ","),
        lambda row: row.replace("C", '"C'),
        lambda row: row.replace("USD", ""),
        lambda row: row.replace("paid", "gone"),
        lambda row: row + "\r",
        lambda row: row.replace("I", " I"),
    ]
)


@settings(deadline=None, max_examples=25)
@given(AMOUNTS, st.dictionaries(st.integers(0, 19), DAMAGES, max_size=5))
def test_whatever_is_damaged_read_is_loaded_and_quarantined_and_skipped(
    tmp_path_factory: pytest.TempPathFactory, amounts: list[int], damages: dict[int, Any]
) -> None:
    rows = rows_of(amounts)
    for place, damage in damages.items():
        if place < len(rows):
            rows[place] = damage(rows[place])
    try:
        book = load_lines(tmp_path_factory.mktemp("damage"), csv(*rows), base_currency="USD")
    except DataError:
        return
    (account,) = book.sources
    parts = account.loaded + account.quarantined + account.skipped
    # A stray quote may join rows to one record, which is then set aside as a whole.
    assert parts.rows == account.read.rows <= len(rows)
    assert account.read.rows == len(rows) or "bad_quote" in {code for *_, code in codes(book)}
    assert {k: v for k, v in parts.money.items() if v} == {
        k: v for k, v in account.read.money.items() if v
    }
    kept = set(column(book, "row")) | {row for row, *_ in codes(book)}
    assert len(kept) == account.loaded.rows + account.quarantined.rows
    for name, amount in zip(column(book, "invoice_id"), column(book, "amount"), strict=True):
        assert amount == amounts[int(name.removeprefix("I"))]
