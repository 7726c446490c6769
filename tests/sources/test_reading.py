from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clv_cli.errors import ConfigError, DataError
from clv_cli.money import MAX_MINOR, exponent, to_text
from clv_cli.sources.reading import currency_code, money, number, step_of
from tests.sources.exports import (
    HEADER,
    LINE,
    codes,
    column,
    csv,
    load,
    load_lines,
    write,
)

if TYPE_CHECKING:
    from pathlib import Path

    from clv_cli.frames import Book


def read(texts: list[str], currency: str, units: str = "major") -> list[int | None]:
    frame = pl.DataFrame({"text": texts}, schema={"text": pl.String})
    step = step_of(currency_code(pl.lit(currency)))
    return frame.select(money(pl.col("text"), units, step))["text"].to_list()


def loaded(folder: Path, **cells: str) -> Book:
    row = dict(zip(HEADER.split(","), LINE.split(","), strict=True)) | cells
    return load_lines(folder, csv(",".join(row.values()), header=",".join(row)))


@settings(deadline=None, max_examples=25)
@given(
    st.integers(-MAX_MINOR, MAX_MINOR),
    st.sampled_from(("USD", "JPY", "KWD", "CLF")),
    st.integers(0, 5),
)
def test_reading_a_written_amount_gives_the_amount(minor: int, currency: str, zeros: int) -> None:
    text = to_text(minor, currency)
    longer = text + "0" * zeros if "." in text else text
    assert read([text, longer], currency) == [minor, minor]


@settings(deadline=None, max_examples=25)
@given(st.text(alphabet="0123456789.,-+eE $()_'\u2212\u0663", max_size=8))
def test_no_amount_is_read_from_text_outside_the_grammar(text: str) -> None:
    import re

    (minor,) = read([text], "USD")
    legal = re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text, re.ASCII)
    exact = legal and (Decimal(text) * 100) % 1 == 0 and abs(Decimal(text) * 100) <= MAX_MINOR
    assert minor == (int(Decimal(text) * 100) if exact else None)


@pytest.mark.parametrize(
    ("currency", "text", "minor"),
    [
        ("USD", "1.005", None),
        ("USD", "1.500000", 150),
        ("USD", "-0.00", 0),
        ("USD", "1000000000000.00", 10**14),
        ("USD", "1000000000000.01", None),
        ("JPY", "12.5", None),
        ("JPY", "1200.0", 1200),
        ("KWD", "1.234", 1234),
        ("KWD", "1.2345", None),
        ("CLF", "1.2345", 12345),
    ],
)
def test_the_currency_decides_how_fine_an_amount_may_be(
    currency: str, text: str, minor: int | None
) -> None:
    assert read([text], currency) == [minor]
    assert exponent(currency) == {"USD": 2, "JPY": 0, "KWD": 3, "CLF": 4}[currency]


def test_an_amount_at_the_edge_of_64_bits_is_out_of_bounds() -> None:
    """Of -2^63 there is no positive counterpart: a bound on its size alone would let it through."""
    assert read(["-922337203685477.5808", "922337203685477.5807"], "CLF") == [None, None]


def test_minor_units_are_whole_numbers() -> None:
    assert read(["1234", "-5", "12.5", "12.0", "1e3"], "USD", "minor") == [
        1234,
        -5,
        None,
        None,
        None,
    ]


@settings(deadline=None, max_examples=25)
@given(st.decimals(-(10**12), 10**12, places=6))
def test_numbers_are_exact(value: Decimal) -> None:
    frame = pl.DataFrame({"text": [f"{value:f}"]})
    assert frame.select(number(pl.col("text"), 6)).item() == value


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ({"amount": "abc"}, "bad_amount"),
        ({"amount": "NaN"}, "bad_amount"),
        ({"amount": "\u20ac5.00"}, "currency_sign"),
        ({"amount": "5.00 GBP"}, "currency_sign"),
        ({"amount": "12.34.56"}, "bad_amount"),
        ({"amount": "1.005"}, "sub_minor"),
        ({"amount": ""}, "missing_value"),
        ({"amount": "92233720368547758.08"}, "bad_amount"),
        ({"issued_on": "2026-02-30"}, "bad_date"),
        ({"issued_on": "0001-01-01"}, "bad_date"),
        ({"issued_on": "9999-12-31"}, "bad_date"),
        ({"issued_on": "46027"}, "bad_date"),
        ({"issued_on": "05/01/2026"}, "bad_date"),
        ({"kind": "gift"}, "unknown_choice"),
        ({"status": ""}, "missing_value"),
        ({"customer_id": "  "}, "missing_value"),
        ({"currency": ""}, "missing_value"),
        ({"quantity": "1,00,0"}, "bad_number"),
        ({"quantity": "0.1234567"}, "bad_number"),
    ],
)
def test_a_cell_outside_its_grammar_sets_its_row_aside_with_the_reason(
    tmp_path: Path, cell: dict[str, str], code: str
) -> None:
    name, value = next(iter(cell.items()))
    row = dict(zip(HEADER.split(","), LINE.split(","), strict=True)) | cell
    values = ",".join(f'"{text}"' for text in row.values())
    good = LINE.replace("I1", "I2") + ",1" * (len(row) - 7)
    book = load_lines(tmp_path, csv(values, good, header=",".join(row)))
    assert codes(book) == [(2, name, code)]
    assert book.quarantined["value"].to_list() == [value.strip() or None]
    assert column(book, "invoice_id") == ["I2"]
    (finding,) = book.findings
    assert (finding.row, finding.column, finding.code) == (2, name, code)


def test_a_row_with_two_faults_is_set_aside_once_for_the_first(tmp_path: Path) -> None:
    book = load_lines(tmp_path, csv(LINE, "I2,C1,never,gift,abc,USD,paid"))
    assert codes(book) == [(3, "issued_on", "bad_date")]


@pytest.mark.parametrize("text", ["usd", " USD ", "Usd"])
def test_a_currency_is_one_in_every_spelling(tmp_path: Path, text: str) -> None:
    assert column(loaded(tmp_path, currency=text), "currency") == ["USD"]


def test_an_unknown_currency_stops_with_its_row(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        load_lines(tmp_path, csv(LINE, LINE.replace("USD", "EURO")))
    assert '"EURO"' in caught.value.what
    assert "lines.csv:3" in str(caught.value.where)
    assert "EUR?" in str(caught.value.hint)


def test_ids_are_text_whatever_they_look_like(tmp_path: Path) -> None:
    ids = ["007", "7", "1E5", "100000", "NULL", "NA", "None", "9" * 23]
    rows = [LINE.replace("C1", name) for name in ids]
    assert column(load_lines(tmp_path, csv(*rows)), "customer_id") == ids


def test_an_id_that_a_spreadsheet_rounded_stops(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="rounded"):
        load_lines(tmp_path, csv(LINE.replace("C1", "1.23457E+12")))


@pytest.mark.parametrize(
    ("text", "zone", "reporting", "day"),
    [
        ("2026-01-31", "UTC", "America/New_York", date(2026, 1, 31)),
        ("2026-02-01 03:30", "UTC", "America/New_York", date(2026, 1, 31)),
        ("2026-02-01 03:30", "UTC", "UTC", date(2026, 2, 1)),
        ("2026-01-31T23:30:00", "America/New_York", "UTC", date(2026, 2, 1)),
        ("2026-01-31T23:30:00-08:00", "Asia/Tokyo", "UTC", date(2026, 2, 1)),
        ("2026-02-01T00:30:00+01:00", "UTC", "UTC", date(2026, 1, 31)),
        ("2026-02-01T00:30:00.123Z", "Asia/Tokyo", "America/New_York", date(2026, 1, 31)),
        ("2026-02-01 00:30:59 UTC", "Asia/Tokyo", "UTC", date(2026, 2, 1)),
        ("2026-10-25 01:30", "Europe/London", "Europe/Berlin", date(2026, 10, 25)),
    ],
)
def test_times_become_days_of_the_reporting_zone(
    tmp_path: Path, text: str, zone: str, reporting: str, day: date
) -> None:
    write(tmp_path, "lines.csv", csv(LINE.replace("2026-01-05", text)))
    source = {"path": "lines.csv", "table": "billing_lines", "timezone": zone}
    assert column(load(tmp_path, source, timezone=reporting), "issued_on") == [day]


def test_days_and_times_may_stand_in_one_iso_column(tmp_path: Path) -> None:
    days = ["2026-01-05"] * 300 + ["2026-01-31T23:30:00-08:00"]
    rows = [LINE.replace("2026-01-05", text) for text in days]
    book = load_lines(tmp_path, csv(*rows))
    assert column(book, "issued_on")[-1] == date(2026, 2, 1)
    assert codes(book) == []


def test_the_zone_in_a_header_wins_over_the_sources(tmp_path: Path) -> None:
    header = HEADER.replace("issued_on", "issued_on (America/New_York)")
    write(tmp_path, "lines.csv", csv(LINE.replace("2026-01-05", "2026-01-05 22:00"), header=header))
    assert column(load(tmp_path), "issued_on") == [date(2026, 1, 6)]


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("%m/%d/%Y", "1/5/2026"),
        ("%d.%m.%Y", "05.01.2026"),
        ("epoch", "1767571200"),
        ("%m/%d/%Y %H:%M", "01/05/2026 10:30"),
        ("%Y-%m-%d %H:%M:%S %z", "2026-01-05 10:00:00 -0400"),
    ],
)
def test_other_date_formats_are_declared(tmp_path: Path, form: str, text: str) -> None:
    write(tmp_path, "lines.csv", csv(LINE.replace("2026-01-05", text)))
    source = {"path": "lines.csv", "table": "billing_lines", "date_format": form}
    assert column(load(tmp_path, source), "issued_on") == [date(2026, 1, 5)]


def test_a_month_is_its_first_day(tmp_path: Path) -> None:
    write(tmp_path, "lines.csv", csv(LINE.replace("2026-01-05", "2026-01")))
    source = {"path": "lines.csv", "table": "billing_lines", "date_format": "%Y-%m"}
    assert column(load(tmp_path, source), "issued_on") == [date(2026, 1, 1)]


def test_one_format_reads_the_whole_column_and_the_rest_is_set_aside(tmp_path: Path) -> None:
    days = ["01/13/2026", "01/14/2026", "13/01/2026"]
    write(tmp_path, "lines.csv", csv(*(LINE.replace("2026-01-05", day) for day in days)))
    source = {
        "path": "lines.csv",
        "table": "billing_lines",
        "date_format": ["%d/%m/%Y", "%m/%d/%Y"],
    }
    book = load(tmp_path, source, quarantine={"max_share": "1"})
    assert column(book, "issued_on") == [date(2026, 1, 13), date(2026, 1, 14)]
    assert codes(book) == [(4, "issued_on", "bad_date")]


def test_two_formats_that_read_every_value_differently_stop(tmp_path: Path) -> None:
    write(tmp_path, "lines.csv", csv(LINE.replace("2026-01-05", "01/02/2026")))
    source = {
        "path": "lines.csv",
        "table": "billing_lines",
        "date_format": ["%d/%m/%Y", "%m/%d/%Y"],
    }
    with pytest.raises(DataError, match="can be read as"):
        load(tmp_path, source)


@settings(deadline=None, max_examples=25)
@given(st.dates(date(1990, 1, 1), date(2099, 12, 31)), st.integers(-14 * 60, 14 * 60))
def test_every_instant_falls_on_the_day_that_its_offset_says(day: date, offset: int) -> None:
    from datetime import UTC, datetime, timezone

    from clv_cli.sources.dates import Clock
    from clv_cli.sources.dates import day as read_day

    zone = timezone(timedelta(minutes=offset))
    instant = datetime(day.year, day.month, day.day, 12, 34, 56, tzinfo=zone)
    clock = Clock({"x": "iso"}, frozenset(), {"x": "Asia/Tokyo"}, "UTC")
    frame = pl.DataFrame({"x": [instant.isoformat()]})
    expected = instant.astimezone(UTC).date()
    if date(1990, 1, 1) <= expected <= date(2099, 12, 31):
        assert frame.select(read_day(pl.col("x"), "x", clock)).item() == expected


def test_booleans_lists_and_shares_have_one_grammar_each(tmp_path: Path) -> None:
    header = "initiative_id,name,aligned,effective_from,products,weight_switched"
    rows = [
        "1,A,TRUE,2026-01-01,a; b ;;c,0.25",
        "2,B,no,2026-01-01,,1",
        "3,C,maybe,2026-01-01,x,1",
        "4,D,1,2026-01-01,x,1.01",
        "5,E,0,2026-01-01,;,0.0000001",
    ]
    write(tmp_path, "lines.csv", csv(LINE))
    write(tmp_path, "cx.csv", csv(*rows, header=header))
    sources = (
        {"path": "lines.csv", "table": "billing_lines"},
        {"path": "cx.csv", "table": "initiatives"},
    )
    book = load(tmp_path, *sources, quarantine={"max_share": "1"})
    assert column(book, "aligned", "initiatives") == [True, False]
    assert column(book, "products", "initiatives") == [["a", "b", "c"], None]
    assert column(book, "weight_switched", "initiatives") == [250_000, 1_000_000]
    assert codes(book) == [
        (4, "aligned", "unknown_choice"),
        (5, "weight_switched", "bad_number"),
        (6, "weight_switched", "bad_number"),
    ]


def test_values_map_words_of_the_file_to_canonical_ones(tmp_path: Path) -> None:
    write(tmp_path, "lines.csv", csv(LINE.replace("paid", "SETTLED"), LINE.replace("paid", "paid")))
    source = {
        "path": "lines.csv",
        "table": "billing_lines",
        "values": {"status": {"open": ["settled"]}},
    }
    assert column(load(tmp_path, source), "status") == ["open", "paid"]


def test_money_without_any_currency_names_the_key_to_set(tmp_path: Path) -> None:
    header = HEADER.replace(",currency", "")
    row = LINE.replace(",USD", "")
    write(tmp_path, "lines.csv", csv(row, header=header))
    with pytest.raises(ConfigError) as caught:
        load(tmp_path)
    assert "base_currency" in str(caught.value.hint)
    book = load(tmp_path, base_currency="KWD")
    assert column(book, "currency") == ["KWD"]
    assert column(book, "amount") == [100_000]
    assert book.sources[0].loaded.money == {"KWD": 100_000}
