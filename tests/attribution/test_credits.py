"""Credits take back what they take back: the same cells as their original, to the cent."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.attribution.asking import asked, cells, evidence, initiative
from tests.books import line, rate

CXM, REST, UNMATCHED = (
    "cxm/switched/I",
    "sales/rest/rest",
    "sales/unmatched_credits/unmatched_credits",
)
THIRD: dict[str, Any] = {"initiatives": [initiative(weight_switched=333_333)]}
NEW: dict[str, Any] = {"customers": [{"customer_id": "A", "prior_supplier": "R"}]}


def credit(day: str, amount: float | str, name: str = "back", **more: Any) -> dict[str, Any]:  # noqa: ANN401
    return line("A", day, amount, kind="credit", line_id=name, original_line_id="now", **more)


def split(*lines: dict[str, Any], **more: Any) -> dict[str, dict[str, int]]:  # noqa: ANN401
    return cells(asked(list(lines), **more, **THIRD, **NEW))


def bought(amount: float | str, day: str = "2025-03-01", **more: Any) -> dict[str, Any]:  # noqa: ANN401
    return line("A", day, amount, line_id="now", **more)


def net(found: dict[str, dict[str, int]]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for parts in found.values():
        for key, amount in parts.items():
            sums[key] = sums.get(key, 0) + amount
    return sums


def test_a_full_refund_leaves_every_cell_at_exactly_nothing() -> None:
    found = split(bought(10.01), credit("2025-05-01", -10.01))
    assert found["now"] == {CXM: 334, REST: 667}
    assert found["back"] == {CXM: -334, REST: -667}


def test_a_partial_refund_is_cut_by_the_cells_of_its_original() -> None:
    found = split(bought(10.01), credit("2025-05-01", -3))
    # 300 * 334 / 1001 = 100.1: one hundred.
    assert found["back"] == {CXM: -100, REST: -200}


def test_the_evidence_of_a_credit_is_its_original() -> None:
    lines = [bought(10), credit("2025-05-01", -10)]
    assert evidence(asked(lines, **THIRD, **NEW), "back", "cxm") == ["billing_lines:now"]


def test_a_refund_in_a_later_period_follows_a_purchase_before_the_period() -> None:
    lines = (bought(10.01, "2024-03-01"), credit("2025-05-01", -10.01))
    assert split(*lines) == {"back": {CXM: -334, REST: -667}}


def test_a_later_refund_takes_what_the_earlier_one_left() -> None:
    first = credit("2024-06-01", -0.02, "first")
    found = split(bought(0.03, "2024-03-01"), first, credit("2025-05-01", -0.01))
    # 1 + 2 cents, of which the first refund took 1 + 1.
    assert found == {"back": {REST: -1}}


@settings(deadline=None, max_examples=15)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.integers(0, 3))
def test_refunds_that_add_up_to_the_purchase_net_every_cell_to_nothing(
    cents: list[int], scale: int
) -> None:
    amounts = [cent * 7**scale for cent in cents]
    backs = [
        credit(f"2025-05-{number:02}", f"{-amount / 100:.2f}", f"back{number}")
        for number, amount in enumerate(amounts, start=1)
    ]
    found = split(bought(f"{sum(amounts) / 100:.2f}"), *backs)
    assert set(net(found).values()) == {0}
    assert all(
        amount <= 0 for name, parts in found.items() if name != "now" for amount in parts.values()
    )


def test_a_credit_without_an_original_lowers_sales() -> None:
    lost = line("A", "2025-05-01", -4, kind="credit", line_id="lost")
    assert split(bought(10), lost)["lost"] == {UNMATCHED: -400}


def test_a_credit_does_not_follow_another_customers_purchase() -> None:
    other = line("B", "2025-05-01", -4, kind="credit", line_id="b", original_line_id="now")
    assert split(bought(10), other)["b"] == {UNMATCHED: -400}


def test_what_exceeds_the_original_has_no_original() -> None:
    found = split(bought(10, "2025-03-01"), credit("2025-05-01", -12))
    assert found["back"] == {CXM: -333, REST: -667, UNMATCHED: -200}


def test_a_credit_on_a_purchase_nobody_claims_is_sales() -> None:
    plain = line("B", "2025-03-01", 10, line_id="plain")
    back = line("B", "2025-04-01", -10, kind="credit", line_id="b", original_line_id="plain")
    assert split(plain, back)["b"] == {REST: -1000}


def test_a_foreign_refund_keeps_the_proportions_at_its_own_rate() -> None:
    rates = [rate("EUR", "2025-03-01", "1.0"), rate("EUR", "2025-05-01", "1.1")]
    lines = (bought(10.01, currency="EUR"), credit("2025-05-01", -10.01, currency="EUR"))
    found = split(*lines, rates=rates)
    assert found["now"] == {CXM: 334, REST: 667}
    # 1101 at the later rate, cut 334 : 667.
    assert found["back"] == {CXM: -367, REST: -734}


def test_a_foreign_credit_exceeds_its_original_in_the_currency_of_both() -> None:
    rates = [rate("EUR", "2025-03-01", "2.0"), rate("EUR", "2025-05-01", "1.0")]
    lines = (bought(10, currency="EUR"), credit("2025-05-01", -15, currency="EUR"))
    found = split(*lines, rates=rates)
    assert found["back"] == {CXM: -333, REST: -667, UNMATCHED: -500}


def test_a_purchase_of_nothing_is_sales_of_nothing() -> None:
    assert split(bought(0))["now"] == {REST: 0}
