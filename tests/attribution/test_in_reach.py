"""Leaving out purchases that no credit could get down to changes no taking, and leaves out many."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from clv_cli.attribution.in_reach import in_reach
from clv_cli.attribution.matching import _one_customer

if TYPE_CHECKING:
    from clv_cli.attribution.matching import Event, Taking

SCHEMA = {
    "code": pl.Int32,
    "currency": pl.String,
    "line_id": pl.String,
    "product_id": pl.String,
    "amount": pl.Int64,
    "original_line_id": pl.String,
}
PRODUCTS = st.sampled_from([None, "core", "api"])


@st.composite
def _events(draw: st.DrawFn) -> pl.DataFrame:
    """Purchases and credits of a few customers, in order; some credits name a purchase."""
    rows: list[tuple[int, str, str, str | None, int, str | None]] = []
    for code in range(draw(st.integers(1, 3))):
        bought: list[str] = []
        for at in range(draw(st.integers(1, 14))):
            amount = draw(st.integers(-60, 40).filter(bool))
            named = draw(st.sampled_from([None, *bought])) if amount < 0 and bought else None
            line = f"{code}-{at:02d}"
            rows.append((code, "USD", line, draw(PRODUCTS), amount, named))
            bought += [line] * (amount > 0)
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _takings(events: pl.DataFrame) -> list[Taking]:
    columns = ("code", "line_id", "product_id", "amount", "original_line_id")
    customers = groupby(events.select(columns).iter_rows(), key=lambda row: row[0])
    walks: list[list[Event]] = [[row[1:] for row in group] for _, group in customers]
    return [taking for walk in walks for taking in _one_customer(walk)]


@given(_events())
def test_what_is_out_of_reach_is_never_taken(events: pl.DataFrame) -> None:
    assert _takings(in_reach(events)) == _takings(events)


def test_a_small_credit_reaches_the_latest_purchase_only() -> None:
    """Of twelve purchases of 100, a credit of 30 can take of the twelfth, one of 130 of two."""
    bought = [(0, "USD", f"L{n:02d}", "core", 100, None) for n in range(12)]
    small = pl.DataFrame([*bought, (0, "USD", "C1", "core", -30, None)], SCHEMA, orient="row")
    assert in_reach(small)["line_id"].to_list() == ["L11", "C1"]
    larger = pl.DataFrame([*bought, (0, "USD", "C1", None, -130, None)], SCHEMA, orient="row")
    assert in_reach(larger)["line_id"].to_list() == ["L10", "L11", "C1"]


def test_a_credit_reaches_neither_another_customer_nor_a_later_purchase() -> None:
    rows = [
        (0, "USD", "A1", "core", 100, None),
        (1, "USD", "B1", "core", 100, None),
        (1, "USD", "C1", "core", -900, None),
        (1, "USD", "B2", "core", 100, None),
    ]
    events = pl.DataFrame(rows, SCHEMA, orient="row")
    assert in_reach(events)["line_id"].to_list() == ["B1", "C1"]
