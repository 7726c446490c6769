"""Switched, expanded, retained: each case by hand."""

from __future__ import annotations

from typing import Any

from tests.attribution.asking import asked, cells, initiative
from tests.books import day, line, monthly, rate

EXPANDED, SWITCHED, REST = "cxm/expanded/I", "cxm/switched/I", "sales/rest/rest"
EVERYTHING: dict[str, Any] = {"initiatives": [initiative()]}


def split(lines: list[dict[str, Any]], **more: Any) -> dict[str, int]:  # noqa: ANN401
    """The cells of the line called `now`."""
    return cells(asked(lines, **EVERYTHING, **more))["now"]


def test_a_monthly_plan_at_the_same_price_is_retained() -> None:
    lines = monthly("A", "2024-09-01", [100] * 6)
    assert split([*lines, line("A", "2025-03-01", 100, "month", line_id="now")]) == {REST: 10000}


def test_a_dearer_month_is_expanded_by_the_difference() -> None:
    lines = monthly("A", "2024-09-01", [100] * 6)
    found = split([*lines, line("A", "2025-03-01", 150, "month", line_id="now")])
    assert found == {EXPANDED: 5000, REST: 10000}


def test_a_cheaper_month_expands_nothing() -> None:
    lines = monthly("A", "2024-09-01", [100] * 6)
    assert split([*lines, line("A", "2025-03-01", 80, "month", line_id="now")]) == {REST: 8000}


def test_the_base_is_the_mean_of_the_months_before() -> None:
    # Mean of 100, 100, 160 is 120: of 150, 30 are new.
    lines = monthly("A", "2024-12-01", [100, 100, 160])
    found = split([*lines, line("A", "2025-03-01", 150, "month", line_id="now")])
    assert found == {EXPANDED: 3000, REST: 12000}


def test_only_the_last_base_months_count() -> None:
    lines = monthly("A", "2024-09-01", [10, 10, 10, 100, 100, 100])
    now = line("A", "2025-03-01", 150, "month", line_id="now")
    assert split([*lines, now], split__base_months=3) == {EXPANDED: 5000, REST: 10000}


def test_an_annual_plan_renewed_at_the_same_price_is_retained() -> None:
    lines = [line("A", "2024-03-15", 1200, "year")]
    assert split([*lines, line("A", "2025-03-15", 1200, "year", line_id="now")]) == {REST: 120000}


def test_an_annual_upgrade_is_expanded_by_the_difference() -> None:
    lines = [line("A", "2024-03-15", 1200, "year")]
    found = split([*lines, line("A", "2025-03-15", 1500, "year", line_id="now")])
    assert found == {EXPANDED: 30000, REST: 120000}


def test_a_late_annual_renewal_at_the_same_price_is_no_expansion() -> None:
    lines = [line("A", "2024-01-15", 1200, "year")]
    now = line("A", "2025-01-15", 1200, "year", issued="2025-03-02", line_id="now")
    assert split([*lines, now]) == {REST: 120000}


def test_an_early_annual_renewal_at_the_same_price_is_no_expansion() -> None:
    lines = [line("A", "2024-04-15", 1200, "year")]
    now = line("A", "2025-04-15", 1200, "year", issued="2025-02-20", line_id="now")
    assert split([*lines, now]) == {REST: 120000}


def test_billing_in_arrears_is_no_expansion() -> None:
    months = [f"2024-{month:02}-01" for month in range(6, 13)]
    ends = [*months[1:], "2025-01-01"]
    lines = [
        line("A", start, 100, "month", issued=end) for start, end in zip(months, ends, strict=True)
    ]
    now = line("A", "2025-01-01", 100, "month", issued="2025-02-01", line_id="now")
    assert split([*lines, now]) == {REST: 10000}


def test_billing_in_advance_is_no_expansion() -> None:
    lines = [
        line("A", f"2024-{month:02}-01", 100, "month", issued=f"2024-{month - 1:02}-25")
        for month in range(7, 13)
    ]
    now = line("A", "2025-01-01", 100, "month", issued="2025-01-02", line_id="now")
    assert split([*lines, now]) == {REST: 10000}


def test_a_quarterly_plan_at_the_same_price_is_retained_and_its_upgrade_expanded() -> None:
    lines = [line("A", f"2024-{month:02}-01", 300, "quarter") for month in (1, 4, 7, 10)]
    same = line("A", "2025-01-01", 300, "quarter", line_id="now")
    more = line("A", "2025-01-01", 450, "quarter", line_id="now")
    assert split([*lines, same]) == {REST: 30000}
    assert split([*lines, more]) == {EXPANDED: 15000, REST: 30000}


def test_going_from_monthly_to_annual_at_the_same_monthly_price_is_retained() -> None:
    lines = monthly("A", "2024-09-01", [100] * 6)
    assert split([*lines, line("A", "2025-03-01", 1200, "year", line_id="now")]) == {REST: 120000}


def test_usage_above_its_mean_is_expanded_and_all_lines_of_the_month_share_it() -> None:
    lines = [line("A", f"2024-{month:02}-09", 40, kind="usage") for month in (9, 10, 11, 12)]
    # 30 + 50 = 80 in January against a base of 40: half of each line is new.
    now = [line("A", "2025-01-09", 30, kind="usage", line_id="now")]
    also = [line("A", "2025-01-20", 50, kind="usage", line_id="also")]
    found = cells(asked([*lines, *now, *also], **EVERYTHING))
    assert found["now"] == {EXPANDED: 1500, REST: 1500}
    assert found["also"] == {EXPANDED: 2500, REST: 2500}


def test_without_enough_history_nothing_is_expansion() -> None:
    lines = monthly("A", "2025-01-01", [100, 100])
    now = line("A", "2025-03-01", 900, "month", line_id="now")
    assert split([*lines, now]) == {REST: 90000}
    assert split([*lines, now], split__base_min_months=2) == {EXPANDED: 80000, REST: 10000}


def test_products_have_their_own_base_and_no_product_is_one_too() -> None:
    lines = monthly("A", "2024-09-01", [100] * 6, product_id="p")
    lines += monthly("A", "2024-09-01", [10] * 6)
    named = line("A", "2025-03-01", 150, "month", product_id="p", line_id="now")
    unnamed = line("A", "2025-03-01", 20, "month", line_id="other")
    found = cells(asked([*lines, named, unnamed], **EVERYTHING))
    assert found["now"] == {EXPANDED: 5000, REST: 10000}
    assert found["other"] == {EXPANDED: 1000, REST: 1000}


def test_a_better_exchange_rate_is_no_expansion() -> None:
    lines = monthly("A", "2024-10-01", [100] * 3, currency="EUR")
    now = line("A", "2025-01-01", 100, "month", currency="EUR", line_id="now")
    days = ["2024-10-01", "2024-11-01", "2024-12-01"]
    rates = [*(rate("EUR", on, "1.0") for on in days), rate("EUR", "2025-01-01", "1.5")]
    assert split([*lines, now], rates=rates) == {REST: 15000}


def test_a_new_currency_has_no_base_yet() -> None:
    lines = monthly("A", "2024-10-01", [100] * 3)
    now = line("A", "2025-01-01", 900, "month", currency="EUR", line_id="now")
    assert split([*lines, now], rates=[rate("EUR", "2025-01-01", "1.0")]) == {REST: 90000}


def test_a_credit_in_the_same_month_lowers_its_rate() -> None:
    lines = monthly("A", "2024-09-01", [100] * 6)
    twice = [line("A", "2025-03-01", 100, "month", line_id=name) for name in ("now", "again")]
    back = line("A", "2025-03-05", -100, kind="credit", original_line_id="again")
    assert split([*lines, *twice, back]) == {REST: 10000}


def test_the_whole_first_purchase_day_of_a_switcher_is_switched() -> None:
    lines = [
        line("A", "2025-03-01", 70, line_id="now"),
        line("A", "2025-03-01", 30, "month", line_id="same_day"),
        line("A", "2025-04-01", 30, "month", line_id="later"),
    ]
    found = cells(
        asked(lines, **EVERYTHING, customers=[{"customer_id": "A", "prior_supplier": "R"}])
    )
    assert found["now"] == {SWITCHED: 7000}
    assert found["same_day"] == {SWITCHED: 3000}
    assert found["later"] == {REST: 3000}


def test_a_new_customer_without_a_prior_supplier_has_not_switched() -> None:
    assert split([line("A", "2025-03-01", 70, line_id="now")]) == {REST: 7000}


def test_a_policy_can_treat_all_new_customers_as_switched() -> None:
    lines = [line("A", "2025-03-01", 70, line_id="now")]
    assert split(lines, split__treat_new_as_switched=True) == {SWITCHED: 7000}


def test_the_deal_of_the_line_or_a_won_new_deal_knows_the_prior_supplier() -> None:
    def deal(**more: str) -> dict[str, str]:
        return {"deal_id": "D", "outcome": "won", "prior_supplier": "R", **more}

    of_line = line("A", "2025-03-01", 70, line_id="now", deal_id="D")
    plain = line("A", "2025-03-01", 70, line_id="now")
    assert split([of_line], deals=[deal(type="expansion")]) == {SWITCHED: 7000}
    assert split([plain], deals=[deal(type="new", customer_id="A")]) == {SWITCHED: 7000}
    assert split([plain], deals=[deal(type="renewal", customer_id="A")]) == {REST: 7000}
    assert split([plain], deals=[deal(type="new", customer_id="B")]) == {REST: 7000}


def test_a_won_new_deal_is_found_through_its_account() -> None:
    deal = {
        "deal_id": "D",
        "account_id": "acc",
        "outcome": "won",
        "type": "new",
        "prior_supplier": "R",
    }
    found = split(
        [line("A", "2025-03-01", 70, line_id="now")],
        deals=[deal],
        account_map=[{"customer_id": "A", "account_id": "acc"}],
    )
    assert found == {SWITCHED: 7000}


# --- renewals


def renewal(prior: float, **more: object) -> dict[str, object]:
    row = {
        "contract_id": "K",
        "customer_id": "A",
        "currency": "USD",
        "prior_amount": round(prior * 100),
    }
    return {**row, "term_start": day("2025-03-01"), "term_end": day("2026-03-01"), **more}


def expanded_by(lines: list[dict[str, Any]], *renewals: dict[str, object]) -> dict[str, int]:
    found = cells(asked(lines, initiatives=[initiative()], renewals=renewals))["now"]
    return {key.split("/")[0]: amount for key, amount in found.items()}


def test_a_renewal_says_the_base_whatever_was_billed_before() -> None:
    lines = [line("A", "2025-03-01", 1200, "year", line_id="now")]
    # 1,200 a year after 900: without the renewal there would be no past at all, and no expansion.
    assert expanded_by(lines, renewal(900)) == {"cxm": 300_00, "sales": 900_00}
    assert expanded_by(lines) == {"sales": 1200_00}


def test_the_base_of_a_term_is_spread_over_its_months() -> None:
    lines = [
        *monthly("A", "2025-03-01", [100, 100]),
        line("A", "2025-05-01", 100, "month", line_id="now"),
    ]
    assert expanded_by(lines, renewal(900)) == {"cxm": 25_00, "sales": 75_00}


def test_a_renewal_of_another_product_or_time_or_customer_says_nothing() -> None:
    lines = [line("A", "2025-03-01", 1200, "year", line_id="now", product_id="p")]
    for other in (
        renewal(900, product_id="q"),
        renewal(900, term_start=day("2025-04-01")),
        renewal(900, customer_id="B"),
    ):
        assert expanded_by(lines, other) == {"sales": 1200_00}


def test_a_renewal_without_a_product_is_weighed_against_all_the_customer_buys() -> None:
    lines = [
        line("A", "2025-03-01", 1200, "year", line_id="now", product_id="p"),
        line("A", "2025-03-01", 600, "year", product_id="q"),
    ]
    # 1,800 after 900: half of each line.
    assert expanded_by(lines, renewal(900)) == {"cxm": 600_00, "sales": 600_00}


def test_contracts_that_run_together_add_their_bases() -> None:
    lines = [line("A", "2025-03-01", 1200, "year", line_id="now")]
    half = renewal(300, contract_id="K2", term_end=day("2025-09-01"))
    # 900 over twelve months and 300 over six: 125 a month, more than the 100 billed.
    assert expanded_by(lines, renewal(900), half) == {"sales": 1200_00}


def test_bases_beyond_64_bits_are_weighed_exactly() -> None:
    # A month of 6 x 10^13 minor units is 3.3 x 10^18 of 1/55,440; six of them are 2 x 10^19.
    lines = monthly("A", "2024-09-01", [600_000_000_000] * 6)
    now = line("A", "2025-03-01", 900_000_000_000, "month", line_id="now")
    assert split([*lines, now]) == {EXPANDED: 3 * 10**13, REST: 6 * 10**13}
