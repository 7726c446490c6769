"""Use by customer and month: whatever the order of the files, and numbers as people read them."""

from __future__ import annotations

import random
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clv_cli.measures.mrr_terms import ONE
from clv_cli.measures.usage_months import grouped, near_quota, products_fit, usage_days
from clv_cli.results import collect_frames
from tests.books import scope
from tests.moments.asking import Row, usage_book, used


def in_order(rows: list[Row]) -> pl.DataFrame:
    asked = scope(usage_book(rows))
    return collect_frames([usage_days], asked)[usage_days].drop("source", "row")


def test_use_is_the_same_whether_its_file_stands_by_customer_by_month_or_by_chance() -> None:
    rows = [
        row
        for customer in "ABC"
        for metric in ("seats", "calls")
        for row in used(customer, "2025-01", [10, 20, 30, 40], metric=metric)
    ]
    wanted = in_order(rows)
    assert wanted["unit"].is_sorted()
    assert wanted.select("code", pl.col("metric").cast(pl.String)).unique(
        maintain_order=True
    ).rows() == [(code, metric) for code in range(3) for metric in ("calls", "seats")]
    by_month = sorted(rows, key=lambda row: row["period_start"])
    by_chance = random.Random(1).sample(rows, len(rows))
    for other in (by_month, by_chance):
        assert in_order(other).equals(wanted)


@pytest.mark.parametrize(
    ("millionths", "text"),
    [
        (0, "0"),
        (500_000, "0.5"),
        (50_000, "0.05"),
        (999 * ONE, "999"),
        (1_000 * ONE, "1,000"),
        (1_250_007 * ONE, "1,250,007"),
        (999_999_999 * ONE, "999,999,999"),
        (1_000_000_000 * ONE, "1,000,000,000"),
        (-1_500 * ONE, "-1,500"),
        (1_234_567, "1.23"),
    ],
)
def test_millionths_are_read_with_commas_and_at_most_two_decimals(
    millionths: int, text: str
) -> None:
    assert texts(pl.Series("n", [millionths], dtype=pl.Int64)) == [text]
    assert texts(pl.Series("n", [float(millionths)], dtype=pl.Float64)) == [text]


@given(st.lists(st.integers(-(10**6), 10**12).map(lambda n: n * (ONE // 100)), min_size=1))
def test_whole_hundredths_are_read_as_python_writes_them(values: list[int]) -> None:
    wanted = [f"{value / ONE:,.2f}".rstrip("0").rstrip(".") for value in values]
    assert texts(pl.Series("n", values, dtype=pl.Int64)) == wanted


def texts(numbers: pl.Series) -> list[str]:
    return numbers.to_frame().select(grouped("n")).to_series().to_list()


@pytest.mark.parametrize("quota", [1_000, 2**61, 2**63 - 3])
def test_near_a_quota_is_exact_to_a_millionth_in_64_bits_and_beyond(quota: int) -> None:
    eight_tenths = -(-4 * quota // 5)
    amounts = [eight_tenths - 1, eight_tenths, quota]
    rows = pl.DataFrame({"used": amounts, "quota": [quota] * 3})
    assert products_fit(rows, Fraction(4, 5)) == (quota == 1_000)
    asked = scope(usage_book(used("A", "2025-01", [1])))
    assert near_quota.derive(asked, rows)["used"].to_list() == amounts[1:]


def test_what_is_far_below_zero_leaves_64_bits_too() -> None:
    rows = pl.DataFrame({"used": [-(2**62)], "quota": [1]})
    assert not products_fit(rows, Fraction(4, 5))
    assert not products_fit(rows.select(used="quota", quota="used"), Fraction(4, 5))
    assert products_fit(rows.clear(), Fraction(4, 5))
