"""Reductions too large to be held: run for whoever reads them, and then gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from clv_cli.pipeline import Scope, derived, reduction
from clv_cli.results import collect_frames
from tests.books import book, line, scope

if TYPE_CHECKING:
    from clv_cli.pipeline import Measure


def read_twice() -> tuple[list[str], tuple[Measure, Measure]]:
    """What runs, and two measures of the same large reduction, of which the first takes it apart."""
    ran: list[str] = []

    @reduction("large", passing=True)
    def large(of: Scope) -> pl.LazyFrame:
        ran.append("large")
        return of.book.table("billing_lines").select("amount", code=pl.lit(0, pl.Int32))

    @derived("emptied", large)
    def emptied(_: Scope, lines: pl.DataFrame) -> pl.DataFrame:
        return lines.drop_in_place("amount").to_frame()

    @derived("counted", large)
    def counted(_: Scope, lines: pl.DataFrame) -> pl.DataFrame:
        return lines.select(pl.len())

    return ran, (emptied, counted)


def test_a_passing_reduction_runs_when_it_is_read_and_each_reader_has_its_own() -> None:
    ran, (emptied, counted) = read_twice()
    frames = collect_frames([emptied, counted], scope(book([line("A", "2025-03-01", 5)])))
    assert ran == []
    assert frames[emptied]["amount"].to_list() == [500]
    assert frames[counted].item() == 1
    assert frames[emptied].width == 1
    assert ran == ["large", "large"]


def test_some_customers_alone_are_not_shown_a_passing_reduction_of_all() -> None:
    _, (emptied, _) = read_twice()
    frames = collect_frames([emptied], scope(book([line("A", "2025-03-01", 5)])))
    with pytest.raises(LookupError, match="large was not collected"):
        frames.cut(pl.Series([0]), {})[emptied]
