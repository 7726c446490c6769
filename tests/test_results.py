"""What `collect` keeps, and what it lets go."""

from __future__ import annotations

import polars as pl

from clv_cli.pipeline import Measure, Scope, derived, reduction
from clv_cli.results import Frames, Rows, Table, collect
from tests.books import book, line, scope


def test_a_frame_is_derived_once_and_let_go_after_its_last_reader() -> None:
    derivations: list[str] = []
    held: list[tuple[str, ...]] = []

    @reduction("read")
    def read(of: Scope) -> pl.LazyFrame:
        return of.book.table("billing_lines").select("amount")

    def doubled(name: str, need: Measure) -> Measure:
        @derived(name, need)
        def double(_: Scope, frame: pl.DataFrame) -> pl.DataFrame:
            derivations.append(name)
            return frame * 2

        return double

    twice = doubled("twice", read)
    fourfold, also = doubled("fourfold", twice), doubled("also", twice)

    def table(name: str, *needs: Measure) -> Table:
        def finish(frames: Frames) -> Rows:
            held.append(tuple(frames._frames))
            return Rows(pl.concat([frames[need] for need in needs]))

        return Table(name, name, (), needs, finish)

    tables = [table("first", fourfold), table("second", also), table("third", fourfold, read)]
    found = collect(tables, scope(book([line("A", "2025-03-01", 5)])))
    amounts = [result.rows.frame["amount"].to_list() for result in found]
    assert amounts == [[2000], [2000], [2000, 500]]
    assert derivations == ["twice", "fourfold", "also"]
    # `twice` goes when both that are made of it are there, `also` with its only table.
    assert held == [("read",), ("read", "twice", "fourfold"), ("read", "fourfold")]
