"""What looks like one and counts as two is said, with its money; what is merely similar is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.sources.exports import csv, load, load_lines, money, write

if TYPE_CHECKING:
    from pathlib import Path

    from clv_cli.frames import Book, Finding

LINE = "I1,C1,2026-01-05,recurring,100.00,USD,paid"
COMPOSED, DECOMPOSED = "Caf\u00e9", "Cafe\u0301"


def found(book: Book, code: str) -> list[Finding]:
    return [finding for finding in book.findings if finding.code == code]


def test_identical_lines_without_ids_all_count_and_are_told_with_their_money(
    tmp_path: Path,
) -> None:
    other = LINE.replace("I1", "I2").replace("100.00", "7.50")
    book = load_lines(tmp_path, csv(LINE, other, LINE, other, LINE))
    assert money(book) == {"USD": 31500}
    (finding,) = found(book, "identical_lines")
    assert finding.message.startswith(
        "3 lines repeat another in every column that is read (207.50 USD)"
    )
    assert (finding.source, finding.row) == ("lines.csv", 2)


def test_lines_that_differ_in_any_column_that_is_read_are_not_identical(tmp_path: Path) -> None:
    book = load_lines(tmp_path, csv(LINE, LINE.replace("paid", "open")))
    assert found(book, "identical_lines") == []


def test_lines_with_ids_of_their_own_are_never_identical(tmp_path: Path) -> None:
    head = "line_id,invoice_id,customer_id,issued_on,kind,amount,currency,status"
    book = load_lines(tmp_path, csv(f"L1,{LINE}", f"L2,{LINE}", header=head))
    assert found(book, "identical_lines") == []


def test_a_file_given_twice_shows_as_identical_lines(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        write(tmp_path, name, csv(LINE))
    book = load(tmp_path, {"path": "*.csv", "table": "billing_lines"})
    (finding,) = found(book, "identical_lines")
    assert "1 line repeats another" in finding.message
    assert "(100.00 USD)" in finding.message


def test_ids_in_two_normal_forms_stay_two_customers_and_are_told(tmp_path: Path) -> None:
    book = load_lines(
        tmp_path, csv(LINE.replace("C1", COMPOSED), LINE.replace("C1", DECOMPOSED), LINE)
    )
    assert book.codes.height == 3
    (finding,) = found(book, "encoded_twice")
    assert finding.message.startswith(
        f'2 customer ids differ only in how accents are encoded, such as "{COMPOSED}"'
    )
    assert finding.source == "lines.csv"


def test_names_in_two_normal_forms_are_told_and_equal_ones_are_not(tmp_path: Path) -> None:
    write(tmp_path, "lines.csv", csv(LINE))
    lines = {"path": "lines.csv", "table": "billing_lines"}
    people = {"path": "people.csv", "table": "customers"}
    write(tmp_path, "people.csv", f"customer_id,name\nC1,{COMPOSED}\nC2,{DECOMPOSED}\n")
    (finding,) = found(load(tmp_path, lines, people), "encoded_twice")
    assert finding.message.startswith("2 names of customers differ")
    assert (finding.source, finding.row) == ("people.csv", 2)
    write(tmp_path, "people.csv", f"customer_id,name\nC1,{COMPOSED}\nC2,{COMPOSED}\n")
    assert found(load(tmp_path, lines, people), "encoded_twice") == []
