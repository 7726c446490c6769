"""What must hold for every ledger, whatever its lines, credits and evidence."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clv_cli.attribution.allocation import with_shares
from clv_cli.attribution.batches import all_bought, all_takings
from clv_cli.attribution.facts import GRAINS, SPLIT_FACTS, split_lines
from clv_cli.attribution.rounded import split_rounded
from clv_cli.attribution.tiers import noisy_or
from clv_cli.errors import DataError
from clv_cli.measures.revenue_facts import revenue_facts
from clv_cli.results import collect_frames
from tests.attribution.ledgers import scopes
from tests.attribution.oracle import Oracle
from tests.books import book_of
from tests.laws import law

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope

Row = dict[str, Any]
slowly = settings(law(8), suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def lines_of(scope: Scope) -> pl.DataFrame:
    return collect_frames([split_lines], scope)[split_lines]


def bucket_sums(scope: Scope) -> dict[Any, int]:
    rows = lines_of(scope).group_by("currency", "month", "bucket").agg(pl.col("own").sum())
    return {row[:3]: row[3] for row in rows.iter_rows()}


def with_lines(scope: Scope, lines: pl.DataFrame) -> Scope:
    others = {name: t for name, t in scope.book.tables.items() if name != "billing_lines"}
    return replace(scope, book=book_of(lines, tables=others))


def shares_of(row: Row) -> Fraction:
    return Fraction(row["share_num"], row["share_den"])


def merged(shares: dict[Any, Fraction]) -> dict[Any, Fraction]:
    """Sales without its part: a line that nobody claims is not divided by motion."""
    sums: dict[Any, Fraction] = defaultdict(Fraction)
    for key, share in shares.items():
        sums[key if key[1] != "sales" else key[1:]] += share
    return dict(sums)


@slowly
@given(scopes())
def test_every_purchase_is_shared_as_an_independent_oracle_says(scope: Scope) -> None:
    found: dict[str, dict[Any, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    for row in lines_of(scope).filter(pl.col("own") >= 0).to_dicts():
        key = tuple(row[name] for name in ("part", "bucket", "component", "rule_id", "evidence"))
        found[row["line_id"]][key] += shares_of(row)
    expected = Oracle(scope).reported_shares()
    assert {name: merged(found[name]) for name in expected} == {
        name: merged(shares) for name, shares in expected.items()
    }


@slowly
@given(scopes())
def test_credits_take_back_what_an_independent_oracle_says(scope: Scope) -> None:
    rows = collect_frames([all_takings], scope)[all_takings].to_dicts()
    takings = {(row["line_id"], row["original_line_id"]): row["taken"] for row in rows}
    assert takings == Oracle(scope).match_credits()


@slowly
@given(scopes())
def test_every_line_is_its_cells_and_every_cell_is_next_to_its_exact_share(scope: Scope) -> None:
    """P1, P3, P4: rows sum; signs agree; a cell is less than one unit from its share."""
    billed = scope.book.table("billing_lines").collect()
    amounts = dict(billed.select("line_id", "amount").iter_rows())
    sums: dict[str, int] = defaultdict(int)
    shares: dict[str, Fraction] = defaultdict(Fraction)
    for row in lines_of(scope).to_dicts():
        whole = amounts[row["line_id"]]
        assert row["own"] * whole >= 0
        assert abs(row["own"] - whole * shares_of(row)) < 1
        sums[row["line_id"]] += row["own"]
        shares[row["line_id"]] += shares_of(row)
    assert dict(sums) == {line: amounts[line] for line in sums}
    assert set(shares.values()) <= {Fraction(1)}


@slowly
@given(scopes())
def test_bucket_totals_are_within_one_unit_of_the_exact_rational_a_month(scope: Scope) -> None:
    """P4: of the purchases of each currency and month, and of all its lines with the credits."""
    amounts = dict(
        scope.book.table("billing_lines").collect().select("line_id", "amount").iter_rows()
    )
    apart: dict[Any, Fraction] = defaultdict(Fraction)
    for row in lines_of(scope).to_dicts():
        drift = row["own"] - amounts[row["line_id"]] * shares_of(row)
        key = (row["currency"], row["month"], row["bucket"])
        apart[key] += drift
        apart[*key, "purchases"] += drift if row["own"] >= 0 else 0
    assert all(abs(drift) < 1 for drift in apart.values())


@slowly
@given(scopes())
def test_credits_that_take_a_whole_purchase_back_leave_every_cell_at_nothing(scope: Scope) -> None:
    """P6, P7: in the line's currency and in the base currency, whatever the rates of the days."""
    frames = collect_frames([split_rounded, all_takings, all_bought], scope)
    worth = frames[all_bought].select("at", "line_id", worth="amount")
    taken = frames[all_takings].group_by(line_id="original_line_id").agg(pl.col("taken").sum())
    closed = worth.join(taken, on="line_id").filter(pl.col("taken") == pl.col("worth"))
    keys = ["at", "part", "bucket", "component", "rule_id", "evidence"]
    signed = frames[split_rounded].with_columns(
        pl.when(pl.col("credit").is_null()).then(pl.col(name)).otherwise(-pl.col(name)).alias(name)
        for name in ("own", "amount")
    )
    net = signed.group_by(keys).agg(pl.col("own", "amount").sum())
    assert net.select((pl.col("own", "amount") >= 0).all()).row(0) == (True, True)
    left = net.join(closed.select("at"), on="at", how="semi")
    assert left.filter((pl.col("own") != 0) | (pl.col("amount") != 0)).is_empty()


@slowly
@given(scopes(credited=False), st.integers(0, 13), st.integers(1, 99))
def test_two_lines_of_the_same_facts_change_no_bucket_by_more_than_a_unit(
    scope: Scope, which: int, percent: int
) -> None:
    """P5."""
    lines = scope.book.table("billing_lines").collect().sort("line_id")
    row = lines.row(which % lines.height, named=True)
    first = row["amount"] * percent // 100
    halves = [
        {**row, "amount": first},
        {**row, "line_id": row["line_id"] + "b", "amount": row["amount"] - first},
    ]
    others = lines.filter(pl.col("line_id") != row["line_id"])
    again = with_lines(scope, pl.concat([others, pl.DataFrame(halves, schema=lines.schema)]))
    one, other = bucket_sums(scope), bucket_sums(again)
    assert all(abs(one.get(key, 0) - other.get(key, 0)) <= 1 for key in {*one, *other})


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
    again = replace(scope, book=book_of(shuffled, tables=others))
    assert lines_of(again).equals(lines_of(scope))


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=5))
def test_noisy_or_is_symmetric_and_lies_between_the_largest_weight_and_one(ppm: list[int]) -> None:
    combined = noisy_or(ppm)
    assert combined == noisy_or(sorted(ppm))
    assert Fraction(max(ppm), 10**6) <= combined <= 1


def test_noisy_or_of_two_halves_is_three_quarters() -> None:
    assert noisy_or([500_000, 500_000]) == Fraction(3, 4)
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
