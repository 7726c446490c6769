"""Opportunities by hand: value at risk, next plans, and products bought together beyond chance."""

from __future__ import annotations

from typing import Any

import pytest

from clv_cli.measures.co_purchases import co_purchases
from clv_cli.moments.tables.opportunities import opportunities_table
from clv_cli.results import collect, collect_frames
from tests.books import book, line, monthly, scope
from tests.moments.asking import used
from tests.moments.test_health import company

Row = dict[str, Any]


def baskets(both: int, one: int, other: int, neither: int) -> list[Row]:
    """Customers of December who hold x and y, x, y, or only z."""
    kinds = [("x", "y")] * both + [("x",)] * one + [("y",)] * other + [("z",)] * neither
    return [
        line(f"C{n:03}", "2025-12-01", 10, "month", product_id=product)
        for n, products in enumerate(kinds)
        for product in products
    ]


def pairs(lines: list[Row], support: int = 20) -> list[tuple[str, str, int, int, int, float]]:
    asked = scope(book(lines), "2025-12", None, **{"moments.min_support": support})
    rows = collect_frames([co_purchases], asked)[co_purchases]
    return rows.select("has", "wants", "both", "holders", "open", "lift").rows()


def test_the_lift_of_a_pair_by_hand() -> None:
    # Of 100 customers 40 hold x, 30 y, 20 both: 0.2 / (0.4 x 0.3) = 1.67; by chance 12 +- 2.25 would.
    found = pairs(baskets(20, 20, 10, 50))
    assert [row[:5] for row in found] == [("x", "y", 20, 40, 20), ("y", "x", 20, 30, 10)]
    assert [row[5] for row in found] == [pytest.approx(5 / 3)] * 2


def test_a_pair_needs_its_support_and_more_than_chance() -> None:
    assert pairs(baskets(19, 20, 10, 50)) == []
    assert pairs(baskets(20, 20, 10, 50), 21) == []
    # 50 of 100 hold each: 25 by chance, +- 2.51; 31 are within 2.58 of those, 32 beyond.
    assert pairs(baskets(31, 19, 19, 31)) == []
    assert len(pairs(baskets(32, 18, 18, 32))) == 2


def test_who_is_at_risk_is_worth_a_year_of_mrr_times_the_share_of_its_band_that_left() -> None:
    lines, touches = company(tells=True)
    asked = scope(book(lines, touches=touches), "2025-12")
    (result,) = collect([opportunities_table(asked)], asked)
    rows = [row for row in result.records() if row["opportunity"] == "retain"]
    # 120 of the 221 red scores of the history were of customers then gone: 12 x 100.00 x 120 / 221.
    red = [row for row in rows if "of red left" in row["why"]]
    assert {row["value"] for row in red} <= {round(120_000 * 120 / 221)}
    assert all(row["value"] is not None for row in rows)


def test_nobody_is_retained_by_a_score_that_tells_nothing() -> None:
    lines, touches = company(tells=False)
    asked = scope(book(lines, touches=touches), "2025-12")
    (result,) = collect([opportunities_table(asked)], asked)
    assert result.records() == []
    assert "Nobody is listed to retain" in result.rows.notes[1]


def test_a_customer_near_its_quota_is_worth_the_next_plans_difference() -> None:
    plan = {"currency": "USD", "interval": "month", "quota_metric": "calls"}
    plans = [
        {"plan_id": "s", "price": 5000, "next_plan_id": "m", **plan},
        {"plan_id": "m", "price": 8000, **plan},
    ]
    lines = monthly("A", "2025-11-01", [100, 100], plan_id="s") + monthly(
        "B", "2025-11-01", [80, 80], plan_id="m"
    )
    use = used("A", "2025-11", [10, 80]) + used("B", "2025-11", [10, 90])
    asked = scope(book(lines, usage=use, plans=plans), "2025-12")
    (result,) = collect([opportunities_table(asked)], asked)
    assert [(r["customer_id"], r["value"], r["why"]) for r in result.records()] == [
        ("A", 72_000, "80 of 100 calls: m")
    ]
