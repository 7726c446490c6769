"""The team's hand-worked MRR scenarios, where they lie beside the repository.

The twelve that guard the first release are retyped in `test_mrr_scenarios.py`, so that nothing
depends on this file being there.
"""

from __future__ import annotations

import json
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from clv_cli.measures.mrr_months import mrr_months
from clv_cli.measures.retention import retention
from clv_cli.money import MRR_UNITS
from clv_cli.results import collect_frames
from tests.books import book, line, month, rate, scope

FILE = Path(__file__).parents[2].parent / "shared" / "data" / "metrics" / "golden_scenarios.json"
MOVEMENTS = ("new", "expansion", "contraction", "churn", "reactivation", "fx")
DEFAULTS = {"mrr.proration": "factor"}
OURS = {
    "mrr.interval_factor.week",
    "mrr.proration",
    "mrr.credit_notes",
    "churn.bridge_gap_days",
    "churn.reactivation_window_days",
    "fx.reporting",
}
NOT_YET = {
    "S21": "past due and grace come with the collections metrics",
    "S30": "past due and grace come with the collections metrics",
    "S22": "pauses come with the next metrics issue",
    "S22b": "pauses come with the next metrics issue",
}
# Settings that do not exist: their variants are not claimed.
FOREIGN_VARIANTS = {
    "mrr.rounding",
    "mrr.discounts",
    "mrr.usage",
    "mrr.paused",
    "grain",
    "churn.date",
    "churn.grace_days",
    "churn.book",
    "movements.mode",
}


def _cases() -> list[Any]:
    """Each case and each variant whose settings we have: id, lines, rates, config, expected."""
    if not FILE.exists():
        return [pytest.param({}, {}, [], id="no-shared-data")]
    found = []
    for case in json.loads(FILE.read_text(encoding="utf-8"))["cases"]:
        if case["id"] in NOT_YET:
            continue
        config = case.get("config", {})
        found.append(pytest.param(case, config, case["expected_default"], id=case["id"]))
        for number, variant in enumerate(case["variants"], start=1):
            if set(variant["config"]) <= OURS and not _needs_snap(case["id"], variant):
                merged = {**config, **variant["config"]}
                name = f"{case['id']}-{number}"
                found.append(pytest.param(case, merged, variant["expected"], id=name))
    return found


def _needs_snap(case_id: str, variant: dict[str, Any]) -> bool:
    """S15a under `price` has no quantity and would need the snap to the renewal's price."""
    return case_id == "S15a" and variant["config"].get("mrr.proration") == "price"


def _line(raw: dict[str, Any]) -> dict[str, Any]:
    amount = Decimal(raw["amount_ex_tax"]) - Decimal(raw["discount"])
    return line(
        raw["customer"],
        raw["service_start"],
        str(amount),
        raw["interval"],
        end=raw["service_end"],
        count=raw["interval_count"],
        kind=raw["kind"].replace("credit_note", "credit"),
        issued=raw.get("issued_at"),
        currency=raw["currency"],
        subscription_id=raw["subscription"],
    )


def _four_decimals(units: int) -> str:
    exact = Fraction(units, MRR_UNITS * 100)
    return str(
        (Decimal(exact.numerator) / exact.denominator).quantize(Decimal("0.0001"), ROUND_HALF_UP)
    )


@pytest.mark.skipif(not FILE.exists(), reason="the shared data are not beside the repository")
@pytest.mark.parametrize(("case", "config", "expected"), _cases())
def test_a_scenario_moves_as_worked_by_hand(
    case: dict[str, Any], config: dict[str, Any], expected: list[dict[str, str]]
) -> None:
    rates = [
        rate(currency, on, value)
        for currency, days in (case["fx_month_end"] or {}).items()
        for on, value in days.items()
    ]
    keys = {k: v for k, v in {**DEFAULTS, **config}.items() if k != "fx.reporting"}
    lines = [_line(raw) for raw in case["lines"]]
    metrics = case.get("metrics", {})
    asked = scope(
        book(lines, rates=rates),
        expected[-1]["month"],
        **keys,
        **{"nrr.months": metrics.get("window_months", 12)},
    )
    frames = collect_frames([mrr_months, retention], asked)
    rows = {row["month"]: row for row in frames[mrr_months].iter_rows(named=True)}
    for want in expected:
        got = rows.get(month(want["month"]))
        values = {"mrr": got["closing"], **{m: got[m] for m in MOVEMENTS}} if got else {"mrr": 0}
        printed = {name: _four_decimals(value) for name, value in values.items()}
        wanted = {name: want.get(name, "0.0000") for name in printed}
        assert printed == wanted, want["month"]
    if "nrr" in metrics and config == case.get("config", {}):
        row = frames[retention].row(0, named=True)
        assert Fraction(row["closing"], row["base"]) == Fraction(metrics["nrr"])
        assert Fraction(row["kept"], row["base"]) == Fraction(metrics["grr"])


@pytest.mark.skipif(not FILE.exists(), reason="the shared data are not beside the repository")
def test_every_setting_of_a_variant_is_claimed_or_named_as_foreign() -> None:
    cases = json.loads(FILE.read_text(encoding="utf-8"))["cases"]
    keys = {key for case in cases for variant in case["variants"] for key in variant["config"]}
    assert keys <= OURS | FOREIGN_VARIANTS
    assert set(NOT_YET) <= {case["id"] for case in cases}
