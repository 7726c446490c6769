"""What one line is worth a month."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from clv_cli.measures.mrr_lines import mrr_lines
from clv_cli.money import MRR_UNITS
from tests.books import book, line, scope


def mrr(row: dict[str, Any], **keys: Any) -> list[Fraction]:  # noqa: ANN401
    """The MRR of a line in minor units, exactly; empty when it is none."""
    found = mrr_lines(scope(book([row]), "2026-12", **keys)).collect()
    return [Fraction(units, MRR_UNITS) for units in found["mrr"]]


@pytest.mark.parametrize(
    ("interval", "count", "expected"),
    [
        ("month", 1, Fraction(12000)),
        ("month", 3, Fraction(4000)),
        ("month", 24, Fraction(500)),
        ("quarter", 1, Fraction(4000)),
        ("quarter", 2, Fraction(2000)),
        ("year", 1, Fraction(1000)),
        ("year", 5, Fraction(200)),
        ("week", 2, Fraction(26000)),
        ("week", 4, Fraction(13000)),
        ("day", 1, Fraction(365000)),
        ("day", 30, Fraction(36500, 3)),
    ],
)
def test_a_declared_interval_divides_exactly(interval: str, count: int, expected: Fraction) -> None:
    assert mrr(line("A", "2025-01-01", 120, interval, count=count)) == [expected]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2025-01-15", "2025-02-15", Fraction(8400)),
        ("2025-01-31", "2025-02-28", Fraction(8400)),
        ("2025-02-28", "2025-03-31", Fraction(8400)),
        ("2025-01-30", "2025-02-28", Fraction(8400)),
        ("2024-02-29", "2025-02-28", Fraction(700)),
        ("2025-01-01", "2026-01-01", Fraction(700)),
        ("2025-02-01", "2025-03-01", Fraction(8400)),
        ("2025-01-06", "2025-01-13", Fraction(36400)),
        ("2025-01-06", "2025-01-20", Fraction(18200)),
        ("2025-01-06", "2025-01-27", Fraction(8400 * 365, 12 * 21)),
        ("2025-01-15", "2025-02-14", Fraction(8400 * 365, 12 * 30)),
        ("2025-02-27", "2025-03-31", Fraction(8400 * 365, 12 * 32)),
    ],
)
def test_without_an_interval_the_period_tells(start: str, end: str, expected: Fraction) -> None:
    found = mrr(line("A", start, 84, end=end, kind="recurring"))
    assert [round(value * MRR_UNITS) for value in found] == [round(expected * MRR_UNITS)]


def test_an_interval_count_of_nothing_is_no_interval() -> None:
    assert mrr(line("A", "2025-01-01", 84, "month", count=0, end="2025-03-01")) == [4200]


@pytest.mark.parametrize("kind", ["usage", "one_off", "trial", "refund", "writeoff"])
def test_other_kinds_are_no_mrr(kind: str) -> None:
    assert mrr(line("A", "2025-01-01", 100, "month", kind=kind)) == []


def test_a_line_without_a_period_is_no_mrr() -> None:
    assert mrr(line("A", "2025-01-01", 100, kind="recurring")) == []
    assert mrr(line("A", "2025-01-01", 100, kind="credit")) == []


def _seat(**more: Any) -> dict[str, Any]:  # noqa: ANN401
    row = line("A", "2025-03-16", "25.81", "month", end="2025-04-01", kind="proration")
    return {**row, **more}


def test_a_proration_with_price_and_quantity_is_worth_them() -> None:
    assert mrr(_seat(quantity="2.5", unit_price=2000)) == [5000]
    assert mrr(_seat(quantity="2", unit_price=2500, amount=-2581)) == [-5000]
    annual = _seat(quantity="2", unit_price=60000, interval="year")
    assert mrr(annual) == [10000]


def test_a_proration_without_a_price_is_scaled_to_its_full_period() -> None:
    exact = Fraction(2581 * 31, 16)
    assert [round(v * MRR_UNITS) for v in mrr(_seat())] == [round(exact * MRR_UNITS)]
    priced = _seat(quantity="2.5", unit_price=2000)
    assert mrr(priced, **{"mrr.proration": "factor"}) == mrr(_seat())


@pytest.mark.parametrize(
    ("interval", "count", "start", "end", "full"),
    [
        ("month", 1, "2025-03-21", "2025-03-31", 31),
        ("quarter", 1, "2025-03-22", "2025-04-01", 90),
        ("year", 1, "2024-12-22", "2025-01-01", 366),
        ("month", 2, "2025-02-19", "2025-03-01", 59),
        ("week", 2, "2025-03-21", "2025-03-31", 14),
    ],
)
def test_the_full_period_ends_where_the_prorated_one_ends(
    interval: str, count: int, start: str, end: str, full: int
) -> None:
    row = line("A", start, 10, interval, end=end, count=count, kind="proration")
    factors = {
        "month": Fraction(1),
        "quarter": Fraction(1, 3),
        "year": Fraction(1, 12),
        "week": Fraction(52, 12),
    }
    exact = Fraction(1000 * full, 10) * factors[interval] / count
    found = mrr(row, **{"mrr.proration": "factor"})
    assert [round(v * MRR_UNITS) for v in found] == [round(exact * MRR_UNITS)]


def test_a_proration_of_unknown_interval_is_no_mrr() -> None:
    assert mrr(_seat(interval=None, quantity="2", unit_price=2500)) == []
    assert mrr(_seat(), **{"mrr.proration": "exclude"}) == []
