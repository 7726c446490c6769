"""Let system calls of a nightly run fail, one after the other: `python -m tests.history.faults FOLDER [KIND]`, from that kind of `FAULTS` on.

strace makes the n-th call fail, n = 1, 2, 3 … until a run no longer makes so many; or kills the run
there. Each time the run must end as documented and name the reason, readers must find the old night or
the new one whole, and the next run must leave what an undisturbed one leaves, to the byte.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.history.kills import Begun, begin
from tests.history.nights import assert_untorn, ended, forked, said, timed, warm

FULL = ("No space left on device", "disk is full", "disk I/O error")
BROKEN = ("Input/output error", "disk I/O error")
READONLY = ("Read-only file system", "readonly database", "unable to open")
KILL = ()
# What fails, how, and how its reason reads: in the system's words or in SQLite's.
FAULTS = (
    ("fsync,fdatasync", "error=EIO", BROKEN),
    ("rename", "error=EIO", BROKEN),
    ("pwrite64", "error=ENOSPC", FULL),
    ("fsync,fdatasync", "signal=KILL", KILL),
    ("pwrite64", "signal=KILL", KILL),
    ("rename", "signal=KILL", KILL),
    ("unlink", "signal=KILL", KILL),
    ("fsync,fdatasync", "error=ENOSPC", FULL),
    ("pwrite64", "error=EIO", BROKEN),
    ("mkdir", "error=EROFS", READONLY),
    ("write", "error=ENOSPC", FULL),
    ("write", "error=EIO", BROKEN),
)
ENDINGS = {0, 2, 3}


def fails(begun: Begun, calls: str, how: str, when: int, words: tuple[str, ...]) -> bool:
    """One night in which the `when`-th of some calls fails; False when it made fewer of them."""
    place = begun.copy(f"{calls.partition(',')[0]}-{how}-{when}")
    code, errors, hit = traced(place, calls, f"{how}:when={when}")
    told = f"{calls} {how} {when}: exit {code}: {errors}"
    if words is KILL and hit:
        assert code == -signal.SIGKILL, told
    else:
        assert code in ENDINGS, told
        assert "Traceback" not in errors, told
    if code > 0:
        assert errors.startswith("error: "), told
        assert any(word in errors for word in words), told
    assert_untorn(place / "nightly")
    timed(place / "clv.yaml")
    assert said(place / "nightly") == begun.wanted, told
    shutil.rmtree(place)
    return hit


def traced(place: Path, calls: str, inject: str) -> tuple[int, str, bool]:
    """A night under strace: how it ended, what it said, and whether the fault came."""
    errors, trace = place / "errors", place / "trace"
    ready, go = os.pipe()
    child = forked(place / "clv.yaml", errors=errors, begin=ready)
    # Threads write to wake each other up, which no disk refuses: of writes only the main thread's.
    threads = [] if calls == "write" else ["-f"]
    tracer = ["strace", *threads, "-qq", "-o", str(trace), "-e", f"trace={calls}"]
    with subprocess.Popen(
        [*tracer, "-e", f"inject={calls}:{inject}", "-p", str(child)], stderr=subprocess.PIPE
    ) as strace:
        while "TracerPid:\t0" in Path(f"/proc/{child}/status").read_text():
            assert strace.poll() is None, strace.stderr and strace.stderr.read()
            time.sleep(0.01)
        os.write(go, b"!")
        code = ended(child)
        strace.wait()
    os.close(ready)
    os.close(go)
    return code, errors.read_text(), "INJECTED" in trace.read_text() or code == -signal.SIGKILL


def faults(begun: Begun, kinds: int, most: int, first: int = 0) -> dict[str, int]:
    """How many calls of each kind were made to fail, and survived."""
    tried: dict[str, int] = {}
    for calls, how, words in FAULTS[first:kinds]:
        when = 1
        while when <= most and fails(begun, calls, how, when, words):
            when += 1
        tried[f"{calls} {how}"] = when - 1
        print(json.dumps(tried), file=sys.stderr, flush=True)
    return tried


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    warm(folder)
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    print(json.dumps(faults(begin(folder), len(FAULTS), sys.maxsize, first)))


if __name__ == "__main__":
    main()
