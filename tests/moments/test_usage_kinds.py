"""Moments of use, worked by hand: quota near, reached, exceeded, sustained, projected, under; declines."""

from __future__ import annotations

import pytest

from tests.books import line, scope
from tests.moments.asking import days, found, usage_book, used


@pytest.mark.parametrize(
    ("kind", "below", "at"),
    [
        ("quota_near", 79.999999, 80),
        ("quota_reached", 99.999999, 100),
        ("quota_exceeded", 100, 101),
    ],
)
def test_a_quota_level_has_two_sides(kind: str, below: float, at: float) -> None:
    rows = used("A", "2025-03", [50, below]) + used("B", "2025-03", [50, at])
    assert [
        (row["customer_id"], row["day"].isoformat()) for row in found(kind, usage_book(rows))
    ] == [("B", "2025-04-30")]


def test_only_the_month_that_crosses_is_told_and_a_second_crossing_again() -> None:
    rows = used("A", "2025-01", [50, 85, 90, 85, 50, 81])
    assert days("quota_near", usage_book(rows)) == ["2025-02-28", "2025-06-30"]


def test_the_highest_level_of_a_month_speaks_for_it() -> None:
    crossed = usage_book(used("A", "2025-01", [50, 105]))
    assert not days("quota_near", crossed)
    assert not days("quota_reached", crossed)
    assert days("quota_exceeded", crossed) == ["2025-02-28"]


def test_one_month_of_use_over_the_quota_is_a_crossing() -> None:
    assert days("quota_exceeded", usage_book(used("A", "2025-05", [120]))) == ["2025-05-31"]


@pytest.mark.parametrize("quota", [0, None])
def test_without_a_quota_nothing_is_near_over_or_under_it(quota: float | None) -> None:
    rows = used("A", "2025-01", [0, 5, 500], quota=quota)
    for kind in ("quota_near", "quota_reached", "quota_exceeded", "quota_sustained", "under_quota"):
        assert not days(kind, usage_book(rows)), kind


def test_daily_rows_add_up_and_cross_on_their_day() -> None:
    rows = [
        {
            "customer_id": "A",
            "period_start": f"2025-03-{n:02}",
            "metric": "calls",
            "quantity": 10,
            "quota": 100,
        }
        for n in range(1, 12)
    ]
    of = usage_book(_dated(rows))
    assert days("quota_near", of, "2025-03-08") == ["2025-03-08"]  # 8 x 10 = 80
    assert days("quota_reached", of, "2025-03-10") == ["2025-03-10"]
    assert days("quota_exceeded", of) == ["2025-03-11"]


def test_of_a_gauge_the_days_do_not_add_up() -> None:
    rows = [
        {
            "customer_id": "A",
            "period_start": f"2025-03-{n:02}",
            "metric": "seats",
            "quantity": 60,
            "quota": 100,
        }
        for n in (1, 2)
    ]
    assert not days("quota_near", usage_book(_dated(rows)))


def test_a_row_of_the_months_last_midnight_belongs_to_its_own_month() -> None:
    rows = _dated(
        [
            {
                "customer_id": "A",
                "period_start": "2025-03-31",
                "metric": "calls",
                "quantity": 60,
                "quota": 100,
            },
            {
                "customer_id": "A",
                "period_start": "2025-04-01",
                "metric": "calls",
                "quantity": 60,
                "quota": 100,
            },
        ]
    )
    assert not days("quota_near", usage_book(rows))


def test_over_the_quota_for_two_complete_months_is_told_once_in_the_second() -> None:
    rows = used("A", "2025-01", [101, 101, 101, 50, 101, None, 101, 101])
    assert days("quota_sustained", usage_book(rows)) == ["2025-02-28", "2025-08-31"]
    # The second month counts only when it is over.
    assert not days("quota_sustained", usage_book(rows), "2025-02-27")


def test_a_pace_that_crosses_is_projected_and_one_that_does_not_is_not() -> None:
    # Day 15 of 30: 50 of 100 are just on pace, 51 are above it.
    on_pace, above = used("A", "2025-06", [50]), used("B", "2025-06", [51])
    of = usage_book(on_pace + above)
    assert [row["customer_id"] for row in found("quota_projected", of, "2025-06-15")] == ["B"]
    assert not days("quota_projected", of, "2025-06-06")  # 7 days are needed
    assert not days("quota_projected", of, "2025-06-30")  # the month is over


def test_what_has_crossed_already_is_not_projected() -> None:
    assert not days("quota_projected", usage_book(used("A", "2025-06", [100])), "2025-06-15")


def test_far_under_the_quota_has_two_sides_and_needs_two_months() -> None:
    rows = used("A", "2025-01", [30, 30, 29, 29, 29]) + used("B", "2025-01", [29, 30])
    assert [
        (row["customer_id"], row["day"].isoformat())
        for row in found("under_quota", usage_book(rows))
    ] == [("A", "2025-04-30")]


def test_the_next_plans_price_difference_is_at_stake() -> None:
    # Two units of 50: the next plan costs 80, so 12 x 100 x (80 - 50) / 50 = 720 more a year.
    plans = [
        {
            "plan_id": "s",
            "price": 5000,
            "currency": "USD",
            "interval": "month",
            "quota_metric": "calls",
            "next_plan_id": "m",
        },
        {
            "plan_id": "m",
            "price": 8000,
            "currency": "USD",
            "interval": "month",
            "quota_metric": "calls",
        },
    ]
    from tests.books import book

    lines = [
        line("A", "2025-03-01", 100, "month", plan_id="s"),
        line("B", "2025-03-01", 80, "month", plan_id="m"),
    ]
    of = book(lines, usage=used("A", "2025-03", [101]) + used("B", "2025-03", [101]), plans=plans)
    rows = found("quota_exceeded", of, "2025-03")
    assert [(row["amount"], row["basis"]) for row in rows] == [
        (72_000, "a year of the next plan's price difference"),
        (None, "no next plan in the price list"),
    ]


FLAT = [100] * 10


def test_a_decline_has_two_sides_and_is_told_in_its_first_month() -> None:
    rows = used("A", "2024-11", [*FLAT, 90, 78, 70]) + used("B", "2024-11", [*FLAT, 90, 79])
    told = found("declining_usage", usage_book(rows))
    assert [(r["customer_id"], r["day"].isoformat()) for r in told] == [("A", "2025-10-31")]
    assert told[0]["fact"] == "calls 78, was 100 (-22 %)"


def test_a_decline_needs_the_month_before_it() -> None:
    # 91 is not 10 % below 100, 90 is.
    assert not days("declining_usage", usage_book(used("A", "2024-11", [*FLAT, 91, 78])))
    assert days("declining_usage", usage_book(used("A", "2024-11", [*FLAT, 90, 78])))


def test_an_alert_has_two_sides() -> None:
    rows = used("A", "2024-11", [*FLAT, 90, 50]) + used("B", "2024-11", [*FLAT, 90, 51])
    told = found("usage_alert", usage_book(rows))
    assert [(r["customer_id"], r["day"].isoformat()) for r in told] == [("A", "2025-10-31")]


def test_new_customers_single_months_and_gaps_are_not_judged() -> None:
    short = used(
        "A", "2025-01", [100] * 9 + [50]
    )  # nine months before: the confirming month has eight
    gap = used("B", "2024-10", [*FLAT, None, 90, 50])
    single = used("C", "2025-01", [50])
    nothing = used("D", "2024-11", [*[0] * 10, 0, 0])
    assert not days("declining_usage", usage_book([*short, *gap, *single, *nothing]))


def test_a_month_that_is_not_over_is_no_decline() -> None:
    rows = usage_book(used("A", "2024-11", [*FLAT, 90, 78]))
    assert not days("declining_usage", rows, "2025-10-30")
    assert days("declining_usage", rows, "2025-10-31") == ["2025-10-31"]


def test_a_fall_that_all_peers_share_is_a_season_and_their_rise_is_none() -> None:
    together = [row for n in range(20) for row in used(f"P{n:02}", "2024-11", [*FLAT, 80, 70])]
    alone = used("A", "2024-11", [*FLAT, 60, 50])
    fallen = found("declining_usage", usage_book([*together, *alone]))
    assert [r["customer_id"] for r in fallen] == [
        "A"
    ]  # 50 of 100, where its peers are at 70: 29 % below
    risen = [row for n in range(20) for row in used(f"P{n:02}", "2024-11", [*FLAT, 150, 150])]
    assert not days("declining_usage", usage_book([*risen, *used("A", "2024-11", [100] * 12)]))


def test_fewer_peers_than_asked_are_no_season() -> None:
    together = [row for n in range(19) for row in used(f"P{n:02}", "2024-11", [*FLAT, 80, 70])]
    assert len(days("declining_usage", usage_book(together))) == 19


def test_who_has_left_has_no_use_to_save() -> None:
    rows = used("A", "2024-11", [*FLAT, 90, 50])
    assert not found("declining_usage", scope(usage_book(rows), "2026-03"))


def test_use_counts_up_to_its_milestones_and_gauges_do_not() -> None:
    rows = used("A", "2025-01", [6000, 3999.5, 0.5, 1]) + used(
        "B", "2025-01", [20_000], metric="seats"
    )
    told = found("usage_count", usage_book(rows))
    assert [(r["customer_id"], r["day"].isoformat(), r["occurrence"]) for r in told] == [
        ("A", "2025-03-31", "10000")
    ]


def _dated(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    from datetime import date

    return [{**row, "period_start": date.fromisoformat(str(row["period_start"]))} for row in rows]
