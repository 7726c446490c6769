"""RFM scores, tiers of value and concentration: by hand, by law, and as they are printed."""

from __future__ import annotations

from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clv_cli.errors import UsageError
from clv_cli.measures.rfm_scores import RFM_SEGMENTS, rfm_scores
from clv_cli.measures.value_tiers import TIERS, concentration, value_tiers
from clv_cli.metrics import segment_tables, segmentation_named
from clv_cli.results import Result, collect
from tests.books import book, line, monthly, scope

AMOUNTS = st.lists(st.integers(0, 9), min_size=1, max_size=40)


def scored(spent: list[int]) -> pl.DataFrame:
    """Customers who bought once on one day, for so much each."""
    asked = scope(book([line("A", "2025-06-01", 1)]))
    codes = pl.Series("code", range(len(spent)), pl.Int32)
    zeros = pl.lit(0, pl.Int32)
    bought = pl.DataFrame([codes, pl.Series("spend", spent, pl.Int64)]).with_columns(
        frequency=zeros, recency=zeros, age=zeros, last_on=asked.as_of, credited=pl.lit(0, pl.Int64)
    )
    nobody = pl.DataFrame(schema={"code": pl.Int32, "active": pl.Boolean})
    return rfm_scores.derive(asked, bought, nobody)


def tiers(values: list[int]) -> list[str]:
    frame = pl.DataFrame({"code": range(len(values)), "value": values})
    found = value_tiers.derive(scope(book([line("A", "2025-06-01", 1)])), frame)
    return found["tier"].to_list()


def tables(by: str, lines: list[dict[str, object]]) -> dict[str, Result]:
    found = collect(segment_tables(by), scope(book(lines)))
    return {result.table.name: result for result in found}


def test_ten_customers_are_two_a_score() -> None:
    found = scored([10, 20, 30, 40, 50, 60, 70, 80, 90, 100])
    assert found["money"].to_list() == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    # All bought once on the same day: nobody is better or worse.
    assert found["recency"].unique().to_list() == [3]
    assert found["frequency"].unique().to_list() == [3]
    assert found["rfm"][0] == "331"


def test_equals_score_the_middle_of_their_places() -> None:
    # Seven of ten equal, from the 3rd to the 9th place: the middle, 2 + 3.5 of 10, is in the third fifth.
    assert scored([1, 2, *[5] * 7, 9])["money"].to_list() == [1, 1, *[3] * 7, 5]


@given(AMOUNTS)
def test_equal_customers_score_equally_and_better_ones_never_less(spent: list[int]) -> None:
    found = scored(spent)
    pairs = found.group_by("spent").agg(pl.col("money").unique()).sort("spent")
    assert all(len(scores) == 1 for scores in pairs["money"])
    assert pairs["money"].list.first().is_sorted()
    assert found["money"].is_between(1, 5).all()
    assert found["segment"].is_in(RFM_SEGMENTS).all()


@given(AMOUNTS, st.integers(2, 1_000))
def test_scores_do_not_depend_on_the_currency_unit(spent: list[int], factor: int) -> None:
    dearer = scored([factor * amount for amount in spent])
    assert dearer["money"].equals(scored(spent)["money"])


def test_under_contract_is_recent_and_a_lapsed_customer_was_worth_it() -> None:
    lines = [*monthly("there", "2025-01-01", [50] * 12), line("once", "2025-12-30", 10)]
    lines += [*monthly("gone", "2025-01-01", [90] * 3), line("long_ago", "2025-01-02", 5)]
    rows = {r["customer_id"]: r for r in tables("rfm", lines)["rfm_scores"].records()}
    assert rows["there"]["days_since"] == 0
    assert rows["once"]["days_since"] == 1
    assert {name: row["segment"] for name, row in rows.items()} == {
        "there": "champions",
        "once": "promising",
        "gone": "lapsed",
        "long_ago": "hibernating",
    }


def test_groups_sum_to_the_value_of_all() -> None:
    lines = [row for n in range(8) for row in monthly(f"c{n}", "2025-01-01", [100 + n] * (4 + n))]
    for by, name in (("rfm", "rfm"), ("value_tier", "value_tiers")):
        result = tables(by, lines)[name]
        *parts, total = result.records()
        assert sum(part["value"] for part in parts) == total["value"]
        assert sum(part["n"] for part in parts) == total["n"] == 8
        assert all(check.ok for check in result.rows.checks)


def test_a_hundred_customers_make_a_pyramid() -> None:
    found = tiers(list(range(100)))
    assert {name: found.count(name) for name in TIERS} == {
        "top_1": 1,
        "next_4": 4,
        "next_15": 15,
        "other_80": 80,
    }
    assert found[99] == "top_1"
    assert found[0] == "other_80"


@given(AMOUNTS)
def test_equals_share_a_tier(values: list[int]) -> None:
    found = tiers(values)
    rank = list(TIERS)
    assert found[values.index(max(values))] == "top_1"
    places = sorted(zip(values, (rank.index(tier) for tier in found), strict=True), reverse=True)
    assert [place for _, place in places] == sorted(place for _, place in places)
    assert len({(value, place) for value, place in places}) == len(set(values))


def test_concentration_by_hand() -> None:
    # Shares 0.5, 0.3, 0.2: HHI 0.25 + 0.09 + 0.04.
    found = concentration([30, 50, 20, 0, -7])
    assert found is not None
    assert found.n == 3
    assert found.largest == found.tenth == Fraction(1, 2)
    assert found.top_10 == 1
    assert found.hhi == Fraction(38, 100)
    assert concentration([0, -1]) is None


@given(st.integers(1, 50), st.integers(1, 10**14))
def test_equal_customers_count_as_many_as_they_are(n: int, amount: int) -> None:
    found = concentration([amount] * n)
    assert found is not None
    assert 1 / found.hhi == n


def test_a_customer_with_a_tenth_of_it_all_is_named() -> None:
    lines = [row for n in range(30) for row in monthly(f"c{n}", "2025-01-01", [10] * 12)]
    (even,) = [r for n, r in tables("value_tier", lines).items() if n == "concentration"]
    assert not even.rows.findings
    lines += monthly("whale", "2025-01-01", [400] * 12)
    found = tables("value_tier", lines)["concentration"]
    told = {finding.code: finding.message for finding in found.rows.findings}
    assert told["major_customer"].endswith("57% is that of one customer, whale")
    assert "HHI 0.33, as of 3 equal customers" in told["concentration"]


@pytest.mark.parametrize("by", ["rfm", "value_tier"])
def test_a_company_that_billed_nothing_has_no_segments(by: str) -> None:
    found = tables(by, [line("A", "2025-06-01", 0, kind="trial")])
    assert all(check.ok for result in found.values() for check in result.rows.checks)
    assert not any(result.rows.findings for result in found.values())
    assert all(not row.get("value") for result in found.values() for row in result.records())


def test_a_way_to_cut_that_does_not_exist_names_the_nearest() -> None:
    assert segmentation_named("rfm") == "rfm"
    with pytest.raises(UsageError) as caught:
        segment_tables("value_teir")
    assert caught.value.hint == "did you mean value_tier?"
