"""The rules of CXM and CS, their windows and their weights: each case by hand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.attribution.asking import asked, cells, evidence, flag, initiative, referral, touch
from tests.books import line, monthly

REST = "sales/rest/rest"
AT_RISK = "cs/retained/at_risk"
NEW = [{"customer_id": "A", "prior_supplier": "R", "segment": "smb"}]


def one(day: str, amount: float = 100, customer: str = "A", **more: Any) -> dict[str, Any]:  # noqa: ANN401
    return line(customer, day, amount, line_id="now", **more)


# --- CXM


@pytest.mark.parametrize(
    ("day", "claimed"),
    [("2025-02-28", False), ("2025-03-01", True), ("2025-05-31", True), ("2025-06-01", False)],
)
def test_an_initiative_claims_from_its_first_day_to_the_day_before_its_end(
    day: str, *, claimed: bool
) -> None:
    rule = initiative(start="2025-03-01", effective_to="2025-06-01")
    found = cells(asked([one(day)], customers=NEW, initiatives=[rule]))["now"]
    assert found == ({"cxm/switched/I": 10000} if claimed else {REST: 10000})


def test_of_two_initiatives_only_the_one_in_force_claims() -> None:
    over = initiative("I1", effective_to="2025-03-01")
    rules = [over, initiative("I2", products=["q"])]
    found = cells(asked([one("2025-03-01", product_id="p")], customers=NEW, initiatives=rules))
    assert found["now"] == {REST: 10000}


@pytest.mark.parametrize(
    ("facet", "value", "claimed"),
    [
        ("products", ["p"], True),
        ("products", ["q"], False),
        ("products", [], True),
        ("touchpoints", ["web", "shop"], True),
        ("touchpoints", ["web"], False),
        ("segments", ["smb"], True),
        ("segments", ["enterprise"], False),
    ],
)
def test_an_initiative_claims_only_what_it_covers(
    facet: str, value: list[str], *, claimed: bool
) -> None:
    bought = one("2025-03-01", product_id="p", touchpoint="shop")
    covers: dict[str, Any] = {facet: value}
    found = cells(asked([bought], customers=NEW, initiatives=[initiative(**covers)]))["now"]
    assert found == ({"cxm/switched/I": 10000} if claimed else {REST: 10000})


def test_a_line_without_a_product_is_not_covered_by_a_list_of_products() -> None:
    rules = [initiative(products=["p"])]
    assert cells(asked([one("2025-03-01")], customers=NEW, initiatives=rules))["now"] == {
        REST: 10000
    }


def test_an_initiative_that_is_not_aligned_claims_nothing() -> None:
    rules = [initiative() | {"aligned": False}]
    assert cells(asked([one("2025-03-01")], customers=NEW, initiatives=rules))["now"] == {
        REST: 10000
    }


def test_switched_and_expanded_have_their_own_weights() -> None:
    rule = initiative(weight_switched=500_000, weight_expanded=250_000)
    history = monthly("B", "2024-10-01", [100] * 3)
    lines = [one("2025-01-01"), *history, line("B", "2025-01-01", 140, "month", line_id="more")]
    found = cells(asked(lines, customers=NEW, initiatives=[rule]))
    assert found["now"] == {"cxm/switched/I": 5000, REST: 5000}
    assert found["more"] == {"cxm/expanded/I": 1000, REST: 13000}


@pytest.mark.parametrize(
    ("combine", "first", "second"),
    # Together 50 %, 80 % and 65 %, divided 5 : 3.
    [("max", 3125, 1875), ("capped_sum", 5000, 3000), ("noisy_or", 4062, 2438)],
)
def test_two_initiatives_share_their_tier_in_proportion_to_their_weights(
    combine: str, first: int, second: int
) -> None:
    rules = [initiative("I1", weight_switched=500_000), initiative("I2", weight_switched=300_000)]
    scope = asked([one("2025-03-01")], customers=NEW, initiatives=rules, split__combine=combine)
    rest = 10000 - first - second
    expected = {"cxm/switched/I1": first, "cxm/switched/I2": second, REST: rest}
    assert cells(scope)["now"] == expected


def test_a_capped_sum_never_grants_more_than_the_line() -> None:
    rules = [initiative(f"I{n}", weight_switched=700_000) for n in (1, 2)]
    scope = asked(
        [one("2025-03-01")], customers=NEW, initiatives=rules, split__combine="capped_sum"
    )
    assert cells(scope)["now"] == {"cxm/switched/I1": 5000, "cxm/switched/I2": 5000}


# --- CS: at risk


def rescued(day: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"risk_flags": [flag("A", "2025-01-05")], "touches": [touch("A", day)], **more}


@pytest.mark.parametrize(
    ("day", "claimed"),
    [("2025-01-09", False), ("2025-01-10", True), ("2025-02-09", True), ("2025-02-10", False)],
)
def test_a_rescue_claims_from_its_day_to_the_last_day_of_the_window(
    day: str, *, claimed: bool
) -> None:
    scope = asked([one(day)], **rescued("2025-01-10"), split__cs_window_days=30)
    assert cells(scope)["now"] == ({AT_RISK: 10000} if claimed else {REST: 10000})


@pytest.mark.parametrize(
    ("flagged", "claimed"),
    [("2024-12-11", True), ("2024-12-10", False), ("2025-01-10", True), ("2025-01-11", False)],
)
def test_a_touch_is_a_rescue_only_of_a_customer_already_flagged_not_long_ago(
    flagged: str, *, claimed: bool
) -> None:
    tables: dict[str, Any] = {
        "risk_flags": [flag("A", flagged)],
        "touches": [touch("A", "2025-01-10")],
    }
    scope = asked([one("2025-01-20")], **tables, split__cs_window_days=30)
    assert cells(scope)["now"] == ({AT_RISK: 10000} if claimed else {REST: 10000})


def test_the_latest_rescue_is_the_evidence() -> None:
    touches = [touch("A", "2025-01-10", "T1"), touch("A", "2025-02-10", "T3")]
    touches += [touch("A", "2025-02-10", "T2", "support"), touch("A", "2025-04-10", "T4")]
    scope = asked([one("2025-03-01")], risk_flags=[flag("A", "2025-01-05")], touches=touches)
    assert evidence(scope, "now", "cs") == ["touches:T2"]


def test_one_customers_rescue_says_nothing_about_the_next_customer() -> None:
    lines = [one("2025-03-01"), line("B", "2025-03-01", 50, line_id="other")]
    scope = asked(lines, **rescued("2025-01-10"), split__cs_window_days=10**7)
    assert cells(scope)["other"] == {REST: 5000}


def test_the_rescue_weight_leaves_the_rest_to_sales() -> None:
    scope = asked([one("2025-03-01", 0.01)], **rescued("2025-01-10"), split__cs_weight="0.5")
    assert cells(scope)["now"] == {AT_RISK: 1, REST: 0}
    scope = asked([one("2025-03-01")], **rescued("2025-01-10"), split__cs_weight="0.25")
    assert cells(scope)["now"] == {AT_RISK: 2500, REST: 7500}


def test_a_rescue_claims_what_the_customer_buys_more_as_expanded() -> None:
    lines = [*monthly("A", "2024-10-01", [100] * 3), line("A", "2025-02-01", 150, line_id="now")]
    scope = asked(lines, **rescued("2025-01-10"))
    assert cells(scope)["now"] == {AT_RISK: 10000, "cs/expanded/at_risk": 5000}


def test_a_first_purchase_from_a_competitor_cannot_be_a_rescue() -> None:
    scope = asked([one("2025-03-01")], **rescued("2025-01-10", customers=NEW))
    assert cells(scope)["now"] == {REST: 10000}


def test_cs_gets_its_share_of_what_cxm_left() -> None:
    # 150: 50 expanded, of which CXM takes half, CS half of the other half; 100 retained, half to CS.
    lines = [*monthly("A", "2024-10-01", [100] * 3), line("A", "2025-02-01", 150, line_id="now")]
    rule = initiative(weight_expanded=500_000)
    scope = asked(lines, **rescued("2025-01-10"), initiatives=[rule], split__cs_weight="0.5")
    assert cells(scope)["now"] == {
        "cxm/expanded/I": 2500,
        "cs/expanded/at_risk": 1250,
        AT_RISK: 5000,
        REST: 6250,
    }


# --- CS: referrals


def referred(
    made: str = "2025-02-01",
    helped: str = "2025-01-10",
    **more: Any,  # noqa: ANN401
) -> dict[str, Any]:
    return {**rescued(helped), "referrals": [referral("A", "B", made, **more)]}


def brought(*days: str) -> list[dict[str, Any]]:
    return [line("A", "2024-01-01", 5), *(line("B", day, 100, line_id=day) for day in days)]


def test_what_a_rescued_customer_brought_is_cs_for_the_referral_days() -> None:
    days = ("2025-03-01", "2025-03-31", "2025-04-01")
    scope = asked(brought(*days), **referred(), split__referral_days=30)
    found = cells(scope)
    assert found["2025-03-01"] == found["2025-03-31"] == {"cs/referral/referral": 10000}
    assert found["2025-04-01"] == {REST: 10000}
    assert evidence(scope, "2025-03-01", "cs") == ["referrals:R1"]


def test_a_testimonial_counts_like_a_referral_and_its_weight_is_its_share() -> None:
    scope = asked(brought("2025-03-01"), **referred(kind="testimonial", weight=250_000))
    assert cells(scope)["2025-03-01"] == {"cs/referral/referral": 2500, REST: 7500}


def test_a_referral_by_a_customer_whom_nobody_rescued_is_sales() -> None:
    tables = referred() | {"touches": [touch("B", "2025-01-10")]}
    assert cells(asked(brought("2025-03-01"), **tables))["2025-03-01"] == {REST: 10000}


@pytest.mark.parametrize(("helped", "claimed"), [("2025-02-01", True), ("2025-02-02", False)])
def test_the_referrer_must_have_been_rescued_by_the_day_of_the_referral(
    helped: str, *, claimed: bool
) -> None:
    found = cells(asked(brought("2025-03-01"), **referred(helped=helped)))["2025-03-01"]
    assert found == ({"cs/referral/referral": 10000} if claimed else {REST: 10000})


def test_who_heard_no_gripes_needs_no_rescued_referrer() -> None:
    tables = {"referrals": [referral(None, "B", "2025-02-01", "no_gripes")]}
    found = cells(asked(brought("2025-03-01", "2026-03-02"), ("2025-01", "2026-04"), **tables))
    assert found["2025-03-01"] == {"cs/no_gripes/no_gripes": 10000}
    assert found["2026-03-02"] == {REST: 10000}


def test_two_claims_of_cs_share_its_tier() -> None:
    both = [
        referral("A", "B", "2025-02-01", weight=600_000),
        referral(None, "B", "2025-02-01", "no_gripes", name="R2", weight=200_000),
    ]
    scope = asked(brought("2025-03-01"), **rescued("2025-01-10"), referrals=both)
    assert cells(scope)["2025-03-01"] == {
        "cs/referral/referral": 4500,
        "cs/no_gripes/no_gripes": 1500,
        REST: 4000,
    }


def test_evidence_after_the_as_of_day_is_not_seen() -> None:
    tables = {"referrals": [referral(None, "B", "2025-04-01", "no_gripes")]}
    scope = asked(brought("2025-03-01"), ("2025-01", "2025-03"), **tables)
    assert cells(scope)["2025-03-01"] == {REST: 10000}


def test_without_any_evidence_all_is_sales() -> None:
    assert cells(asked([one("2025-03-01")]))["now"] == {REST: 10000}
