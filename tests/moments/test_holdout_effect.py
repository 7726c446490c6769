"""What moments brought, by hand: customers talked to against customers left alone."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from clv_cli.attribution import evidence_tables
from clv_cli.attribution.moments_effect import effect_table
from clv_cli.frames import EMITTED_COLUMNS, Memory
from clv_cli.results import Result, collect
from tests.books import book, day, line, scope

SAID = day("2025-06-30")


def memory(**held: bool) -> Memory:
    rows = [
        {
            "dedupe_key": f"quota_near:{customer}",
            "customer_id": customer,
            "kind": "quota_near",
            "day": SAID,
            "emitted_as_of": SAID,
            "holdout": out,
        }
        for customer, out in held.items()
    ]
    return Memory(pl.DataFrame(rows, schema=EMITTED_COLUMNS), SAID)


# Each brings one amount on the day after; nothing before or after the 90 days counts.
LINES = [
    *(line(c, "2025-07-01", n) for c, n in {"A": 100, "B": 200, "C": 60, "D": 40}.items()),
    line("A", "2025-06-30", 999),
    line("A", "2025-09-29", 999),
]


def effect(of: Memory, as_of: str) -> list[dict[str, object]]:
    asked = scope(replace(book(LINES), memory=of), as_of)
    (result,) = collect([effect_table()], asked)
    return result.records()


def test_the_difference_of_the_means_and_its_interval_by_hand() -> None:
    (row,) = effect(memory(A=False, B=False, C=True, D=True), "2025-09-28")
    assert (row["talked_to"], row["left_alone"]) == (2, 2)
    assert (row["mean_talked_to"], row["mean_left_alone"], row["difference"]) == (
        15_000,
        5_000,
        10_000,
    )
    # Variances 5000 and 200: sqrt((5000 + 200) / 2) = 50.99, times 1.96 = 99.94.
    assert (row["low"], row["high"]) == (pytest.approx(6, abs=1), pytest.approx(19_994, abs=1))


def test_a_window_that_is_not_over_says_nothing() -> None:
    assert effect(memory(A=False, B=False, C=True, D=True), "2025-09-27") == []


def test_fewer_than_two_in_a_group_are_no_comparison() -> None:
    (row,) = effect(memory(A=False, B=False, C=True), "2025-09-28")
    assert (row["talked_to"], row["left_alone"], row["difference"]) == (2, 1, None)


def evidence(of: Memory | None, method: str) -> dict[str, Result]:
    asked = scope(replace(book(LINES), memory=of), "2025-09-28", split={"method": method})
    return {result.table.name: result for result in collect(evidence_tables(asked), asked)}


def test_a_measured_split_shows_the_experiment_beside_what_help_brought() -> None:
    (_, shown) = evidence(memory(A=False, B=False, C=True, D=True), "counterfactual").values()
    (row,) = shown.records()
    assert (row["kind"], row["talked_to"], row["left_alone"]) == ("quota_near", 2, 2)
    assert row["difference"] == 10_000
    assert any("beside what CS saved, not in it" in note for note in shown.rows.notes)


def test_without_an_experiment_or_a_measurement_the_split_shows_none() -> None:
    assert "moments_effect" not in evidence(None, "counterfactual")
    assert "moments_effect" not in evidence(memory(A=False, B=False), "counterfactual")
    assert "moments_effect" not in evidence(memory(A=False, B=True), "declared")
