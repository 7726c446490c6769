"""Laws of loading: however a ledger is written, the same rows come of it, and every row is accounted for."""

from __future__ import annotations

import csv as python_csv
import gzip
import io
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from clv_cli.errors import DataError
from tests.laws import law
from tests.sources.exports import load, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from clv_cli.frames import Book

COLUMNS = ("invoice_id", "customer_id", "issued_on", "kind", "amount", "currency", "status")
TYPED = ("row", *COLUMNS)


@dataclass(frozen=True)
class Hand:
    """How somebody writes: number format, negative style, date order, delimiter, encoding."""

    numbers: str
    negative: str
    date_format: str
    delimiter: str
    encoding: str
    preamble: str
    line_end: str


GROUPS = {
    "us": (",", "."),
    "eu": (".", ","),
    "space": ("\u00a0", ","),
    "si": ("\u202f", "."),
    "swiss": ("'", "."),
}
NEGATIVES: dict[str, Callable[[str], str]] = {
    "minus": lambda text: f"-{text}",
    "brackets": lambda text: f"({text})",
    "trailing": lambda text: f"{text}-",
    "Unicode": lambda text: f"\u2212{text}",
    "mark": lambda text: f"{text} CR",
}
DAYS = {
    "ymd": "%Y/%m/%d",
    "dmy": "%d.%m.%Y",
    "mdy": "%m/%d/%Y",
    "iso": "%Y-%m-%d",
    "named": "%d %b %Y",
}
HANDS = st.builds(
    Hand,
    st.sampled_from(sorted(GROUPS)),
    st.sampled_from(sorted(NEGATIVES)),
    st.sampled_from(sorted(DAYS)),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "gzip"]),
    st.sampled_from(["", "Billing export\nMade,2026-02-01\n\n", "\n"]),
    st.sampled_from(["\n", "\r\n"]),
)
ROWS = st.lists(
    st.tuples(
        st.text("abcÄé字\"',; -", min_size=1, max_size=6).map(lambda text: f"c{text}x"),
        st.dates(date(1990, 1, 1), date(2060, 12, 31)),
        st.integers(-(10**12), 10**12),
    ),
    min_size=1,
    max_size=12,
)


def written(minor: int, hand: Hand) -> str:
    group, point = GROUPS[hand.numbers]
    units, cents = divmod(abs(minor), 100)
    text = f"{units:,}".replace(",", group) + f"{point}{cents:02d}"
    return NEGATIVES[hand.negative](text) if minor < 0 else text


def file_of(rows: list[tuple[str, date, int]], hand: Hand) -> bytes:
    text = io.StringIO(newline="")
    writer = python_csv.writer(text, delimiter=hand.delimiter, lineterminator=hand.line_end)
    writer.writerow(COLUMNS)
    for at, (name, day, minor) in enumerate(rows):
        issued = day.strftime(DAYS[hand.date_format])
        writer.writerow((f"I{at}", name, issued, "usage", written(minor, hand), "EUR", "paid"))
    whole = hand.preamble.replace("\n", hand.line_end) + text.getvalue()
    if hand.encoding == "gzip":
        return gzip.compress(whole.encode())
    return whole.encode(hand.encoding)


def read(folder: Path, content: bytes, **keys: object) -> Book:
    write(folder, "lines.csv", content)
    source = {"path": "lines.csv", "table": "billing_lines", "negative_mark": "CR", **keys}
    return load(folder, source, quarantine={"max_share": "1"}, base_currency="EUR")


def typed(book: Book) -> list[tuple[object, ...]]:
    return book.table("billing_lines").sort("row").select(COLUMNS).collect().rows()


@law(15)
@given(ROWS, HANDS)
def test_a_ledger_in_any_hand_loads_to_the_same_rows(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, date, int]], hand: Hand
) -> None:
    folder = tmp_path_factory.mktemp("hand")
    expected = [
        (f"I{at}", name, day, "usage", minor, "EUR", "paid")
        for at, (name, day, minor) in enumerate(rows)
    ]
    content = file_of(rows, hand)
    declared = {"numbers": hand.numbers, "date_format": hand.date_format}
    declared["date_format"] = DAYS["named"] if hand.date_format == "named" else hand.date_format
    assert typed(read(folder, content, **declared)) == expected
    try:
        guessed = read(folder, content)
    except DataError as error:
        # Left open by its own values: then it stops, and names the key.
        assert "can be read as" in error.what  # noqa: PT017
        return
    assert typed(guessed) == expected


# None of them is a number in any hand: 12.345 would be twelve thousand in a European one.
DAMAGES = ["x", "", "1,2,3", "--", "12.3456", "€5 GBP", "()", "1e9"]


@law(15)
@given(
    ROWS,
    HANDS,
    st.dictionaries(st.integers(0, 11), st.sampled_from(DAMAGES), max_size=4),
    st.booleans(),
)
def test_read_is_loaded_and_quarantined_and_skipped_in_any_hand(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, date, int]],
    hand: Hand,
    damages: dict[int, str],
    total: bool,  # noqa: FBT001
) -> None:
    lines = file_of(rows, Hand(**{**vars(hand), "encoding": "utf-8"})).decode()
    for place, damage in damages.items():
        if place < len(rows):
            cell = written(rows[place][2], hand)
            lines = lines.replace(cell, damage.replace(hand.delimiter, " "), 1)
    if total:
        cells = ["Total", "", "", "", written(sum(row[2] for row in rows), hand), "", ""]
        text = io.StringIO(newline="")
        python_csv.writer(text, delimiter=hand.delimiter, lineterminator=hand.line_end).writerow(
            cells
        )
        lines += text.getvalue()
    try:
        book = read(
            tmp_path_factory.mktemp("account"), lines.encode(), date_format=[hand.date_format]
        )
    except DataError:
        return
    (account,) = book.sources
    parts = account.loaded + account.quarantined + account.skipped
    assert parts.rows == account.read.rows == len(rows) + total
    assert {k: v for k, v in parts.money.items() if v} == {
        k: v for k, v in account.read.money.items() if v
    }
    for _, name, day, _, amount, *_ in typed(book):
        assert (name, day, amount) in rows
