"""Customers who buy when they like: cohorts by age, worked by hand, and what a kind of business chooses."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clv_cli.errors import UsageError
from clv_cli.planning.allocation_tables import allocation_tables
from clv_cli.planning.business import BUSINESSES
from clv_cli.planning.cohorts import (
    Cohorts,
    buy,
    buying_at,
    buying_cohorts,
    cohorts_of,
    worth_of_one,
)
from clv_cli.planning.forecast_tables import forecast_tables
from clv_cli.planning.projection import Levers
from clv_cli.planning.whatif_tables import whatif_tables
from clv_cli.results import Result, collect, collect_frames
from clv_cli.settings.planning import Scenario
from tests.books import book, line, month, scope, spend

NEUTRAL = Levers(np.ones(1))


def steady(months: int = 36, won: float = 100.0, keep: float = 0.9) -> Cohorts:
    """So many won each month, of whom a share buys again each month; each spends 10.00."""
    first, at = np.indices((months, months))
    buyers = np.where(at >= first, won * keep ** np.maximum(at - first, 0), 0.0)
    return Cohorts(buyers, buyers * 1000)


def test_customers_are_counted_from_their_first_charge_on() -> None:
    lines = [
        line("A", "2025-01-10", 30),
        line("A", "2025-03-01", 20),
        line("A", "2025-03-20", -5, kind="credit"),
        line("B", "2025-03-05", 50),
        line("C", "2025-02-01", -9, kind="credit"),
    ]
    of = scope(book(lines), "2025-03")
    rows = collect_frames([buying_cohorts], of)[buying_cohorts]
    january, march = month("2025-01"), month("2025-03")
    assert rows.rows() == [
        (january, january, 1, 3000),
        (january, march, 1, 1500),
        (march, march, 1, 5000),
    ]
    table = cohorts_of(rows, january, 3)
    assert table.size.tolist() == [1, 0, 1]
    assert table.spent.sum(axis=0).tolist() == [3000, 0, 6500]


def test_cohorts_that_behave_like_those_before_them_are_forecast_exactly() -> None:
    whole = steady(48)
    found = buying_at(Cohorts(whole.buyers[:36, :36], whole.spent[:36, :36]), 36, 12)
    assert found.drop == pytest.approx(0.1)
    buyers, sales = buy(found, NEUTRAL)
    assert buyers == pytest.approx(whole.buyers.sum(axis=0)[36:], rel=0.01)
    assert sales == pytest.approx(whole.spent.sum(axis=0)[36:], rel=0.01)


def test_a_forecast_of_the_past_knows_no_later_month() -> None:
    whole = steady(36)
    spoilt = Cohorts(whole.buyers.copy(), whole.spent.copy())
    spoilt.buyers[:, 24:], spoilt.spent[:, 24:] = np.nan, np.nan
    for one, other in zip(
        buy(buying_at(whole, 24, 6), NEUTRAL), buy(buying_at(spoilt, 24, 6), NEUTRAL), strict=True
    ):
        assert one.tolist() == other.tolist()


def test_what_one_is_worth_is_the_sum_of_what_is_spent_at_each_age() -> None:
    found = buying_at(steady(36), 36, 12)
    # 10.00 a purchase: 1 + 0.9 + 0.81 + ... over 24 months.
    assert worth_of_one(found, 24) == pytest.approx(1000 * (1 - 0.9**24) / 0.1, rel=1e-6)


@given(
    st.floats(0.5, 1.5),
    st.floats(0.5, 1.5),
    st.floats(-0.05, 0.05),
    st.floats(0.5, 1.5),
)
def test_levers_on_sales_are_monotone(
    churn: float, price: float, expansion: float, acquisition: float
) -> None:
    drivers = buying_at(steady(30), 30, 6)
    plain = buy(drivers, NEUTRAL)[1].sum()
    for levers, sign in (
        (Levers(np.array([churn])), 1 - churn),
        (Levers(np.ones(1), price=price), price - 1),
        (Levers(np.ones(1), expansion=expansion), expansion),
        (Levers(np.ones(1), acquisition=acquisition), acquisition - 1),
    ):
        moved = buy(drivers, levers)[1].sum() - plain
        assert moved * sign >= -1e-6 * plain, levers


@cache
def results(business: str, kind: str) -> dict[str, Result]:
    """A shop of 30 months without a single contract: who bought buys again after one and four months."""
    lines, customers = [], []
    for at in range(30):
        for number in range(3 + at // 3):
            name = f"C{at}-{number}"
            customers.append({"customer_id": name, "channel": "search"})
            for later in (0, 1, 4, 9):
                if at + later < 30:
                    year, zero = divmod(2023 * 12 + 6 + at + later, 12)
                    lines.append(line(name, f"{year}-{zero + 1:02}-{number + 10}", 40 + number))
    months = [f"{y}-{m:02}" for y in (2023, 2024, 2025) for m in range(1, 13)][6:]
    spends = [spend(m, 100 + 60 * (n % 3), channel="search") for n, m in enumerate(months)]
    data = book(lines, customers=customers, spend=spends)
    of = scope(data, "2025-12", planning__business=business, planning__months=6)
    scenario = Scenario.model_validate({"price": "10%"})
    tables = {
        "forecast": lambda: forecast_tables(of),
        "whatif": lambda: whatif_tables([scenario], of),
        "plan": lambda: allocation_tables(of, 10000),
    }[kind]()
    return {result.table.name: result for result in collect(tables, of)}


def test_a_shop_is_forecast_by_its_cohorts_and_has_no_mrr() -> None:
    found = results("ecommerce", "forecast")
    assert {row["series"] for row in found["forecast"].records()} == {"net_revenue", "buyers"}
    layers = {row["layer"] for row in found["backtest"].records()}
    assert layers == {"naive", "seasonal_naive", "damped_trend", "cohorts"}
    used = {r["series"]: r for r in found["backtest"].records() if r["used"] == "yes"}
    # Who bought a month, four or nine months ago is known: no trend of totals is.
    assert used["buyers"]["layer"] == "cohorts"
    assert "contracted" not in found["layers"].records()[0]


def test_a_subscription_business_is_forecast_by_its_contracts() -> None:
    found = results("subscription", "forecast")
    assert {row["series"] for row in found["forecast"].records()} == {
        *("mrr", "net_revenue", "customers")
    }
    assert "survival" in {row["layer"] for row in found["backtest"].records()}


@pytest.mark.parametrize("business", BUSINESSES)
def test_each_kind_of_business_moves_its_own_levers(business: str) -> None:
    names = {"Churn": "churn", "Price": "price", "Acquisition spend": "spend", "CS spend": "cs"}
    found = results(business, "whatif")["sensitivities"]
    shown = {names.get(row["lever"], "expansion") for row in found.records()}
    judged = len(shown) + sum("Not judged" in note for note in found.rows.notes)
    assert shown <= set(BUSINESSES[business].levers)
    assert judged == len(BUSINESSES[business].levers)


def test_a_price_on_sales_moves_revenue_by_as_much_and_clv_too() -> None:
    rows = {row["metric"]: row for row in results("ecommerce", "whatif")["whatif"].records()}
    assert "mrr" not in rows
    revenue, worth = (float(rows[name]["planned"]) for name in ("net_revenue", "clv"))
    model = float(rows["net_revenue"]["effect"]) / 0.1
    assert revenue == pytest.approx(float(rows["net_revenue"]["plain"]) + 0.1 * model, abs=0.02)
    assert worth == pytest.approx(1.1 * float(rows["clv"]["plain"]), abs=0.02)
    assert float(rows["customers"]["effect"]) == 0


def test_customers_of_a_shop_are_won_by_their_first_purchase() -> None:
    (row,) = [r for r in results("ecommerce", "plan")["allocation"].records() if r["today"]]
    assert row["line"] == "search"
    notes = results("ecommerce", "plan")["allocation"].rows.notes
    assert notes[0].startswith("No plan: only one line of spend") or notes[0].startswith("No plan")
    assert "CLV" not in notes[0]


def test_a_shop_has_no_segments_to_keep() -> None:
    of = scope(book([line("A", "2025-03-01", 500)]), "2025-12", planning__business="usage")
    asked = Scenario.model_validate({"churn": {"smb": "-10%"}})
    with pytest.raises(UsageError, match="no segment"):
        collect(whatif_tables([asked], of), of)
