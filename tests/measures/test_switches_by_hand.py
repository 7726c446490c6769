"""Switches that no shared scenario covers, each worked by hand."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from clv_cli.errors import DataError
from clv_cli.measures.at_risk import mrr_at_risk
from clv_cli.measures.mrr_months import mrr_months
from clv_cli.measures.mrr_movements import MOVEMENTS
from clv_cli.money import MRR_UNITS
from clv_cli.results import collect_frames
from tests.books import book, day, line, month, monthly, rate, scope

Rows = list[dict[str, Any]]


def moved(lines: Rows, as_of: str, *, rates: Any = (), tables: Any = None, **keys: Any) -> Any:  # noqa: ANN401
    """By month: MRR, what moved, and customers at the end, in major units; zeros left out."""
    asked = scope(book(lines, rates=rates, **(tables or {})), as_of, **keys)
    found = {}
    for row in collect_frames([mrr_months], asked)[mrr_months].iter_rows(named=True):
        values = {"mrr": row["closing"], **{name: row[name] for name in MOVEMENTS}}
        exact = {name: Fraction(value, MRR_UNITS * 100) for name, value in values.items()}
        text = f"{row['month'] // 12}-{row['month'] % 12 + 1:02}"
        kept = {name: float(value) for name, value in exact.items() if value}
        found[text] = {**kept, "customers": row["customers_closing"]}
    return found


def test_who_becomes_free_stays_a_customer_where_asked() -> None:
    free = line("A", "2025-02-01", 0, "month")
    lines = [*monthly("A", "2025-01-01", [100]), free, line("A", "2025-03-01", 40, "month")]
    assert moved(lines, "2025-04", **{"mrr.free": "keep_active"}) == {
        "2025-01": {"mrr": 100, "new": 100, "customers": 1},
        "2025-02": {"contraction": -100, "customers": 1},
        "2025-03": {"mrr": 40, "expansion": 40, "customers": 1},
        "2025-04": {"churn": -40, "customers": 0},
    }
    assert moved(lines, "2025-03")["2025-02"] == {"churn": -100, "customers": 0}


def test_a_free_plan_alone_makes_no_customer_and_its_end_loses_one() -> None:
    never = [line("A", "2025-01-01", 0, "month"), line("A", "2025-02-01", 0, "month")]
    kept = {"mrr.free": "keep_active"}
    lines = [*never, *monthly("B", "2025-01-01", [50]), line("B", "2025-02-01", 0, "month")]
    found = moved(lines, "2025-03", **kept)
    assert [found[m]["customers"] for m in sorted(found)] == [1, 1, 0]


def test_a_line_is_rated_on_its_first_day_and_the_new_rate_is_fx() -> None:
    lines = monthly("A", "2025-01-10", [100, 100, 150], currency="EUR")
    rates = [
        rate("EUR", f"2025-0{m}-10", value) for m, value in ((1, "1.10"), (2, "1.00"), (3, "1.20"))
    ]
    found = moved(lines, "2025-04", rates=rates, **{"fx.mode": "service_start"})
    assert found == {
        "2025-01": {"mrr": 110, "new": 110, "customers": 1},
        "2025-02": {"mrr": 100, "fx": -10, "customers": 1},
        "2025-03": {"mrr": 180, "expansion": 60, "fx": 20, "customers": 1},
        "2025-04": {"churn": -180, "customers": 0},
    }
    with pytest.raises(DataError, match="no exchange rate from EUR to USD on 2025-03-10"):
        moved(lines, "2025-04", rates=rates[:2], **{"fx.mode": "service_start"})


def test_one_rate_for_all_months_leaves_no_fx() -> None:
    lines = monthly("A", "2025-01-01", [100, 100], currency="EUR")
    rates = [rate("EUR", "2024-12-31", "1.50")]
    keys = {"fx.mode": "constant", "fx.constant_on": "2024-12-31"}
    assert moved(lines, "2025-02", rates=rates, **keys)["2025-02"] == {"mrr": 150, "customers": 1}


def test_without_conversion_only_the_base_currency_counts() -> None:
    lines = [*monthly("A", "2025-01-01", [100], currency="EUR"), *monthly("B", "2025-01-01", [7])]
    found = moved(lines, "2025-01", **{"fx.mode": "per_currency"})
    assert found["2025-01"] == {"mrr": 7, "new": 7, "customers": 1}


def test_a_pause_that_outlasts_its_limit_becomes_churn_and_its_end_reactivation() -> None:
    lines = [
        *monthly("A", "2025-01-01", [100], subscription_id="s1"),
        line("A", "2025-08-01", 120, "month", subscription_id="s1"),
    ]
    tables = {
        "subscriptions": [
            {"subscription_id": "s1", "customer_id": "A", "pauses": ["2025-02-01/2025-08-01"]}
        ]
    }
    found = moved(lines, "2025-08", tables=tables)
    assert found["2025-02"] == {"paused": -100, "customers": 0}
    assert found["2025-04"] == {"customers": 0}
    assert found["2025-05"] == {"paused": 100, "churn": -100, "customers": 0}
    assert found["2025-08"] == {"mrr": 120, "reactivation": 120, "customers": 1}
    for_ever = moved(lines, "2025-08", tables=tables, **{"mrr.paused_max_days": None})
    assert for_ever["2025-08"] == {"mrr": 120, "paused": 100, "expansion": 20, "customers": 1}


def test_a_late_payment_brings_the_customer_back_on_its_day() -> None:
    unpaid = line(
        "A", "2025-02-01", 300, "quarter", due_on=day("2025-02-01"), paid_on=day("2025-04-10")
    )
    lines = [*monthly("A", "2025-01-01", [100]), unpaid]
    found = moved(lines, "2025-04")
    assert found["2025-03"] == {"churn": -100, "customers": 0}
    assert found["2025-04"] == {"mrr": 100, "reactivation": 100, "customers": 1}
    back = moved(lines, "2025-04", **{"churn.book": "service_end"})
    assert back["2025-02"] == {"churn": -100, "customers": 0}
    assert moved(lines, "2025-02", **{"churn.book": "service_end"})["2025-02"]["mrr"] == 100
    risk = collect_frames([mrr_at_risk], scope(book(lines), "2025-04"))[mrr_at_risk]
    assert risk["month"].to_list() == [month("2025-02")]


@pytest.mark.parametrize(
    ("usage", "january", "february"),
    [("exclude", 0, 0), ("by_period", 30, 0), ("last_month", 0, 30), ("trailing_3m", 0, 10)],
)
def test_usage_counts_over_its_period_in_its_month_or_as_a_mean(
    usage: str, january: float, february: float
) -> None:
    lines = [
        *monthly("A", "2025-01-01", [100, 100]),
        line("A", "2025-01-01", 30, "month", kind="usage", issued="2025-02-02"),
    ]
    found = moved(lines, "2025-02", **{"mrr.usage": usage})
    assert (found["2025-01"]["mrr"], found["2025-02"]["mrr"]) == (100 + january, 100 + february)


def test_dated_one_offs_refunds_and_trials_count_where_asked() -> None:
    lines = [
        *monthly("A", "2025-01-01", [100]),
        line("A", "2025-01-01", 60, "month", kind="one_off", end="2025-03-01", count=2),
        line("A", "2025-01-01", -20, "month", kind="refund", issued="2025-01-15"),
        line("B", "2025-01-01", 0, "month", kind="trial", quantity="2", unit_price=15),
    ]
    assert moved(lines, "2025-01")["2025-01"]["mrr"] == 100
    assert moved(lines, "2025-01", **{"mrr.one_off": "dated"})["2025-01"]["mrr"] == 130
    assert moved(lines, "2025-01", **{"mrr.refunds": "at_issue"})["2025-01"]["mrr"] == 80
    assert moved(lines, "2025-01", **{"mrr.trials": "at_price"})["2025-01"]["mrr"] == 130


def test_the_subscription_table_is_priced_as_it_is_today() -> None:
    tables = {
        "plans": [{"plan_id": "p", "price": 1200, "currency": "USD", "interval": "month"}],
        "subscriptions": [
            {
                "subscription_id": "s1",
                "customer_id": "A",
                "plan_id": "p",
                "quantity": "2.5",
                "started_on": day("2025-01-10"),
                "ended_on": day("2025-03-10"),
            },
            {
                "subscription_id": "s2",
                "customer_id": "B",
                "amount": 120000,
                "interval": "year",
                "currency": "USD",
                "started_on": day("2024-12-01"),
                "trial_end": day("2025-02-01"),
                "cancel_requested_on": day("2025-02-15"),
            },
        ],
    }
    lines = [*monthly("A", "2025-01-01", [1]), *monthly("B", "2025-01-01", [1])]
    keys = {"mrr.basis": "subscriptions"}
    found = moved(lines, "2025-03", tables=tables, **keys)
    assert [found[m].get("mrr") for m in sorted(found)] == [30, 130, 100]
    asked = {**keys, "churn.date": "cancel_request"}
    assert moved(lines, "2025-03", tables=tables, **asked)["2025-02"]["mrr"] == 30


def test_a_family_moves_as_one_customer() -> None:
    lines = [*monthly("A", "2025-01-01", [100]), *monthly("B", "2025-02-01", [80])]
    tables = {"customers": [{"customer_id": c, "parent_id": "HQ"} for c in ("A", "B")]}
    assert moved(lines, "2025-02", tables=tables, grain="parent")["2025-02"] == {
        "mrr": 80,
        "contraction": -20,
        "customers": 1,
    }
    assert moved(lines, "2025-02", tables=tables)["2025-02"]["new"] == 80


def test_events_count_every_change_and_snapshots_their_sum() -> None:
    steps = [
        ("2025-02-01", "2025-02-10", 100),
        ("2025-02-10", "2025-02-20", 150),
        ("2025-02-20", "2025-04-01", 120),
    ]
    lines = [
        *monthly("A", "2025-01-01", [100]),
        *(line("A", a, amount, "month", end=b) for a, b, amount in steps),
    ]
    assert moved(lines, "2025-02")["2025-02"] == {"mrr": 120, "expansion": 20, "customers": 1}
    events = moved(lines, "2025-02", **{"movements.mode": "events"})
    assert events["2025-02"] == {"mrr": 120, "expansion": 50, "contraction": -30, "customers": 1}
