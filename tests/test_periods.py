"""Periods are whole months, half-open, and never see beyond the as-of day."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clv_cli.errors import UsageError
from clv_cli.periods import (
    Period,
    month_end,
    month_of,
    month_start,
    month_text,
    parse_day,
    parse_month,
    parse_period,
)

AS_OF = date(2026, 10, 31)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12m", "2025-11..2026-10"),
        ("1m", "2026-10..2026-10"),
        ("2025", "2025-01..2025-12"),
        ("2026", "2026-01..2026-10"),
        ("2026Q3", "2026-07..2026-09"),
        ("2026q4", "2026-10..2026-10"),
        ("2026-05", "2026-05..2026-05"),
        ("2026-01..2026-06", "2026-01..2026-06"),
        ("ytd", "2026-01..2026-10"),
    ],
)
def test_a_period_reads_as_people_write_it(text: str, expected: str) -> None:
    assert str(parse_period(text, AS_OF)) == expected


@pytest.mark.parametrize(
    "text", ["", "12", "m", "2026Q5", "2026-13", "2026-06..2026-01", "0m", "2027", "last year"]
)
def test_what_is_no_period_stops_with_a_hint(text: str) -> None:
    with pytest.raises(UsageError) as stopped:
        parse_period(text, AS_OF)
    assert (stopped.value.where, bool(stopped.value.hint)) == ("-p/--period", True)


def test_a_month_given_as_a_day_is_its_last_day() -> None:
    assert parse_day("2024-02", "--as-of") == date(2024, 2, 29)
    assert parse_day("2024-02-03", "--as-of") == date(2024, 2, 3)


@pytest.mark.parametrize("text", ["2024-02-30", "2024-13", "yesterday", "24-1-1", ""])
def test_what_is_no_day_stops(text: str) -> None:
    with pytest.raises(UsageError):
        parse_day(text, "--as-of")


@given(st.dates(date(1990, 1, 1), date(2100, 12, 31)))
def test_months_partition_the_days(day: date) -> None:
    month = month_of(day)
    assert month_start(month) <= day <= month_end(month) < month_start(month + 1)
    assert parse_month(month_text(month)) == month


def test_a_period_is_half_open() -> None:
    period = Period(month_of(date(2026, 1, 1)), month_of(date(2026, 4, 1)))
    assert (period.start_day, period.end_day) == (date(2026, 1, 1), date(2026, 4, 1))
    assert len(period.months) == 3
