"""Leaving out purchases that no credit could get down to changes no taking, and leaves out many."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from clv_cli.attribution.in_reach import in_reach
from clv_cli.attribution.matching import _one_customer

if TYPE_CHECKING:
    from polars._typing import PolarsDataType

    from clv_cli.attribution.matching import Event, Taking

SCHEMA: dict[str, PolarsDataType] = {
    "group": pl.Int64,
    "issued_on": pl.Date,
    "line": pl.String,
    "product_id": pl.Enum(["api", "core"]),
    "amount": pl.Int64,
    "original": pl.String,
}
EVENT = ("line", "product_id", "amount", "original")
PRODUCTS = st.sampled_from([None, "core", "api"])
FIRST = date(1969, 12, 28)
Row = tuple[int, date, str, str | None, int, str | None]


def _frame(rows: list[Row]) -> pl.DataFrame:
    return pl.DataFrame(rows, SCHEMA, orient="row")


@st.composite
def histories(draw: st.DrawFn) -> pl.DataFrame:
    """Purchases and credits of a few customers, several on some days; some credits name a purchase."""
    rows: list[Row] = []
    size = draw(st.sampled_from([1, 10**17]))
    for group in range(draw(st.integers(1, 3))):
        bought: list[str] = []
        for at in range(draw(st.integers(1, 14))):
            amount = draw(st.integers(-60, 40).filter(bool)) * size
            named = draw(st.sampled_from([None, *bought])) if amount < 0 and bought else None
            line, day = f"{group}-{at:02d}", FIRST + timedelta(draw(st.integers(0, 7)))
            rows.append((group, day, line, draw(PRODUCTS), amount, named))
            bought += [line] * (amount > 0)
    return _frame(draw(st.permutations(rows)))


def _takings(events: pl.DataFrame) -> list[Taking]:
    credit = pl.col("amount") < 0
    ordered = events.sort("group", "issued_on", credit, "amount", "product_id", "line")
    customers = groupby(ordered.select("group", *EVENT).iter_rows(), key=lambda row: row[0])
    walks: list[list[Event]] = [[row[1:] for row in group] for _, group in customers]
    return [taking for walk in walks for taking in _one_customer(walk)]


@given(histories())
def test_what_is_out_of_reach_is_never_taken(events: pl.DataFrame) -> None:
    """Sums beyond 64 bits, days before 1970 and rows in any order make no difference."""
    assert _takings(in_reach(events)) == _takings(events)


def test_a_small_credit_reaches_the_latest_purchase_only() -> None:
    """Of twelve purchases of 100, a credit of 30 can take of the twelfth, one of 130 of two."""
    days = [FIRST + timedelta(n) for n in range(12)]
    bought: list[Row] = [(0, day, f"L{n:02d}", "core", 100, None) for n, day in enumerate(days)]
    small = _frame([*bought, (0, days[-1], "C1", "core", -30, None)])
    assert in_reach(small)["line"].to_list() == ["L11", "C1"]
    larger = _frame([*bought, (0, days[-1], "C1", None, -130, None)])
    assert in_reach(larger)["line"].to_list() == ["L10", "L11", "C1"]


def test_a_credit_reaches_neither_another_customer_nor_a_later_purchase() -> None:
    rows: list[Row] = [
        (0, FIRST, "A1", "core", 100, None),
        (1, FIRST, "B1", "core", 100, None),
        (1, FIRST, "C1", "core", -900, None),
        (1, FIRST + timedelta(1), "B2", "core", 100, None),
    ]
    assert in_reach(_frame(rows))["line"].to_list() == ["B1", "C1"]
