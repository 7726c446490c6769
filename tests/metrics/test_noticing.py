"""Findings before numbers: each with count, money, an example and a remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from clv_cli.errors import DataError
from clv_cli.metrics.tables.noticing import findings_table, noticed
from clv_cli.results import collect
from tests.books import book, day, line, monthly, scope

if TYPE_CHECKING:
    from clv_cli.frames import Finding


def found(lines: list[dict[str, Any]], as_of: str = "2025-03", **more: Any) -> dict[str, Finding]:  # noqa: ANN401
    keys = {k: v for k, v in more.items() if "." in k}
    tables = {k: v for k, v in more.items() if "." not in k}
    asked = scope(book(lines, **tables), as_of, **keys)
    result = collect([noticed(asked, thorough=True)], asked)[0]
    return {finding.code: finding for finding in result.rows.findings}


def paid(*amounts: float | None) -> list[dict[str, Any]]:
    return monthly("A", "2025-01-01", list(amounts), subscription_id="s1", tax=0)


def test_clean_lines_are_noticed_only_for_lasting_beyond_the_data() -> None:
    assert set(found(paid(10, 10, 10, 10))) == {"right_censoring"}


def test_a_recurring_line_without_a_period_is_found_with_its_row() -> None:
    finding = found([*paid(10, 10, 10), line("B", "2025-02-01", 25, kind="recurring")])[
        "no_service_period"
    ]
    assert finding.message == "recurring lines without a service period, in no MRR: 1 (25.00 USD)"
    assert (finding.source, finding.row) == ("billing_lines.csv", 5)
    assert finding.remedy


def test_a_month_without_any_line_between_busy_ones_is_found() -> None:
    everybody = [monthly(f"C{n}", "2025-01-01", [10, 10, None, 10, 10]) for n in range(5)]
    finding = found([line for lines in everybody for line in lines], "2025-05")["missing_months"]
    assert finding.message == (
        "no line was issued in 2025-03 (5 lines in 2025-02, 5 in 2025-04): whose service was billed "
        "then looks lost, and won back after it"
    )
    few = [line for lines in everybody[:4] for line in lines]
    assert "missing_months" not in found(few, "2025-05")


def test_a_dated_one_off_line_is_found_whatever_the_switch_says() -> None:
    fee = line("A", "2025-01-01", 500, kind="one_off", end="2026-01-01")
    assert "500.00 USD" in found([*paid(10, 10, 10), fee])["dated_one_off"].message


def test_discounts_of_unknown_kind_are_found_where_the_kind_matters() -> None:
    lines = [{**each, "discount": 500} for each in paid(10, 10, 10)]
    assert "unknown_discount" not in found(lines)
    finding = found(lines, **{"mrr.discounts": "forever_only"})["unknown_discount"]
    assert finding.message.endswith("3 lines (30.00 USD)")


def test_overlaps_are_counted_and_can_stop_the_run() -> None:
    double = line("A", "2025-01-20", 10, "month", subscription_id="s1")
    lines = [*paid(10, 10, 10), double]
    assert found(lines)["overlapping_lines"].message.endswith("2 (20.00 USD)")
    with pytest.raises(DataError, match="lines that begin before an earlier line"):
        found(lines, **{"mrr.overlaps": "fail"})
    two_items = [{**each, "plan_id": plan} for plan in ("a", "b") for each in paid(10, 10)]
    pause_or_credit = line("A", "2025-01-20", -5, "month", subscription_id="s1", kind="credit")
    assert "overlapping_lines" not in found([*two_items, pause_or_credit])


def test_a_customer_below_nothing_is_named_and_can_stop_the_run() -> None:
    lines = [*paid(10, 10), line("A", "2025-02-01", -40, "month", kind="credit")]
    finding = found(lines)["negative_customers"]
    assert finding.message.startswith(
        "1 customer has MRR below 0 (-30.00 USD), such as A in 2025-02"
    )
    with pytest.raises(DataError, match="below 0"):
        found(lines, **{"mrr.negative": "fail"})


def test_customers_from_before_the_data_are_named_with_the_row_that_tells() -> None:
    customers = [{"customer_id": "A", "created_on": day("2023-05-01")}]
    finding = found(paid(10, 10, 10), customers=customers)["left_truncation"]
    assert "1 customer (10.00 USD MRR) paid before the data begin in 2025-01" in finding.message
    assert (finding.source, finding.row) == ("customers.csv", 2)


def test_a_gap_that_may_still_close_makes_churn_provisional() -> None:
    lines = monthly("A", "2024-12-28", [10, 10, 10], tax=0)
    finding = found(lines, "2025-03")["provisional_churn"]
    assert "1 customer (10.00 USD MRR), such as A" in finding.message
    assert "provisional_churn" not in found(lines, "2025-04")
    assert "provisional_grace" in found(lines, **{"churn.book": "service_end"})


def test_lines_that_tell_no_tax_are_taken_as_ex_tax_and_it_is_said() -> None:
    untaxed = [{**each, "tax": None} for each in paid(10, 10, 10)]
    assert found(untaxed)["tax_basis_unknown"].message.startswith(
        "tax basis unknown: none of 3 lines"
    )


def test_lines_and_subscription_table_are_compared_where_asked() -> None:
    table = [
        {
            "subscription_id": "s1",
            "customer_id": "A",
            "started_on": day("2025-01-01"),
            "interval": "month",
            "amount": 1200,
            "currency": "USD",
        }
    ]
    assert "basis_difference" not in found(paid(10, 10, 10), subscriptions=table)
    finding = found(paid(10, 10, 10), subscriptions=table, **{"mrr.basis": "compare"})[
        "basis_difference"
    ]
    assert "(lines less table: -2.00 USD), most of all s1" in finding.message


def test_the_check_lists_them_all_as_a_table() -> None:
    asked = scope(book([*paid(10), line("B", "2025-01-02", 5, kind="recurring")]), "2025-01")
    result = collect([findings_table(asked)], asked)[0]
    assert result.records()[0]["row"] == 3
    assert result.records()[0]["severity"] == "warning"


def test_a_worksheet_without_lines_has_nothing_to_notice() -> None:
    assert found([]) == {}
