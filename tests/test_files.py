"""Files and folders of a run: whole or not there, and gone when it ends."""

from __future__ import annotations

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
