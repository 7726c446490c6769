"""Ends of service that are last days: never read as the days after without anybody having said so."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clv_cli.errors import ConfigError, DataError
from clv_cli.sources.last_days import counted
from tests.sources.exports import HEADER, column, csv, load, write
from tests.sources.test_proposal import proposed

if TYPE_CHECKING:
    from pathlib import Path

    from clv_cli.frames import Book

PERIODS = f"{HEADER},period_start,period_end"
MONTHS = ("2026-01-01,2026-01-31", "2026-02-01,2026-02-28", "2026-03-01,2026-03-31")
AFTER = ("2026-01-01,2026-02-01", "2026-02-01,2026-03-01", "2026-03-01,2026-04-01")
SOURCE = {"path": "lines.csv", "table": "billing_lines"}


def lines(*periods: str) -> str:
    rows = [
        f"I{n},C1,2026-01-05,recurring,100.00,USD,paid,{text}" for n, text in enumerate(periods)
    ]
    return csv(*rows, header=PERIODS)


def read(folder: Path, *periods: str, **keys: object) -> Book:
    write(folder, "lines.csv", lines(*periods))
    return load(folder, SOURCE | keys)


def test_months_that_end_on_their_last_day_stop_the_run_and_name_the_key(tmp_path: Path) -> None:
    with pytest.raises(DataError) as error:
        read(tmp_path, *MONTHS)
    assert str(error.value) == (
        "error: period_end looks like the last day of service, not the day after: 3 of 3 whole months "
        "end a day early, such as 2026-01-01 to 2026-01-31\n"
        "  where: lines.csv, column period_end\n"
        "  hint:  set inclusive: period_end at sources[0] (inclusive: [] if it is the day after)"
    )


def test_a_source_says_that_its_ends_are_last_days(tmp_path: Path) -> None:
    book = read(tmp_path, *MONTHS, inclusive="period_end")
    assert column(book, "period_end") == [date(2026, 2, 1), date(2026, 3, 1), date(2026, 4, 1)]


def test_a_source_says_that_its_ends_are_the_days_after_all_the_same(tmp_path: Path) -> None:
    book = read(tmp_path, *MONTHS, inclusive=[])
    assert column(book, "period_end")[0] == date(2026, 1, 31)


def test_days_after_are_read_as_they_are(tmp_path: Path) -> None:
    assert column(read(tmp_path, *AFTER), "period_end")[0] == date(2026, 2, 1)


@pytest.mark.parametrize(
    "periods",
    [
        MONTHS[:2],  # too few to tell
        (*MONTHS, *AFTER),  # as many of one as of the other
        ("2026-01-10,2026-01-31",) * 5,  # prorations up to a month's last day but one
        ("2026-01-31,2026-02-28",)
        * 5,  # a month from the 31st ends on the shorter month's last day
        (",",) * 5,
    ],
)
def test_periods_that_do_not_tell_stop_nothing(periods: tuple[str, ...], tmp_path: Path) -> None:
    assert read(tmp_path, *periods).lines.rows == len(periods)


def test_periods_below_the_first_rows_are_looked_at_too(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="3 of 3 whole months"):
        read(tmp_path, *[","] * 300, *MONTHS)


def test_inclusive_names_a_column_of_the_table(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='no column "period_ende"'):
        read(tmp_path, *MONTHS, inclusive="period_ende")


def test_init_proposes_last_days_with_its_evidence(tmp_path: Path) -> None:
    (found,) = proposed(tmp_path, billing=lines(*MONTHS)).proposals
    assert found.inclusive == (("period_end", "3 of 3 whole months end on it"),)


@pytest.mark.parametrize("periods", [AFTER, MONTHS[:2], (",",) * 3])
def test_init_proposes_none_where_nothing_tells(periods: tuple[str, ...], tmp_path: Path) -> None:
    (found,) = proposed(tmp_path, billing=lines(*periods)).proposals
    assert found.inclusive == ()


def test_init_reads_days_in_the_order_of_their_column(tmp_path: Path) -> None:
    periods = ("13/01/2026,12/02/2026", "14/02/26,13/03/26", "15.3.2026,14.4.2026")
    (found,) = proposed(tmp_path, billing=lines(*periods)).proposals
    assert [name for name, _ in found.inclusive] == ["period_end"]


@settings(deadline=None)
@given(st.dates(date(2000, 1, 1), date(2060, 12, 31)), st.integers(1, 36))
def test_months_are_whole_or_short_and_never_both(start: date, months: int) -> None:
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    after = date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))
    frame = pl.LazyFrame({"period_start": [start] * 2, "period_end": [after, after - timedelta(1)]})
    assert counted(frame)[:2] == (1, 1)
