"""Credits take back what they take back: the same cells as their original, to the cent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from clv_cli.attribution.matching import split_takings
from clv_cli.results import collect_frames
from clv_cli.run.opening import Request, opened
from tests.attribution.asking import asked, cells, evidence, initiative
from tests.books import line, rate

if TYPE_CHECKING:
    from pathlib import Path

CXM, REST, UNMATCHED, FX = (
    "cxm/switched/I",
    "sales/rest/rest",
    "sales/unmatched_credits/unmatched_credits",
    "sales/fx_rounding/fx_rounding",
)
THIRD: dict[str, Any] = {"initiatives": [initiative(weight_switched=333_333)]}
NEW: dict[str, Any] = {"customers": [{"customer_id": "A", "prior_supplier": "R"}]}


def credit(day: str, amount: float | str, name: str = "back", **more: Any) -> dict[str, Any]:  # noqa: ANN401
    return line("A", day, amount, kind="credit", line_id=name, original_line_id="now", **more)


def split(*lines: dict[str, Any], **more: Any) -> dict[str, dict[str, int]]:  # noqa: ANN401
    return cells(asked(list(lines), **more, **THIRD, **NEW))


def bought(amount: float | str, day: str = "2025-03-01", **more: Any) -> dict[str, Any]:  # noqa: ANN401
    return line("A", day, amount, line_id="now", **more)


def taken(*lines: dict[str, Any]) -> list[tuple[str, str, int]]:
    """Credit, purchase and minor units, sorted."""
    rows = collect_frames([split_takings], asked(list(lines)))[split_takings]
    return sorted(rows.select("line_id", "original_line_id", "taken").iter_rows())


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


def test_of_one_day_the_largest_purchase_is_taken_back_first_whatever_the_lines_are_called() -> (
    None
):
    """Ids that are made of the rows' places must not decide: a shuffled export splits the same."""
    for names in (("L1", "L2"), ("L2", "L1")):
        small, large = (
            line("A", "2025-03-01", amount, line_id=name)
            for amount, name in zip((0.01, 36.27), names, strict=True)
        )
        back = line("A", "2025-03-01", -0.05, kind="credit", line_id="back")
        assert taken(small, large, back) == [("back", names[1], 5)]


def test_of_one_day_the_largest_credit_takes_first_whatever_the_lines_are_called() -> None:
    for names in (("C1", "C2"), ("C2", "C1")):
        little, much = (
            line("A", "2025-03-01", amount, kind="credit", line_id=name)
            for amount, name in zip((-1, -5), names, strict=True)
        )
        first = line("A", "2025-02-01", 4, line_id="early")
        found = taken(first, line("A", "2025-03-01", 3, line_id="late"), little, much)
        assert found == sorted(
            [(names[1], "late", 300), (names[1], "early", 200), (names[0], "early", 100)]
        )


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


def unnamed(day: str, amount: float | str, name: str = "lost", **more: Any) -> dict[str, Any]:  # noqa: ANN401
    return line("A", day, amount, kind="credit", line_id=name, **more)


def test_a_credit_without_an_original_takes_back_the_latest_purchases_first() -> None:
    lines = [bought(10, "2025-03-01"), line("A", "2025-04-01", 3, line_id="later")]
    scope = asked([*lines, unnamed("2025-05-01", -4)], **THIRD, **NEW)
    # 3.00 of the later purchase, all sales; 1.00 of the first one, a third of it CXM.
    assert cells(scope)["lost"] == {CXM: -33, REST: -367}
    assert evidence(scope, "lost", "cxm") == ["billing_lines:now"]


def test_a_credit_with_a_product_takes_back_purchases_of_it_alone() -> None:
    other = line("A", "2025-04-01", 3, line_id="later", product_id="q")
    found = split(bought(10, product_id="p"), other, unnamed("2025-05-01", -12, product_id="p"))
    assert found["lost"] == {CXM: -333, REST: -667, UNMATCHED: -200}


def test_a_credit_does_not_take_back_what_was_bought_after_it() -> None:
    found = split(bought(10, "2025-06-01"), unnamed("2025-05-01", -4))
    assert found["lost"] == {UNMATCHED: -400}


def test_what_exceeds_a_named_original_takes_back_the_customers_other_purchases() -> None:
    other = line("A", "2025-04-01", 3, line_id="later")
    found = split(bought(10), other, credit("2025-05-01", -12))
    assert found["back"] == {CXM: -333, REST: -867}


def test_a_purchase_that_was_taken_back_is_not_taken_back_again() -> None:
    lines = (bought(10), credit("2025-04-01", -10), unnamed("2025-05-01", -4))
    assert split(*lines)["lost"] == {UNMATCHED: -400}


def test_a_credit_of_a_customer_without_purchases_lowers_sales() -> None:
    lost = line("B", "2025-05-01", -4, kind="credit", line_id="lost")
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


def test_a_foreign_refund_takes_back_what_was_granted_and_the_rates_difference_stands_apart() -> (
    None
):
    rates = [rate("EUR", "2025-03-01", "1.0"), rate("EUR", "2025-05-01", "1.1")]
    lines = (bought(10.01, currency="EUR"), credit("2025-05-01", -10.01, currency="EUR"))
    found = split(*lines, rates=rates)
    assert found["now"] == {CXM: 334, REST: 667}
    # 11.01 dollars at the later rate, of which 10.01 were booked: the dollar between is nobody's doing.
    assert found["back"] == {CXM: -334, REST: -667, FX: -100}


def test_a_foreign_credit_exceeds_its_original_in_the_currency_of_both() -> None:
    rates = [rate("EUR", "2025-03-01", "2.0"), rate("EUR", "2025-05-01", "1.0")]
    lines = (bought(10, currency="EUR"), credit("2025-05-01", -15, currency="EUR"))
    found = split(*lines, rates=rates)
    # 10 euros were booked as 20 dollars and are worth 10 now; 5 euros have no original.
    assert found["back"] == {CXM: -667, REST: -1333, UNMATCHED: -500, FX: 1000}


def test_partial_foreign_refunds_leave_every_cell_at_nothing_in_the_base_currency() -> None:
    rates = [rate("EUR", day, value) for day, value in (
        ("2025-03-01", "1.0987"), ("2025-05-01", "1.1"), ("2025-05-02", "0.9"), ("2025-05-03", "1.3"),
    )]  # fmt: skip
    backs = [
        credit(f"2025-05-0{n}", -3.33 - 0.02 * (n == 3), f"b{n}", currency="EUR") for n in (1, 2, 3)
    ]
    found = net(split(bought(10.01, currency="EUR"), *backs, rates=rates))
    assert {key: amount for key, amount in found.items() if amount} == {FX: found[FX]}


def test_a_file_whose_credits_name_no_originals_is_split(tmp_path: Path) -> None:
    (tmp_path / "lines.csv").write_text(
        "line_id,invoice_id,customer_id,issued_on,kind,product_id,amount,currency,status\n"
        "a,1,A,2025-01-05,one_off,p,100.00,USD,paid\n"
        "b,2,A,2025-02-05,credit,p,-40.00,USD,paid\n"
        "c,3,A,2025-02-28,one_off,p,10.00,USD,paid\n"
    )
    sources = "sources: [{path: lines.csv, table: billing_lines}]\n"
    (tmp_path / "clv.yaml").write_text(
        f"version: 1\ncompany: X\nbase_currency: USD\nperiod: 2025-01..2025-02\n{sources}"
    )
    with opened(Request(tmp_path / "clv.yaml", cache=False)) as of:
        assert cells(of)["b"] == {REST: -4000}
        assert evidence(of, "b", "sales") == ["billing_lines:a"]


def test_a_purchase_of_nothing_is_sales_of_nothing() -> None:
    assert split(bought(0))["now"] == {REST: 0}
