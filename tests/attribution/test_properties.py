"""P1-P9: what the allocation promises of any shares, refunds and rates; each law by its number.

The laws here cut random shares directly, so that thousands of cases are cheap; `test_laws` and
`test_closed` hold whole ledgers to the same promises. `just properties` runs both at full size.
"""

from __future__ import annotations

import os
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from unittest import mock

import numpy as np
import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clv_cli.attribution import SPLIT_BY, allocation, split_by_table, split_general_ledger_table
from clv_cli.attribution.allocation import Cutter, give_back
from clv_cli.attribution.motion import PART
from clv_cli.attribution.tiers import BUCKET
from clv_cli.buckets import BUCKETS
from clv_cli.results import collect
from tests.attribution.asking import asked
from tests.attribution.ledgers import books, scopes
from tests.books import last_day, line, rate, scope

if TYPE_CHECKING:
    from random import Random

    from clv_cli.frames import Book
    from clv_cli.pipeline import Scope

Line = dict[str, Any]
# A fiftieth of the 10,000 sequences of refunds that the recipe runs.
SEQUENCES = int(os.environ.get("CLV_EXAMPLES", "200"))
# So many sequences make one example.
TOGETHER = 8
often = settings(deadline=None, max_examples=max(SEQUENCES // 8, 25))
whole_books = settings(
    deadline=None,
    max_examples=max(SEQUENCES // 50, 4),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
RATES = [rate("EUR", "2025-03-01", "1.1")]
# Two currencies, one of them the base: all that a cutter asks of a scope.
SCOPE = asked([line("A", "2025-03-01", 1), line("A", "2025-03-01", 1, currency="EUR")], rates=RATES)
MONTH = 24302
AMOUNTS = st.one_of(st.integers(1, 9), st.integers(1, 10**6), st.integers(1, 10**14))
RULES = ["r1", "r2", "r3"]
ORDER = ["bucket", "part", "component", "rule_id", "evidence"]
SHARES = st.lists(
    st.tuples(
        st.sampled_from(["cxm", "cs", "sales"]),
        st.sampled_from(["switched", "expanded", "retained"]),
        st.sampled_from(RULES),
        st.one_of(st.integers(1, 9), st.integers(1, 10**9)),
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda cell: cell[:3],
)


@st.composite
def lines(draw: st.DrawFn) -> Line:
    """A purchase with its exact shares, in dollars or in euros at any rate."""
    amount, currency = draw(AMOUNTS), draw(st.sampled_from(["USD", "EUR"]))
    base = amount if currency == "USD" else draw(st.integers(0, 2 * amount))
    month = MONTH + draw(st.integers(0, 1))
    return {
        "amount": amount,
        "base": base,
        "currency": currency,
        "month": month,
        "shares": draw(SHARES),
    }


LINES = st.lists(lines(), min_size=1, max_size=8)


def frame(found: list[Line]) -> pl.DataFrame:
    """One row a cell, in the order of cells."""
    rows = [
        {
            "line": number,
            "bucket": bucket,
            "part": part,
            "component": "c",
            "rule_id": rule,
            "evidence": None,
            "share_num": num,
            "share_den": sum(cell[3] for cell in one["shares"]),
            **{name: one[name] for name in ("amount", "base", "currency", "month")},
        }
        for number, one in enumerate(found)
        for bucket, part, rule, num in one["shares"]
    ]
    wide = {"share_num": pl.Int128, "share_den": pl.Int128}
    types: dict[str, Any] = {
        "bucket": BUCKET,
        "part": PART,
        "component": pl.Enum(["c"]),
        "rule_id": pl.Enum(RULES),
        "evidence": pl.Enum([]),
        "line": pl.UInt32,
        **wide,
    }
    return pl.DataFrame(rows, schema_overrides=types).sort("line", *ORDER)


def cut(cells: pl.DataFrame, cutter: Cutter | None = None) -> pl.DataFrame:
    cutter, share = cutter or Cutter(SCOPE), ("share_num", "share_den")
    rows = cells.rename({"amount": "total"}).with_columns(scope=pl.Series(cutter.scopes(cells)))
    return rows.with_columns(cutter.cut(rows, ("total", *share), ("base", *share)))


def totals(cells: pl.DataFrame, *keys: str) -> dict[Any, tuple[int, int]]:
    sums = cells.group_by(keys).agg(pl.col("own", "amount").sum())
    return {row[: len(keys)]: row[len(keys) :] for row in sums.iter_rows()}


@often
@given(LINES)
def test_p1_the_cells_of_a_line_sum_to_it_in_both_currencies(found: list[Line]) -> None:
    sums = totals(cut(frame(found)), "line")
    assert sums == {(n,): (one["amount"], one["base"]) for n, one in enumerate(found)}


@often
@given(LINES, st.randoms(use_true_random=False), st.permutations(RULES))
def test_p2_neither_order_nor_the_names_of_rules_move_a_cent_between_buckets(
    found: list[Line], random: Random, names: list[str]
) -> None:
    cells = frame(found)
    order = list(range(cells.height))
    random.shuffle(order)
    named = dict(zip(RULES, names, strict=True))
    rule = pl.col("rule_id").cast(pl.String).replace_strict(named).cast(pl.Enum(RULES))
    again = cells[order].with_columns(rule)
    moved = cut(again.sort("line", *ORDER))
    assert totals(moved, "line", "bucket") == totals(cut(cells), "line", "bucket")


@given(LINES, st.randoms(use_true_random=False))
def test_cells_stand_in_the_same_order_however_many_names_there_are(
    found: list[Line], random: Random
) -> None:
    cells = frame(found)
    order = random.sample(range(cells.height), cells.height)
    mixed = cells[order].select(*ORDER, "line")
    line_ = mixed["line"].to_numpy().astype(np.int64)
    expected = cells.select(mixed.columns).to_dicts()
    for largest in (allocation.LARGEST, 0):
        with mock.patch.object(allocation, "LARGEST", largest):
            assert allocation.ordered(mixed, line_).to_dicts() == expected


@often
@given(LINES)
def test_p3_and_p4_cells_have_the_sign_of_their_line_and_are_less_than_a_unit_from_exact(
    found: list[Line],
) -> None:
    apart: dict[Any, Fraction] = {}
    for row in cut(frame(found)).to_dicts():
        share = Fraction(row["share_num"], row["share_den"])
        for cell, whole in (("own", "total"), ("amount", "base")):
            assert row[cell] >= 0
            drift = row[cell] - share * row[whole]
            assert abs(drift) < 1
            key = (cell, row["currency"], row["month"], row["bucket"])
            apart[key] = apart.get(key, Fraction(0)) + drift
    assert all(abs(drift) < 1 for drift in apart.values())


@often
@given(LINES, st.integers(0, 7), st.integers(0, 100))
def test_p5_a_line_cut_in_two_moves_no_bucket_by_more_than_a_unit(
    found: list[Line], which: int, percent: int
) -> None:
    one = found[which % len(found)]
    first = one["amount"] * percent // 100
    base = one["base"] * percent // 100
    if one["currency"] == "USD":
        base = first
    halves = [
        {**one, "amount": first, "base": base},
        {**one, "amount": one["amount"] - first, "base": one["base"] - base},
    ]
    others = [line_ for line_ in found if line_ is not one]
    keys = ("currency", "month", "bucket")
    whole, parts = (totals(cut(frame([*x, *others])), *keys) for x in ([one], halves))
    assert all(
        abs(a - b) <= 1 for key in whole for a, b in zip(whole[key], parts[key], strict=True)
    )


def refunded(found: list[Line], cents: list[list[int]]) -> pl.DataFrame:
    """What is left of each cell of some purchases after these refunds of them, two a month."""
    cutter = Cutter(SCOPE)
    cells = cut(frame(found), cutter).with_columns(at="line")
    takings = [
        {"credit": which * 100 + n, "at": which, "nth": n, "taken": taken}
        | {"currency": one["currency"], "month": one["month"] + n // 2}
        for which, (one, takes) in enumerate(zip(found, cents, strict=True))
        for n, taken in enumerate(takes)
    ]
    back = give_back(cutter, cells, pl.DataFrame(takings))
    assert back.select((pl.col("own", "amount") >= 0).all()).row(0) == (True, True)
    owns = {credit: own for (credit,), (own, _) in totals(back, "credit").items()}
    assert owns == {row["credit"]: row["taken"] for row in takings}
    keys = ["at", *ORDER]
    taken_back = back.with_columns(-pl.col("own", "amount"), pl.col("at").cast(pl.UInt32))
    both = pl.concat(rows.select(*keys, "own", "amount") for rows in (cells, taken_back))
    left = both.group_by(keys).agg(pl.col("own", "amount").sum())
    assert left.select((pl.col("own", "amount") >= 0).all()).row(0) == (True, True)
    return left


def nothing(left: pl.DataFrame) -> bool:
    return left.select(pl.col("own", "amount").abs().sum()).row(0) == (0, 0)


@often
@given(LINES)
def test_p6_a_refund_of_the_whole_line_is_the_exact_negative_of_its_split(
    found: list[Line],
) -> None:
    assert nothing(refunded(found, [[one["amount"]] for one in found]))


@settings(deadline=None, max_examples=max(SEQUENCES // TOGETHER, 1))
@given(
    st.lists(
        st.tuples(lines(), st.lists(st.integers(1, 10**14), max_size=5)),
        min_size=TOGETHER,
        max_size=TOGETHER,
    )
)
def test_p7_any_refunds_that_add_up_to_the_line_leave_every_cell_at_nothing(
    sequences: list[tuple[Line, list[int]]],
) -> None:
    cents = []
    for one, sizes in sequences:
        at = sorted({size % one["amount"] for size in sizes} - {0})
        cents.append([end - start for start, end in pairwise([0, *at, one["amount"]])])
    assert nothing(refunded([one for one, _ in sequences], cents))


@whole_books
@given(scopes())
def test_p8_the_same_input_gives_the_same_bytes(of: Scope) -> None:
    tables = [split_by_table(of, by) for by in SPLIT_BY]
    first, again = (
        [result.rows.frame.write_csv() for result in collect(tables, of)] for _ in range(2)
    )
    assert first == again


@whole_books
@given(books())
def test_p9_customers_rules_months_and_the_trial_balance_are_one_sum(book: Book) -> None:
    issued = (pl.col("status") != "void") & (pl.col("issued_on") <= last_day("2025-12"))
    lines_ = book.table("billing_lines").collect().filter(issued)
    month = pl.col("issued_on").dt.truncate("1mo")
    booked = lines_.group_by(month=month, currency="currency").agg(pl.col("amount").sum())
    balance = booked.with_columns(account=pl.lit("4000"), source=pl.lit("gl"), row=pl.lit(2))
    given_ = replace(book, tables={**book.tables, "general_ledger": balance.lazy()})
    of = scope(given_, "2025-12", ("2024-01", "2025-12"))
    planned = [split_by_table(of, by) for by in ("customer", "rule", "month")]
    *groups, gl = collect([*planned, split_general_ledger_table(of)], of)
    columns = ("total", "amount", "total")
    found = {int(g.rows.frame[c].sum()) for g, c in zip(groups, columns, strict=True)}
    assert found == {int(lines_["amount"].sum())}
    assert set(gl.rows.frame["difference"]) <= {0}
    split = gl.rows.frame.select(pl.sum_horizontal(*BUCKETS).sum()).item()
    assert split == int(lines_["amount"].sum())
