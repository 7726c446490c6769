"""Moments of purchases, payments, terms, accounts and referrals, worked by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.books import book, day, line, monthly, rate
from tests.moments.asking import days, found

if TYPE_CHECKING:
    from clv_cli.frames import Book

Row = dict[str, Any]


def one_off(customer: str, on: str, amount: float | str, **more: Any) -> Row:  # noqa: ANN401
    return line(customer, on, amount, **more)


def told(kind: str, of: Book, as_of: str = "2025-12", **keys: object) -> list[tuple[str, str, str]]:
    """Customer, day and occurrence of every moment of a kind."""
    rows = found(kind, of, as_of, **keys)
    return [(r["customer_id"], r["day"].isoformat(), r["occurrence"]) for r in rows]


def test_the_fiftieth_purchase_is_one_and_the_49th_and_51st_are_none() -> None:
    lines = [one_off("A", f"2025-{n // 20 + 1:02}-{n % 20 + 1:02}", 10) for n in range(51)]
    of = book(lines)
    assert told("nth_purchase", of) == [
        ("A", "2025-01-01", "1"),
        ("A", "2025-01-10", "10"),
        ("A", "2025-02-05", "25"),
        ("A", "2025-03-10", "50"),
    ]
    assert len(told("nth_purchase", of, "2025-03-09")) == 3


def test_invoices_of_nothing_and_credits_are_no_purchases() -> None:
    lines = [
        one_off("A", "2025-01-01", 0),
        one_off("A", "2025-01-02", -5, kind="credit"),
        one_off("A", "2025-01-03", 5),
    ]
    assert told("nth_purchase", book(lines)) == [("A", "2025-01-03", "1")]


def test_spend_is_reached_once_though_a_credit_takes_it_back() -> None:
    lines = [
        one_off("A", "2025-01-01", "999.99"),
        one_off("A", "2025-01-02", "0.01"),
        one_off("A", "2025-01-03", -500, kind="credit"),
        one_off("A", "2025-01-04", 600),
        one_off("B", "2025-01-01", "999.99"),
    ]
    assert told("spend_reached", book(lines)) == [("A", "2025-01-02", "1000")]


def test_one_large_invoice_reaches_two_levels() -> None:
    reached = told("spend_reached", book([one_off("A", "2025-01-01", 10_000)]))
    assert [occurrence for _, _, occurrence in reached] == ["1000", "10000"]


def test_years_of_a_customer_of_29_february_fall_on_the_28th() -> None:
    lines = monthly("A", "2024-02-29", [10] * 36)
    of = book(lines)
    assert told("tenure", of, "2026-03") == [("A", "2025-02-28", "1"), ("A", "2026-02-28", "2")]
    assert told("tenure", of, "2025-02-27") == []


def test_anniversaries_are_the_years_that_are_no_milestone_of_those_who_pay() -> None:
    lines = [*monthly("A", "2020-06-15", [10] * 66), *monthly("B", "2020-06-15", [10] * 12)]
    of = book(lines)
    assert told("billing_anniversary", of, "2025-11") == [("A", "2024-06-15", "4")]
    assert [d for _, d, _ in told("tenure", of, "2025-11")] == [
        "2021-06-15",
        "2022-06-15",
        "2023-06-15",
        "2025-06-15",
    ]


def renewing(end: str) -> Book:
    return book([line("A", "2024-11-30", 1200, "year", end=end)])


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        ("2025-10-30", []),
        ("2025-10-31", ["2025-11-30:T-30"]),
        ("2025-11-22", ["2025-11-30:T-30"]),
        ("2025-11-23", ["2025-11-30:T-7"]),
        ("2025-11-30", ["2025-11-30:T-0"]),
    ],
)
def test_a_renewal_is_told_30_days_before_7_days_before_and_on_the_day(
    as_of: str, expected: list[str]
) -> None:
    assert [
        occurrence for _, _, occurrence in told("renewal", renewing("2025-11-30"), as_of)
    ] == expected


def test_a_renewal_points_to_the_line_of_the_term_that_ends() -> None:
    rows = found("renewal", renewing("2025-11-30"), "2025-11-01")
    assert [(r["source"], r["row"]) for r in rows] == [("billing_lines.csv", 2)]


def test_short_terms_renew_by_themselves() -> None:
    assert told("renewal", book(monthly("A", "2025-01-01", [10] * 11)), "2025-11-30") == []


def contract(end: str, start: str = "2025-01-01") -> Row:
    return {
        "contract_id": "K",
        "customer_id": "A",
        "term_start": day(start),
        "term_end": day(end),
        "prior_amount": 1,
        "currency": "USD",
    }


def test_a_contract_says_when_its_term_ends_and_a_sentinel_does_not() -> None:
    lines = monthly("A", "2025-01-01", [10] * 12)
    of = book(lines, renewals=[contract("2025-12-31")])
    assert told("renewal", of, "2025-12-01") == [("A", "2025-12-01", "2025-12-31:T-30")]
    for sentinel in ("9999-12-31", "1970-01-01", "1900-01-01"):
        assert told("renewal", book(lines, renewals=[contract(sentinel)]), "2025-12-01") == []


def test_a_contract_of_a_leap_day_ends_on_it() -> None:
    lines = monthly("A", "2023-03-01", [10] * 12)
    of = book(lines, renewals=[contract("2024-02-29", "2023-03-01")])
    assert told("renewal", of, "2024-02-29") == [("A", "2024-02-29", "2024-02-29:T-0")]


def attempt(on: str, outcome: str, invoice: str | None = "I1", **more: object) -> Row:
    return {
        "payment_id": f"{on}{outcome}",
        "invoice_id": invoice,
        "customer_id": "A",
        "attempted_on": day(on),
        "outcome": outcome,
        "amount": 5000,
        "currency": "USD",
        **more,
    }


PAYING = monthly("A", "2025-01-01", [50] * 12)


def test_a_failed_payment_is_told_by_its_first_failure_until_it_is_made_good() -> None:
    tries = [attempt("2025-12-01", "failed"), attempt("2025-12-04", "failed")]
    rows = found("payment_failed", book(PAYING, payments=tries))
    assert [(r["day"].isoformat(), r["fact"], r["amount"]) for r in rows] == [
        ("2025-12-01", "I1 failed 2 times", 5000)
    ]
    paid = [*tries, attempt("2025-12-05", "succeeded")]
    assert not found("payment_failed", book(PAYING, payments=paid))
    # Seen from the day before, it was not yet paid.
    assert found("payment_failed", book(PAYING, payments=paid), "2025-12-04")
    other = [*tries, attempt("2025-12-05", "succeeded", "I2")]
    assert found("payment_failed", book(PAYING, payments=other))


def test_a_foreign_failure_is_worth_what_it_is_in_the_base_currency() -> None:
    failed = [attempt("2025-12-01", "failed", currency="EUR")]
    of = book(PAYING, payments=failed, rates=[rate("EUR", "2025-12-31", "1.1")])
    assert [r["amount"] for r in found("payment_failed", of)] == [5500]


@pytest.mark.parametrize(
    ("as_of", "expected"), [("2025-11-30", []), ("2025-12-01", [("A", "2025-12-01", "2025-12-31")])]
)
def test_a_card_is_told_30_days_before_it_expires(
    as_of: str, expected: list[tuple[str, str, str]]
) -> None:
    paid = [attempt("2025-11-01", "succeeded", card_expires_on=day("2025-12-31"))]
    assert told("card_expiring", book(PAYING, payments=paid), as_of) == expected


def test_a_new_card_replaces_the_old_and_a_sentinel_is_none() -> None:
    old = attempt("2025-10-01", "succeeded", card_expires_on=day("2025-12-31"))
    new = attempt("2025-11-01", "succeeded", card_expires_on=day("2028-12-31"))
    never = attempt("2025-11-01", "succeeded", card_expires_on=day("1970-01-01"))
    assert told("card_expiring", book(PAYING, payments=[old, new])) == []
    assert told("card_expiring", book(PAYING, payments=[never])) == []


def test_a_return_has_two_sides_and_counts_from_the_end_of_service() -> None:
    # Service to 1 February; 2 March is 29 days later, 3 March 30.
    back = [line("A", "2025-01-01", 10, "month"), line("A", "2025-03-03", 10, "month")]
    soon = [line("B", "2025-01-01", 10, "month"), line("B", "2025-03-02", 10, "month")]
    assert told("win_back", book([*back, *soon])) == [("A", "2025-03-03", "2025-03-03")]


def test_a_yearly_term_covers_the_months_between_its_invoices() -> None:
    lines = [line("A", "2024-01-01", 120, "year"), line("A", "2025-01-01", 120, "year")]
    assert told("win_back", book(lines)) == []


def test_the_second_product_is_told_once_and_not_of_those_who_began_with_two() -> None:
    lines = [
        one_off("A", "2025-01-01", 10, product_id="x"),
        one_off("A", "2025-02-01", 10, product_id="y"),
        one_off("A", "2025-03-01", 10, product_id="z"),
        one_off("B", "2025-01-01", 10, product_id="x"),
        one_off("B", "2025-01-01", 10, product_id="y"),
        one_off("B", "2025-02-01", 10, product_id="z"),
        one_off("C", "2025-01-01", 10, product_id="x"),
        one_off("C", "2025-02-01", 0, product_id="y"),
    ]
    rows = found("second_product", book(lines))
    assert [(r["customer_id"], r["day"].isoformat(), r["subject"]) for r in rows] == [
        ("A", "2025-02-01", "y")
    ]


def referral(
    on: str, kind: str = "referral", referrer: str | None = "A", brought: str = "B"
) -> Row:
    return {
        "referral_id": f"{on}{kind}",
        "referrer_id": referrer,
        "referred_id": brought,
        "made_on": day(on),
        "kind": kind,
    }


def test_who_brings_a_customer_is_thanked_and_who_only_did_not_complain_is_not() -> None:
    lines = [*PAYING, *monthly("B", "2025-01-01", [30] * 12)]
    made = [
        referral("2025-05-01"),
        referral("2025-05-02", "no_gripes"),
        referral("2025-05-03", referrer=None),
        referral("2025-05-04", brought="A"),
        referral("1970-01-01"),
    ]
    rows = found("referral", book(lines, referrals=made))
    assert [(r["customer_id"], r["day"].isoformat(), r["amount"]) for r in rows] == [
        ("A", "2025-05-01", 36_000)
    ]


def change(kind: str, old: str | None, new: str | None, on: str = "2025-06-01") -> Row:
    return {"customer_id": "A", "changed_on": day(on), "kind": kind, "old": old, "new": new}


@pytest.mark.parametrize(
    ("kind", "logged", "count"),
    [
        ("seats_added", change("seats", "9", "10"), 1),
        ("seats_added", change("seats", "10", "9"), 0),
        ("seats_added", change("seats", "many", "more"), 0),
        ("seats_removed", change("members", "10", "9.5"), 1),
        ("seats_removed", change("seats", "9", "10"), 0),
        ("plan_changed", change("plan", "s", "m"), 1),
        ("plan_changed", change("plan", "s", "s"), 0),
        ("moved", change("country", "DE", "FR"), 1),
        ("moved", change("address", None, "Main Street 1"), 1),
        ("payment_method_changed", change("payment_method", "card", "debit"), 1),
        ("owner_changed", change("owner", "Ann", "Bob"), 1),
        ("owner_changed", change("owner", "Ann", "Bob", "1970-01-01"), 0),
    ],
)
def test_a_logged_change_is_a_moment_when_something_changed(
    kind: str, logged: Row, count: int
) -> None:
    assert len(found(kind, book(PAYING, account_changes=[logged]))) == count


def test_two_snapshots_show_what_changed_and_an_empty_field_shows_nothing() -> None:
    taken = [
        {
            "customer_id": "A",
            "taken_on": day("2025-06-30"),
            "seats": "5",
            "country": "DE",
            "owner": "Ann",
        },
        {
            "customer_id": "A",
            "taken_on": day("2025-07-31"),
            "seats": "7",
            "country": None,
            "owner": "Ann",
        },
        {
            "customer_id": "A",
            "taken_on": day("2025-08-31"),
            "seats": "7",
            "country": "DE",
            "owner": "Bob",
        },
    ]
    of = book(PAYING, account_snapshots=taken)
    assert days("seats_added", of) == ["2025-07-31"]
    assert days("owner_changed", of) == ["2025-08-31"]
    assert not days("moved", of)


def test_one_snapshot_shows_no_change_and_the_log_wins_over_two() -> None:
    first = {"customer_id": "A", "taken_on": day("2025-06-30"), "seats": "5"}
    second = {"customer_id": "A", "taken_on": day("2025-07-31"), "seats": "7"}
    assert not days("seats_added", book(PAYING, account_snapshots=[first]))
    logged = [change("seats", "5", "7", "2025-07-10")]
    both = book(PAYING, account_snapshots=[first, second], account_changes=logged)
    assert days("seats_added", both) == ["2025-07-10"]
