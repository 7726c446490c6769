"""The seam for methods: claims by stratum become cells like any other."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from clv_cli.attribution.bounds import split_bounds, with_bounds
from clv_cli.attribution.claims import CLAIM, claimed_lines, when_asked, with_weights
from clv_cli.attribution.methods import split_method_claims
from clv_cli.errors import DataError
from clv_cli.pipeline import Measure, derived, reduction
from clv_cli.results import Frames, collect_frames
from tests.attribution.asking import asked, initiative, referral
from tests.books import line


def claims(*rows: dict[str, object]) -> pl.DataFrame:
    common = {"bucket": "cs", "component": "estimated", "rule_id": "k", "evidence": None}
    rates = {"rate": "0.25", "low": "0.1", "high": "0.4"}
    full = [{**dict.fromkeys(CLAIM), **common, **rates, **row} for row in rows]
    return pl.DataFrame(full, schema=CLAIM)


def bought(*rows: tuple[int, date]) -> pl.DataFrame:
    lines = [(at, code, day) for at, (code, day) in enumerate(rows)]
    schema = {"at": pl.UInt32, "code": pl.Int32, "issued_on": pl.Date}
    return pl.DataFrame(lines, schema=schema, orient="row")


def test_a_stratum_claims_the_purchases_of_its_customers_in_its_window() -> None:
    lines = bought((1, date(2025, 1, 1)), (1, date(2025, 2, 1)), (2, date(2025, 1, 1)))
    window = {"first_day": date(2025, 1, 1), "end_day": date(2025, 2, 1)}
    found = claimed_lines(lines, claims({"code": 1, **window}))
    assert found.select("at", "rate", "low", "high").rows() == [(0, 250_000, 100_000, 400_000)]


def test_a_stratum_without_customer_or_days_claims_everything() -> None:
    lines = bought((1, date(2025, 1, 1)), (2, date(2020, 1, 1)))
    assert sorted(claimed_lines(lines, claims({}))["at"]) == [0, 1]


def test_no_claims_match_nothing() -> None:
    assert claimed_lines(bought((1, date(2025, 1, 1))), claims()).is_empty()


@pytest.mark.parametrize("rate", ["0.1234567", "1.1", "-0.1"])
def test_a_rate_that_is_no_share_in_parts_per_million_is_refused(rate: str) -> None:
    with pytest.raises(DataError, match="at most six digits"):
        with_weights(claims({"rate": rate}))


def test_a_method_that_is_not_asked_for_computes_nothing() -> None:
    ran: list[str] = []

    @reduction("wanted_rows")
    def rows(_: object) -> pl.LazyFrame:
        ran.append("plan")
        return pl.LazyFrame({"x": [1]})

    @derived("wanted", rows)
    def wanted(_: object, frame: pl.DataFrame) -> pl.DataFrame:
        ran.append("compute")
        return frame

    measure: Measure = when_asked(wanted, "worksheet")
    scope = asked([line("A", "2025-01-01", 1)])
    assert collect_frames([measure], scope)[measure].width == 0
    assert ran == []
    scope = asked([line("A", "2025-01-01", 1)], split__method="worksheet")
    assert collect_frames([measure], scope)[measure].rows() == [(1,)]
    assert ran == ["plan", "compute"]


def test_either_end_of_a_rate_is_granted_below_cxm_like_the_rate_itself() -> None:
    scope = asked(
        [line("A", "2025-03-01", 100), line("A", "2025-04-01", -20, kind="credit")],
        customers=[{"customer_id": "A", "prior_supplier": "R"}],
        initiatives=[initiative(weight_switched=400_000)],
        referrals=[referral(None, "A", "2025-01-01", "no_gripes", weight=250_000)],
        split__method="counterfactual",
    )
    frames = collect_frames([split_bounds], scope)
    stratum = claims({"rule_id": "no_gripes", "evidence": "referrals:R1", "component": "no_gripes"})
    needs = [
        stratum if need is split_method_claims else frames[need] for need in split_bounds.needs
    ]
    rows = split_bounds.derive(scope, *needs).rows()
    # Of 80.00 net CXM has 32.00; CS a tenth to two fifths of the 48.00 left.
    assert ("cs", "no_gripes", 480, 1920) in rows
    assert ("cxm", "switched", 3200, 3200) in rows
    split = pl.DataFrame(
        {"bucket": ["cxm", "cs", "sales"], "component": ["switched", "no_gripes", "rest"],
         "amount": [3200, 1200, 3600]}
    )  # fmt: skip
    known = {need.name: frame for need, frame in zip(split_bounds.needs, needs, strict=True)}
    bounded = with_bounds(Frames(scope, known), split)
    assert bounded["low"].to_list() == [3200, 480, 4320]
    assert bounded["high"].to_list() == [3200, 1920, 2880]
