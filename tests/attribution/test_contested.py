"""Claims before the waterfall, contested money, and the six orders."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from clv_cli.attribution import split_buckets_table, split_claims_table
from clv_cli.attribution.contested import ORDERS, granting
from clv_cli.results import collect
from tests.attribution.asking import asked, flag, initiative, touch
from tests.attribution.ledgers import scopes
from tests.books import line, monthly
from tests.laws import law

Row = dict[str, Any]


def claims(scope: Any) -> dict[str, Row]:  # noqa: ANN401
    rows = collect([split_claims_table(scope)], scope)[0].records()
    return {row["bucket"]: row for row in rows}


def grown(**more: Any) -> Any:  # noqa: ANN401
    """40.00 of which 30.00 exceed the base; claimed by an initiative, and by CS after a rescue."""
    lines = [
        *monthly("A", "2024-10-01", [10] * 3),
        line("A", "2025-01-01", 40, deal_id="D"),
    ]
    evidence = {
        "initiatives": [initiative(weight_expanded=500_000)],
        "risk_flags": [flag("A", "2024-12-30")],
        "touches": [touch("A", "2024-12-31")],
        "deals": [{"deal_id": "D", "outcome": "won"}],
    }
    return asked(lines, ("2025-01", "2025-01"), **(evidence | more), split__cs_weight="0.5")


def test_what_each_bucket_claims_is_shown_before_anything_is_granted() -> None:
    found = claims(grown())
    # CXM half of 30; CS half of 40; sales all 40, behind which stands a won deal.
    assert [found[b]["claimed"] for b in ("cxm", "cs", "sales", "total")] == [
        1500,
        2000,
        4000,
        7500,
    ]
    # CS half of the 15 that CXM left and of the 10 retained.
    assert [found[b]["granted"] for b in ("cxm", "cs", "sales", "total")] == [
        1500,
        1250,
        1250,
        4000,
    ]
    assert found["total"]["claimed_share"] == pytest.approx(1.875)


def test_the_six_orders_bound_what_precedence_can_move() -> None:
    found = claims(grown())
    assert (found["cxm"]["least"], found["cxm"]["most"]) == (0, 1500)
    assert (found["cs"]["least"], found["cs"]["most"]) == (0, 2000)
    assert (found["sales"]["least"], found["sales"]["most"]) == (1250, 4000)


def test_without_a_won_deal_sales_claim_what_is_left() -> None:
    found = claims(grown(deals=[{"deal_id": "D", "outcome": "lost"}]))
    # Contested is what both others claim: half of half of 30.
    assert found["sales"]["claimed"] == found["sales"]["granted"] == 1250
    assert found["total"]["claimed"] - found["total"]["granted"] == 750


def test_a_credit_takes_back_the_claims_too() -> None:
    back = line("A", "2025-01-15", -40, kind="credit", line_id="back", original_line_id="now")
    lines = [
        *monthly("A", "2024-10-01", [10] * 3),
        line("A", "2025-01-01", 40, line_id="now"),
        back,
    ]
    scope = asked(lines, ("2025-01", "2025-01"), initiatives=[initiative()])
    assert {row["claimed"] for row in claims(scope).values()} == {0}


def test_the_sentence_says_claimed_contested_and_granted() -> None:
    scope = grown()
    (note,) = collect([split_claims_table(scope)], scope)[0].rows.notes
    assert note == "Claimed 75.00 of 40.00 = 187.50 %; contested 35.00; granted 100.00 %."


def test_every_order_grants_everything_once() -> None:
    weights = {"cxm": Fraction(1, 3), "cs": Fraction(1, 2), "sales": Fraction(1)}
    assert {sum(granting(order)(weights).values()) for order in ORDERS} == {Fraction(1)}
    assert len(ORDERS) == 6


@settings(law(8), suppress_health_check=list(HealthCheck))
@given(scopes())
def test_cxm_comes_first_so_it_is_granted_all_it_claims(scope: Any) -> None:  # noqa: ANN401
    found = claims(scope)
    buckets = {
        r["bucket"]: r["amount"] for r in collect([split_buckets_table(scope)], scope)[0].records()
    }
    months = len(scope.period.months)
    # Granted cells are rounded once a month, claims once.
    assert abs(found["cxm"]["claimed"] - buckets["cxm"]) <= 2 * months
    for bucket in ("cxm", "cs", "sales"):
        assert found[bucket]["least"] <= found[bucket]["granted"] <= found[bucket]["most"]
