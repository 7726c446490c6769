"""Rows by customer and day stand as a sort by all columns has them."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from clv_cli.measures.packed_order import in_order

ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(-30_000, 60_000), st.integers(0, 9)))


@given(ROWS, st.booleans())
def test_the_order_is_that_of_all_columns(
    rows: list[tuple[int, int, int]],
    last_first: bool,  # noqa: FBT001
) -> None:
    days = [(code, date(1970, 1, 1) + timedelta(day), then) for code, day, then in rows]
    frame = pl.DataFrame(
        days, schema={"code": pl.Int32, "day": pl.Date, "then": pl.Int64}, orient="row"
    )
    sign = -1 if last_first else 1
    wanted = sorted(days, key=lambda row: (row[0], sign * row[1].toordinal(), row[2]))
    found = in_order(frame, "day", "then", descending=["day"] if last_first else [])
    assert found.rows() == wanted
    assert found.columns == frame.columns


def test_a_row_without_a_day_comes_first_as_in_any_sort() -> None:
    frame = pl.DataFrame(
        {"code": [1, 1, 0], "day": [date(2025, 1, 1), None, None], "then": [1, 2, 3]}
    )
    assert in_order(frame, "day", "then")["then"].to_list() == [3, 2, 1]
