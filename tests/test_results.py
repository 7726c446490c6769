"""What `collect` keeps, and what it lets go."""

from __future__ import annotations

import polars as pl

from clv_cli.pipeline import Measure, Scope, derived, reduction
from clv_cli.results import Frames, Rows, Table, collect
from tests.books import book, line, scope

SIZES = {"large": 3, "small": 2}


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


def test_what_is_made_of_several_frames_goes_when_all_are_taken_out_and_each_after_its_reader() -> (
    None
):
    held: list[set[str]] = []

    @reduction("read")
    def read(of: Scope) -> pl.LazyFrame:
        return of.book.table("billing_lines").select("amount")

    @derived("both", read)
    def both(_: Scope, frame: pl.DataFrame) -> pl.DataFrame:
        return pl.DataFrame([pl.Series(n, [frame * k], dtype=pl.Object) for n, k in SIZES.items()])

    def one(name: str) -> Measure:
        @derived(f"the {name}", both, taken_out=True)
        def take(_: Scope, made: pl.DataFrame) -> pl.DataFrame:
            frame: pl.DataFrame = made[name].item()
            return frame

        return take

    large, small = (one(name) for name in SIZES)

    def table(name: str, need: Measure) -> Table:
        def finish(frames: Frames) -> Rows:
            rows = frames[need]
            held.append(set(frames._frames))
            return Rows(rows)

        return Table(name, name, (), (need,), finish)

    found = collect(
        [table("first", large), table("second", small)], scope(book([line("A", "2025-03-01", 5)]))
    )
    assert [result.rows.frame["amount"].to_list() for result in found] == [[1500], [1000]]
    assert held == [{"read", "the large", "the small"}, {"read", "the small"}]
