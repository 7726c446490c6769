"""Number formats, date orders, units and totals: decided per column, or the run stops with the key."""

from __future__ import annotations

import csv as python_csv
import io
from datetime import date
from typing import TYPE_CHECKING

import pytest

from clv_cli.errors import DataError
from tests.sources.exports import HEADER, LINE, codes, column, csv, load, money, write

if TYPE_CHECKING:
    from pathlib import Path

    from clv_cli.frames import Book

NAMES = HEADER.split(",")


def rows_of(cells: list[dict[str, str]], header: tuple[str, ...] = ()) -> str:
    text = io.StringIO(newline="")
    writer = python_csv.DictWriter(text, [*NAMES, *header], lineterminator="\n")
    writer.writeheader()
    plain = dict(zip(NAMES, LINE.split(","), strict=True))
    writer.writerows(plain | {"invoice_id": f"I{n}"} | row for n, row in enumerate(cells))
    return text.getvalue()


def read(folder: Path, text: str, **keys: object) -> Book:
    write(folder, "lines.csv", text)
    source = {"path": "lines.csv", "table": "billing_lines", **keys}
    return load(folder, source, quarantine={"max_share": "1"})


def amounts(folder: Path, *texts: str, currency: str = "USD", **keys: object) -> list[int]:
    rows = [{"amount": text, "currency": currency} for text in texts]
    return column(read(folder, rows_of(rows), **keys), "amount")


def days(folder: Path, *texts: str, **keys: object) -> list[date]:
    return column(
        read(folder, rows_of([{"issued_on": text} for text in texts]), **keys), "issued_on"
    )


def stop(folder: Path, text: str, **keys: object) -> DataError:
    with pytest.raises(DataError) as caught:
        read(folder, text, **keys)
    return caught.value


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("1,234.56", 123456),
        ("1,234,567.80", 123456780),
        ("1.234,56", 123456),
        ("1234,5", 123450),
        ("1.234.567,80", 123456780),
        ("1 234,56", 123456),
        ("1\u00a0234,56", 123456),
        ("1\u202f234,56", 123456),
        ("1\u2009234.56", 123456),
        ("1'234.56", 123456),
        ("1\u2019234.56", 123456),
        ("(12.30)", -1230),
        ("($1,234.50)", -123450),
        ("$(5)", -500),
        ("-$5", -500),
        ("$-5", -500),
        ("-5 USD", -500),
        ("5.00-", -500),
        ("\u22125.00", -500),
        ("+5.00", 500),
        ("US$5", 500),
        ("USD 1,234.50", 123450),
        ("$5.00 USD", 500),
        ("-$5.00 USD", -500),
    ],
)
def test_an_amount_is_read_in_every_usual_form(tmp_path: Path, text: str, minor: int) -> None:
    assert amounts(tmp_path, text) == [minor]


@pytest.mark.parametrize(
    "text", ["1,234", "12,345,6", "1.2.3", "5 GBP", "€5", "$5 GBP", "£5 USD", "1e3", "5%", "45k"]
)
def test_what_is_no_amount_or_could_be_two_is_never_read(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError):
        amounts(tmp_path, text)


def test_the_columns_own_values_decide_what_a_comma_is(tmp_path: Path) -> None:
    assert amounts(tmp_path, "1,234", "50.00") == [123400, 5000]
    assert amounts(tmp_path, "1.234", "50,00", currency="EUR") == [123400, 5000]
    assert amounts(tmp_path, *["10.00"] * 300, "1,234")[-1] == 123400


def test_an_ambiguous_column_stops_with_the_key_to_set(tmp_path: Path) -> None:
    text = rows_of([{"amount": "1,234"}, {"amount": "5"}])
    error = stop(tmp_path, text)
    assert error.what == 'amount can be read as us and as eu, such as "1,234"'
    assert error.hint == "set numbers: us or numbers: eu at sources[0]"
    assert column(read(tmp_path, text, numbers="us"), "amount") == [123400, 500]
    assert codes(read(tmp_path, text, numbers="eu")) == [(2, "amount", "sub_minor")]


def test_three_digits_after_a_point_are_a_fraction_only_where_the_currency_has_them(
    tmp_path: Path,
) -> None:
    assert amounts(tmp_path, "1.234", currency="KWD") == [1234]
    for currency in ("USD", "JPY"):
        with pytest.raises(DataError, match="can be read as us and as eu"):
            amounts(tmp_path, "1.234", currency=currency)


def test_a_point_beside_columns_with_commas_stops(tmp_path: Path) -> None:
    rows = [{"amount": "1.234,56", "currency": "EUR", "quantity": "1.500"}]
    text = rows_of(rows, ("quantity",))
    assert "plain and as eu" in stop(tmp_path, text).what
    assert column(read(tmp_path, text, numbers="eu"), "quantity") == [1500]


def test_which_of_cr_and_dr_is_negative_must_be_said(tmp_path: Path) -> None:
    text = rows_of([{"amount": "12.50 CR"}, {"amount": "3.00DR"}])
    assert "negative_mark: CR" in str(stop(tmp_path, text).hint)
    assert column(read(tmp_path, text, negative_mark="CR"), "amount") == [-1250, 300]
    assert column(read(tmp_path, text, negative_mark="DR"), "amount") == [1250, -300]


def test_texts_that_mean_empty_never_apply_to_ids(tmp_path: Path) -> None:
    row = {"customer_id": "--", "quantity": "--", "due_on": "N/A"}
    book = read(tmp_path, rows_of([row], ("quantity", "due_on")), empty=["--", "N/A"])
    assert (column(book, "customer_id"), column(book, "quantity")) == (["--"], [None])


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-14",
        "2026/3/14",
        "14/03/2026",
        "14.3.2026",
        "14-03-26",
        "3/14/2026",
        "3/14/26 2:51:07 PM",
        "14 Mar 2026",
        "14-March-2026",
        "Mar 14, 2026",
        "2026-03-14 12:01:33 PST",
        "2026-03-14 23:59:59 UTC",
        "14/03/2026 10:00 +0200",
        "2026-03-14 23:30:00 America/New_York",
    ],
)
def test_a_day_is_read_in_every_usual_form(tmp_path: Path, text: str) -> None:
    late = text.endswith("New_York")
    assert days(tmp_path, text) == [date(2026, 3, 15 if late else 14)]


@pytest.mark.parametrize(
    "text",
    ["31/04/2026", "2026-03-14 12:00 IST", "14/03/2026 25:00", "3/14/26 13:00 PM", "14/2026"],
)
def test_what_is_no_day_or_in_an_unknown_zone_is_set_aside(tmp_path: Path, text: str) -> None:
    book = read(tmp_path, rows_of([{"issued_on": text}, {"issued_on": "2026-01-05"}]))
    assert codes(book) == [(2, "issued_on", "bad_date")]


def test_one_value_decides_the_order_of_day_and_month_for_all(tmp_path: Path) -> None:
    assert days(tmp_path, "03/04/2026", "14/04/2026") == [date(2026, 4, 3), date(2026, 4, 14)]
    assert days(tmp_path, "03/04/2026", "04/14/2026") == [date(2026, 3, 4), date(2026, 4, 14)]


def test_an_ambiguous_order_stops_with_the_key_to_set(tmp_path: Path) -> None:
    text = rows_of([{"issued_on": "03/04/2026"}])
    error = stop(tmp_path, text)
    assert error.what == 'issued_on can be read as dmy and as mdy, such as "03/04/2026"'
    assert error.hint == "set date_format: dmy or date_format: mdy at sources[0]"
    assert days(tmp_path, "03/04/2026", date_format="mdy") == [date(2026, 3, 4)]


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("excel", "46027"),
        ("excel", "46027.5"),
        ("epoch", "1767614400"),
        ("epoch_ms", "1767614400000"),
    ],
)
def test_bare_numbers_are_days_only_where_the_config_says_so(
    tmp_path: Path, form: str, text: str
) -> None:
    error = stop(tmp_path, rows_of([{"issued_on": text}]))
    assert f"date_format: {form}" in str(error.hint)
    assert days(tmp_path, text, date_format=form) == [date(2026, 1, 5)]


def test_the_zone_of_a_time_may_stand_in_a_column_of_its_own(tmp_path: Path) -> None:
    rows = [
        {"issued_on": "2026-01-31 23:30:00", "Zone": "PST"},
        {"issued_on": "2026-01-31 23:30:00", "Zone": "UTC"},
        {"issued_on": "2026-01-31 23:30:00", "Zone": "America/New_York"},
    ]
    book = read(tmp_path, rows_of(rows, ("Zone",)), zone_column="Zone")
    assert column(book, "issued_on") == [date(2026, 2, 1), date(2026, 1, 31), date(2026, 2, 1)]


def test_decimals_in_minor_units_stop(tmp_path: Path) -> None:
    text = rows_of([{"amount": "1250"}, {"amount": "12.50"}])
    error = stop(tmp_path, text, units="minor")
    assert error.where == "lines.csv:3, column amount"
    assert error.hint == "set units: major at sources[0], or correct the amount"


def test_large_whole_amounts_in_an_apis_headers_stop_until_the_units_are_said(
    tmp_path: Path,
) -> None:
    text = rows_of([{"amount": str(100_000 + n)} for n in range(20)])
    assert "units: minor" in str(stop(tmp_path, text).hint)
    assert column(read(tmp_path, text, units="minor"), "amount")[0] == 100_000
    assert column(read(tmp_path, text, units="major"), "amount")[0] == 10_000_000
    yen = rows_of([{"amount": str(100_000 + n), "currency": "JPY"} for n in range(20)])
    assert column(read(tmp_path, yen), "amount")[0] == 100_000


def test_a_column_may_have_units_of_its_own(tmp_path: Path) -> None:
    text = rows_of([{"amount": "1.50", "tax": "30"}], ("tax",))
    assert column(read(tmp_path, text, column_units={"tax": "minor"}), "tax") == [30]


def test_a_currency_in_the_header_is_the_rows_currency(tmp_path: Path) -> None:
    text = csv("C,2026-01-01,5.00", header="Category,period_start,Amount spent (EUR)")
    write(tmp_path, "spend.csv", text.replace("C,", "marketing,"))
    write(tmp_path, "lines.csv", csv(LINE.replace("USD", "EUR")))
    spend = {"path": "spend.csv", "table": "spend", "columns": {"amount": "Amount spent"}}
    book = load(tmp_path, spend, {"path": "lines.csv", "table": "billing_lines"})
    assert column(book, "currency", "spend") == ["EUR"]
    two = csv("marketing,2026-01-01,5,6", header="category,period_start,Cost (EUR),Cost (USD)")
    write(tmp_path, "spend.csv", two)
    with pytest.raises(DataError, match=r"Cost \(EUR\) or Cost \(USD\)"):
        load(tmp_path, spend | {"columns": {"amount": "Cost"}})


def test_rows_that_say_so_change_their_sign(tmp_path: Path) -> None:
    rows = [{"amount": "5.00", "Type": "sale"}, {"amount": "2.00", "Type": "credit"}]
    book = read(tmp_path, rows_of(rows, ("Type",)), negate_when={"Type": "credit"})
    assert column(book, "amount") == [500, -200]


def test_a_total_row_that_agrees_is_skipped_with_a_note(tmp_path: Path) -> None:
    text = csv(LINE, "I2" + LINE[2:], "Total,,,,200.00,,")
    book = read(tmp_path, text)
    assert money(book) == {"USD": 20000}
    assert [finding.code for finding in book.findings] == ["total_row"]
    assert (book.sources[0].skipped.rows, book.sources[0].read.rows) == (1, 3)


def test_a_total_row_that_does_not_agree_stops(tmp_path: Path) -> None:
    error = stop(tmp_path, csv(LINE, "Grand total,,,,200.00,,"))
    assert error.what == ("the total in row 3 is 200.00 USD, but its rows sum to 100.00")
    assert error.where == "lines.csv:3, column amount"


def test_a_customer_whose_name_begins_with_total_is_a_customer(tmp_path: Path) -> None:
    text = csv(LINE.replace("I1", "Total Systems"), LINE)
    assert money(read(tmp_path, text)) == {"USD": 20000}


def test_only_a_total_with_an_amount_is_taken_for_one(tmp_path: Path) -> None:
    bad = "Summit,,,,100.00,,"
    assert codes(read(tmp_path, csv(LINE, bad)))[0][0] == 3
    assert codes(read(tmp_path, csv(LINE, "Total,,,,,,")))[0][0] == 3


def test_a_total_beside_rows_that_were_not_read_is_a_warning(tmp_path: Path) -> None:
    book = read(tmp_path, csv(LINE, LINE.replace("100.00", "x"), "Total,,,,200.00,,"))
    assert "total_not_compared" in [finding.code for finding in book.findings]


def test_groups_with_subtotals_a_grand_total_and_a_footer(tmp_path: Path) -> None:
    text = """\
Sales by customer
"May 11, 2025-May 11, 2026"

,Transaction date,Num,Amount
Acme,,,
,05/13/2025,1,"1,549.00"
,05/14/2025,2,-49.00
Total for Acme,,,"$1,500.00"
Bolt,,,
,05/15/2025,3,10.00
Total for Bolt,,,$10.00
TOTAL,,,"$1,510.00"
"Monday, May 11, 2026 05:00 PM"
"""
    keys = {
        "columns": {"customer_id": "", "invoice_id": "Num", "issued_on": "Transaction date"},
        "constants": {"kind": "one_off", "status": "paid", "currency": "USD"},
        "totals": "Total",
        "footer": "Monday",
        "fill_down": "",
    }
    book = read(tmp_path, text, **keys)
    assert column(book, "customer_id") == ["Acme", "Acme", "Bolt"]
    assert column(book, "amount") == [154900, -4900, 1000]
    assert "3 total rows agree" in " ".join(finding.message for finding in book.findings)
    wrong = text.replace("$1,510.00", "$1,511.00")
    assert "1511.00" in stop(tmp_path, wrong, **keys).what


def test_the_header_may_be_named_by_its_line(tmp_path: Path) -> None:
    text = f"{HEADER}\n" + csv(LINE)
    assert read(tmp_path, text, header_row=2).findings[0].code == "header_row"
    assert "no record in line 40" in stop(tmp_path, text, header_row=40).what
    assert "Month" in stop(tmp_path, csv(LINE), fill_down="Month").what
