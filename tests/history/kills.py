"""Kill nightly runs at random points: `python -m tests.history.kills COUNT FOLDER [SEED]`.

Every run begins with a night on record and another to be made. Afterwards readers must find whole
nights only, and the next undisturbed run must leave what it leaves in a fresh folder, to the byte.
"""

from __future__ import annotations

import json
import random
import shutil
import sys
from pathlib import Path

from tests.history.nights import LINES, assert_untorn, company, killed_at, said, timed, write_lines

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
        killed += killed_at(place / "clv.yaml", random_.uniform(low, 1.05) * whole)
        assert_untorn(place / "nightly")
        hidden = {path.name for path in (place / "nightly").glob(".*")} - {".clv.lock"}
        traces += bool(hidden)
        timed(place / "clv.yaml")
        assert said(place / "nightly") == wanted, f"kill {number} of seed {seed}"
        hidden = {path.name for path in (place / "nightly").glob(".*")} - {".clv.lock"}
        assert not hidden, hidden
        shutil.rmtree(place)
    return {"runs": count, "killed at work": killed, "left traces": traces, "torn": 0}


if __name__ == "__main__":
    arguments = [*sys.argv[1:], "0"]
    print(json.dumps(kills(int(arguments[0]), Path(arguments[1]), int(arguments[2]))))
