"""Golden sessions: a folder holds `cmd`, its files, and what `clv` must print and return.

`tests/cases/<topic>/<case>/` = `cmd` (arguments), `stdout`, `stderr`, `exit`, and any input files. Each
runs in a copy of its folder through the whole program. After a wanted change: `CLV_UPDATE=1`.
"""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path

import pytest

from tests.program import clv, clv_process

CASES = Path(__file__).parent / "cases"
EXPECTED = ("stdout", "stderr", "exit")
SESSION = {"COLUMNS": "80", "NO_COLOR": "1", "TERM": "dumb"}
FOLDERS = sorted(path.parent for path in CASES.rglob("cmd"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: str(path.relative_to(CASES)))
def test_a_session_prints_and_returns_what_it_did(folder: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    shutil.copytree(folder, work, ignore=shutil.ignore_patterns("cmd", *EXPECTED))
    before = {path: path.read_bytes() for path in work.rglob("*") if path.is_file()}
    arguments = shlex.split((folder / "cmd").read_text())
    run = clv(*arguments[1:], cwd=work, **SESSION)
    # The place of the copy is no part of what the session says.
    got = {
        "stdout": run.stdout.replace(str(work), "."),
        "stderr": run.stderr.replace(str(work), "."),
        "exit": f"{run.returncode}\n",
    }
    if os.environ.get("CLV_UPDATE"):
        for name, text in got.items():
            (folder / name).write_text(text)
    assert got == {name: (folder / name).read_text() for name in EXPECTED}
    assert "Traceback" not in run.stderr
    if run.returncode not in {0, 4}:
        assert not run.stdout, "an error prints no figures"
        assert before == {path: path.read_bytes() for path in work.rglob("*") if path.is_file()}
        assert run.stderr.startswith(("error: ", "Usage: "))


@pytest.mark.parametrize("case", ["report/small", "errors/missing_column"])
def test_a_session_in_a_process_of_its_own_says_the_same(case: str, tmp_path: Path) -> None:
    folder = CASES / case
    work = tmp_path / "work"
    shutil.copytree(folder, work)
    run = clv_process(*shlex.split((folder / "cmd").read_text())[1:], cwd=work, **SESSION)
    got = (run.stdout, run.stderr, f"{run.returncode}\n")
    expected = tuple((folder / name).read_text() for name in EXPECTED)
    assert tuple(text.replace(str(work), ".") for text in got) == expected


def test_there_are_cases() -> None:
    assert len(FOLDERS) >= 20
