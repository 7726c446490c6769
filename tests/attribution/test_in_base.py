"""Amounts converted from a table are the very integers that `fx.convert` makes of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clv_cli.attribution import in_base as module
from clv_cli.attribution.grouping import enumerated
from clv_cli.attribution.in_base import in_base
from clv_cli.measures.fx import conversions
from tests.attribution.asking import asked
from tests.books import line

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope

FIRST = date(2025, 1, 1)
CURRENCIES = ("EUR", "JPY", "KWD", "USD")
Row = tuple[str, int, int]


def _scope(rates: list[Row]) -> Scope:
    """A book in USD with so many 1e-10 of it for a unit of a currency on the nth day."""
    scope = asked([line("A", "2025-01-01", 1), line("A", "2025-01-01", 1, currency="EUR")])
    frame = pl.DataFrame(
        [(currency, FIRST + timedelta(day), rate) for currency, day, rate in rates],
        scope.book.rates.schema,
        orient="row",
    )
    book = replace(scope.book, rates=frame.unique(["currency", "day"], keep="first"))
    return replace(scope, book=book)


def _lines(rows: list[Row]) -> pl.DataFrame:
    frame = pl.DataFrame(
        [(currency, FIRST + timedelta(day), amount) for currency, day, amount in rows],
        {"currency": pl.String, "issued_on": pl.Date, "amount": pl.Int64},
        orient="row",
    )
    return frame.with_columns(enumerated(frame["currency"]))


def _rows(numbers: st.SearchStrategy[int]) -> st.SearchStrategy[list[Row]]:
    return st.lists(st.tuples(st.sampled_from(CURRENCIES), st.integers(0, 5), numbers), max_size=9)


SIZES = st.one_of(st.integers(-300, 300), st.integers(-(10**14), 10**14))


@given(_rows(st.integers(1, 3 * 10**12)), _rows(SIZES))
def test_a_table_converts_as_the_expression_does(rates: list[Row], rows: list[Row]) -> None:
    """Halves, either sign, days and currencies without a rate, and sums too large for the table."""
    scope, lines = _scope(rates), _lines(rows)
    assert in_base(scope, lines).to_list() == module._by_join(scope, lines).to_list()


def test_halves_go_to_the_even_number_and_small_sums_take_the_table() -> None:
    """At half a dollar 1, 3, -1 and -3 cents are 0, 2, 0 and -2 (half even, mirrored at zero)."""
    scope = _scope([("EUR", 0, 5 * 10**9)])
    lines = _lines([("EUR", 0, cents) for cents in (1, 3, -1, -3)] + [("USD", 0, 7), ("EUR", 1, 9)])
    found = module._by_table(scope, lines)
    assert found is not None
    assert found.tolist() == in_base(scope, lines).to_list() == [0, 2, 0, -2, 7, 0]


@pytest.mark.parametrize("amount", [2**49, -(2**49)])
def test_what_a_float_might_miss_is_not_looked_up(amount: int) -> None:
    scope = _scope([("EUR", 0, 10**10)])
    assert conversions(scope.book).height == 1
    assert module._by_table(scope, _lines([("EUR", 0, amount - 1), ("EUR", 0, amount)])) is None
    assert in_base(scope, _lines([("EUR", 0, amount)])).to_list() == [amount]
