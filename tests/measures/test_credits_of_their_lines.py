"""A credit belongs to the subscription of its line, and takes back only what counts."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from clv_cli.measures.mrr_months import mrr_months
from clv_cli.measures.mrr_movements import mrr_movements
from clv_cli.metrics import METRICS
from clv_cli.money import MRR_UNITS
from clv_cli.results import collect_frames
from tests.books import book, line, month, scope

Rows = list[dict[str, Any]]
SUBSCRIBED: dict[str, Any] = {"subscription_id": "s1", "line_id": "L1"}
UNPAID: dict[str, Any] = {**SUBSCRIBED, "status": "open"}


def credit(amount: float, start: str, end: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """A credit for some days of L1, without a subscription of its own."""
    return line("A", start, amount, end=end, kind="credit", original_line_id="L1", **more)


def at(lines: Rows, when: str, tables: Any = None, **keys: Any) -> tuple[int | Fraction, int]:  # noqa: ANN401
    """MRR in major units, and units that pay, at a month's end."""
    asked = scope(book(lines, **(tables or {})), when, **keys)
    frames = collect_frames([mrr_months, mrr_movements], asked)
    assert not frames[mrr_movements].filter(mrr_movements_below()).height, "somebody is below 0"
    row = next(r for r in frames[mrr_months].iter_rows(named=True) if r["month"] == month(when))
    return Fraction(row["closing"], MRR_UNITS * 100), row["customers_closing"]


def mrr_movements_below() -> Any:  # noqa: ANN401
    import polars as pl

    return pl.col("closing") < 0


TWO = [
    line("A", "2025-01-01", 1200, "year", **SUBSCRIBED),
    line("A", "2025-01-01", 600, "year", subscription_id="s2", line_id="L2"),
]


def test_a_credit_lowers_the_subscription_of_the_line_it_names() -> None:
    # Half of s1's year, 50.00 a month, back from July on.
    lines = [*TWO, credit(-300, "2025-07-01", "2026-01-01")]
    assert at(lines, "2025-06", grain="subscription") == (150, 2)
    assert at(lines, "2025-08", grain="subscription") == (100, 2)
    assert at(lines, "2025-08") == (100, 1)


# Half of 1200.01, cut to a cent, leaves a twelfth of a cent a month: nobody pays that.
@pytest.mark.parametrize(("year", "back"), [(1200, -600), ("1200.01", -600)])
def test_a_subscription_that_is_credited_in_full_is_lost_and_the_other_one_stays(
    year: float | str, back: float
) -> None:
    first = line("A", "2025-01-01", year, "year", **SUBSCRIBED)
    lines = [first, TWO[1], credit(back, "2025-07-01", "2026-01-01")]
    assert at(lines, "2025-08", grain="subscription") == (50, 1)
    metric = METRICS["subscriptions"]
    asked = scope(book(lines), "2025-08")
    found = metric.figures(collect_frames(metric.needs, asked), [month("2025-08")])[0]
    assert found.value == 1


def test_a_credit_that_says_its_subscription_keeps_it() -> None:
    lines = [*TWO, credit(-300, "2025-07-01", "2026-01-01", subscription_id="s2")]
    assert at(lines, "2025-08", grain="subscription") == (100, 1)


def test_a_line_of_another_customer_lends_a_credit_no_subscription() -> None:
    other = line("B", "2025-01-01", 1200, "year", **SUBSCRIBED)
    lines = [other, line("A", "2025-01-01", 600, "year"), credit(-300, "2025-07-01", "2026-01-01")]
    # A's own line has no subscription, and so the two are one unit.
    assert at(lines, "2025-08", grain="subscription") == (100, 1)


def test_a_pause_holds_what_credits_left_of_its_subscription() -> None:
    known = {"subscription_id": "s1", "customer_id": "A", "pauses": ["2025-08-01/2025-10-01"]}
    lines = [TWO[0], credit(-300, "2025-07-01", "2026-01-01")]
    tables: Any = {"subscriptions": [known]}
    found = collect_frames([mrr_months], scope(book(lines, **tables), "2025-08"))[mrr_months]
    assert found["paused"][-1] == -50 * 100 * MRR_UNITS
    assert at(lines, "2025-08", tables) == (0, 0)
    assert at(lines, "2025-10", tables) == (50, 1)


@pytest.mark.parametrize("switch", ["cancel_effective", "cancel_request"])
def test_a_cancelled_subscription_takes_its_credits_along(switch: str) -> None:
    known = {"subscription_id": "s1", "customer_id": "A", "ended_on": "2025-09-15"}
    from datetime import date

    tables = {"subscriptions": [{**known, "ended_on": date(2025, 9, 15)}]}
    lines = [TWO[0], credit(-300, "2025-07-01", "2026-01-01")]
    assert at(lines, "2025-08", tables, **{"churn.date": switch}) == (50, 1)
    assert at(lines, "2025-09", tables, **{"churn.date": switch}) == (0, 0)


def test_what_a_lapse_has_taken_already_is_not_taken_back_once_more() -> None:
    """Unpaid since January, lost in February when the grace ended, credited in March."""
    year = line("A", "2025-01-01", 1200, "year", **UNPAID)
    lines = [year, credit(-1000, "2025-03-01", "2026-01-01")]
    assert at([year], "2025-01") == (100, 1)
    assert at([year], "2025-03") == (0, 0)
    assert at(lines, "2025-03") == (0, 0)
    assert at(lines, "2025-12") == (0, 0)


def test_a_credit_within_the_grace_counts_until_its_line_lapses() -> None:
    year = line("A", "2025-01-01", 1200, "year", **UNPAID)
    lines = [year, credit(-550, "2025-01-15", "2025-12-15", issued="2025-01-15")]
    assert at(lines, "2025-01") == (50, 1)
    assert at(lines, "2025-02") == (0, 0)


def test_a_line_that_is_paid_after_all_counts_again_less_its_credit() -> None:
    from datetime import date

    year = line("A", "2025-01-01", 1200, "year", **SUBSCRIBED, paid_on=date(2025, 5, 10))
    lines = [year, credit(-500, "2025-03-01", "2026-01-01")]
    assert at(lines, "2025-03") == (0, 0)
    assert at(lines, "2025-05") == (50, 1)
    # In full: 1000.00 for the ten months from March on.
    assert at([year, credit(-1000, "2025-03-01", "2026-01-01")], "2025-05") == (0, 0)


def test_a_full_credit_leaves_nothing_before_a_lapse_and_after_it() -> None:
    """Cut to the cent, on both sides of the days on which its line did not count."""
    from datetime import date

    year = line("A", "2024-10-20", "5825.00", "year", **SUBSCRIBED)
    year |= {"due_on": date(2025, 7, 15), "paid_on": date(2025, 9, 5)}
    lines = [year, credit(-1340.54, "2025-07-28", "2025-10-20")]
    assert at(lines[:1], "2025-07") == (Fraction(5825, 12), 1)
    for when in ("2025-07", "2025-08", "2025-09"):
        assert at(lines, when) == (0, 0), when


def test_without_a_grace_credits_count_from_their_issue() -> None:
    year = line("A", "2025-01-01", 1200, "year", **UNPAID)
    lines = [year, credit(-500, "2025-03-01", "2026-01-01")]
    assert at(lines, "2025-03", **{"churn.grace_days": None}) == (50, 1)


def test_a_lapse_booked_at_the_end_of_service_ends_its_credits_on_that_day() -> None:
    year = line("A", "2025-01-01", 1200, "year", **UNPAID)
    lines = [year, credit(-500, "2025-03-01", "2026-01-01")]
    assert at(lines, "2025-03", **{"churn.book": "service_end"}) == (0, 0)
