"""Groups by one number are the groups by their columns, and sums of halves are exact."""

from __future__ import annotations

from collections import defaultdict

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clv_cli.attribution import grouping
from clv_cli.attribution.grouping import among, end_of, enumerated, names_of, numbered, sums_by

SCHEMA = {"name": pl.String, "code": pl.Int32, "amount": pl.Int64}
SIZES = st.one_of(st.integers(-99, 99), st.integers(-(2**62), 2**62))
Row = tuple[str | None, int | None, int]
ROWS = st.lists(
    st.tuples(
        st.sampled_from([None, "", "a", "b"]), st.sampled_from([None, -7, 0, 3, 24_000]), SIZES
    ),
    max_size=12,
)


@pytest.fixture(params=[grouping.DENSE, 1], ids=["by a table", "by sorting"])
def _dense(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouping, "DENSE", request.param)


@pytest.mark.usefixtures("_dense")
def test_equal_rows_have_one_number_and_unequal_ones_do_not() -> None:
    rows = [("b", 3, 0), (None, 3, 0), ("b", 3, 0), ("b", None, 0), ("", 3, 0), (None, 3, 0)]
    frame = pl.DataFrame(rows, SCHEMA, orient="row")
    number, first = numbered(frame, ["name", "code"])
    assert [rows[row] for row in first[number]] == rows
    assert sorted(first.tolist()) == [0, 1, 3, 4]
    assert sorted(set(number.tolist())) == [0, 1, 2, 3]


@given(rows=ROWS, coded=st.booleans())
def test_sums_are_those_of_python(rows: list[Row], *, coded: bool) -> None:
    """Of texts and of enumerations, of any size and sign, beyond 64 bits, and of no row."""
    frame = pl.DataFrame(rows, SCHEMA, orient="row")
    if coded:
        frame = frame.with_columns(enumerated(frame["name"]))
    sums: dict[tuple[str | None, int | None], list[int]] = defaultdict(list)
    for name, code, amount in rows:
        sums[name, code].append(amount)
    found = sums_by(frame, ["name", "code"], ["amount"])
    told = {(name, code): (lines, amount) for name, code, lines, amount in found.iter_rows()}
    assert told == {key: (len(amounts), sum(amounts)) for key, amounts in sums.items()}
    assert found.schema["amount"] == pl.Int128


@given(st.lists(st.sampled_from([None, "", "b", "a", "é", "Z"])))
def test_an_enumeration_keeps_texts_and_stands_in_their_order(texts: list[str | None]) -> None:
    column = pl.Series("name", texts, dtype=pl.String)
    for found in (enumerated(column), enumerated(column.cast(pl.Categorical))):
        assert found.cast(pl.String).to_list() == texts
        assert names_of(found).to_list() == sorted({text for text in texts if text is not None})
        assert enumerated(found).dtype == found.dtype


def test_rows_among_others_are_marked_by_their_place() -> None:
    rows = pl.Series([3, 1, 3], dtype=pl.UInt32)
    assert among(end_of(rows), rows).tolist() == [False, True, False, True]
    assert end_of(rows.clear()) == 0
