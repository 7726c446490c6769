"""Defects found in other programs' MRR code: a test for each, showing that ours does not share it.

The programs and files are named in the comments; the numbers are ours.
"""

from __future__ import annotations

import csv
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from clv_cli.measures.mrr_months import mrr_months
from clv_cli.measures.mrr_movements import mrr_movements
from clv_cli.measures.suspect_customers import truncated_customers
from clv_cli.metrics import METRICS, metrics_tables
from clv_cli.money import MRR_UNITS
from clv_cli.results import collect_frames
from clv_cli.run.as_of_day import default_as_of
from clv_cli.run.finishing import finished
from tests.books import book, line, month, monthly, scope

KILL_BILL = (
    Path(__file__).parents[2].parent
    / "shared"
    / "data"
    / "metrics"
    / "killbill_mrr_normalisation.csv"
)
INTERVALS = {"MONTHLY": "month", "ANNUAL": "year", "NO_BILLING_PERIOD": None}
Rows = list[dict[str, Any]]


def row(lines: Rows, at: str, **keys: Any) -> dict[str, Any]:  # noqa: ANN401
    """What moved in a month, in major units; movements of 0 left out."""
    frames = collect_frames([mrr_months], scope(book(lines), at, **keys))
    found = next(r for r in frames[mrr_months].iter_rows(named=True) if r["month"] == month(at))
    names = ("closing", "new", "expansion", "contraction", "churn", "reactivation")
    exact = {name: Fraction(found[name], MRR_UNITS * 100) for name in names}
    return {name: value for name, value in exact.items() if value or name == "closing"}


def test_a_return_is_reactivation_and_no_expansion() -> None:
    """dbt_stripe, dbt_recurly: `month > prior` stands before `prior = 0`, so 0 -> 80 is expansion."""
    lines = [*monthly("A", "2025-01-01", [100]), *monthly("A", "2025-03-01", [80])]
    assert row(lines, "2025-03") == {"closing": 80, "reactivation": 80}


def test_an_end_is_churn_and_no_contraction() -> None:
    """dbt_recurly: `current < previous` stands before `churned`, so 100 -> 0 is contraction."""
    assert row(monthly("A", "2025-01-01", [100]), "2025-02") == {"closing": 0, "churn": -100}


def test_a_trial_that_is_paid_is_new_and_no_expansion() -> None:
    """dbt_stripe: a month at 0 before the first payment makes it expansion."""
    lines = [
        line("A", "2025-01-01", 0, "month", kind="trial"),
        *monthly("A", "2025-02-01", [30]),
    ]
    assert row(lines, "2025-02") == {"closing": 30, "new": 30}


@pytest.mark.parametrize(
    ("interval", "count", "mrr"),
    [
        ("day", 1, Fraction(3650, 12)),
        ("week", 1, Fraction(520, 12)),
        ("week", 2, Fraction(260, 12)),
        ("day", 30, Fraction(365, 36)),
    ],
)
def test_short_intervals_are_not_worth_nothing(interval: str, count: int, mrr: Fraction) -> None:
    """dbt_stripe: `day` is missing; Kill Bill: DAILY, WEEKLY, BIWEEKLY and THIRTY_DAYS are 0."""
    lines = [line("A", "2025-01-31", 10, interval, count=count)]
    assert row(lines, "2025-01")["closing"] == mrr


def test_stacked_discounts_are_all_taken_off() -> None:
    """dbt_stripe: max(percent_off); here the line's amount is after the sum of its discounts."""
    lines = [line("A", "2025-01-01", 72, "month", discount=2800)]
    assert row(lines, "2025-01")["closing"] == 72
    assert row(lines, "2025-01", **{"mrr.discounts": "none"})["closing"] == 100


def test_a_plan_swap_is_no_churn_and_no_new_customer() -> None:
    """dbt_stripe: by subscription item, a swap is new + churned."""
    lines = [
        line("A", "2025-01-01", 50, "month", plan_id="basic", subscription_id="s1"),
        line("A", "2025-02-01", 80, "month", plan_id="pro", subscription_id="s1"),
    ]
    assert row(lines, "2025-02") == {"closing": 80, "expansion": 30}
    subscription = {"grain": "subscription"}
    assert row(lines, "2025-02", **subscription) == {"closing": 80, "expansion": 30}


def test_months_in_which_nothing_is_billed_are_there() -> None:
    """dbt_recurly: no month spine; Kill Bill: an inner join drops months without churn."""
    lines = [line("A", "2025-01-01", 1200, "year")]
    frames = collect_frames([mrr_months], scope(book(lines), "2025-06"))
    assert frames[mrr_months]["month"].to_list() == list(range(month("2025-01"), month("2025-07")))
    assert frames[mrr_months]["churn"].to_list() == [0] * 6


def test_an_annual_charge_is_spread_and_lost_at_its_monthly_worth() -> None:
    """dbt_recurly: it lands whole in its month; Kill Bill: annual churn at full price."""
    lines = [line("A", "2025-01-01", 1200, "year")]
    assert row(lines, "2025-01") == {"closing": 100, "new": 100}
    assert row(lines, "2026-01") == {"closing": 0, "churn": -100}


def test_mrr_is_not_what_was_charged_less_refunds() -> None:
    """dbt_recharge: MRR is the charges of the month, net of refunds."""
    lines = [
        line("A", "2025-01-01", 300, "quarter"),
        line("A", "2025-01-20", -300, kind="refund"),
        line("A", "2025-01-20", -150, end="2025-04-01", kind="refund"),
    ]
    assert row(lines, "2025-02") == {"closing": 100}


def test_tax_is_in_only_where_it_is_asked_for() -> None:
    """Lago: `- coupons + taxes_amount_cents`."""
    lines = [line("A", "2025-01-01", 100, "month", tax=1900)]
    assert row(lines, "2025-01")["closing"] == 100
    assert row(lines, "2025-01", **{"mrr.tax": "include"})["closing"] == 119


def test_weekly_invoices_of_one_customer_are_not_averaged_with_others() -> None:
    """Lago: 4.33 x the average invoice, not the sum by customer."""
    lines = [line("A", "2025-01-27", 10, "week"), line("B", "2025-01-27", 30, "week")]
    assert row(lines, "2025-01")["closing"] == Fraction(40 * 52, 12)
    second = line("A", "2025-01-27", 50, "week", subscription_id="s2")
    assert row([*lines, second], "2025-01")["closing"] == Fraction(90 * 52, 12)


def test_a_line_is_constant_over_its_period_and_not_spread_by_days() -> None:
    """Lago: the first and last month get a day-prorated part, like recognised revenue."""
    lines = [line("A", "2025-01-15", 300, "quarter")]
    assert [row(lines, f"2025-0{m}")["closing"] for m in (1, 2, 3, 4)] == [100, 100, 100, 0]


def test_who_returns_after_45_silent_days_is_reactivated_and_a_second_subscription_expands() -> (
    None
):
    """PostHog: both are `new`."""
    lines = [*monthly("A", "2025-01-01", [100]), *monthly("A", "2025-05-01", [100])]
    assert row(lines, "2025-05") == {"closing": 100, "reactivation": 100}
    second = line("A", "2025-05-10", 40, "month", subscription_id="s2")
    assert row([*lines, second], "2025-05")["reactivation"] == 140
    both = [line("A", "2025-01-01", 600, "year"), second]
    assert row(both, "2025-05") == {"closing": 90, "expansion": 40}


def test_nothing_is_carried_forward_beyond_what_was_paid() -> None:
    """PostHog: forward-fills the last charge."""
    assert row(monthly("A", "2025-01-01", [100]), "2025-03")["closing"] == 0


def test_every_item_of_a_subscription_counts() -> None:
    """profitable: `subscription_items[0]` only."""
    items = [
        line("A", "2025-01-01", price, "month", subscription_id="s1", plan_id=plan)
        for plan, price in (("base", 50), ("seats", 30), ("extra", 20))
    ]
    assert row(items, "2025-01")["closing"] == 100


def test_churn_is_a_share_of_those_at_the_opening() -> None:
    """profitable: the denominator counts only those still active, so 5 of 10 lost prints 100 %."""
    lines = [
        each
        for number in range(10)
        for each in monthly(f"C{number}", "2025-01-01", [10] * (1 + number % 2))
    ]
    asked = scope(book(lines), "2025-02")
    metric = METRICS["logo_churn"]
    found = metric.figures(collect_frames(metric.needs, asked), [month("2025-02")])[0]
    assert found.value == Fraction(1, 2)


def test_a_debt_is_not_trimmed_and_no_churn_means_no_lifetime() -> None:
    """profitable: negatives are clipped to 0, and LTV is 0 at zero churn."""
    lines = [
        *monthly("A", "2025-01-01", [10]),
        line("A", "2025-01-01", -40, "month", kind="credit"),
        *monthly("B", "2025-01-01", [100]),
    ]
    assert row(lines, "2025-01")["closing"] == 70
    asked = scope(book(lines), "2025-01")
    metric = METRICS["clv"]
    found = metric.figures(collect_frames(metric.needs, asked), [month("2025-01")])[0]
    assert found.value is None
    assert found.reason == "no churn in 12 months"


def test_customers_of_before_the_data_are_named_and_not_taken_for_new() -> None:
    """dbt mrr-playbook: 52 of 55 customers look new in the first month."""
    lines = [each for n in range(9) for each in monthly(f"C{n}", "2025-01-01", [10, 10, 10])]
    lines += monthly("D", "2025-02-05", [10])
    asked = scope(book(lines), "2025-03")
    assert collect_frames([truncated_customers], asked)[truncated_customers].height == 9
    known = [{"customer_id": f"C{n}", "created_on": month_day(n)} for n in range(9)]
    told = scope(book(lines, customers=known), "2025-03")
    assert collect_frames([truncated_customers], told)[truncated_customers].height == 4


def test_months_that_the_data_do_not_reach_are_no_churn() -> None:
    """dbt mrr-playbook: everybody churns in the months after the last line."""
    lines = [each for n in range(9) for each in monthly(f"C{n}", "2025-01-20", [10, 10, 10])]
    # March is not over in these data, so the last month told is February, and nobody has left.
    stats = book(lines).lines
    as_of = default_as_of(stats.first_issued, stats.last_issued)
    assert as_of.isoformat() == "2025-02-28"
    assert row(lines, as_of.isoformat()[:7]) == {"closing": 90}
    beyond = scope(book(lines), "2025-05")
    report = finished("metrics", beyond, metrics_tables(["logo_churn"], "month", None))
    assert "as_of_beyond_data" in {finding.code for finding in report.findings}


def month_day(number: int) -> Any:  # noqa: ANN401
    """Four customers of the year before, five of the first month itself."""
    from datetime import date

    return date(2024, 6, 1 + number) if number < 4 else date(2025, 1, 1)


def test_a_cancelled_subscription_is_subtracted_once() -> None:
    """Ghost: its MRR delta is taken off twice."""
    lines = [
        *monthly("A", "2025-01-01", [50, 50], subscription_id="s1"),
        *monthly("A", "2025-01-01", [30], subscription_id="s2"),
    ]
    assert row(lines, "2025-02") == {"closing": 50, "contraction": -30}
    assert row(lines, "2025-03") == {"closing": 0, "churn": -50}


def test_no_thousandth_row_is_the_last_one() -> None:
    """Capgo: a page limit cut subscriptions at 1,000 rows."""
    lines = [line(f"C{n}", "2025-01-01", 1, "month") for n in range(2500)]
    assert row(lines, "2025-01")["closing"] == 2500


def _kill_bill(cases: list[tuple[str, str]]) -> list[Decimal]:
    """What each price is worth a month, to four digits: a customer a case, all in one book."""
    names = [f"C{number:02}" for number in range(len(cases))]
    lines = [
        line(
            name,
            "2025-01-01",
            price,
            INTERVALS[period],
            kind=None if INTERVALS[period] else "one_off",
        )
        for name, (period, price) in zip(names, cases, strict=True)
    ]
    asked = scope(book(lines), "2025-01")
    moves = collect_frames([mrr_movements], asked)[mrr_movements]
    codes = dict(asked.book.codes.select("customer_id", "code").iter_rows())
    units = dict(moves.select("code", "closing").iter_rows())
    exact = [Fraction(units.get(codes[name], 0), MRR_UNITS * 100) for name in names]
    return [
        (Decimal(mrr.numerator) / mrr.denominator).quantize(Decimal("0.0001"), ROUND_HALF_UP)
        for mrr in exact
    ]


@pytest.mark.parametrize(
    ("period", "price", "mrr"),
    [
        ("MONTHLY", "12.45", "12.4500"),
        ("ANNUAL", "369.95", "30.8292"),
        ("ANNUAL", "2695.55", "224.6292"),
        ("NO_BILLING_PERIOD", "999.95", "0.0000"),
    ],
)
def test_prices_are_normalised_to_months(period: str, price: str, mrr: str) -> None:
    assert _kill_bill([(period, price)]) == [Decimal(mrr)]


@pytest.mark.skipif(not KILL_BILL.exists(), reason="the shared data are not beside the repository")
def test_all_of_kill_bills_own_normalisations_agree_to_four_digits() -> None:
    rows = list(csv.DictReader(KILL_BILL.read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 63
    cases = [(case["billing_period"], case["price"].removesuffix("00")) for case in rows]
    assert _kill_bill(cases) == [Decimal(case["expected_mrr"]) for case in rows]
