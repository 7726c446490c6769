"""Scenario files, budgets and the response of churn to CS effort."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from clv_cli.config_file import load_scenario
from clv_cli.errors import ConfigError, UsageError
from clv_cli.planning.allocation_tables import allocation_tables
from clv_cli.results import Result, collect
from clv_cli.run import forecasting, planning
from clv_cli.run.opening import Request
from clv_cli.settings.planning import Response, Scenario
from tests.books import book, monthly, scope, service_cost, spend

if TYPE_CHECKING:
    from pathlib import Path

MONTHS = [f"{year}-{month:02}" for year in (2023, 2024, 2025) for month in range(1, 13)]
DECLARED: dict[str, Any] = {
    "planning.spend_response": {"low": 0.2, "mid": 0.4, "high": 0.6},
    "planning.cs_response": {"low": 0.1, "mid": 0.3, "high": 0.5},
}


def planned(varied: bool, **keys: Any) -> Result:  # noqa: ANN401, FBT001 - one or the other history
    """The allocation of 600 more on a history in which search varied, or did not."""
    draw = np.random.default_rng(4)
    effort = draw.lognormal(0, 0.6, len(MONTHS)) if varied else np.ones(len(MONTHS))
    lines, customers, number = [], [], 0
    for month, each in zip(MONTHS[1:], effort, strict=False):
        for channel, count in (("search", round(8 * each**0.6)), ("events", 1)):
            for _ in range(count):
                number += 1
                stay = 3 + number % 9
                lines += monthly(f"C{number}", f"{month}-05", [50] * stay)
                customers.append({"customer_id": f"C{number}", "channel": channel})
    money = [round(100 * each, 2) for each in effort]
    spends = [spend(m, x, channel="search") for m, x in zip(MONTHS, money, strict=True)]
    spends += [spend(m, 80, channel="events") for m in MONTHS]
    costs = [service_cost(m, 120, "success") for m in MONTHS]
    data = book(lines, customers=customers, spend=spends, service_costs=costs)
    of = scope(data, "2025-12", **keys)
    return collect(allocation_tables(of, 60000), of)[0]


def test_a_flat_history_is_refused_and_nothing_is_moved() -> None:
    result = planned(varied=False)
    assert result.rows.notes[0].startswith("No plan: no line of spend has a response")
    assert all(row["difference"] in {0, None} for row in result.records())
    assert any("hardly varied" in text for _, _, text in result.rows.reasons)


def test_a_varied_channel_is_measured_and_shares_the_budget_with_declared_cs() -> None:
    result = planned(varied=True, **{"planning.cs_response": DECLARED["planning.cs_response"]})
    rows = {row["line"]: row for row in result.records()}
    assert rows["search"]["basis"] == "measured"
    assert rows["search"]["response_low"] < 0.6 < rows["search"]["response_high"]
    assert rows["cs"]["basis"] == "declared"
    assert rows["events"]["basis"] == "none"
    assert sum(row["difference"] for row in rows.values()) == pytest.approx(60000, abs=2)
    assert any("pays if 1 % of the retention budget" in note for note in result.rows.notes)


def test_bounds_of_the_config_hold() -> None:
    result = planned(varied=False, **DECLARED, **{"planning.keep": 1, "planning.grow": "11/10"})
    for row in result.records():
        assert row["today"] - 1 <= row["planned"] <= row["today"] * 1.1 + 1


def test_a_scenario_file_is_read_and_named_after_itself(tmp_path: Path) -> None:
    path = tmp_path / "keep.yaml"
    path.write_text("churn: {smb: -10%}\nprice: 0.02\ncs: +5%\n")
    found = load_scenario(path)
    assert found.name == "keep"
    assert found.churn == {"smb": Fraction(-1, 10)}
    assert (found.price, found.cs) == (Fraction(1, 50), Fraction(1, 20))


def test_faults_of_a_scenario_file_stand_with_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("price: 2x\nspnd: 5%\n")
    with pytest.raises(ConfigError) as error:
        load_scenario(path)
    assert "bad.yaml:1:1: price" in str(error.value.where)
    assert "bad.yaml:2:1: spnd" in str(error.value.where)
    with pytest.raises(ConfigError, match="no scenario"):
        load_scenario(tmp_path / "none.yaml")


@pytest.mark.parametrize("change", ["-101%", "ten", "1001%", True])
def test_a_change_is_a_share_that_can_be(change: object) -> None:
    with pytest.raises(ValueError, match="churn"):
        Scenario.model_validate({"churn": change})


def test_declared_responses_do_not_fall() -> None:
    with pytest.raises(ValueError, match="must not fall"):
        Response.model_validate({"low": 0.5, "mid": 0.2, "high": 0.9})


def test_months_beyond_what_can_be_judged_are_refused_before_anything_is_read() -> None:
    for ask in (forecasting.forecast, lambda r, m: planning.whatif(r, {}, (), m)):
        with pytest.raises(UsageError, match="25 months"):
            ask(Request(), 25)
