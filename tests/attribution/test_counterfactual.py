"""What CS saved: claimed only when measured, never above what it is claimed on, refused in words."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest

from clv_cli.attribution import evidence_tables, require_causal, split_table
from clv_cli.attribution.counterfactual import Rescue, rescue, rescue_claims
from clv_cli.errors import DataError
from clv_cli.measures.episode_facts import episode_facts
from clv_cli.measures.risk_episodes import risk_episodes
from clv_cli.results import Report, Result, collect, collect_frames
from clv_cli.run import opening, splitting
from tests.attribution.asking import initiative
from tests.attribution.rescues import asked, company

SAMPLE = Path(__file__).parents[2] / "sample_data" / "clv.yaml"

NEEDS = "needs risk_flags: who was at risk, helped or not, and who was helped"


@cache
def sample(method: str) -> Report:
    return splitting.split(opening.Request(SAMPLE), None, method)


def table(report: Report, name: str) -> Result:
    return next(result for result in report.results if result.table.name == name)


def found() -> Rescue:
    scope = asked(company())
    frames = collect_frames([risk_episodes, episode_facts], scope)
    return rescue(scope, frames[risk_episodes], frames[episode_facts])


def test_on_the_sample_the_planted_effect_lies_in_the_printed_interval() -> None:
    effect, total, naive, *_ = table(sample("counterfactual"), "rescue").records()
    assert effect["figure"] == "saved"
    assert effect["low"] <= 1_771_39 <= effect["high"]
    assert total["low"] <= 524_331_88 <= total["high"]
    assert naive["value"] == 3_843_68  # the planted naive difference
    assert naive["value"] > effect["value"]


def test_on_the_sample_the_episodes_are_those_that_were_planted() -> None:
    rows = table(sample("counterfactual"), "rescue_episodes").records()
    assert rows[0] == {"state": "compared", "helped": 296, "unhelped": 296}


def test_on_the_sample_every_check_passes_and_the_words_say_so() -> None:
    checks = table(sample("counterfactual"), "rescue_checks").records()
    assert len(checks) == 8
    assert {check["verdict"] for check in checks} == {"passed"}
    first = table(sample("counterfactual"), "rescue").rows.notes[0]
    assert first.startswith("Helped customers brought ")
    assert first.endswith("all checks passed, 294 against 295 episodes.")


def test_saved_revenue_enters_the_split_with_its_ends_and_the_split_still_ties() -> None:
    report = sample("counterfactual")
    rows = {(r["bucket"], r["component"]): r["amount"] for r in table(report, "split").records()}
    *strata, total = table(report, "split_strata").records()
    assert rows["cs", "estimated"] == total["amount"] == sum(s["amount"] for s in strata)
    assert 0 < total["rate_low"] < total["rate"] < total["rate_high"] < 1
    (row,) = [r for r in table(report, "split").records() if r["component"] == "estimated"]
    assert 0 < row["low"] < row["amount"] < row["high"]
    assert ("cs", "retained") not in rows  # the declared rule gives way to the measurement
    assert all(check.ok for check in report.checks)


def test_without_risk_flags_the_estimate_is_refused_with_the_reason() -> None:
    tables = company(20)
    del tables["risk_flags"]
    scope = asked(tables)
    results = collect([split_table(scope), *evidence_tables(scope)], scope)
    notes = next(r for r in results if r.table.name == "rescue").rows.notes
    assert list(notes) == [f"These data cannot say what CS saved: {NEEDS}."]
    assert ("cs", "estimated") not in [(r["bucket"], r["component"]) for r in results[0].records()]
    with pytest.raises(DataError, match="needs risk_flags"):
        require_causal(scope)


def test_a_measured_effect_satisfies_require_causal() -> None:
    require_causal(asked(company()))


@pytest.mark.parametrize("method", ["declared", "survey", "worksheet"])
def test_a_declared_figure_never_satisfies_require_causal(method: str) -> None:
    with pytest.raises(DataError, match=f"a {method} split is a claim, not a measured effect"):
        require_causal(asked(company(20), method))


def test_a_number_that_fails_the_gate_is_an_association_and_claims_nothing() -> None:
    scope = asked(company(), least=1000)
    claims = collect_frames([rescue_claims], scope)[rescue_claims]
    assert claims.is_empty()
    results = {r.table.name: r for r in collect(evidence_tables(scope), scope)}
    figures = [row["figure"] for row in results["rescue"].records()]
    assert figures[:2] == ["associated", "associated_all"]
    assert "is an association, not an effect" in results["rescue"].rows.notes[0]
    assert [f.code for f in results["rescue"].rows.findings] == ["not_causal"]
    with pytest.raises(
        DataError, match=r"cannot say what CS saved: only \d+ helped and \d+ unhelped cases"
    ):
        require_causal(scope)


def test_too_few_episodes_are_refused_with_their_number() -> None:
    scope = asked(company(12))
    with pytest.raises(DataError, match=r"helped and \d+ unhelped risk episodes"):
        require_causal(scope)


def test_the_shares_of_the_strata_add_up_to_the_estimate() -> None:
    rescued = found()
    assert rescued.effect is not None
    assert rescued.study is not None
    names = [stratum.name for stratum in rescued.strata]
    assert names == ["other", "small"]  # fewer than 50 large ones in either arm
    kept = rescued.effect.overlap.treated
    assert sum(len(stratum.episodes) for stratum in rescued.strata) == kept
    scope = asked(company())
    outcomes = dict(
        collect_frames([risk_episodes], scope)[risk_episodes]
        .select("flag_id", "outcome")
        .iter_rows()
    )
    for end in ("rate", "low", "high"):
        total = sum(
            getattr(stratum, end) * outcomes[flag]
            for stratum in rescued.strata
            for flag in stratum.episodes
        )
        estimate = rescued.effect.estimate
        value = {"rate": estimate.value, "low": estimate.low, "high": estimate.high}[end]
        assert total == pytest.approx(value * kept, rel=1e-9)


def test_claims_are_shares_of_what_helped_customers_bought_after_the_landmark() -> None:
    scope = asked(company(), least=30)
    frames = collect_frames([rescue_claims, risk_episodes], scope)
    claims, episodes = frames[rescue_claims], frames[risk_episodes]
    windows = set(episodes.filter("helped").select("code", "landmark", "end_day").iter_rows())
    assert claims.height > 0
    assert set(claims.select("code", "first_day", "end_day").iter_rows()) <= windows
    for rate, low, high in claims.select("rate", "low", "high").iter_rows():
        assert 0 <= Fraction(low) <= Fraction(rate) <= Fraction(high) <= 1


def test_what_cxm_claims_is_not_saved_a_second_time() -> None:
    tables = company()
    scope = asked(
        {**tables, "initiatives": [initiative(products=["p"], weight_expanded=1_000_000)]}
    )
    plain, beside = (
        {
            (r["bucket"], r["component"]): r["amount"]
            for r in collect([split_table(s)], s)[0].records()
        }
        for s in (asked(tables), scope)
    )
    assert beside["cs", "estimated"] <= plain["cs", "estimated"]
    assert sum(beside.values()) == sum(plain.values())


def test_rows_in_another_order_give_the_same_estimate() -> None:
    tables = company()
    turned = {name: rows[::-1] for name, rows in tables.items()}
    # Ids of lines are dealt in order; they are no part of the estimate.
    one, other = (
        collect_frames([rescue_claims], asked(t))[rescue_claims] for t in (tables, turned)
    )
    assert one.equals(other)
