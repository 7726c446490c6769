"""How many months plan intervals are, for statistics; money knows no such months."""

from __future__ import annotations

DAYS_A_MONTH = 365.25 / 12
MONTHS = {
    "month": 1.0,
    "quarter": 3.0,
    "year": 12.0,
    "week": 7 / DAYS_A_MONTH,
    "day": 1 / DAYS_A_MONTH,
}
