"""Moments over nights: each is told once, and nothing is lost by nights that did not run."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from clv_cli.run import moments
from clv_cli.run.opening import Request
from tests.history.nights import LINES, company, night

if TYPE_CHECKING:
    from pathlib import Path


def remembered(config: Path) -> list[tuple[str, str, str, str]]:
    """What the history says was told: customer, kind, day, night."""
    with closing(sqlite3.connect(config.parent / "nightly" / "history.db")) as store:
        query = "SELECT customer, kind, date, emitted_as_of FROM moment ORDER BY 3, 1, 2"
        return store.execute(query).fetchall()


def listed(config: Path, as_of: str) -> set[tuple[str, str]]:
    report = moments.moments(Request(config, as_of=as_of, cache=False))
    rows = next(r for r in report.results if r.table.name == "moments").records()
    return {(row["customer_id"], str(row["day"])) for row in rows}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return company(tmp_path / "company", *LINES)


def test_a_moment_is_told_by_one_night_and_by_none_after_it(config: Path) -> None:
    night(config, as_of="2025-02-28")
    told = remembered(config)
    assert ("B", "2025-02-10") in {(customer, day) for customer, _, day, _ in told}
    # The day of the night itself says the same again, by whatever command.
    assert ("B", "2025-02-10") in listed(config, "2025-02-28")
    night(config, as_of="2025-03-05")
    assert [row for row in remembered(config) if row[3] == "2025-02-28"] == told
    keys = [row[:3] for row in remembered(config)]
    assert len(keys) == len(set(keys))
    assert ("B", "2025-02-10") not in listed(config, "2025-03-05")


def test_the_same_night_again_remembers_the_same(config: Path) -> None:
    night(config, as_of="2025-02-28")
    told = remembered(config)
    night(config, as_of="2025-02-28", force=True)
    assert remembered(config) == told


def test_a_run_after_missed_nights_tells_what_they_would_have_told(
    config: Path, tmp_path: Path
) -> None:
    every = company(tmp_path / "every", *LINES)
    for as_of in ("2025-01-15", "2025-02-15", "2025-03-31"):
        night(every, as_of=as_of)
    for as_of in ("2025-01-15", "2025-03-31"):  # the last of them looks back beyond its window
        night(config, as_of=as_of)
    assert [row[:3] for row in remembered(config)] == [row[:3] for row in remembered(every)]


def test_without_a_history_nothing_is_remembered(config: Path) -> None:
    assert ("B", "2025-02-10") in listed(config, "2025-02-28")
    assert ("B", "2025-02-10") in listed(config, "2025-03-05")
    assert not (config.parent / "nightly").exists()
