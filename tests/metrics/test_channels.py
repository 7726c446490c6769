"""CAC by channel: each channel's own spend over its own customers; the parts sum to the blended."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from clv_cli import metrics
from clv_cli.results import Result, collect
from tests.books import book, monthly, scope, spend

CUSTOMERS: list[dict[str, Any]] = [
    {"customer_id": "A", "channel": "search"},
    {"customer_id": "B", "channel": "search"},
    {"customer_id": "C", "channel": "referral"},
    {"customer_id": "D", "channel": None},
]
LINES = [row for name in "ABCD" for row in monthly(name, "2025-04-10", [10] * 3)]
SPEND = [
    spend("2025-03", 100, channel="search"),
    spend("2025-03", 50, channel="events"),
    spend("2025-03", 30, "sales"),
]


def by_channel(rows: list[dict[str, Any]], **settings: Any) -> Result:  # noqa: ANN401
    data = book(LINES, customers=CUSTOMERS, spend=rows)
    of = scope(data, "2025-05", ("2025-04", "2025-05"), **settings)
    return collect([metrics.cac_by_channel_table(of)], of)[0]


def test_each_channel_pays_for_its_own_customers() -> None:
    rows = {row["channel"]: row for row in by_channel(SPEND).records()}
    assert (rows["search"]["spend"], rows["search"]["new_customers"]) == (10000, 2)
    assert rows["search"]["cac"] == 5000
    assert list(rows) == ["events", "referral", "search", "", "total"]


def test_what_has_no_cac_says_why() -> None:
    result = by_channel(SPEND)
    why = {result.records()[row]["channel"]: reason for row, _, reason in result.rows.reasons}
    assert why["events"] == "no new customers of this channel"
    assert why["referral"] == "no spend is recorded for this channel"
    assert why[""].startswith("spend without a channel")


def test_the_total_is_the_blended_cac_and_ties_to_all_spend() -> None:
    result = by_channel(SPEND)
    total = result.records()[-1]
    assert (total["spend"], total["new_customers"], total["cac"]) == (18000, 4, 4500)
    (check,) = result.rows.checks
    assert check.ok
    assert check.right == 18000


def test_explaining_cac_shows_its_channels_where_spend_is_known() -> None:
    of = scope(book(LINES, customers=CUSTOMERS, spend=SPEND), "2025-05", ("2025-04", "2025-05"))
    assert "cac_by_channel" in [table.name for table in metrics.explain_tables(of, "cac")]
    without = scope(book(LINES), "2025-05", ("2025-04", "2025-05"))
    assert [table.name for table in metrics.explain_tables(without, "cac")] == ["explain"]


def test_marketing_alone_leaves_out_sales() -> None:
    total = by_channel(SPEND, cac__fully_loaded=False).records()[-1]
    assert total["spend"] == 15000


def test_without_spend_in_the_window_nothing_is_divided() -> None:
    rows = by_channel([spend("2020-01", 5, channel="search")]).records()
    assert {row["channel"]: row["cac"] for row in rows}["search"] is None


@settings(max_examples=15)
@given(
    st.lists(
        st.tuples(st.sampled_from(["search", "events", None]), st.integers(0, 10**6)), max_size=6
    )
)
def test_channels_sum_to_the_whole(costs: list[tuple[str | None, int]]) -> None:
    rows = [spend("2025-03", cents / 100, channel=channel) for channel, cents in costs]
    *parts, total = by_channel(rows).records()
    assert sum(row["spend"] for row in parts) == total["spend"]
    assert sum(row["new_customers"] for row in parts) == total["new_customers"] == 4
