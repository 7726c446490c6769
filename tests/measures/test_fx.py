"""Conversion between currencies is exact, half-even, mirrored at zero, and never guesses."""

from __future__ import annotations

from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clv_cli.errors import DataError
from clv_cli.measures.fx import conversion, conversions, convert, divide_half_even
from clv_cli.measures.mrr_months import mrr_months
from clv_cli.measures.revenue_facts import revenue_facts
from clv_cli.results import collect_frames
from tests.books import book, line, monthly, rate, scope


@settings(max_examples=100, deadline=None)
@given(st.integers(-(10**24), 10**24), st.integers(1, 10**12))
def test_division_rounds_half_to_even_like_fractions(numerator: int, denominator: int) -> None:
    frame = pl.DataFrame(
        {"n": [numerator, -numerator], "d": [denominator] * 2},
        schema={"n": pl.Int128, "d": pl.Int128},
    )
    found = frame.select(divide_half_even(pl.col("n"), pl.col("d")))["n"].to_list()
    exact = round(Fraction(numerator, denominator))
    assert found == [exact, -exact]


@pytest.mark.parametrize(
    ("currency", "base", "amount", "value", "expected"),
    [
        ("EUR", "USD", 10000, "1.10", 11000),
        ("EUR", "USD", 1, "0.5", 0),
        ("EUR", "USD", 3, "0.5", 2),
        ("EUR", "USD", -3, "0.5", -2),
        ("JPY", "USD", 150, "0.0066666667", 100),
        ("KWD", "USD", 1234, "3.25", 401),
        ("USD", "JPY", 1000, "149.95", 1500),
        ("USD", "KWD", 100, "0.3077", 308),
    ],
)
def test_digits_of_both_currencies_are_respected(
    currency: str, base: str, amount: int, value: str, expected: int
) -> None:
    rates = [rate(currency, "2025-01-31", value)]
    factors = conversions(book([], currency=base, rates=rates))
    found = factors.select(
        convert(pl.lit(amount, pl.Int64), pl.col("multiplier"), pl.col("divisor"))
    ).item()
    assert found == expected == round(amount * conversion(rates[0][2], currency, base))


def test_a_billed_line_without_a_rate_stops_the_run() -> None:
    lines = [line("A", "2025-01-15", 100, currency="EUR"), line("A", "2025-01-16", 100)]
    asked = scope(book(lines, rates=[rate("EUR", "2025-01-16", "1.1")]), "2025-01")
    with pytest.raises(DataError, match="from EUR to USD on 2025-01-15"):
        _ = collect_frames([revenue_facts], asked)[revenue_facts]


def test_mrr_without_a_rate_at_the_months_end_stops_the_run() -> None:
    lines = monthly("A", "2025-01-15", [100, 100], currency="EUR")
    rates = [rate("EUR", "2025-01", "1.1"), rate("EUR", "2025-02", "1.1")]
    with pytest.raises(DataError, match="from EUR to USD on 2025-03-31") as stopped:
        _ = collect_frames([mrr_months], scope(book(lines, rates=rates), "2025-03"))[mrr_months]
    assert stopped.value.exit_code == 3
    assert "fx_rates" in str(stopped.value)


def test_the_month_of_the_as_of_day_is_valued_on_that_day() -> None:
    lines = monthly("A", "2025-01-15", [100, 100], currency="EUR")
    rates = [rate("EUR", "2025-01", "1.1"), rate("EUR", "2025-02-20", "1.2")]
    months = collect_frames([mrr_months], scope(book(lines, rates=rates), "2025-02-20"))[mrr_months]
    assert months["closing"].to_list() == [110_00 * 55_440, 120_00 * 55_440]
    assert months["fx"].to_list() == [0, 10_00 * 55_440]
