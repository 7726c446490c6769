"""Money: exact integers, one allocator, one rounding at the edge."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clv_cli.errors import DataError
from clv_cli.money import (
    MRR_UNITS,
    allocate,
    exponent,
    from_text,
    mrr_to_minor,
    round_parts,
    to_text,
)

AMOUNTS = st.integers(-(10**14), 10**14)


@pytest.mark.parametrize(
    ("currency", "digits"), [("USD", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4), ("IQD", 3), ("EUR", 2)]
)
def test_currencies_have_their_iso_4217_digits(currency: str, digits: int) -> None:
    assert exponent(currency) == digits


@pytest.mark.parametrize("code", ["usd", "ZZZ", "XAU", ""])
def test_what_is_no_currency_stops_with_a_hint(code: str) -> None:
    with pytest.raises(DataError) as stopped:
        exponent(code)
    assert stopped.value.hint


def test_a_currency_in_lower_case_is_guessed() -> None:
    with pytest.raises(DataError, match="usd") as stopped:
        exponent("usd")
    assert stopped.value.hint == "did you mean USD?"


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (61_248_000, "USD", "612480.00"),
        (-5, "USD", "-0.05"),
        (0, "USD", "0.00"),
        (1234, "JPY", "1234"),
        (1, "KWD", "0.001"),
    ],
)
def test_minor_units_print_with_the_currencys_digits(minor: int, currency: str, text: str) -> None:
    assert to_text(minor, currency) == text


@given(AMOUNTS, st.sampled_from(["USD", "JPY", "KWD", "CLF"]))
def test_reading_what_was_printed_gives_the_amount_back(minor: int, currency: str) -> None:
    assert from_text(to_text(minor, currency), currency) == minor


@pytest.mark.parametrize("text", ["0.001", "NaN", "inf", "abc", "1,00", ""])
def test_an_amount_that_is_no_whole_minor_unit_is_refused(text: str) -> None:
    with pytest.raises(DataError):
        from_text(text, "USD")


def test_one_cent_over_three_goes_to_the_first() -> None:
    assert allocate(1, [1, 1, 1]) == [1, 0, 0]


def test_the_leftover_goes_to_the_largest_remainder() -> None:
    # 100 at 1/6, 1/6, 4/6 is 16.67, 16.67, 66.67: two units left, ties to the lower index.
    assert allocate(100, [1, 1, 4]) == [17, 17, 66]


def test_nineteen_ninety_nine_halved() -> None:
    assert allocate(1999, [1, 1]) == [1000, 999]


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1], [-1]])
def test_weights_that_divide_nothing_are_refused(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        allocate(1, weights)


WEIGHTS = st.lists(st.integers(0, 10**6), min_size=1, max_size=6).filter(any)


@given(AMOUNTS, WEIGHTS)
def test_parts_sum_to_the_total_and_are_within_a_unit_of_their_share(
    total: int, weights: list[int]
) -> None:
    parts = allocate(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(total * weight, sum(weights))) < 1
        assert part * total >= 0


@given(AMOUNTS, WEIGHTS)
def test_a_refund_mirrors_its_charge(total: int, weights: list[int]) -> None:
    assert allocate(-total, weights) == [-part for part in allocate(total, weights)]


def test_an_annual_plan_is_exactly_twelve_months_of_mrr() -> None:
    for months in [*range(1, 13), 24, 36, 48, 60]:
        assert MRR_UNITS % months == 0
    assert MRR_UNITS * 52 % 12 == 0


def test_mrr_rounds_half_to_even_when_printed() -> None:
    assert [mrr_to_minor(MRR_UNITS * n // 2) for n in (1, 3, 5, -1)] == [0, 2, 2, 0]


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=8), st.sampled_from([7, 55_440]))
def test_rounded_parts_foot_to_the_rounded_whole(parts: list[int], unit: int) -> None:
    rounded = round_parts(parts, unit)
    assert sum(rounded) == round(Fraction(sum(parts), unit))
    for part, result in zip(parts, rounded, strict=True):
        assert abs(result - Fraction(part, unit)) < 1


@given(st.integers(-(10**9), 10**9), st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=7))
def test_printed_movements_foot_from_printed_opening_to_printed_closing(
    opening: int, movements: list[int]
) -> None:
    closing = opening + sum(movements)
    step = mrr_to_minor(closing) - mrr_to_minor(opening)
    rounded = round_parts(movements, MRR_UNITS, step)
    assert mrr_to_minor(opening) + sum(rounded) == mrr_to_minor(closing)
    for part, result in zip(movements, rounded, strict=True):
        assert abs(result - Fraction(part, MRR_UNITS)) < 2


def test_rounding_leaves_a_movement_of_nothing_at_nothing_where_it_can() -> None:
    assert round_parts([0, 5, 0, 5], 10, 1) == [0, 1, 0, 0]
