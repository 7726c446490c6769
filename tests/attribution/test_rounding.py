"""Rounding by carried remainder: floors or ceilings everywhere, totals within one unit."""

from __future__ import annotations

import math
from collections import defaultdict
from fractions import Fraction
from typing import TYPE_CHECKING

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from clv_cli.attribution.rounding import UNIT, _floors, _long_floors, carried

if TYPE_CHECKING:
    from random import Random

    from clv_cli.attribution.rounding import Carry

Line = tuple[int, list[tuple[int, int]]]
SCHEMA = {
    "scope": pl.Int64,
    "line": pl.Int64,
    "bucket": pl.Int64,
    "total": pl.Int64,
    "num": pl.Int128,
    "den": pl.Int128,
}


def frame(lines: list[Line], scope: int = 0) -> pl.DataFrame:
    rows = []
    for number, (total, shares) in enumerate(lines):
        den = sum(share for _, share in shares)
        ordered = sorted(shares)
        rows += [(scope, number, bucket, total, num, den) for bucket, num in ordered]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def cut(lines: list[Line]) -> list[list[int]]:
    cells = frame(lines)
    out = cells.with_columns(carried(cells, {})[0])
    return [line["cell"].to_list() for _, line in out.group_by("line", maintain_order=True)]


lines_ = st.lists(
    st.tuples(
        st.one_of(st.integers(0, 30), st.integers(0, 10**14)),
        st.lists(
            st.tuples(st.integers(0, 2), st.one_of(st.integers(0, 9), st.integers(0, 10**36))),
            min_size=1,
            max_size=6,
        ).filter(lambda shares: any(share for _, share in shares)),
    ),
    min_size=1,
    max_size=12,
)


@given(lines_)
def test_rows_sum_and_every_cell_is_the_floor_or_ceiling_of_its_share(lines: list[Line]) -> None:
    for (total, shares), cells in zip(lines, cut(lines), strict=True):
        assert sum(cells) == total
        den = sum(share for _, share in shares)
        by_bucket: dict[int, list[Fraction]] = defaultdict(list)
        got: dict[int, int] = defaultdict(int)
        for (bucket, num), cell in zip(sorted(shares), cells, strict=True):
            exact = Fraction(total * num, den)
            assert cell in {math.floor(exact), math.ceil(exact)}
            by_bucket[bucket].append(exact)
            got[bucket] += cell
        for bucket, exacts in by_bucket.items():
            whole = sum(exacts, Fraction(0))
            assert got[bucket] in {math.floor(whole), math.ceil(whole)}


@given(lines_)
def test_every_buckets_total_is_within_one_unit_of_the_exact_rational(lines: list[Line]) -> None:
    exact: dict[int, Fraction] = defaultdict(Fraction)
    got: dict[int, int] = defaultdict(int)
    for (total, shares), cells in zip(lines, cut(lines), strict=True):
        den = sum(share for _, share in shares)
        for (bucket, num), cell in zip(sorted(shares), cells, strict=True):
            exact[bucket] += Fraction(total * num, den)
            got[bucket] += cell
    assert all(abs(got[bucket] - exact[bucket]) < 1 for bucket in exact)


def test_a_bucket_whose_share_is_whole_gets_exactly_that() -> None:
    # Bucket 1 has a third and two thirds: one unit, however they are written in binary.
    lines: list[Line] = [
        (9, [(0, 5), (0, 6), (0, 9), (1, 1), (1, 2), (2, 4)]),
        (1, [(1, 1), (2, 1)]),
    ]
    assert sum(cut(lines)[0][3:5]) == 1


def test_shares_too_small_to_be_told_from_nothing_get_nothing() -> None:
    shares = [(0, 285495), (1, 258_372_844_109_947_331_028), (2, 267728)]
    assert cut([(4, shares)]) == [[0, 4, 0]]


def test_shares_too_near_to_one_to_be_told_from_it_get_one_each() -> None:
    nearly = 999_999_999_999_999_999_999_999_999_999_999_455
    assert cut([(2, [(0, 9), (1, nearly), (1, nearly)])]) == [[0, 1, 1]]


def test_equal_lines_take_turns() -> None:
    # 19.99 at one half: largest remainder alone would give the first bucket half a cent a line.
    cells = cut([(1999, [(0, 1), (2, 1)])] * 6)
    assert sorted(first for first, _ in cells) == [999] * 3 + [1000] * 3


def test_one_cent_at_thirds_goes_round() -> None:
    cells = cut([(1, [(0, 1), (1, 1), (2, 1)])] * 300)
    assert [sum(cell) for cell in zip(*cells, strict=True)] == [100, 100, 100]


def test_rules_of_one_bucket_take_turns_too() -> None:
    cells = cut([(1999, [(0, 1), (0, 1)])] * 10)
    assert sum(first for first, _ in cells) == sum(second for _, second in cells)


def test_what_one_batch_leaves_over_is_made_good_by_the_next() -> None:
    cells, total = frame([(1, [(0, 1), (2, 1)])]), [0, 0]
    carry: Carry = {}
    for _ in range(9):
        out, carry = carried(cells, carry)
        total = [a + b for a, b in zip(total, out.to_list(), strict=True)]
        assert abs(total[0] - total[1]) <= 1


@given(lines_)
def test_totals_stay_within_one_unit_however_small_the_batches(lines: list[Line]) -> None:
    exact: dict[int, Fraction] = defaultdict(Fraction)
    got: dict[int, int] = defaultdict(int)
    carry: Carry = {}
    for total, shares in lines:
        cells = frame([(total, shares)])
        out, carry = carried(cells, carry)
        den = sum(share for _, share in shares)
        for (bucket, num), cell in zip(sorted(shares), out, strict=True):
            exact[bucket] += Fraction(total * num, den)
            got[bucket] += cell
        assert all(abs(got[bucket] - exact[bucket]) < 1 for bucket in exact)


@given(lines_)
def test_floors_and_fractions_of_64_bits_are_those_of_128(lines: list[Line]) -> None:
    cells = frame([line_ for line_ in lines if sum(share for _, share in line_[1]) < 2**62])
    both = [
        [(int(floor), int(rest)) for floor, rest in zip(*cut_(cells), strict=True)]
        for cut_ in (_floors, _long_floors)
    ]
    shares = cells.select("total", "num", "den").iter_rows()
    exact = [divmod(total * num * UNIT // den, UNIT) for total, num, den in shares]
    assert both == [exact, exact]


@given(st.integers(0, 2**50 - 1), st.integers(1, 2**62 - 1), st.data())
def test_the_largest_numbers_of_64_bits_are_divided_exactly(
    total: int, den: int, data: st.DataObject
) -> None:
    num = data.draw(st.one_of(st.integers(0, den), st.integers(max(0, den - 3), den)))
    rows = [(0, 0, bucket, total, part, den) for bucket, part in ((0, num), (1, den - num))]
    floors, fractions = _floors(pl.DataFrame(rows, schema=SCHEMA, orient="row"))
    exact = [divmod(total * part * UNIT // den, UNIT) for *_, part, _ in rows]
    assert list(zip(floors.tolist(), fractions.tolist(), strict=True)) == exact


def test_scopes_are_rounded_apart() -> None:
    lines: list[Line] = [(1, [(0, 1), (2, 1)])]
    both = pl.concat([frame(lines, 1), frame(lines, 2)])
    assert carried(both, {})[0].to_list() == carried(frame(lines), {})[0].to_list() * 2


@given(lines_, st.randoms(use_true_random=False))
def test_the_order_of_the_lines_changes_nothing(lines: list[Line], random: Random) -> None:
    cells = frame(lines)
    keyed = cells.with_columns(carried(cells, {})[0])
    mixed = list(range(len(lines)))
    random.shuffle(mixed)
    moved = pl.concat(cells.filter(pl.col("line") == number) for number in mixed)
    again = moved.with_columns(carried(moved, {})[0]).sort("line", maintain_order=True)
    assert again["cell"].to_list() == keyed["cell"].to_list()
