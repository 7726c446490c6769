"""Golden sessions: a folder holds `cmd`, its files, and what `clv` must print and return.

`tests/cases/<topic>/<case>/` = `cmd` (arguments), `stdout`, `stderr`, `exit`, and any input files. Each
runs in a copy of its folder through the installed program. After a wanted change: `CLV_UPDATE=1`.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CASES = Path(__file__).parent / "cases"
EXPECTED = ("stdout", "stderr", "exit")
FOLDERS = sorted(path.parent for path in CASES.rglob("cmd"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: str(path.relative_to(CASES)))
def test_a_session_prints_and_returns_what_it_did(folder: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    shutil.copytree(folder, work, ignore=shutil.ignore_patterns("cmd", *EXPECTED))
    before = {path: path.read_bytes() for path in work.rglob("*") if path.is_file()}
    arguments = shlex.split((folder / "cmd").read_text())
    environment = {
        k: v for k, v in os.environ.items() if not k.startswith(("CLV_", "COV_", "PYTEST"))
    }
    run = subprocess.run(
        [sys.executable, "-m", "clv_cli", *arguments[1:]],
        cwd=work,
        env=environment | {"COLUMNS": "80", "NO_COLOR": "1", "TERM": "dumb"},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
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


def test_there_are_cases() -> None:
    assert len(FOLDERS) >= 20
