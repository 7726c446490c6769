"""Kill nightly runs at random points: `python -m tests.history.kills COUNT FOLDER [SEED]`.

Every run begins with a night on record and another to be made. Afterwards readers must find whole
nights only, and the next undisturbed run must leave what it leaves in a fresh folder, to the byte.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path

from tests.history.nights import (
    LINES,
    assert_untorn,
    company,
    ended,
    forked,
    said,
    timed,
    write_lines,
)

NEW = "L7,I7,C,2025-03-31,one_off,10.00,USD,,,,,paid,"


def kills(count: int, folder: Path, seed: int = 0) -> dict[str, object]:
    """Kill so many runs.

    Args:
        count: how many.
        folder: for scratch.
        seed: of the moments.

    Returns:
        How many were killed while at work, and what they left behind: nights begun and not recorded.
    """
    random_ = random.Random(seed)
    begun = folder / "begun"
    timed(company(begun))
    write_lines(begun / "lines.csv", *LINES, NEW)
    fresh = folder / "fresh"
    shutil.copytree(begun, fresh, symlinks=True)
    whole = timed(fresh / "clv.yaml")
    wanted = said(fresh / "nightly")
    killed, traces = 0, 0
    for number in range(count):
        place = folder / f"kill-{number}"
        shutil.copytree(begun, place, symlinks=True)
        # Half of them near the end, where files are written and the night is recorded.
        low = 0.0 if number % 2 else 0.75
        child = forked(place / "clv.yaml")
        time.sleep(random_.uniform(low, 1.05) * whole)
        os.kill(child, signal.SIGKILL)
        killed += ended(child) == -signal.SIGKILL
        assert_untorn(place / "nightly")
        traces += bool(hidden(place / "nightly"))
        timed(place / "clv.yaml")
        assert said(place / "nightly") == wanted, f"kill {number} of seed {seed}"
        assert not hidden(place / "nightly")
        shutil.rmtree(place)
    return {"runs": count, "killed at work": killed, "left traces": traces, "torn": 0}


def hidden(nights: Path) -> set[str]:
    """What a run puts aside while it works."""
    return {path.name for path in nights.glob(".*")} - {".clv.lock"}


def signals(folder: Path) -> dict[str, object]:
    """SIGINT and SIGTERM in the middle of a night: the documented exit, no traceback, nothing torn."""
    found: dict[str, object] = {}
    for number in (signal.SIGINT, signal.SIGTERM):
        place = folder / number.name
        whole = timed(company(place))
        write_lines(place / "lines.csv", *LINES, NEW)
        errors = place / "errors"
        child = forked(place / "clv.yaml", errors=errors)
        time.sleep(whole / 2)
        os.kill(child, number)
        found[number.name] = [ended(child), errors.read_text()]
        assert_untorn(place / "nightly")
        assert not hidden(place / "nightly")
    return found


if __name__ == "__main__":
    arguments = [*sys.argv[1:], "0"]
    scratch = Path(arguments[1])
    scratch.mkdir(parents=True, exist_ok=True)
    print(json.dumps(kills(int(arguments[0]), scratch, int(arguments[2])) | signals(scratch)))
