"""Files and folders of a run: whole or not there, and gone when it ends."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest

from clv_cli.files import scratch_folder


def test_a_signal_right_after_the_scratch_folder_was_made_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = Path.mkdir

    def stopped(path: Path, mode: int) -> None:
        make(path, mode)
        raise SystemExit(130)

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(Path, "mkdir", stopped)
    with pytest.raises(SystemExit), scratch_folder():
        pytest.fail("the run was stopped before it began")
    assert list(tmp_path.iterdir()) == []


def test_a_scratch_folder_is_for_its_owner_only_and_gone_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with scratch_folder() as folder:
        (folder / "part").write_text("1")
        assert folder.parent == tmp_path
        assert folder.stat().st_mode & 0o777 == 0o700
    assert list(tmp_path.iterdir()) == []


def test_what_a_thread_writes_after_the_end_goes_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signal ends a query at once, but not the threads that write its parts."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    remove, late = shutil.rmtree, iter(range(3))

    def removed(folder: Path, *, ignore_errors: bool) -> None:
        remove(folder, ignore_errors=ignore_errors)
        for number in (number for number in late if number < 2):
            folder.mkdir()
            (folder / f"part-{number}").write_text("late")
            break

    monkeypatch.setattr(shutil, "rmtree", removed)
    with scratch_folder():
        pass
    assert list(tmp_path.iterdir()) == []
