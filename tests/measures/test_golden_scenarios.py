"""The team's hand-worked MRR scenarios, where they lie beside the repository.

The twelve that guard the first release are retyped in `test_mrr_scenarios.py`, so that nothing
depends on this file being there.
"""

from __future__ import annotations

import json
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from clv_cli.measures.at_risk import mrr_at_risk
from clv_cli.measures.mrr_events import mrr_passing
from clv_cli.measures.mrr_months import mrr_months
from clv_cli.measures.retention import retention
from clv_cli.metrics import METRICS
from clv_cli.money import MRR_UNITS, from_text
from clv_cli.results import collect_frames
from tests.books import book, day, line, month, rate, scope

if TYPE_CHECKING:
    from clv_cli.results import Frames

FILE = Path(__file__).parents[2].parent / "shared" / "data" / "metrics" / "golden_scenarios.json"
MOVEMENTS = ("new", "expansion", "contraction", "churn", "reactivation", "paused", "fx")
DEFAULTS = {"mrr.proration": "factor"}
IS_BASE_CURRENCY = "fx.reporting"


def _cases() -> list[Any]:
    """Each case and each of its variants: case, config, expected, metrics."""
    if not FILE.exists():
        return [pytest.param({}, {}, [], {}, id="no-shared-data")]
    found = []
    for case in json.loads(FILE.read_text(encoding="utf-8"))["cases"]:
        config, metrics = case.get("config", {}), case.get("metrics", {})
        found.append(pytest.param(case, config, case["expected_default"], metrics, id=case["id"]))
        for number, variant in enumerate(case["variants"], start=1):
            merged = {**config, **variant["config"]}
            found.append(
                pytest.param(
                    case,
                    merged,
                    variant["expected"],
                    variant.get("metrics", {}),
                    id=f"{case['id']}-{number}",
                )
            )
    return found


def _line(raw: dict[str, Any]) -> dict[str, Any]:
    amount = Decimal(raw["amount_ex_tax"]) - Decimal(raw["discount"])
    unpaid = raw.get("unpaid_since")
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
        discount=from_text(raw["discount"], raw["currency"]),
        discount_kind=raw["discount_kind"],
        tax=from_text(raw["tax"], raw["currency"]),
        due_on=day(unpaid) if unpaid else None,
        status="open" if unpaid else "paid",
    )


def _subscriptions(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the lines say of their subscriptions: pauses, and when they were cancelled."""
    found: dict[str, dict[str, Any]] = {}
    for raw in lines:
        row = found.setdefault(
            raw["subscription"],
            {"subscription_id": raw["subscription"], "customer_id": raw["customer"], "pauses": []},
        )
        if raw["kind"] == "pause":
            row["pauses"].append(f"{raw['service_start']}/{raw['service_end']}")
        if raw["cancelled_at"]:
            row["cancel_requested_on"] = day(raw["cancelled_at"])
    return list(found.values())


def _four_decimals(units: int) -> str:
    exact = Fraction(units, MRR_UNITS * 100)
    return str(
        (Decimal(exact.numerator) / exact.denominator).quantize(Decimal("0.0001"), ROUND_HALF_UP)
    )


@pytest.mark.skipif(not FILE.exists(), reason="the shared data are not beside the repository")
@pytest.mark.parametrize(("case", "config", "expected", "metrics"), _cases())
def test_a_scenario_moves_as_worked_by_hand(
    case: dict[str, Any],
    config: dict[str, Any],
    expected: list[dict[str, str]],
    metrics: dict[str, Any],
) -> None:
    frames = _frames(case, config, expected[-1]["month"], metrics.get("window_months", 12))
    rows = {row["month"]: row for row in frames[mrr_months].iter_rows(named=True)}
    risk = dict(frames[mrr_at_risk].group_by("month").agg(pl.col("mrr").sum()).iter_rows())
    for want in expected:
        at = month(want["month"])
        got = rows.get(at)
        values = {"mrr": got["closing"], **{m: got[m] for m in MOVEMENTS}} if got else {"mrr": 0}
        values["at_risk_mrr"] = risk.get(at, 0)
        printed = {name: _four_decimals(value) for name, value in values.items()}
        wanted = {name: want.get(name, "0.0000") for name in printed}
        assert printed == wanted, want["month"]
    if "nrr" in metrics:
        row = frames[retention].row(0, named=True)
        assert Fraction(row["closing"], row["base"]) == Fraction(metrics["nrr"])
        assert Fraction(row["kept"], row["base"]) == Fraction(metrics["grr"])
    if "arr" in metrics:
        arr = METRICS["arr"].figures(frames, [month(metrics["month"])])[0].value
        assert arr == Fraction(metrics["arr"]) * 100
    if "memo" in case and config == case.get("config", {}):
        memo, passed = case["memo"], frames[mrr_passing]
        assert passed["month"].unique().to_list() == [month(memo["month"])]
        assert passed.height == memo["intra_period"]["customers"]
        assert _four_decimals(sum(passed["mrr"].to_list())) == memo["intra_period"]["mrr"]


def _frames(case: dict[str, Any], config: dict[str, Any], as_of: str, months: int) -> Frames:
    rates = [
        rate(currency, on, value)
        for currency, days in (case["fx_month_end"] or {}).items()
        for on, value in days.items()
    ]
    billed = [raw for raw in case["lines"] if raw["kind"] != "pause"]
    of = book(
        [_line(raw) for raw in billed], rates=rates, subscriptions=_subscriptions(case["lines"])
    )
    keys = {k: v for k, v in {**DEFAULTS, **config}.items() if k != IS_BASE_CURRENCY}
    measures = [mrr_months, retention, mrr_at_risk, mrr_passing]
    return collect_frames(measures, scope(of, as_of, nrr__months=months, **keys))


@pytest.mark.skipif(not FILE.exists(), reason="the shared data are not beside the repository")
def test_no_scenario_and_no_variant_is_left_out() -> None:
    cases = json.loads(FILE.read_text(encoding="utf-8"))["cases"]
    assert len(cases) == 32
    assert len(_cases()) == 32 + sum(len(case["variants"]) for case in cases) == 32 + 23
