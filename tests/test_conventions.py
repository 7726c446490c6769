"""Vendors' conventions: bundles of settings, and the way from one to another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from clv_cli.config_file import parse_settings
from clv_cli.conventions import CONVENTIONS, OURS, SWITCHES, as_keys, as_tree
from clv_cli.errors import ConfigError, UsageError
from clv_cli.render import render
from clv_cli.render.layout import View
from clv_cli.run.comparing import compare
from clv_cli.run.conventions import differing, switch_values, turned, under
from clv_cli.run.opening import Request
from clv_cli.run.reporting import metrics_by_month
from clv_cli.settings import Settings
from tests.books import book, monthly, scope, settings

if TYPE_CHECKING:
    from clv_cli.results import Report

LINES = """\
invoice_id,customer_id,subscription_id,issued_on,kind,amount,discount,discount_kind,currency,interval,period_start,period_end,status
i1,a,s1,2025-01-01,recurring,1000.00,0,,USD,year,2025-01-01,2026-01-01,paid
i2,b,s2,2025-01-15,recurring,80.00,20.00,once,USD,month,2025-01-15,2025-02-15,paid
i3,b,s2,2025-02-15,recurring,100.00,0,,USD,month,2025-02-15,2025-03-15,paid
i4,c,s3,2025-02-03,recurring,70.00,0,,USD,month,2025-02-03,2025-02-25,paid
i5,b,s2,2025-02-20,usage,12.50,0,,USD,month,2025-02-01,2025-03-01,paid
"""
CONFIG = """\
version: 1
base_currency: USD
sources:
  - {path: lines.csv, table: billing_lines}
conventions:
  board: {mrr: {usage: last_month}, churn: {grace_days: null}}
"""


@pytest.fixture
def request_(tmp_path: Path) -> Request:
    (tmp_path / "lines.csv").write_text(LINES)
    (tmp_path / "clv.yaml").write_text(CONFIG)
    return Request(config=tmp_path / "clv.yaml", as_of="2025-02")


def table(report: Report, name: str) -> list[dict[str, Any]]:
    return next(r.records() for r in report.results if r.table.name == name)


@pytest.mark.parametrize("name", CONVENTIONS)
def test_every_bundle_is_made_of_switches_and_is_valid(name: str) -> None:
    keys = CONVENTIONS[name].keys
    assert set(keys) <= {key for group in SWITCHES.values() for key in group}
    made = switch_values(Settings.model_validate({"convention": name}))
    assert {key: made[key] for key in keys} == keys


def test_every_switch_is_a_setting_and_every_ledger_setting_a_switch() -> None:
    keys = as_keys(Settings().model_dump())
    switches = {key for group in SWITCHES.values() for key in group}
    assert switches <= set(keys)
    ledger = {k for k in keys if k.startswith(("mrr.", "churn.", "movements.", "fx."))} | {"grain"}
    # m2's rates (churn.base) are no switch of the ledger.
    assert ledger - switches <= {"fx.max_age_days", "churn.base"}


def test_keys_and_trees_are_the_same_thing() -> None:
    keys = {"mrr.tax": "include", "grain": "parent", "mrr.interval_factor.week": 4}
    assert as_keys(as_tree(keys)) == keys


def test_no_code_names_a_vendor_but_the_bundles() -> None:
    package = Path(__file__).parents[1] / "clv_cli"
    vendors = set(CONVENTIONS) - {OURS}
    for folder in ("measures", "metrics", "attribution", "settings", "pipeline.py", "results.py"):
        place = package / folder
        for path in [place] if place.is_file() else place.rglob("*.py"):
            code = "\n".join(
                line.split("#")[0] for line in path.read_text().splitlines() if "==" in line
            )
            assert not any(f'"{vendor}"' in code for vendor in vendors), path


def test_a_key_that_is_set_wins_over_the_convention() -> None:
    found = settings(convention="chartmogul", **{"mrr.rounding": "exact"})
    assert found.mrr.rounding == "exact"
    assert found.mrr.paused == "keep"


def test_a_bundle_of_ones_own_is_a_convention() -> None:
    own = {"board": {"mrr": {"usage": "last_month"}}}
    found = Settings.model_validate({"convention": "board", "conventions": own})
    assert found.mrr.usage == "last_month"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("convention: chartmogol\n", "did you mean chartmogul?"),
        ("conventions: {stripe: {}}\n", "conventions.stripe: the name is taken"),
        ("conventions: {a: {mrr: {usages: x}}}\n", "conventions.a.mrr.usages"),
        ("conventions: {a: {cac: {lag_months: 2}}}\n", "no switch of a convention"),
        ("conventions: {a: 3}\n", "write the switches it sets"),
        ("conventions: 3\n", "valid dictionary"),
        ("fx: {mode: constant}\n", "needs constant_on"),
    ],
)
def test_a_wrong_convention_is_told_with_its_place(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse_settings(text, "clv.yaml")
    assert said in str(error.value)
    assert "clv.yaml:1" in str(error.value)


def test_a_value_that_no_switch_has_is_refused() -> None:
    own = {"a": {"mrr": {"usage": "sometimes"}}}
    with pytest.raises(ValidationError, match="usage"):
        Settings.model_validate({"convention": "a", "conventions": own})


@pytest.mark.parametrize("one", CONVENTIONS)
def test_turning_every_switch_leads_from_any_convention_to_any_other(one: str) -> None:
    asked = scope(book(monthly("A", "2025-01-01", [100]), subscriptions=[]), "2025-01")
    start = under(asked, one).settings
    for other in CONVENTIONS:
        goal = under(asked, other).settings
        found = start
        for switch in differing(start, goal):
            found = turned(found, switch, goal)
        assert switch_values(found) == switch_values(goal)


def test_a_comparison_explains_the_difference_to_the_cent(request_: Request) -> None:
    report = compare(request_, ["mrr", "new", "churn"], ["clv", "profitwell", "maxio", "board"])
    shown = {row["metric"]: row for row in table(report, "comparison")}
    assert shown["mrr"]["clv"] == "183.33"
    assert shown["mrr"]["profitwell"] == shown["mrr"]["board"] == "195.83"
    assert (shown["new"]["clv"], shown["new"]["maxio"]) == ("0.00", "70.00")
    assert (shown["churn"]["clv"], shown["churn"]["maxio"]) == ("0.00", "-70.00")
    rows = table(report, "waterfall_profitwell")
    moved = {row["switch"]: row["change"] for row in rows if row["change"] not in {None, "0.00"}}
    assert moved == {"mrr.usage": "12.50"}
    assert rows[0]["value"] == "183.33"
    assert rows[-1]["value"] == "195.83"
    checks = [check for check in report.checks if check.name.startswith("waterfall")]
    assert len(checks) == 3
    assert all(check.difference == 0 for check in checks)


def test_a_comparison_says_what_is_documented_and_what_is_our_reading(request_: Request) -> None:
    report = compare(request_, ["mrr"], ["clv", "chartmogul"])
    rests = {
        row["switch"]: row["rests_on"]
        for row in table(report, "switches")
        if row["convention"] == "chartmogul"
    }
    assert rests["mrr.rounding"] == "documented"
    assert rests["churn.bridge_gap_days"] == "our reading"
    assert report.conventions["convention.chartmogul"] == "ChartMogul, as documented, read 2026-11"
    assert any("not reproduced here" in note for note in report.notes)
    assert "as documented, read 2026-11" in render(report, "json", View())


def test_without_a_subscription_table_the_lines_are_read_and_it_is_said(request_: Request) -> None:
    report = compare(request_, ["mrr"], ["clv", "stripe"])
    assert [f.code for f in report.findings if f.code == "no_subscription_table"]
    assert not any(row["switch"] == "mrr.basis" for row in table(report, "waterfall_stripe"))


def test_one_convention_alone_is_no_comparison(request_: Request) -> None:
    with pytest.raises(UsageError, match="needs two conventions"):
        compare(request_, ["mrr"], ["clv", "clv"])
    with pytest.raises(UsageError, match='no convention "stirpe"') as error:
        compare(request_, ["mrr"], ["clv", "stirpe"])
    assert "did you mean stripe?" in str(error.value)


def test_metrics_under_a_convention_say_so_in_every_output(request_: Request) -> None:
    report = metrics_by_month(request_, ["mrr"], "profitwell")
    assert table(report, "metrics")[-1]["mrr"] == 19583
    label = "ProfitWell (Paddle Metrics), as documented, read 2026-11"
    assert report.notes == (f"Convention: {label}.",)
    assert json.loads(render(report, "json", View()))["conventions"]["convention"] == label
    plain = metrics_by_month(request_, ["mrr"])
    assert plain.notes == ()
    assert plain.conventions["convention"] == "clv's defaults"


def test_scaling_switches_one_by_one_costs_each_set_only_once(request_: Request) -> None:
    """The end of a way is computed by itself, and equals its last step."""
    report = compare(request_, ["nrr", "mrr"], ["clv", "recurly"])
    rows = table(report, "waterfall_recurly")
    assert rows[-1]["value"] == rows[-2]["value"]
