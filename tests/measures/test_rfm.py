"""Recency, frequency and value, by hand and through the models."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given

from clv_cli.measures.model_inputs import purchase_histories, repeat_spending
from clv_cli.measures.rfm import purchase_days, rfm, rfm_free_choice
from clv_cli.models.beta_geometric import bg_nbd
from clv_cli.results import collect_frames
from tests.books import Row, book, line, scope
from tests.models import cdnow
from tests.strategies import ledgers

if TYPE_CHECKING:
    from clv_cli.pipeline import Measure


def rows(lines: list[Row], measure: Measure, as_of: str = "2025-12") -> list[Row]:
    of = book(lines, rates=[])
    return collect_frames([measure], scope(of, as_of))[measure].to_dicts()


def test_purchases_of_a_day_are_one_and_credits_are_none() -> None:
    found = rows(
        [
            line("A", "2025-01-10", 30),
            line("A", "2025-01-10", 12, kind="usage"),
            line("A", "2025-03-11", 50),
            line("A", "2025-03-21", -20, kind="credit"),
            line("A", "2025-06-01", 0),
            line("A", "2025-06-09", 0, kind="usage"),
            line("A", "2025-07-01", 99, status="draft"),
            line("A", "2026-01-01", 99),
        ],
        rfm,
    )
    assert found == [
        {
            "code": 0,
            "frequency": 2,  # 11 March and the free order of 1 June
            "recency": 142,
            "age": 355,
            "first_on": date(2025, 1, 10),
            "last_on": date(2025, 6, 1),
            "spend": 92_00,
            "repeat_spend": 50_00,
            "credited": -20_00,
        }
    ]


def test_free_choice_leaves_contracts_out() -> None:
    lines = [
        line("A", "2025-01-01", 100, "month"),
        line("A", "2025-02-01", 100, "month"),
        line("A", "2025-02-01", 7, kind="usage"),
        line("B", "2025-02-01", 100, "month"),
    ]
    assert [(r["code"], r["frequency"], r["spend"]) for r in rows(lines, rfm)] == [
        (0, 1, 207_00),
        (1, 0, 100_00),
    ]
    free = rows(lines, rfm_free_choice)
    assert [(r["code"], r["frequency"], r["spend"]) for r in free] == [(0, 0, 7_00)]


def test_a_purchase_on_the_last_day_has_no_age() -> None:
    found = rows([line("A", "2025-12-31", 5)], rfm)[0]
    assert (found["frequency"], found["recency"], found["age"]) == (0, 0, 0)


def test_a_book_without_purchases_has_no_rows() -> None:
    lines = [line("A", "2025-02-01", -5, kind="credit"), line("A", "2025-03-01", 0, kind="trial")]
    assert rows(lines, rfm) == []


@given(ledgers(currencies=("USD",)))
def test_rfm_is_what_counting_days_by_hand_gives(lines: list[Row]) -> None:
    of = book(lines)
    asked = scope(of, "2025-06-30")
    frames = collect_frames([rfm, purchase_days], asked)
    days = frames[purchase_days]
    bought = days.filter("bought").group_by("code", "day").agg(pl.col("spend").sum())
    for row in frames[rfm].iter_rows(named=True):
        own = bought.filter(pl.col("code") == row["code"]).sort("day")
        assert row["frequency"] == own.height - 1
        assert (row["first_on"], row["last_on"]) == (own["day"][0], own["day"][-1])
        assert row["spend"] == own["spend"].sum()
        assert row["repeat_spend"] == own["spend"][1:].sum()
        assert row["credited"] == days.filter(pl.col("code") == row["code"])["credited"].sum()
    assert frames[rfm]["code"].to_list() == sorted(bought["code"].unique())


def test_cdnows_raw_log_as_a_book_gives_the_published_bg_nbd() -> None:
    # The same 2,357 customers and nine months as in tests/models: the measure is the tests' own rfm.
    lines = [
        line(customer, day.isoformat(), dollars)
        for customer, day, dollars in cdnow.log().iter_rows()
    ]
    table = collect_frames([rfm_free_choice], scope(book(lines), "1997-09-30"))[rfm_free_choice]
    assert table.height == 2357
    fit = bg_nbd.fit(purchase_histories(table))
    assert fit.values == pytest.approx([0.242595, 4.413602, 0.792922, 2.425907], rel=1e-4)
    assert fit.log_likelihood == pytest.approx(-9582.429207, abs=1e-3)
    spent = repeat_spending(table)
    assert (spent.purchases > 0).sum() == 946
    assert (spent.mean[spent.purchases > 0] > 0).all()
