"""Nights that are killed, stopped or refused by the system; and two at once."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from clv_cli.errors import ExitCode, LockedError
from clv_cli.files import locked
from tests.history.nights import company, night

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def rough(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    run = subprocess.run(
        [sys.executable, "-m", "tests.history.rough", str(tmp_path_factory.mktemp("rough"))],
        cwd=ROOT,
        # One thread: a tiny company is quicker with it, and the machine may be busy.
        env={**os.environ, "POLARS_MAX_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def test_ten_kills_leave_whole_nights_and_the_next_run_equals_a_fresh_one(
    rough: dict[str, Any],
) -> None:
    """`kills` asserts it after every kill: files whole, store sound, the rest done by the next run."""
    assert rough["kills"]["runs"] == 10
    assert rough["kills"]["killed at work"]


def test_signals_end_a_night_as_documented_and_leave_nothing(
    rough: dict[str, Any],
) -> None:
    interrupted, terminated = int(ExitCode.INTERRUPTED), int(ExitCode.TERMINATED)
    assert rough["signals"] == {"SIGINT": [interrupted, ""], "SIGTERM": [terminated, ""]}


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace makes system calls fail")
def test_failing_fsync_rename_and_store_writes_leave_old_or_new_and_name_the_reason(
    rough: dict[str, Any],
) -> None:
    assert set(rough["faults"].values()) == {1}


def test_a_second_run_is_refused_or_waits(tmp_path: Path) -> None:
    config = company(tmp_path / "company")
    (tmp_path / "company/nightly").mkdir()
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with locked(tmp_path / "company/nightly/.clv.lock"):
            held.set()
            done.wait(30)

    other = threading.Thread(target=hold)
    other.start()
    held.wait(30)
    with pytest.raises(LockedError, match="another run holds the lock") as refused:
        night(config)
    assert refused.value.exit_code is ExitCode.LOCKED
    assert not (tmp_path / "company/nightly/history.db").exists()
    assert not (tmp_path / "company/nightly/status.json").exists(), "the other run's to write"
    threading.Timer(0.2, done.set).start()
    assert night(config, wait=30).exit_code is ExitCode.DONE
    other.join()


def test_a_reader_that_has_gone_ends_a_night_silently_after_all_is_written(
    rough: dict[str, Any],
) -> None:
    assert rough["closed pipe"] == [int(ExitCode.BROKEN_PIPE), ""]
