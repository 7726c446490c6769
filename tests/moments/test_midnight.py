"""What happens shortly before midnight, from the file to the moment: it falls on the zone's day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.moments.asking import found
from tests.sources.exports import csv, load, write

if TYPE_CHECKING:
    from pathlib import Path

    from clv_cli.frames import Book

# 23:30 at five hours behind UTC is 04:30 of the next day there, and 13:30 in Tokyo.
ZONES = ("America/New_York", "UTC", "Asia/Tokyo")
LINES = "invoice_id,customer_id,issued_on,kind,amount,currency,status,period_start,period_end"
LINE = "I1,A,2025-01-01,recurring,1200.00,USD,paid,2025-01-01,2026-01-01"


def loaded(folder: Path, table: str, header: str, rows: list[str], zone: str) -> Book:
    """A Book of one customer who pays by the year, and of one more file."""
    write(folder, "lines.csv", csv(LINE, header=LINES))
    write(folder, "more.csv", csv(*rows, header=header))
    sources = (
        {"path": "lines.csv", "table": "billing_lines"},
        {"path": "more.csv", "table": table},
    )
    return load(folder, *sources, timezone=zone)


@pytest.mark.parametrize(
    ("zone", "day"), [(ZONES[0], "2025-11-29"), (ZONES[1], "2025-11-30"), (ZONES[2], "2025-11-30")]
)
def test_a_payment_that_failed_before_midnight_failed_on_the_zones_day(
    tmp_path: Path, zone: str, day: str
) -> None:
    header = "payment_id,invoice_id,customer_id,attempted_on,outcome,amount,currency"
    row = "P1,I1,A,2025-11-29T23:30:00-05:00,failed,1200.00,USD"
    of = loaded(tmp_path, "payments", header, [row], zone)
    assert [row["day"].isoformat() for row in found("payment_failed", of)] == [day]
    # On the evening itself it is known only where that evening is the day.
    seen = found("payment_failed", of, "2025-11-29")
    assert len(seen) == (day == "2025-11-29")


@pytest.mark.parametrize(
    ("zone", "occurrences"), [(ZONES[0], ["2025-11"]), (ZONES[1], []), (ZONES[2], [])]
)
def test_use_before_midnight_of_a_months_last_day_counts_in_the_zones_month(
    tmp_path: Path, zone: str, occurrences: list[str]
) -> None:
    # 60 and 50 of 100: over the quota in November, or 60 in November and 50 in December.
    rows = ["A,2025-11-10T12:00:00-05:00,calls,60,100", "A,2025-11-30T23:30:00-05:00,calls,50,100"]
    header = "customer_id,period_start,metric,quantity,quota"
    of = loaded(tmp_path, "usage", header, rows, zone)
    assert [row["occurrence"] for row in found("quota_exceeded", of)] == occurrences
