"""Codes are found by a hash of the id, and whatever the hash, they are those of the ids."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clv_cli.measures.customer_codes import coded, codes_of
from tests.books import book, line, scope

if TYPE_CHECKING:
    from clv_cli.frames import Book

IDS = st.lists(st.text(max_size=20).filter(bool), min_size=1, max_size=20, unique=True)


def of(*ids: str) -> Book:
    return book([line(customer, "2025-01-01", 1) for customer in ids])


def forged(made: Book, keys: pl.DataFrame | None) -> Book:
    """The same Book with other hashes."""
    vars(made)["hashed_codes"] = keys
    return made


@given(IDS, IDS)
def test_a_hash_finds_what_the_text_would(billed: list[str], asked: list[str]) -> None:
    made, ids = of(*billed), pl.Series(asked, dtype=pl.String)
    assert made.hashed_codes is not None
    places = {customer: at for at, customer in enumerate(sorted(billed, key=str.encode))}
    expected = [places.get(customer) for customer in asked]
    assert codes_of(made)(ids).to_list() == expected
    assert codes_of(forged(made, None))(ids).to_list() == expected


@pytest.mark.parametrize("hashed", [True, False])
def test_every_line_gets_the_code_of_its_customer(hashed: bool) -> None:  # noqa: FBT001
    made = of("b", "a", "a customer of more than twelve bytes")
    made = made if hashed else forged(made, None)
    lines = coded(scope(made), made.table("billing_lines")).collect()
    pairs = set(lines.select("customer_id", "code").iter_rows())
    assert pairs == {("a", 0), ("a customer of more than twelve bytes", 1), ("b", 2)}


def test_a_stranger_with_the_hash_of_a_customer_is_no_customer() -> None:
    ids = pl.Series(["a", "stranger", "b"])
    made = of("a", "b")
    # The stranger's hash now leads to the code of b, and nothing to a.
    keys = pl.DataFrame(
        {"code": [1, 0], "hashed": ids.hash()[1:]}, schema_overrides={"code": pl.Int32}
    ).sort("hashed")
    assert codes_of(forged(made, keys))(ids).to_list() == [None, None, None]


def test_of_no_customers_every_id_is_a_stranger() -> None:
    nobody = replace(of("a"), codes=of("a").codes.clear())
    assert codes_of(nobody)(pl.Series(["a", "b"])).to_list() == [None, None]
    assert codes_of(forged(nobody, None))(pl.Series(["a", "b"])).to_list() == [None, None]


def test_ids_of_equal_hashes_are_looked_up_by_their_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pl.Expr, "hash", lambda _: pl.lit(7, pl.UInt64))
    assert of("a", "b").hashed_codes is None
