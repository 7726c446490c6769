"""Expansion and contraction taken apart by cause, by hand and as a law."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given, settings

from clv_cli.measures.mrr_change_causes import mrr_change_causes
from clv_cli.measures.mrr_movements import mrr_movements
from clv_cli.money import MRR_UNITS
from clv_cli.results import collect_frames
from tests.books import book, line, scope
from tests.strategies import as_of_days, eur_rates, ledgers

if TYPE_CHECKING:
    from datetime import date

Row = dict[str, Any]


def seats(start: str, amount: float, **more: Any) -> Row:  # noqa: ANN401
    said = {"subscription_id": "s1", "plan_id": "basic", "quantity": "1", **more}
    return line("A", start, amount, "month", **said)


def why(lines: list[Row], as_of: str = "2025-02", **keys: Any) -> dict[tuple[str, str], float]:  # noqa: ANN401
    frames = collect_frames([mrr_change_causes], scope(book(lines), as_of, **keys))
    return {
        (movement, cause): mrr / MRR_UNITS / 100
        for _, _, movement, cause, mrr in frames[mrr_change_causes].iter_rows()
    }


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ({"amount": 150}, {("expansion", "price"): 50}),
        ({"amount": 200, "quantity": "2"}, {("expansion", "quantity"): 100}),
        (
            {"amount": 180, "quantity": "3"},
            {("expansion", "quantity"): 200, ("expansion", "price"): -120},
        ),
        ({"amount": 250, "plan_id": "pro"}, {("expansion", "plan"): 150}),
        ({"amount": 80, "quantity": None}, {("contraction", "other"): -20}),
        ({"amount": 80, "discount": 2000}, {("contraction", "discount"): -20}),
        (
            {"amount": 160, "quantity": "2", "discount": 4000},
            {("expansion", "quantity"): 80, ("expansion", "discount"): -20},
        ),
    ],
)
def test_one_subscription_is_compared_with_itself(
    now: Row, expected: dict[tuple[str, str], float]
) -> None:
    assert why([seats("2025-01-01", 100), seats("2025-02-01", **now)]) == expected


def test_the_end_of_a_discount_is_expansion_by_discount() -> None:
    lines = [seats("2025-01-01", 80, discount=2000), seats("2025-02-01", 100)]
    assert why(lines) == {("expansion", "discount"): 20}
    assert not why(lines, **{"mrr.discounts": "none"})


def test_a_second_subscription_and_its_end_are_subscription() -> None:
    kept = [seats("2025-01-01", 100), seats("2025-02-01", 100)]
    second = seats("2025-02-10", 60, subscription_id="s2")
    assert why([*kept, second]) == {("expansion", "subscription"): 60}


def test_what_no_line_tells_is_other() -> None:
    unpaid = seats("2025-01-01", 40, subscription_id="s2", status="open", end="2025-06-01", count=5)
    lines = [*(seats(f"2025-0{month}-01", 100) for month in (1, 2)), unpaid]
    assert why(lines) == {("contraction", "subscription"): -8}
    paused = book(
        [seats("2025-01-01", 100), seats("2025-02-01", 100)],
        subscriptions=[
            {"subscription_id": "s1", "customer_id": "A", "pauses": ["2025-02-10/2025-03-10"]}
        ],
    )
    frames = collect_frames([mrr_change_causes], scope(paused, "2025-02"))
    assert frames[mrr_change_causes].height == 0


@settings(max_examples=12, deadline=None)
@given(ledgers(), as_of_days())
def test_causes_sum_to_expansion_and_to_contraction_customer_by_customer(
    rows: list[Row], as_of: date
) -> None:
    asked = scope(book(rows, rates=eur_rates()), as_of.isoformat())
    frames = collect_frames([mrr_change_causes, mrr_movements], asked)
    sums = frames[mrr_change_causes].group_by("code", "month", "movement").agg(pl.col("mrr").sum())
    moved = frames[mrr_movements].unpivot(
        on=["expansion", "contraction"], index=["code", "month"], variable_name="movement"
    )
    wanted = moved.filter(pl.col("value") != 0)
    assert {row[:3]: row[3] for row in sums.iter_rows()} == {
        row[:3]: row[3] for row in wanted.iter_rows()
    }
