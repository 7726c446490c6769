"""A few lines dated long after all others never decide as of which day figures are."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from clv_cli.errors import DataError
from clv_cli.run.as_of_day import as_of_day
from clv_cli.settings import Settings
from tests.sources.exports import csv, load_lines

if TYPE_CHECKING:
    from pathlib import Path

    from clv_cli.frames import Book

BEGIN = date(2026, 1, 1)


def book(folder: Path, *days: date, status: str = "paid") -> Book:
    rows = [f"I{n},C1,{day},one_off,1.00,USD,paid" for n, day in enumerate(days[:-1])]
    return load_lines(folder, csv(*rows, f"L,C1,{days[-1]},one_off,1.00,USD,{status}"))


def daily(count: int) -> list[date]:
    return [BEGIN + timedelta(n) for n in range(count)]


def test_a_slip_in_the_year_of_one_line_stops_the_run_and_is_named(tmp_path: Path) -> None:
    data = book(tmp_path, *daily(90), date(2062, 3, 1))
    with pytest.raises(DataError) as error:
        as_of_day(None, Settings(), data)
    assert str(error.value) == (
        "error: 1 of 91 lines is dated long after all others: after 2026-03-31 comes 2062-03-01\n"
        "  where: lines.csv:92, issued_on\n"
        "  hint:  correct the dates, or say as of which day: --as-of 2026-03-31"
    )


def test_who_says_as_of_which_day_is_believed(tmp_path: Path) -> None:
    data = book(tmp_path, *daily(90), date(2062, 3, 1))
    assert as_of_day("2026-02", Settings(), data) == date(2026, 2, 28)
    assert as_of_day(None, Settings(as_of="2062-03-01"), data) == date(2062, 3, 1)


@pytest.mark.parametrize(
    ("days", "last"),
    [
        (daily(90), date(2026, 3, 31)),
        # A season of a third of the lines after half a year of silence is business.
        ([*daily(40), *(day + timedelta(300) for day in daily(20))], date(2026, 10, 31)),
        # Two invoices a few years apart tell nothing about which of them is wrong.
        ([BEGIN, date(2029, 1, 31)], date(2029, 1, 31)),
        # A silence of five months at the end of a year is none.
        ([*daily(90), date(2026, 8, 31)], date(2026, 8, 31)),
    ],
)
def test_silence_that_business_may_well_know_stops_nothing(
    days: list[date], last: date, tmp_path: Path
) -> None:
    assert as_of_day(None, Settings(), book(tmp_path, *days)) == last


def test_a_few_lines_stop_the_run_after_a_silence_longer_than_all_before(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="1 of 10 lines is dated long after all others"):
        as_of_day(None, Settings(), book(tmp_path, *daily(9), date(2028, 1, 1)))


def test_drafts_are_not_looked_at(tmp_path: Path) -> None:
    data = book(tmp_path, *daily(90), date(2062, 3, 1), status="draft")
    assert as_of_day(None, Settings(), data) == date(2026, 3, 31)
