"""What must hold for every ledger under every switch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from clv_cli.measures.mrr_months import mrr_months
from clv_cli.measures.mrr_movements import MOVEMENTS, mrr_movements
from clv_cli.measures.retention import retention
from clv_cli.results import collect_frames
from tests.books import book, book_of, frame, scope
from tests.laws import law
from tests.measures.test_oracle_switches import RATES, companies, switched
from tests.strategies import as_of_days

if TYPE_CHECKING:
    from datetime import date

    from clv_cli.results import Frames

MEASURES = (mrr_months, mrr_movements, retention)
# Two switches have no place in the second calculator: they are held to the laws here.
OTHERS = [
    {},
    {"mrr.free": "keep_active"},
    {"fx.mode": "service_start"},
    {"fx.mode": "service_start", "movements.mode": "events"},
    {"mrr.free": "keep_active", "movements.mode": "events", "mrr.paused": "churn"},
]
few = law(6)
given_all = given(companies(), as_of_days(), switched(), st.sampled_from(OTHERS))
Company = tuple[list[dict[str, Any]], dict[str, Any], dict[str, str]]


def ask(
    company: Company, as_of: date, keys: dict[str, Any], lines: pl.DataFrame | None = None
) -> Frames:
    rows, known, parents = company
    tables: dict[str, Any] = {
        "subscriptions": list(known.values()),
        "customers": [{"customer_id": c, "parent_id": p} for c, p in parents.items()],
    }
    of = (
        book(rows, rates=RATES, **tables)
        if lines is None
        else book_of(
            lines,
            rates=RATES,
            tables={name: frame(name, rows).lazy() for name, rows in tables.items()},
        )
    )
    return collect_frames(MEASURES, scope(of, as_of.isoformat(), **{"nrr.months": 3, **keys}))


@few
@given_all
def test_opening_and_movements_are_the_closing_by_customer_by_segment_and_in_total(
    company: Company, as_of: date, keys: dict[str, Any], others: dict[str, Any]
) -> None:
    frames = ask(company, as_of, {**keys, **others})
    moves = frames[mrr_movements]
    segments = moves.group_by(pl.col("code") % 2, "month").agg(
        pl.col("opening", *MOVEMENTS, "closing").sum()
    )
    for rows in (moves, segments, frames[mrr_months]):
        sums = rows.select(pl.sum_horizontal("opening", *MOVEMENTS)).to_series()
        assert sums.to_list() == rows["closing"].to_list()
    months = frames[mrr_months]
    for opening, closing in (("opening", "closing"), ("customers_opening", "customers_closing")):
        assert months[opening].to_list()[1:] == months[closing].to_list()[:-1]


@few
@given_all
def test_grr_is_never_above_one_nor_above_nrr_under_any_switch(
    company: Company, as_of: date, keys: dict[str, Any], others: dict[str, Any]
) -> None:
    for row in ask(company, as_of, {**keys, **others})[retention].iter_rows(named=True):
        assert 0 <= row["kept"] <= min(row["base"], row["closing"])


@few
@given_all
def test_order_and_files_change_nothing_and_two_runs_are_the_same_bytes(
    company: Company, as_of: date, keys: dict[str, Any], others: dict[str, Any]
) -> None:
    chosen = {**keys, **others}
    one, again = ask(company, as_of, chosen), ask(company, as_of, chosen)
    lines = one.scope.book.table("billing_lines").collect()
    cut = lines.height // 3
    turned = pl.concat([lines[cut:].reverse(), lines[:cut]])
    other = ask(company, as_of, chosen, turned)
    for measure in MEASURES:
        assert one[measure].equals(again[measure])
        assert one[measure].serialize() == again[measure].serialize()
        assert one[measure].equals(other[measure])
