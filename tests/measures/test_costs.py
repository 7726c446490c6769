"""Spend and service costs by month, in the base currency."""

from __future__ import annotations

import pytest

from clv_cli.errors import DataError
from clv_cli.measures.costs import acquisition_spend, service_costs
from clv_cli.results import collect_frames
from tests.books import Row, book, day, line, month, rate, scope, service_cost, spend

ONE = line("A", "2025-01-01", 1)


def spent(*rows: Row, **more: object) -> list[tuple[int, str | None, str, int]]:
    asked = scope(book([ONE], spend=rows, rates=more.get("rates", ())))  # type: ignore[arg-type]
    return collect_frames([acquisition_spend], asked)[acquisition_spend].rows()


def test_spend_is_summed_by_month_channel_and_category() -> None:
    rows = [
        spend("2025-01", 10),
        spend("2025-01", 5),
        spend("2025-01", 7, "sales"),
        spend("2025-01", 3, channel="ads"),
    ]
    january = month("2025-01")
    assert spent(*rows) == [
        (january, None, "marketing", 1500),
        (january, None, "sales", 700),
        (january, "ads", "marketing", 300),
    ]


def test_spend_of_a_quarter_is_cut_by_the_days_of_its_months_to_the_cent() -> None:
    found = spent(spend("2025-01", "100.01", period_end=day("2025-04-01")))
    assert [(at, part) for at, _, _, part in found] == [
        (month("2025-01"), 3445),
        (month("2025-02"), 3111),
        (month("2025-03"), 3445),
    ]


def test_spend_from_within_a_month_to_within_another_counts_its_own_days() -> None:
    campaign = {**spend("2025-01", 54), "period_start": day("2025-01-16")}
    found = spent({**campaign, "period_end": day("2025-03-11")})
    assert [part for _, _, _, part in found] == [1600, 2800, 1000]


def test_spend_whose_end_is_its_month_or_before_its_start_is_of_its_first_month() -> None:
    for end in ("2025-02-01", "2025-01-01", "2024-12-01"):
        assert spent(spend("2025-01", 10, period_end=day(end)))[0][3] == 1000


def test_costs_convert_at_the_rate_of_their_first_day() -> None:
    rates = [rate("EUR", "2025-01-01", "1.5"), rate("EUR", "2025-01-31", "9")]
    assert spent(spend("2025-01", 10, currency="EUR"), rates=rates)[0][3] == 1500
    with pytest.raises(DataError, match="from EUR to USD on 2025-02-01"):
        spent(spend("2025-02", 10, currency="EUR"), rates=rates)


def test_service_costs_are_summed_by_month_and_category() -> None:
    rows = [
        service_cost("2025-01", 10),
        service_cost("2025-01", 2, customer_id="A"),
        service_cost("2025-02", 3, "support"),
    ]
    asked = scope(book([ONE], service_costs=rows))
    assert collect_frames([service_costs], asked)[service_costs].rows() == [
        (month("2025-01"), "cogs", 1200),
        (month("2025-02"), "support", 300),
    ]


def test_without_the_tables_there_are_no_costs() -> None:
    frames = collect_frames([acquisition_spend, service_costs], scope(book([ONE])))
    assert not frames[acquisition_spend].height
    assert not frames[service_costs].height
