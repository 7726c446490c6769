from __future__ import annotations

import os
from typing import TYPE_CHECKING, BinaryIO

import pytest

from clv_cli.files import atomic_write

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_is_written_whole_from_bytes_or_by_a_writer(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    atomic_write(path, b"one")
    assert path.read_bytes() == b"one"
    atomic_write(path, lambda file: file.write(b"two"))
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]


def test_a_writer_that_fails_leaves_the_old_file_and_no_rest(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    atomic_write(path, b"old")

    def half(file: BinaryIO) -> None:
        file.write(b"half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        atomic_write(path, half)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_replaced_file_keeps_its_mode_and_a_new_one_obeys_the_umask(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_bytes(b"")
    old.chmod(0o600)
    before = os.umask(0o027)
    try:
        atomic_write(old, b"x")
        atomic_write(new, b"x")
    finally:
        os.umask(before)
    assert old.stat().st_mode & 0o777 == 0o600
    assert new.stat().st_mode & 0o777 == 0o640
