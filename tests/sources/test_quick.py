from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from clv_cli.frames import NUMBER_SCALE
from clv_cli.money import MAX_MINOR, to_text
from clv_cli.sources import part
from clv_cli.sources.reading import cents, currency_code, money, number, step_of, whole
from tests.sources.exports import codes, column, csv, load_lines

if TYPE_CHECKING:
    from pathlib import Path

    from clv_cli.frames import Book

TEXTS = st.lists(st.text(alphabet="0123456789.-+eE", max_size=22), min_size=1, max_size=60)
HEADER = "invoice_id,customer_id,issued_on,kind,quantity,amount,currency,status"
# What polars takes for a number and the grammar does not, and what is right but not short.
ODD = ["1e3", "1.e5", "+5.00", ".50", "-.50", "5.", "1.000", "12.5", "7", "-0", "", "-", "1.234"]


def both(texts: list[str], currency: str) -> pl.DataFrame:
    step = step_of(currency_code(pl.lit(currency)))
    text = pl.col("text")
    return pl.DataFrame({"text": texts}, schema={"text": pl.String}).select(
        text,
        cents=cents(text, step),
        money=money(text, "major", step),
        whole=whole(text).cast(pl.Decimal(38, NUMBER_SCALE)),
        number=number(text, NUMBER_SCALE),
    )


@settings(deadline=None, max_examples=50)
@example(
    [*ODD, "0" * 13 + "12.34", "0" * 17 + "1", "0" * 18 + "1", "9" * 15 + ".99", "9" * 19], "USD"
)
@given(TEXTS, st.sampled_from(("USD", "JPY", "KWD", "CLF")))
def test_the_short_way_reads_as_the_grammar_does_or_not_at_all(
    texts: list[str], currency: str
) -> None:
    found = both(texts, currency)
    for short, full in (("cents", "money"), ("whole", "number")):
        told = found.filter(pl.col(short).is_not_null())
        assert told.filter(pl.col(short).ne_missing(pl.col(full))).is_empty()


@settings(deadline=None)
@given(st.lists(st.integers(-MAX_MINOR, MAX_MINOR), min_size=1, max_size=60))
def test_the_short_way_reads_every_amount_with_two_digits_and_every_whole_number(
    amounts: list[int],
) -> None:
    found = both([to_text(amount, "USD") for amount in amounts], "USD")
    assert found["cents"].to_list() == amounts
    assert both([str(amount) for amount in amounts], "USD")["whole"].null_count() == 0


def book_of(folder: Path, rows: list[str], *, quick: bool) -> Book:
    """A book of which the first two rows tell in what form the columns are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(part, "MANY", 0 if quick else len(rows) + 1)
        patch.setattr(part, "_SAMPLE", 2)
        return load_lines(folder, csv(*rows, header=HEADER))


def row(invoice: int, quantity: str, amount: str, currency: str = "USD") -> str:
    return f"I{invoice},C1,2026-01-05,usage,{quantity},{amount},{currency},paid"


CELLS = st.one_of(st.just("3"), st.just("-4.25"), st.sampled_from(ODD))


@settings(deadline=None, max_examples=8)
@example([("2", odd) for odd in ODD])
@given(st.lists(st.tuples(CELLS, CELLS), max_size=4))
def test_a_file_read_the_short_way_is_the_same_book(
    tmp_path_factory: pytest.TempPathFactory, cells: list[tuple[str, str]]
) -> None:
    rows = [row(n, *pair) for n, pair in enumerate([("1", "10.00"), ("2", "-0.05"), *cells])]
    short, full = (
        book_of(tmp_path_factory.mktemp("quick"), rows, quick=quick) for quick in (True, False)
    )
    assert short.sources == full.sources
    assert short.findings == full.findings
    assert short.quarantined.equals(full.quarantined)
    lines = [book.table("billing_lines").sort("row").collect() for book in (short, full)]
    assert lines[0].equals(lines[1])


def test_only_a_file_that_holds_another_form_is_read_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[frozenset[str]] = []
    written = part._written

    def noted(*arguments: object) -> object:
        read.append(arguments[1].quick)  # type: ignore[attr-defined]
        return written(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(part, "_written", noted)
    rows = [row(1, "1", "10.00"), row(2, "2", "20.00"), row(3, "3", "30.00")]
    book_of(tmp_path, rows, quick=True)
    assert read == [{"quantity", "amount"}]
    read.clear()
    book = book_of(tmp_path, [*rows, row(4, "4", "1.5")], quick=True)
    assert read == [{"quantity", "amount"}, frozenset()]
    assert column(book, "amount") == [1000, 2000, 3000, 150]
    read.clear()
    of_no_kind = row(5, "5", "50.00").replace("usage", "magic")
    book = book_of(tmp_path, [*rows, of_no_kind], quick=True)
    assert read == [{"quantity", "amount"}]
    assert codes(book) == [(5, "kind", "unknown_choice")]


def test_a_skipped_row_is_counted_with_the_amount_that_it_holds(tmp_path: Path) -> None:
    again = "invoice_id,customer_id,issued_on,usage,1,7.5,USD,paid"
    rows = [row(1, "1", "10.00"), row(2, "2", "20.00"), again]
    (source,) = book_of(tmp_path, rows, quick=True).sources
    assert source.read.money == {"USD": 3750}
    assert source.skipped.money == {"USD": 750}


def test_yen_with_two_digits_are_read_in_full_from_the_start(tmp_path: Path) -> None:
    rows = [row(n, "1", "1200.00", "JPY") for n in range(3)]
    assert column(book_of(tmp_path, rows, quick=True), "amount") == [1200] * 3
