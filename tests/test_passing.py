"""Reductions too large to be held: run for whoever reads them, and then gone."""

from __future__ import annotations

import resource
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl
import pytest

from clv_cli import reducing
from clv_cli.pipeline import Scope, derived, reduction
from clv_cli.ranges import NO_END, Range
from clv_cli.reducing import passed
from clv_cli.results import collect_frames
from clv_cli.sources import Aside
from tests.books import book, in_files, line, scope

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from clv_cli.pipeline import Measure
    from clv_cli.ranges import Passing


def read_twice() -> tuple[list[str], tuple[Measure, Measure]]:
    """What runs, and two measures of the same large reduction, of which the first takes it apart."""
    ran: list[str] = []

    @reduction("large", passing=True)
    def large(of: Scope) -> pl.LazyFrame:
        ran.append("large")
        return of.book.table("billing_lines").select("amount", code=pl.lit(0, pl.Int32))

    @derived("emptied", large)
    def emptied(_: Scope, lines: Passing) -> pl.DataFrame:
        return lines.whole().drop_in_place("amount").to_frame()

    @derived("counted", large)
    def counted(_: Scope, lines: Passing) -> pl.DataFrame:
        return lines.whole().select(pl.len())

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


def many(customers: int) -> Scope:
    """Three lines of each customer."""
    days = ("2025-01-05", "2025-02-05", "2025-03-05")
    lines = [line(f"C{who:02}", day, 5) for day in days for who in range(customers)]
    return scope(in_files(book(lines), 3))


@reduction("lines of customers", passing=True)
def lines_of(of: Scope) -> pl.LazyFrame:
    """Every line with the code of its customer."""
    lines = of.book.table("billing_lines").select("customer_id", "line_id")
    return lines.join(of.book.codes.lazy(), on="customer_id").select("code", "line_id")


def ranges_of(of: Scope, held: int, at_once: int, measure: Measure = lines_of) -> list[Range]:
    """How a measure is handed over, with other limits."""
    with pytest.MonkeyPatch.context() as patch:
        for name, limit in (("HELD", held), ("AT_ONCE", at_once), ("TAKEN", 4)):
            patch.setattr(reducing, name, limit)
        return list(passed(measure, of).ranges)


@pytest.mark.parametrize("at_once", [1, 4, 7, 30])
def test_many_lines_wait_on_the_disk_and_come_back_some_customers_at_a_time(
    tmp_path: Path, at_once: int
) -> None:
    of = replace(many(10), aside=Aside(tmp_path))
    found = ranges_of(of, 29, at_once)
    assert len(found) == min(-(-30 // at_once), 10)
    assert (found[0].first, found[-1].end) == (0, NO_END)
    assert [each.first for each in found[1:]] == [each.end for each in found[:-1]]
    (whole,) = ranges_of(of, 30, at_once)
    for each in found:
        assert each.rows.sort("line_id").equals(each.own(whole.rows).sort("line_id"))
    # What was taken up is gone from the disk.
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_range_of_customers_without_lines_has_no_rows(tmp_path: Path) -> None:
    of = replace(many(10), aside=Aside(tmp_path))

    @reduction("few", passing=True)
    def few(scope: Scope) -> pl.LazyFrame:
        assert lines_of.plan is not None
        return lines_of.plan(scope).filter(pl.col("code") > 7)

    found = ranges_of(of, 0, 10, few)
    assert [each.rows.height for each in found] == [0, 0, 6]
    assert found[0].rows.schema == found[2].rows.schema


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """The kernel refuses to write more into any file, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_where_the_disk_has_no_room_all_lines_are_held(tmp_path: Path) -> None:
    """The folder is made, and the first bytes are refused."""
    of = replace(many(4), aside=Aside(tmp_path))
    with files_of_at_most(0):
        (found,) = ranges_of(of, 0, 1)
    assert (found.first, found.end, found.rows.height) == (0, NO_END, 12)
    assert list(tmp_path.iterdir()) == [], "what was half-written is gone"


def test_where_no_folder_can_be_made_all_lines_are_held(tmp_path: Path) -> None:
    """The folder is a file here: nothing can be written into it."""
    blocked = tmp_path / "full"
    blocked.write_text("")
    (found,) = ranges_of(replace(many(4), aside=Aside(blocked)), 0, 1)
    assert (found.first, found.end, found.rows.height) == (0, NO_END, 12)


def test_a_plan_that_looks_at_other_lines_too_is_not_taken_apart(tmp_path: Path) -> None:
    @reduction("credited", passing=True)
    def credited(of: Scope) -> pl.LazyFrame:
        others = of.book.table("billing_lines").select("customer_id").unique()
        assert lines_of.plan is not None
        return lines_of.plan(of).join(
            of.book.codes.lazy().join(others, on="customer_id"), on="code"
        )

    (found,) = ranges_of(replace(many(4), aside=Aside(tmp_path)), 0, 1, credited)
    assert (found.first, found.end, found.rows.height) == (0, NO_END, 12)


def test_lines_that_are_no_longer_those_of_their_files_are_not_taken_from_them(
    tmp_path: Path,
) -> None:
    of = replace(many(4), aside=Aside(tmp_path))
    one = of.book.tables["billing_lines"].filter(pl.col("customer_id") == "C01")
    altered = replace(of, book=replace(of.book, tables={"billing_lines": one}))
    (found,) = ranges_of(altered, 0, 1)
    assert found.rows.height == 3
