"""Dates of the sample: its window, month arithmetic and Stripe's epoch seconds."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

START = date(2023, 5, 1)
END = date(2026, 10, 31)
MONTHS = 42
# Natural fates run past the data, so that a churn just after the end is known to the simulator.
HORIZON = date(2028, 6, 1)
EPOCH = date(1970, 1, 1)


def add_months(anchor: date, months: int) -> date:
    """Return the anchor's day in a later month, clipped to that month (31 Jan -> 28 Feb)."""
    total = anchor.year * 12 + anchor.month - 1 + months
    year, month = divmod(total, 12)
    return date(year, month + 1, min(anchor.day, monthrange(year, month + 1)[1]))


def month_index(day: date) -> int:
    """Count months since the first month of the sample."""
    return (day.year - START.year) * 12 + day.month - START.month


def month_start(index: int) -> date:
    """Return the first day of month `index`."""
    return add_months(START, index)


def days(count: float) -> timedelta:
    """Return a whole number of days as a timedelta."""
    return timedelta(days=int(count))


def epoch(day: date) -> int:
    """Return UTC midnight of `day` in epoch seconds."""
    return (day - EPOCH).days * 86_400


def stamp(day: date, minute: int = 0) -> str:
    """Write a day and a minute of that day as `YYYY-MM-DD HH:MM`."""
    return f"{day.isoformat()} {minute // 60:02d}:{minute % 60:02d}"
