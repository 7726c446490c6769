"""Customers in batches, scopes side by side: how many at a time must change nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clv_cli import reducing
from clv_cli.attribution import allocation, batches, expansion
from clv_cli.attribution.allocation import Cutter
from clv_cli.attribution.contested import split_contest
from clv_cli.attribution.facts import SPLIT_FACTS, split_lines
from clv_cli.attribution.tiers import BUCKET
from clv_cli.ranges import NO_END, Range
from clv_cli.results import collect_frames
from clv_cli.sources import Aside
from tests.attribution.asking import asked, flag, initiative, referral, touch
from tests.attribution.ledgers import scopes
from tests.books import in_files, line
from tests.laws import law

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope

PRINTED = (split_lines, *SPLIT_FACTS.values(), split_contest)
slowly = settings(law(3), suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def printed(
    scope: Scope,
    lines: int = batches.LINES,
    cells: int = allocation.CELLS,
    groups: int = expansion.DENSE,
) -> list[str]:
    """Every frame that tables are made of, with so many lines and cells at a time, and groups by a mask."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batches, "LINES", lines)
        patch.setattr(allocation, "CELLS", cells)
        patch.setattr(expansion, "DENSE", groups)
        frames = collect_frames([*PRINTED, batches.unknown_bases, batches.hindsight_lines], scope)
        tallies = (batches.unknown_bases, batches.hindsight_lines)
        return [frames[measure].write_json() for measure in (*PRINTED, *tallies)]


@slowly
@given(scopes())
def test_customers_one_by_one_and_scopes_one_by_one_are_split_as_all_at_once(scope: Scope) -> None:
    assert printed(scope, 1, 1, 0) == printed(scope)


@slowly
@given(scopes(), st.integers(1, 12), st.integers(1, 30))
def test_lines_that_wait_on_the_disk_are_split_as_lines_in_memory(
    scope: Scope, few: int, taken: int
) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        waiting = replace(scope, book=in_files(scope.book, 3), aside=Aside(Path(folder)))
        for name, limit in (("HELD", 0), ("AT_ONCE", few), ("TAKEN", taken)):
            patch.setattr(reducing, name, limit)
        assert printed(waiting) == printed(scope)


def test_weights_of_one_customer_decide_how_the_shares_of_another_are_written() -> None:
    """Shares are counted in the largest unit of all weights: 1/2 alone is 5/10 beside 0.3 of another."""
    lines = [line(who, "2025-03-01", 10.01, product_id=who) for who in ("A", "B")]
    lines += [line(who, "2025-05-01", 7.77, product_id=who) for who in ("A", "B")]
    scope = asked(
        lines,
        customers=[{"customer_id": who, "prior_supplier": "R"} for who in ("A", "B")],
        initiatives=[
            initiative("I1", products=["A"], weight_switched=500_000),
            initiative("I2", products=["B"], weight_switched=300_000),
        ],
        touches=[touch("A", "2025-04-20"), touch("B", "2025-04-21", "T2")],
        risk_flags=[flag("A", "2025-04-01"), flag("B", "2025-04-02", "F2")],
        referrals=[referral("A", "B", "2025-02-01", "no_gripes", weight=250_000)],
    )
    together, apart = printed(scope), printed(scope, 1, 1)
    assert '"share_den":20' in together[0]
    assert apart == together


@pytest.mark.parametrize(("method", "kept"), [("declared", 0), ("counterfactual", 1)])
def test_what_only_ranges_of_measured_claims_read_is_not_kept_for_others(
    method: str, kept: int
) -> None:
    scope = asked(
        [line("A", "2025-03-01", 100)],
        customers=[{"customer_id": "A", "prior_supplier": "R"}],
        initiatives=[initiative(weight_switched=400_000)],
        split__method=method,
    )
    measures = (batches.all_parts, batches.all_claims)
    frames = collect_frames(measures, scope)
    assert [frames[measure].height for measure in measures] == [kept, kept]


@given(st.lists(st.integers(0, 9), max_size=60), st.integers(1, 70))
def test_every_line_stands_in_one_batch_and_every_customer_in_one(
    codes: list[int], most: int
) -> None:
    """In the order of codes, lines of one customer in the order in which they stood."""
    rows = pl.DataFrame({"code": codes, "line": range(len(codes))}, {"code": pl.Int32, "line": int})
    found = batches.batches(Range(0, NO_END, rows.clone()), most)
    assert [batch.first for batch in found[1:]] == [batch.end for batch in found[:-1]]
    assert (found[0].first, found[-1].end) == (0, NO_END)
    for batch in found:
        assert batch.own(rows).equals(batch.rows.sort("line"))
        assert batch.own(batch.rows).equals(batch.rows)
    whole = pl.concat(batch.rows for batch in found)
    assert whole["line"].sort().to_list() == list(range(len(codes)))


def test_a_batch_holds_more_lines_than_wanted_only_for_a_single_customer() -> None:
    codes = np.repeat(np.arange(40, dtype=np.int32), [1, 30] * 20)
    rows = pl.DataFrame({"code": codes})
    found = batches.batches(Range(0, NO_END, rows), 50)
    assert all(batch.rows.height <= 50 + 30 for batch in found)
    assert len(found) == 13  # of 620 lines
    assert rows.is_empty()


def test_pieces_to_be_rounded_are_whole_scopes() -> None:
    scope = np.repeat(np.array([3, 4, 9, 12]), [5, 1, 7, 2])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(allocation, "CELLS", 4)
        assert allocation._scopes_at_once(scope) == [(0, 5), (5, 13), (13, 15)]
        assert allocation._scopes_at_once(scope[:0]) == [(0, 0)]
        patch.setattr(allocation, "CELLS", 100)
        assert allocation._scopes_at_once(scope) == [(0, 15)]


def test_what_a_scope_left_over_is_made_good_in_the_next_batch_of_lines() -> None:
    """Thirds of odd cents leave a remainder in each of three months; the next lines start from it."""
    lines = np.arange(60)
    cells = pl.DataFrame(
        {
            "scope": np.repeat(lines // 20, 3),
            "line": np.repeat(lines, 3),
            "bucket": pl.Series(["cxm", "cs", "sales"] * 60, dtype=BUCKET),
            "total": np.repeat(lines * 7 % 11 + 1, 3),
            "num": pl.Series([1, 1, 1] * 60, dtype=pl.Int128),
            "den": pl.Series([3, 3, 3] * 60, dtype=pl.Int128),
        }
    )
    names, scope = ("total", "num", "den"), asked([line("A", "2025-03-01", 1)])

    def cut(most: int) -> list[list[int]]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(allocation, "CELLS", most)
            cutter = Cutter(scope)
            found = (next(cutter.cut(cells[:n], names, names)) for n in (99, 150, 180))
            return [cut_.to_list() for cut_ in found]

    fresh = next(Cutter(scope).cut(cells, names, names)).to_list()
    assert cut(1) == cut(1000)
    assert cut(1)[2] != fresh
