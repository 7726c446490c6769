"""Let system calls of a nightly run fail, one after the other: `python -m tests.history.faults FOLDER`.

strace makes the n-th call fail, n = 1, 2, 3 … until a run no longer makes so many. Each time the run
must end as documented and name the reason, readers must find the old night or the new one whole, and
the next run must leave what an undisturbed one leaves, to the byte.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.history.kills import NEW
from tests.history.nights import LINES, assert_untorn, company, said, timed, write_lines

ROOT = Path(__file__).parents[2]
# What fails, how, and how its reason reads: in our words or in SQLite's.
FAULTS = (
    ("fsync,fdatasync", "EIO", ("Input/output error", "disk I/O error")),
    ("fsync,fdatasync", "ENOSPC", ("No space left on device", "disk I/O error")),
    ("pwrite64", "ENOSPC", ("No space left on device", "disk is full", "disk I/O error")),
    ("pwrite64", "EIO", ("Input/output error", "disk I/O error")),
    ("write", "ENOSPC", ("No space left on device", "disk is full", "disk I/O error")),
    ("write", "EIO", ("Input/output error", "disk I/O error")),
    ("rename", "EIO", ("Input/output error",)),
    ("mkdir", "EROFS", ("Read-only file system",)),
)
ENDINGS = {0, 2, 3}


@dataclass(frozen=True)
class Places:
    """A company with one night on record and changed data, and what the second night leaves."""

    begun: Path
    wanted: dict[str, object]


def begin(folder: Path) -> Places:
    begun, fresh = folder / "begun", folder / "fresh"
    timed(company(begun))
    write_lines(begun / "lines.csv", *LINES, NEW)
    shutil.copytree(begun, fresh, symlinks=True)
    timed(fresh / "clv.yaml")
    return Places(begun, said(fresh / "nightly"))


def fails(places: Places, calls: str, error: str, when: int, words: tuple[str, ...]) -> bool:
    """One night in which the `when`-th of some calls fails; False when it made fewer of them."""
    place = places.begun.parent / f"{calls.partition(',')[0]}-{error}-{when}"
    shutil.copytree(places.begun, place, symlinks=True)
    trace = place / "trace"
    scratch = place / "scratch"
    scratch.mkdir()
    tracer = ["strace", "-f", "--seccomp-bpf", "-qq", "-o", str(trace), "-e", f"trace={calls}"]
    inject = ["-e", f"inject={calls}:error={error}:when={when}"]
    program = [sys.executable, "-B", "-m", "clv_cli", "nightly", "-c", str(place / "clv.yaml")]
    run = subprocess.run(
        [*tracer, *inject, *program, "--no-cache"],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(scratch)},
        capture_output=True,
        text=True,
        check=False,
    )
    hit = "(INJECTED)" in trace.read_text()
    told = f"{calls} {error} {when}: exit {run.returncode}: {run.stderr}"
    assert run.returncode in ENDINGS, told
    assert "Traceback" not in run.stderr, told
    if run.returncode:
        assert run.stderr.startswith("error: "), told
        assert any(word in run.stderr for word in words), told
    assert_untorn(place / "nightly")
    timed(place / "clv.yaml")
    assert said(place / "nightly") == places.wanted, told
    shutil.rmtree(place)
    return hit


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True)
    places = begin(folder)
    tried = {}
    for calls, error, words in FAULTS:
        when = 1
        while fails(places, calls, error, when, words):
            when += 1
        tried[f"{calls} {error}"] = when - 1
        print(json.dumps(tried), flush=True)


if __name__ == "__main__":
    main()
