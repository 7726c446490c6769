"""What must hold for every ledger, whatever its lines, credits and evidence."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clv_cli.attribution.allocation import largest_remainder, with_shares
from clv_cli.attribution.facts import GRAINS, SPLIT_FACTS, split_lines
from clv_cli.attribution.waterfall import noisy_or
from clv_cli.errors import DataError
from clv_cli.measures.revenue_facts import revenue_facts
from clv_cli.money import allocate
from clv_cli.results import collect_frames
from tests.attribution.ledgers import scopes
from tests.attribution.oracle import Oracle
from tests.books import book_of

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope

slowly = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def lines_of(scope: Scope) -> pl.DataFrame:
    return collect_frames([split_lines], scope)[split_lines]


def cells_of(lines: pl.DataFrame) -> dict[str, dict[tuple[str, str, str, str], int]]:
    found: dict[str, dict[tuple[str, str, str, str], int]] = {}
    for row in lines.to_dicts():
        # Lines that no rule could reach are whole; the oracle looks at the motion of all.
        part = "retained" if row["part"] == "whole" and row["component"] == "rest" else row["part"]
        key = (part, row["bucket"], row["component"], row["rule_id"])
        cells = found.setdefault(row["line_id"], {})
        cells[key] = cells.get(key, 0) + row["amount"]
    return {line: {k: v for k, v in cells.items() if v} for line, cells in found.items()}


def merged(
    cells: dict[str, dict[tuple[str, str, str, str], int]],
) -> dict[str, dict[tuple[str, ...], int]]:
    """Sales without its part: a line that nobody claims is not divided by motion."""
    found: dict[str, dict[tuple[str, ...], int]] = {}
    for line, parts in cells.items():
        sums: dict[tuple[str, ...], int] = defaultdict(int)
        for key, amount in parts.items():
            sums[key if key[1] != "sales" else key[1:]] += amount
        found[line] = {key: amount for key, amount in sums.items() if amount}
    return found


@slowly
@given(scopes())
def test_the_pipeline_agrees_with_an_independent_oracle_to_the_cent(scope: Scope) -> None:
    assert merged(cells_of(lines_of(scope))) == merged(Oracle(scope).reported())


@slowly
@given(scopes())
def test_every_line_is_its_cells_and_every_cell_has_its_sign(scope: Scope) -> None:
    lines = lines_of(scope)
    billed = scope.book.table("billing_lines").collect()
    amounts = dict(billed.select("line_id", "amount").iter_rows())
    sums: dict[str, int] = defaultdict(int)
    shares: dict[str, Fraction] = defaultdict(Fraction)
    for row in lines.to_dicts():
        whole = amounts[row["line_id"]]
        share = Fraction(row["share_num"], row["share_den"])
        assert row["amount"] * whole >= 0
        assert abs(row["amount"] - whole * share) < 1
        sums[row["line_id"]] += row["amount"]
        shares[row["line_id"]] += share
    assert dict(sums) == {line: amounts[line] for line in sums}
    assert set(shares.values()) <= {Fraction(1)}


@slowly
@given(scopes())
def test_rules_customers_months_products_and_lines_sum_to_billed_revenue(scope: Scope) -> None:
    measures = [*SPLIT_FACTS.values(), split_lines, revenue_facts]
    frames = collect_frames(measures, scope)
    billed = frames[revenue_facts]
    inside = pl.col("month").is_between(scope.period.first, scope.period.end - 1)
    totals = {billed.filter(inside)["amount_base"].sum(), frames[split_lines]["amount"].sum()}
    buckets = []
    for grain in GRAINS:
        facts = frames[SPLIT_FACTS[grain]]
        totals.add(facts["amount"].sum())
        sums = facts.group_by("bucket").agg(pl.col("amount").sum()).filter(pl.col("amount") != 0)
        buckets.append(dict(sums.iter_rows()))
    assert len(totals) == 1
    assert all(sums == buckets[0] for sums in buckets)


@slowly
@given(scopes(), st.integers(0, 99))
def test_the_order_of_rows_changes_nothing(scope: Scope, seed: int) -> None:
    book = scope.book
    lines = book.table("billing_lines").collect()
    shuffled = lines.sample(fraction=1, shuffle=True, seed=seed)
    others = {
        name: table.collect().with_row_index("at").sort("at", descending=True).drop("at").lazy()
        for name, table in book.tables.items()
        if name != "billing_lines"
    }
    again = type(scope)(book_of(shuffled, tables=others), scope.as_of, scope.period, scope.settings)
    assert lines_of(again).equals(lines_of(scope))


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=5))
def test_noisy_or_is_symmetric_and_lies_between_the_largest_weight_and_one(ppm: list[int]) -> None:
    combined = noisy_or(ppm)
    assert combined == noisy_or(sorted(ppm))
    assert max(ppm) <= combined <= 10**6


def test_noisy_or_of_two_halves_is_three_quarters() -> None:
    assert noisy_or([500_000, 500_000]) == 750_000
    assert noisy_or([]) == 0


def test_weights_finer_than_128_bits_are_refused() -> None:
    wide = {
        "part_num": pl.Int128,
        "part_den": pl.Int128,
        "tier_num": pl.Int128,
        "tier_den": pl.Int128,
    }
    text = dict.fromkeys(("part", "bucket", "component", "rule_id", "evidence"), pl.String)
    rows = [(0, "expanded", "cxm", "expanded", "I", None, 1, 10**30, 1, 10**12)]
    raw = pl.DataFrame(rows, schema={"at": pl.UInt32, **text, **wide}, orient="row")
    with pytest.raises(DataError, match="finer than 128 bits"):
        with_shares(raw)


@given(
    st.lists(st.integers(0, 10**6), min_size=1, max_size=6).filter(any),
    st.integers(-(10**14), 10**14),
)
def test_cutting_is_the_allocation_of_money(weights: list[int], total: int) -> None:
    cells = pl.DataFrame({"at": [0] * len(weights), "w": weights})
    cells = cells.with_columns(total=pl.lit(total), den=pl.col("w").sum())
    assert largest_remainder(cells, "at", "total", ("w", "den")).to_list() == allocate(
        total, weights
    )


@given(
    st.lists(st.integers(0, 10**30), min_size=2, max_size=4).filter(any), st.integers(-99, 10**14)
)
def test_shares_too_fine_for_128_bits_are_cut_exactly_too(weights: list[int], total: int) -> None:
    schema = {"at": pl.Int64, "w": pl.Int128}
    cells = pl.DataFrame({"at": [0] * len(weights), "w": weights}, schema=schema)
    cells = cells.with_columns(total=pl.lit(total), den=pl.col("w").sum())
    assert largest_remainder(cells, "at", "total", ("w", "den")).to_list() == allocate(
        total, weights
    )
