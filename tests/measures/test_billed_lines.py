"""Which lines count as billed revenue, and the account of the others."""

from __future__ import annotations

from typing import Any

import pytest

from clv_cli.measures.billed_lines import billed_lines, excluded_lines, loaded_lines
from clv_cli.measures.revenue_facts import revenue_facts
from clv_cli.results import collect_frames
from tests.books import book, line, rate, scope

Lines = list[dict[str, Any]]


def billed(lines: Lines, as_of: str = "2025-12", **more: Any) -> list[int]:  # noqa: ANN401
    frame = billed_lines(scope(book(lines, **more), as_of)).collect()
    return sorted(frame["amount_base"].to_list())


def left_out(lines: Lines, as_of: str = "2025-12", **more: Any) -> dict[str, int]:  # noqa: ANN401
    asked = scope(book(lines, **more), as_of)
    frame = collect_frames([excluded_lines], asked)[excluded_lines]
    return dict(frame.select("rule", "amount_base").iter_rows())


def test_each_line_is_left_out_by_the_first_rule_that_holds() -> None:
    lines = [
        line("A", "2025-01-01", 100),
        line("A", "2025-01-01", 10, status="draft"),
        line("T", "2025-01-01", 20, status="void"),
        line("T", "2025-01-01", 30),
        line("T", "2025-07-01", 40),
        line("A", "2025-07-01", 50),
        line("A", "2025-01-01", 60, status="open"),
        line("A", "2025-01-01", 70, status="uncollectible"),
    ]
    assert billed(lines, "2025-06", test_customers=["T"]) == [6000, 7000, 10000]
    assert left_out(lines, "2025-06", test_customers=["T"]) == {
        "draft_or_void": 3000,
        "test_customer": 7000,
        "after_as_of": 5000,
    }


@pytest.mark.parametrize(
    ("credit", "covered"),
    [
        ({"original_line_id": "L1"}, True),
        ({"original_line_id": "L2", "invoice_id": "R1"}, True),
        ({"invoice_id": "R1"}, True),
        ({"original_line_id": "L2"}, False),
        ({"original_line_id": "L1", "amount": -99_99}, False),
        ({"original_line_id": "L1", "amount": -200_00}, True),
        ({"original_line_id": "L1", "status": "void"}, False),
        ({"original_line_id": "L1", "kind": "one_off"}, False),
    ],
)
def test_a_cash_refund_counts_only_where_no_credit_covers_it(
    credit: dict[str, Any],
    covered: bool,  # noqa: FBT001
) -> None:
    refund = line("A", "2025-02-01", -100, kind="refund", original_line_id="L1", invoice_id="R1")
    other = {**line("A", "2025-02-01", -100, kind="credit"), **credit}
    found = left_out([line("A", "2025-01-01", 100), refund, other])
    assert found.get("covered_refund", 0) == (-10000 if covered else 0)


def test_a_credit_written_after_the_as_of_day_covers_nothing_yet() -> None:
    refund = line("A", "2025-02-01", -100, kind="refund", invoice_id="R1")
    credit = line("A", "2025-03-01", -100, kind="credit", invoice_id="R1")
    assert billed([refund, credit], "2025-02") == [-10000]
    assert billed([refund, credit], "2025-03") == [-10000]
    assert left_out([refund, credit], "2025-03") == {"covered_refund": -10000}


def test_revenue_converts_once_a_line_at_the_rate_of_its_day() -> None:
    lines = [line("A", "2025-01-10", "0.01", currency="EUR") for _ in range(3)]
    rates = [rate("EUR", "2025-01-10", "1.4")]
    assert billed(lines, rates=rates) == [1, 1, 1]
    assert billed([line("A", "2025-01-10", "0.03", currency="EUR")], rates=rates) == [4]


def test_facts_are_by_customer_month_product_and_kind() -> None:
    lines = [
        line("B", "2025-01-01", 5, product_id="p"),
        line("A", "2025-02-01", 1, product_id="p"),
        line("A", "2025-02-28", 2, product_id="p"),
        line("A", "2025-02-28", 4, kind="usage"),
    ]
    facts = collect_frames([revenue_facts], scope(book(lines)))[revenue_facts]
    assert facts.rows() == [
        (0, 2025 * 12 + 1, None, "usage", 1, 400),
        (0, 2025 * 12 + 1, "p", "one_off", 2, 300),
        (1, 2025 * 12, "p", "one_off", 1, 500),
    ]


def test_a_line_left_out_without_a_rate_counts_as_nothing_and_is_counted() -> None:
    lines = [
        line("A", "2025-01-10", 5, currency="EUR", status="draft"),
        line("A", "2025-01-10", 7),
    ]
    frames = collect_frames([excluded_lines, loaded_lines], scope(book(lines)))
    assert frames[excluded_lines].rows() == [("draft_or_void", 1, 0, 1)]
    assert frames[loaded_lines].rows() == [("loaded", 2, 700, 1)]


def test_sums_never_wrap() -> None:
    most = [line("A", "2025-01-10", 10**12, kind="usage") for _ in range(10)]
    facts = collect_frames([revenue_facts], scope(book(most)))[revenue_facts]
    assert facts["amount_base"].to_list() == [10**15]
