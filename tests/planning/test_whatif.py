"""Levers: nothing moved changes nothing, more of a good thing is no worse, and intervals hold the rest."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clv_cli.errors import DataError, UsageError
from clv_cli.planning.economics import Channel, Economics
from clv_cli.planning.forecast import Situation
from clv_cli.planning.forecast_tables import forecast_tables
from clv_cli.planning.projection import Drivers, drivers_at
from clv_cli.planning.response import Curve
from clv_cli.planning.uncertainty import Model
from clv_cli.planning.whatif import OUTCOMES, effects, interval, outcomes
from clv_cli.planning.whatif_tables import whatif_tables
from clv_cli.results import collect
from clv_cli.settings.planning import Scenario
from tests.books import book, monthly, scope, service_cost, spend
from tests.planning.businesses import World, business

CHANGES = st.fractions(-Fraction(1, 2), Fraction(1, 2), max_denominator=1000)
AT = {name: index for index, name in enumerate(OUTCOMES)}


@cache
def model() -> Model:
    history, contracts = business(World(months=30, won=15), 5)
    now = Situation(history, contracts, ("smb",), 6)
    econ = Economics(
        arpa=20000.0,
        margin=0.8,
        churn=0.02,
        lost=60,
        cap=60,
        cac=150000,
        serve=40000,
        spend=3e6,
        success=1e6,
        service=2e6,
        channels=(
            Channel("search", 1e6, 8, Curve(0.5, 0.3, 0.7)),
            Channel("events", 1e6, 4, Curve(0.2, 0.1, 0.3)),
        ),
        retention=Curve(0.3, 0.1, 0.5),
        costs_known=True,
        reason=None,
    )
    return Model(now, drivers_at(history, contracts, 30, 6), econ)


def driven(of: Model) -> Drivers:
    """The drivers of a business whose customers renew."""
    assert isinstance(of.drivers, Drivers)
    return of.drivers


def scenario(**levers: Any) -> Scenario:  # noqa: ANN401
    return Scenario.model_validate(levers)


def effect(name: str, **levers: Any) -> float:  # noqa: ANN401
    of = model()
    return float((outcomes(of, scenario(**levers)) - outcomes(of, Scenario()))[AT[name]])


@pytest.mark.parametrize(
    "levers",
    [
        {"churn": "0%"},
        {"churn": {"smb": 0}},
        {"price": 0},
        {"expansion": "0"},
        {"spend": {"search": 0}},
        {"cs": "0%"},
        {"churn": 0, "price": 0, "expansion": 0, "spend": 0, "cs": 0},
    ],
)
def test_levers_of_nothing_change_nothing_at_all(levers: dict[str, Any]) -> None:
    found, error = effects(model(), scenario(**levers))
    assert found.tolist() == [0.0] * len(OUTCOMES)
    assert error.tolist() == [0.0] * len(OUTCOMES)


@settings(max_examples=10)
@given(CHANGES, CHANGES)
def test_more_churn_is_never_better(one: Fraction, other: Fraction) -> None:
    better, worse = (outcomes(model(), scenario(churn=by)) for by in sorted((one, other)))
    for name in ("mrr", "customers", "net_revenue", "clv", "customer_net_worth"):
        assert better[AT[name]] >= worse[AT[name]] - 1e-6


@pytest.mark.parametrize("lever", ["price", "expansion", "spend", "cs"])
@settings(max_examples=8)
@given(one=CHANGES, other=CHANGES)
def test_more_of_what_helps_never_lowers_mrr(lever: str, one: Fraction, other: Fraction) -> None:
    less, more = (outcomes(model(), scenario(**{lever: by})) for by in sorted((one, other)))
    assert less[AT["mrr"]] <= more[AT["mrr"]] + 1e-6
    assert less[AT["customers"]] <= more[AT["customers"]] + 1e-6


def test_a_price_that_is_a_tenth_higher_lifts_clv_by_a_tenth() -> None:
    # 200 x 0.8 x min(1 / 0.02, 60) = 8,000; a tenth of it is 800.
    assert outcomes(model(), Scenario())[AT["clv"]] == 800_000
    assert effect("clv", price="10%") == pytest.approx(80_000)


def test_a_fifth_less_churn_lifts_the_lifetime_up_to_what_is_believed() -> None:
    # 1 / 0.016 = 62.5 months, of which 60 are believed: 200 x 0.8 x 60 = 9,600.
    assert effect("clv", churn="-20%") == pytest.approx(160_000)


def test_customers_won_follow_the_channel_s_curve() -> None:
    of = model()
    more = outcomes(of, scenario(spend={"search": "44%"}))[AT["customers"]]
    # 1.44 ^ 0.5 = 1.2: a fifth more of the 8 in 12 that search wins.
    before = driven(of)
    drivers = replace(before, new_customers=before.new_customers * (1 + 0.2 * 8 / 12))
    assert more == pytest.approx(
        outcomes(replace(of, drivers=drivers), Scenario())[AT["customers"]]
    )


def test_more_spend_costs_what_it_costs() -> None:
    of = replace(
        model(),
        economics=replace(
            model().economics, channels=(Channel("search", 1e6, 8, Curve(0.0, 0.0, 0.0)),)
        ),
    )
    moved = outcomes(of, scenario(spend="50%")) - outcomes(of, Scenario())
    assert moved[AT["cash"]] == pytest.approx(-0.5e6 * 6)
    assert moved[AT["mrr"]] == 0


def test_the_interval_holds_the_effect_and_grows_with_the_doubt() -> None:
    sure = replace(model().economics, retention=Curve(0.3, 0.3, 0.3))
    (found, error), (same, smaller) = (
        effects(of, scenario(cs="20%")) for of in (model(), replace(model(), economics=sure))
    )
    low, high = interval(found, error)
    assert (low <= found).all()
    assert (found <= high).all()
    assert found == pytest.approx(same)
    assert error[AT["mrr"]] > smaller[AT["mrr"]]


def test_an_interval_is_as_wide_as_the_fits_make_it() -> None:
    of = model()
    effect, error = effects(of, scenario(churn="-20%"))
    draw = np.random.default_rng(3)
    drawn = []
    for _ in range(60):
        fits = tuple(
            fit
            and replace(
                fit,
                values=fit.values
                * np.exp(draw.multivariate_normal(np.zeros(2), fit.search_covariance)),
            )
            for fit in driven(of).renewing.fits
        )
        drivers = replace(driven(of), renewing=replace(driven(of).renewing, fits=fits))
        moved = replace(of, drivers=drivers)
        drawn.append((outcomes(moved, scenario(churn="-20%")) - outcomes(moved, Scenario()))[0])
    # The fits' part of the error, by Monte Carlo; growth and luck of winning come on top.
    assert 0.4 * error[0] < np.std(drawn) < 1.25 * error[0]
    assert abs(np.mean(drawn) - effect[0]) < error[0]


LINES = [
    row
    for n in range(60)
    for row in monthly(f"N{n}", f"{2023 + n // 24}-{n % 12 + 1:02}-03", [20 + n % 7] * (5 + n % 23))
]
MONTHS = [f"{year}-{month:02}" for year in (2023, 2024, 2025) for month in range(1, 13)]
BOOK = book(
    LINES,
    spend=[spend(month, 100, channel="search") for month in MONTHS],
    service_costs=[service_cost(month, 30, "success") for month in MONTHS],
    customers=[{"customer_id": f"N{n}", "channel": "search", "segment": "smb"} for n in range(60)],
)


@cache
def tables(text: str = "{}", **keys: Any) -> dict[str, list[dict[str, Any]]]:  # noqa: ANN401
    of = scope(BOOK, "2025-10", planning__months=6, **keys)
    planned = whatif_tables([Scenario.model_validate_json(text)], of)
    return {r.table.name: r.records() for r in collect([*planned, *forecast_tables(of)], of)}


def test_without_any_lever_the_plan_is_the_plain_forecast_to_the_cent() -> None:
    found = tables()
    ends = {row["series"]: row["value"] for row in found["forecast"]}
    rows = {row["metric"]: row for row in found["whatif"]}
    assert rows["mrr"]["planned"] == rows["mrr"]["plain"] == ends["mrr"]
    assert rows["customers"]["planned"] == ends["customers"]
    cents = sum(
        round(float(row["value"]) * 100)
        for row in found["forecast"]
        if row["series"] == "net_revenue"
    )
    assert round(float(rows["net_revenue"]["planned"]) * 100) == cents
    assert all(row["planned"] == row["plain"] for row in rows.values())
    assert all(row["change"] in {0.0, None} for row in rows.values())


def test_a_lever_without_a_known_response_is_refused() -> None:
    with pytest.raises(DataError, match="hardly varied"):
        tables('{"spend": "20%"}')
    with pytest.raises(DataError, match="no response of churn"):
        tables('{"cs": "20%"}')


def test_a_declared_response_is_used_and_called_declared() -> None:
    keys: dict[str, Any] = {"planning.spend_response": {"low": 0.2, "mid": 0.4, "high": 0.6}}
    of = scope(BOOK, "2025-10", planning__months=6, **keys)
    (first, *_) = collect(whatif_tables([scenario(spend="20%")], of), of)
    assert first.records()[0]["effect"] > "0"
    assert any("declared" in note for note in first.rows.notes)


def test_a_segment_or_channel_that_does_not_exist_is_named_with_its_neighbour() -> None:
    with pytest.raises(UsageError, match="smbb") as error:
        tables('{"churn": {"smbb": "-10%"}}')
    assert error.value.hint == "did you mean smb?"


def test_the_tornado_has_the_longest_first_and_says_what_was_not_judged() -> None:
    lengths = [abs(row["mrr_better"]) for row in tables()["sensitivities"]]
    assert lengths == sorted(lengths, reverse=True)
    assert {row["lever"] for row in tables()["sensitivities"]} >= {"Churn", "Price"}


def test_scenarios_stand_side_by_side() -> None:
    of = scope(BOOK, "2025-10", planning__months=6)
    pair = [scenario(name="Keep", churn="-10%"), scenario(name="Raise", price="5%")]
    (beside, each, _) = collect(whatif_tables(pair, of), of)
    assert [column.heading for column in beside.table.columns][-2:] == ["Keep", "Raise"]
    assert len(each.records()) == 2 * len(OUTCOMES)
    by = {(row["scenario"], row["metric"]): row["planned"] for row in each.records()}
    assert beside.records()[0]["scenario_2"] == by["Raise", "mrr"]
