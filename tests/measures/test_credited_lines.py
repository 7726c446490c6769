"""What is credited in full leaves exactly nothing; the amounts are those of real credit notes."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from clv_cli.measures.mrr_months import mrr_months
from clv_cli.money import MRR_UNITS
from clv_cli.results import collect_frames
from tests.books import book, line, month, scope

Rows = list[dict[str, Any]]


def closing(lines: Rows, at: str, **keys: Any) -> tuple[int | Fraction, int]:  # noqa: ANN401
    """MRR in major units, and customers, at a month's end."""
    frames = collect_frames([mrr_months], scope(book(lines), at, **keys))
    row = next(r for r in frames[mrr_months].iter_rows(named=True) if r["month"] == month(at))
    return Fraction(row["closing"], MRR_UNITS * 100), row["customers_closing"]


def credited(
    amount: str,
    start: str,
    end: str,
    back: str,
    of: dict[str, Any],
    **more: Any,  # noqa: ANN401
) -> Rows:
    """A line, and a credit from a day to the line's end that names it."""
    credit = line("A", start, back, end=end, kind="credit", original_line_id="L1", **more)
    return [line("A", amount=amount, line_id="L1", **of), credit]


YEAR = {"start": "2025-10-20", "interval": "year"}
LEAP = {"start": "2023-06-10", "interval": "year"}
MONTH = {"start": "2026-04-01", "interval": "month"}


@pytest.mark.parametrize(
    ("amount", "of", "start", "end", "back"),
    [
        # 5825.00 x 84 / 365 = 1340.548, cut: a third of a cent a month is left.
        ("5825.00", YEAR, "2026-07-28", "2026-10-20", "-1340.54"),
        # Rounded up, the credit is the larger one.
        ("5825.00", YEAR, "2026-07-28", "2026-10-20", "-1340.55"),
        # Five of twelve months of 1000.00 are 416.667.
        ("1000.00", YEAR, "2026-05-20", "2026-10-20", "-416.67"),
        # A year of 366 days: 990.00 x 71 / 366 = 192.049, over days of 365/12 a month 82.28, not 82.50.
        ("990.00", LEAP, "2024-03-31", "2024-06-10", "-192.05"),
        # Half of April is 50.00, over days of 365/12 a month 101.39.
        ("100.00", MONTH, "2026-04-16", "2026-05-01", "-50.00"),
    ],
)
def test_what_is_credited_in_full_leaves_nobody(
    amount: str, of: dict[str, str], start: str, end: str, back: str
) -> None:
    lines = credited(amount, start, end, back, of)
    assert closing(lines, start[:7]) == (0, 0)
    assert closing(lines[:1], start[:7])[1] == 1


def test_a_cent_less_than_that_is_left() -> None:
    lines = credited("5825.00", "2026-07-28", "2026-10-20", "-1340.53", YEAR)
    left = Fraction(5825, 12) - Fraction(134053 * 365, 100 * 12 * 84)
    found, customers = closing(lines, "2026-07")
    assert abs(found - left) < Fraction(1, MRR_UNITS * 100)
    assert (found > 0, customers) == (True, 1)


def test_a_credit_without_an_original_takes_back_what_ends_with_it() -> None:
    lines = credited("5825.00", "2026-07-28", "2026-10-20", "-1340.54", YEAR)
    lines[1]["original_line_id"] = None
    assert closing(lines, "2026-07") == (0, 0)
    # A line beside it that ends on another day is not touched by it.
    other = line("A", "2026-07-15", 30, "month")
    assert closing([*lines, other], "2026-07") == (30, 1)


def test_two_credits_take_back_a_line_together_and_the_later_one_changes_no_closed_month() -> None:
    # Half of 1000.00 a year back from May on (5 of 12 months), the other half from June on (4 of 12).
    half = credited("1000.00", "2026-05-20", "2026-10-20", "-208.33", YEAR)
    rest = credited("1000.00", "2026-06-20", "2026-10-20", "-166.67", YEAR)[1]
    before, after = closing(half, "2026-05"), closing([*half, rest], "2026-05")
    assert before == after
    assert before[0] == Fraction(1000, 12) - Fraction(20833, 500)
    assert closing([*half, rest], "2026-06") == (0, 0)


def test_a_later_line_of_the_subscription_does_not_undo_a_credit_before_it() -> None:
    lines = credited("5825.00", "2026-07-28", "2026-10-20", "-1340.54", YEAR)
    lines[1]["original_line_id"] = None
    again = line("A", "2026-09-01", 49, end="2026-10-20", kind="recurring")
    assert closing([*lines, again], "2026-07") == (0, 0)


@pytest.mark.parametrize("keys", [{"mrr.discounts": "none"}, {"mrr.tax": "include"}])
def test_a_full_credit_takes_the_discount_and_the_tax_of_its_line_along(
    keys: dict[str, Any],
) -> None:
    year = {**YEAR, "discount": 500_00, "tax": 1000_00}
    lines = credited("5825.00", "2026-07-28", "2026-10-20", "-1340.54", year)
    assert closing(lines[:1], "2026-07", **keys)[0] > Fraction(5825, 12)
    assert closing(lines, "2026-07", **keys) == (0, 0)
