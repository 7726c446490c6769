"""Laws of customers' values, on small companies of any shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clv_cli.measures.customer_value import customer_value
from clv_cli.measures.lifetime_models import lifetime_models
from clv_cli.measures.residual_value import LEVELS, summed
from clv_cli.results import collect_frames
from tests.books import book, line, monthly, scope, service_cost

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from clv_cli.results import Frames
    from tests.books import Row

# Months paid, monthly price, months of one-off purchases: a company of a few to a dozen customers.
CUSTOMER = st.tuples(
    st.integers(0, 12), st.integers(1, 900), st.lists(st.integers(1, 12), max_size=4, unique=True)
)
COMPANY = st.lists(CUSTOMER, min_size=2, max_size=12).filter(
    lambda company: any(months or bought for months, _, bought in company)
)
# A company's models take a fifth of a second: few companies a run, others in the next.
FEW = settings(max_examples=3, suppress_health_check=[HealthCheck.too_slow], deadline=None)


def lines(company: list[tuple[int, int, list[int]]], factor: int = 1) -> list[Row]:
    rows: list[Row] = [line("until", "2025-12-31", 0)]  # every company is seen to the same day
    for place, (months, price, bought) in enumerate(company):
        rows += monthly(f"c{place:02}", "2025-01-01", [price * factor] * months)
        rows += [line(f"c{place:02}", f"2025-{m:02}-15", price * factor) for m in bought]
    return rows


def valued(rows: list[Row], costs: Sequence[Row] = (), **more: Any) -> Frames:  # noqa: ANN401
    own = book(rows, service_costs=list(costs)) if costs else book(rows)
    return collect_frames([customer_value], scope(own, **more))


def values(company: list[tuple[int, int, list[int]]], **more: Any) -> pl.DataFrame:  # noqa: ANN401
    return valued(lines(company), **more)[customer_value]


@FEW
@given(COMPANY)
def test_customers_sum_to_the_company_and_their_value_is_its_parts(
    company: list[tuple[int, int, list[int]]],
) -> None:
    got = valued(lines(company), [service_cost("2025-03", "77.77")])
    found, billed = got[customer_value], sum(row["amount"] for row in lines(company))
    assert found["billed"].sum() == billed
    assert found["realised"].sum() == billed - 7777
    assert (found["value"] == found["realised"] + found["future"]).all()
    ends = ["low_95", "low_80", "future", "high_80", "high_95"]
    assert all(list(row) == sorted(row) for row in found.select(ends).iter_rows())
    total = summed(found, got[lifetime_models])
    assert total["future"] == found["future"].sum()
    for level in LEVELS:
        name = f"{level * 100:.0f}"
        assert total[f"low_{name}"] <= total["future"] <= total[f"high_{name}"]
        # Errors of customers of one company are one error: the sum's reach is at most theirs.
        reach = sum(found[f"high_{name}"]) - sum(found[f"low_{name}"])
        assert total[f"high_{name}"] - total[f"low_{name}"] <= reach * 1.01 + 2 * found.height


@FEW
@given(COMPANY, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(
    company: list[tuple[int, int, list[int]]], random: Random
) -> None:
    shuffled = lines(company)
    random.shuffle(shuffled)
    assert values(company).equals(valued(shuffled)[customer_value])


@FEW
@given(COMPANY, st.sampled_from([10, 1_000]))
def test_money_in_other_units_is_value_in_other_units(
    company: list[tuple[int, int, list[int]]], factor: int
) -> None:
    one, many = values(company), valued(lines(company, factor))[customer_value]
    assert many["realised"].to_list() == [factor * amount for amount in one["realised"]]
    assert many["p_alive"].equals(one["p_alive"])
    pairs = zip(one["future"], many["future"], strict=True)
    # Gamma-Gamma is fitted to the money itself: its optimum is found to 1e-8 of log-likelihood.
    assert all(abs(b - factor * a) <= factor + 1e-4 * abs(b) for a, b in pairs)


@FEW
@given(COMPANY)
def test_a_longer_horizon_is_worth_more_and_a_dearer_wait_less(
    company: list[tuple[int, int, list[int]]],
) -> None:
    less = values(company, models__horizon_months=24, models__discount="0.3")
    more = values(company, models__horizon_months=60, models__discount="0.05")
    assert (more["future"] >= less["future"] - 1).all()
    assert more["realised"].equals(less["realised"])


@FEW
@given(COMPANY)
def test_another_paid_month_never_lowers_what_was_realised(
    company: list[tuple[int, int, list[int]]],
) -> None:
    (months, price, bought), *others = company
    longer = [(min(months + 1, 12), price, bought), *others]
    before = dict(values(company).select("code", "realised").iter_rows())
    after = values(longer)
    assert after["realised"].sum() >= sum(before.values())
    assert after.filter(pl.col("future") < 0).is_empty()
