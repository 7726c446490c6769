"""The health score by hand, its bands on both sides, and whether it tells who leaves."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clv_cli.measures.health import band, health, health_history
from clv_cli.measures.health_bands import band_test
from clv_cli.models.auc import area
from clv_cli.moments.tables.health import health_bands_table, health_table
from clv_cli.results import collect, collect_frames
from clv_cli.settings import Settings
from tests.books import book, day, line, monthly, scope
from tests.moments.asking import used

Row = dict[str, Any]


def scores(lines: list[Row], as_of: str = "2025-12", **tables: Any) -> dict[str, Row]:  # noqa: ANN401
    asked = scope(book(lines, **tables), as_of)
    rows = collect_frames([health], asked)[health].join(asked.book.codes, on="code")
    return {row["customer_id"]: row for row in rows.to_dicts()}


PAYING = monthly("A", "2025-01-01", [100] * 12)


def touch(on: str, kind: str = "ticket", customer: str = "A") -> Row:
    return {
        "touch_id": f"{on}{kind}{customer}",
        "customer_id": customer,
        "happened_on": day(on),
        "team": "support" if kind == "ticket" else "success",
        "type": kind,
    }


def payment(on: str, outcome: str) -> Row:
    return {
        "payment_id": on,
        "customer_id": "A",
        "attempted_on": day(on),
        "outcome": outcome,
        "amount": 1,
        "currency": "USD",
    }


@pytest.mark.parametrize(
    ("months", "expected"),
    [
        ([100] * 6, 100.0),
        ([100, 100, 100, 75, 75, 75], 50.0),
        ([100, 100, 100, 50, 50, 50], 0.0),
        ([100, 100, 100, 200, 200, 200], 100.0),
        ([100, 100, 100, 100, 100], None),
        ([0, 0, 0, 5, 5, 5], None),
    ],
)
def test_use_is_held_against_the_three_months_before(
    months: list[float], expected: float | None
) -> None:
    rows = used("A", f"2025-{13 - len(months):02}", months)
    assert scores(PAYING, usage=rows)["A"]["usage"] == expected


@pytest.mark.parametrize(
    ("attempts", "expected"),
    [
        ([("2025-12-01", "succeeded")], 100.0),
        ([("2025-12-01", "failed"), ("2025-12-04", "succeeded")], 50.0),
        ([("2025-12-01", "succeeded"), ("2025-12-04", "failed")], 0.0),
        ([("2025-10-02", "failed")], None),  # 90 days before, and no longer in the window
        ([("2025-10-03", "failed")], 0.0),
    ],
)
def test_payments_of_the_window_count(
    attempts: list[tuple[str, str]], expected: float | None
) -> None:
    rows = [payment(on, outcome) for on, outcome in attempts]
    assert scores(PAYING, payments=rows)["A"]["payment"] == expected


def test_tickets_contacts_answers_and_the_term_by_hand() -> None:
    answered = {
        "response_id": "r",
        "customer_id": "A",
        "answered_on": day("2025-12-31"),
        "kind": "nps",
        "score": 7,
        "scale_max": 10,
    }
    touches = [touch("2025-12-01"), touch("2025-12-02"), touch("2025-10-02")]
    row = scores(PAYING, touches=touches, surveys=[answered])["A"]
    assert row["support"] == 60.0  # two of five
    assert row["sentiment"] == pytest.approx(70.0)
    assert row["engagement"] == 100.0  # the answer is a contact
    assert row["contract"] == pytest.approx(100 * 1 / 365)  # the month ends on the next day
    # (15 x 60 + 10 x 70 + 10 x 100 + 10 x 0.274) / 45
    assert (row["score"], row["band"]) == (58, "yellow")
    assert row["coverage"] == pytest.approx(0.45)


def test_a_cancellation_asked_for_leaves_nothing_of_the_term() -> None:
    year = [line("A", "2025-12-31", 1200, "year")]
    assert scores(year)["A"]["contract"] == 100.0
    asked = {
        "subscription_id": "s",
        "customer_id": "A",
        "status": "active",
        "cancel_requested_on": day("2025-12-31"),
    }
    assert scores(year, subscriptions=[asked])["A"]["contract"] == 0.0


def test_what_is_younger_than_the_day_is_not_seen() -> None:
    touches = [touch("2025-12-01")]
    assert scores(PAYING, "2025-11-30", touches=touches)["A"]["support"] is None
    assert scores(PAYING, "2025-12-01", touches=touches)["A"]["support"] == 80.0


def test_who_does_not_pay_has_no_score() -> None:
    assert scores(PAYING, "2026-03") == {}


@given(st.integers(0, 100))
def test_bands_have_two_sides(score: int) -> None:
    found = pl.select(band(pl.lit(score), 50, 75)).item()
    assert found == ("red" if score <= 50 else "yellow" if score <= 75 else "green")


def test_bands_that_overlap_and_weights_of_nothing_are_refused() -> None:
    for wrong in (
        {"risky_up_to": 75},
        {
            "weights": dict.fromkeys(
                ("usage", "payment", "support", "sentiment", "engagement", "contract"), 0
            )
        },
    ):
        with pytest.raises(ValueError, match=r"must be"):
            Settings.model_validate({"health": wrong})


def test_the_area_is_the_share_of_pairs_in_order() -> None:
    # Stayed: 3, 5, 5; left: 1, 5. Of six pairs three are in order and two are ties: 4 / 6.
    found = area(np.array([3.0, 5, 5, 1, 5]), np.array([1.0, 1, 1, 0, 0]), np.arange(5.0))
    assert found is not None
    assert found.value == pytest.approx(4 / 6)
    assert area(np.array([1.0, 2]), np.array([1.0, 1]), np.arange(2.0)) is None


def test_looking_ten_times_at_a_customer_is_not_ten_customers() -> None:
    draw = np.random.default_rng(1)
    score, stayed = draw.normal(size=200), (draw.random(200) < 0.5).astype(float)
    once = area(score, stayed, np.arange(200.0))
    often = area(np.tile(score, 10), np.tile(stayed, 10), np.tile(np.arange(200.0), 10))
    assert once is not None
    assert often is not None
    assert often.value == pytest.approx(once.value)
    assert often.high - often.low == pytest.approx(once.high - once.low, rel=1e-6)


def test_an_interval_of_the_area_holds_one_half_when_labels_are_random() -> None:
    draw = np.random.default_rng(7)
    held = 0
    for _ in range(200):
        found = area(
            draw.normal(size=150), (draw.random(150) < 0.7).astype(float), np.arange(150.0)
        )
        held += found is not None and found.low <= 0.5 <= found.high
    assert held >= 180


def company(*, tells: bool) -> list[Any]:
    """300 customers of 18 months, of whom some leave and some write tickets: by chance, or together."""
    draw = random.Random(3)
    lines, touches = [], []
    for n in range(300):
        left = draw.random() < 0.4
        months = draw.randint(9, 16) if left else 18
        troubled = left if tells else draw.random() < 0.4
        name = f"C{n:03}"
        lines += monthly(name, "2024-07-01", [100] * months)
        if troubled:
            touches += [
                touch(f"2025-{m:02}-{d:02}", customer=name) for m in range(1, 13) for d in (3, 9)
            ]
    return [lines, touches]


@pytest.mark.parametrize("tells", [False, True])
def test_random_labels_warn_that_the_bands_do_not_separate(tells: bool) -> None:  # noqa: FBT001
    lines, touches = company(tells=tells)
    asked = scope(book(lines, touches=touches), "2025-12")
    bands, listed = collect([health_bands_table(asked), health_table()], asked)
    codes = [finding.code for finding in bands.rows.findings]
    assert codes == ([] if tells else ["health_not_separating"])
    rows = {row["band"]: row for row in bands.records()}
    if tells:
        assert rows["red"]["low"] > rows["yellow"]["high"]
    assert listed.rows.frame.height == collect_frames([health], asked)[health].height


def test_of_200_random_histories_hardly_any_passes() -> None:
    draw = np.random.default_rng(11)
    passed = 0
    for _ in range(200):
        score = draw.integers(0, 101, 400)
        history = pl.DataFrame(
            {"code": np.arange(400), "score": score, "lost": draw.random(400) < 0.2}
        ).with_columns(band=band(pl.col("score"), 50, 75))
        passed += band_test(history, 20).verdict is None
    assert passed <= 8


def test_scores_that_are_all_of_one_band_do_not_separate() -> None:
    lost = [n < 40 for n in range(200)]
    score = [60 if gone else 70 for gone in lost]
    history = pl.DataFrame({"code": range(200), "score": score, "lost": lost, "band": "yellow"})
    assert (
        band_test(history, 20).verdict
        == "the health bands do not separate: all customers are yellow"
    )


def test_too_few_lost_customers_cannot_test_the_score() -> None:
    lines = PAYING + monthly("B", "2025-01-01", [100] * 8)
    asked = scope(book(lines, touches=[touch("2025-03-01")]), "2025-12")
    (bands,) = collect([health_bands_table(asked)], asked)
    assert bands.rows.findings == []
    assert bands.rows.notes[0].startswith("The score is not tested: fewer than 20")


def test_the_history_looks_no_further_than_its_day_and_a_window_that_is_over() -> None:
    lines = PAYING + monthly("B", "2025-01-01", [100] * 9)
    asked = scope(book(lines), "2025-12-31")
    rows = collect_frames([health_history], asked)[health_history]
    # 30 September and 90 days is 29 December; half a year from 1 January is 3 July.
    assert sorted(set(rows["day"].to_list())) == [day("2025-09-30")]
    told = dict(rows.join(asked.book.codes, on="code").select("customer_id", "lost").iter_rows())
    assert told == {"A": False, "B": True}
    assert band_test(rows, 1).lost == 1
