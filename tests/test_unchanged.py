"""A report over the same bytes is the same report; over other bytes it is never the old one."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING

import pytest

from clv_cli.render import render
from clv_cli.render.layout import View
from clv_cli.results import Report
from clv_cli.run import reporting, unchanged
from clv_cli.run.night_store import HISTORY
from clv_cli.run.opening import Request, sample_config
from clv_cli.sources import cached

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CONFIG = """\
version: 1
sources:
  - {path: "lines*.csv", table: billing_lines}
  - {path: people.csv, preset: own.yaml}
"""


@dataclass
class Counted:
    """What is computed, and how often."""

    request: Request
    times: int = 0
    during: Callable[[], object] = field(default=lambda: None)

    def compute(self) -> Report:
        self.times += 1
        self.during()
        return Report("report", date(2026, 1, self.times), None, "USD", "Acme", ())

    def run(self, *asked: object, **changes: object) -> int:
        """Run once more; how often it was computed by now."""
        request = replace(self.request, **changes)  # type: ignore[arg-type]
        found = unchanged.unchanged(request, asked, self.compute)
        assert found.as_of is not None
        return self.times


@pytest.fixture
def counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Counted:
    """A config with its files, and a cache of its own."""
    monkeypatch.setenv("CLV_CACHE_DIR", str(tmp_path / "cache"))
    data = tmp_path / "data"
    (data / "nightly").mkdir(parents=True)
    for name in ("lines-1.csv", "lines-2.csv", "people.csv", "own.yaml"):
        (data / name).write_text(name)
    (data / "clv.yaml").write_text(CONFIG)
    return Counted(Request(config=data / "clv.yaml", remember=True))


def folder_of(counted: Counted) -> Path:
    assert counted.request.config is not None
    return counted.request.config.parent


def test_the_same_bytes_are_reported_on_once(counted: Counted) -> None:
    assert [counted.run(), counted.run(), counted.run()] == [1, 1, 1]


@pytest.mark.parametrize(
    "name",
    [
        "lines-1.csv",
        "lines-3.csv",
        "people.csv",
        "own.yaml",
        "clv.yaml",
        f"nightly/{HISTORY}",
        f"nightly/{HISTORY}-wal",
    ],
)
def test_a_byte_more_in_any_file_is_computed_anew(name: str, counted: Counted) -> None:
    counted.run()
    path = folder_of(counted) / name
    before = path.stat() if path.exists() else None
    with path.open("a") as file:
        file.write("#")
    if before is not None:
        # Neither the time nor anything else but the bytes need tell.
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert counted.run() == 2


def test_a_file_that_is_gone_or_renamed_is_computed_anew(counted: Counted) -> None:
    counted.run()
    folder = folder_of(counted)
    (folder / "lines-2.csv").rename(folder / "lines-9.csv")
    assert counted.run() == 2
    (folder / "lines-9.csv").unlink()
    assert counted.run() == 3


def test_what_is_asked_is_part_of_it(counted: Counted) -> None:
    assert counted.run() == 1
    assert counted.run(as_of="2026-01") == 2
    assert counted.run(period="3m") == 3
    assert counted.run("another command") == 4
    assert counted.run() == 4


def test_other_code_computes_anew(counted: Counted, monkeypatch: pytest.MonkeyPatch) -> None:
    counted.run()
    monkeypatch.setattr(unchanged, "code_version", lambda: "another")
    assert counted.run() == 2


@pytest.mark.parametrize(
    "changes",
    [{"cache": False}, {"remember": False}, {"redact": True}, {"engine": "sail"}],
    ids=str,
)
def test_what_must_not_be_kept_is_computed_each_time(
    changes: dict[str, object], counted: Counted
) -> None:
    assert [counted.run(**changes), counted.run(**changes)] == [1, 2]


def test_files_that_change_meanwhile_leave_nothing_behind(counted: Counted) -> None:
    path = folder_of(counted) / "lines-1.csv"
    old = path.read_text()
    counted.during = lambda: path.write_text("newer")
    counted.run()
    # The bytes of the beginning again: what was computed may have been of either.
    path.write_text(old)
    counted.during = lambda: None
    assert counted.run() == 2


def test_what_is_kept_may_be_deleted_or_damaged(counted: Counted, tmp_path: Path) -> None:
    counted.run()
    (index,) = (tmp_path / "cache" / "reports").glob("*/index.json")
    index.write_text(index.read_text().replace("2026-01-01", "2026-01-09"))
    assert counted.run() == 2
    for file in (tmp_path / "cache").rglob("*"):
        if file.is_file():
            file.unlink()
    assert counted.run() == 3


def test_what_no_file_can_hold_is_not_kept(counted: Counted) -> None:
    odd = replace(counted.compute(), conventions={"key": object()})  # type: ignore[dict-item]
    for _ in range(2):
        assert unchanged.unchanged(counted.request, (), lambda: odd) is odd


def test_faults_are_told_by_the_run_itself(counted: Counted) -> None:
    (folder_of(counted) / "clv.yaml").write_text("version: [")
    assert [counted.run(), counted.run()] == [1, 2]


def test_a_report_given_again_prints_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLV_CACHE_DIR", str(tmp_path))
    request = Request(config=sample_config(), remember=True)
    first = reporting.report(request)

    def never(_: Request) -> None:
        raise AssertionError("it was computed again")

    monkeypatch.setattr(reporting, "opened", never)
    again = reporting.report(request)
    assert again is not first
    for name in ("json", "plain", "md", "csv"):
        view = View(tables=("kpis",) if name == "csv" else ())
        assert render(again, name, view) == render(first, name, view), name


def test_an_export_is_read_whole_once_or_each_time_when_asked(
    counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clv_cli.sources.seen.SETTLED_SECONDS", 0)
    read: list[str] = []
    whole = cached._hashed

    def hashed(path: Path) -> str:
        read.append(path.name)
        return whole(path)

    monkeypatch.setattr(cached, "_hashed", hashed)
    exports = ["lines-1.csv", "lines-2.csv", "people.csv"]
    counted.run()
    # Once before it was computed, and not again to see that nothing was touched meanwhile.
    assert sorted(name for name in read if name in exports) == exports
    read.clear()
    assert counted.run() == 1
    assert not set(exports) & set(read)
    assert counted.run(verify=True) == 1
    assert set(exports) <= set(read)
