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
import sqlite3
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tests.history.nights import (
    LINES,
    assert_untorn,
    company,
    ended,
    forked,
    said,
    timed,
    warm,
    write_lines,
)

NEW = "L7,I7,C,2025-03-31,one_off,10.00,USD,,,,,paid,"


@dataclass(frozen=True)
class Begun:
    """A company with one night on record and new data, and what the second night leaves.

    Args:
        folder: of the company; copied for every attempt.
        wanted: what a folder says after an undisturbed second night.
        seconds: how long that takes.
    """

    folder: Path
    wanted: dict[str, object]
    seconds: float

    def copy(self, name: str) -> Path:
        """The company once more."""
        place = self.folder.parent / name
        shutil.copytree(self.folder, place, symlinks=True)
        return place


def begin(folder: Path) -> Begun:
    begun, fresh = folder / "begun", folder / "fresh"
    timed(company(begun))
    write_lines(begun / "lines.csv", *LINES, NEW)
    shutil.copytree(begun, fresh, symlinks=True)
    seconds = timed(fresh / "clv.yaml")
    return Begun(begun, said(fresh / "nightly"), seconds)


def kills(begun: Begun, count: int, *, after_each: bool, seed: int = 0) -> dict[str, object]:
    """Kill so many runs.

    Args:
        begun: where they begin.
        count: how many.
        after_each: whether an undisturbed run follows each; else it follows every fifth and those
            that recorded the night, and the others begin where the killed ones ended.
        seed: of the moments.

    Returns:
        How many were killed while at work, and how often they left something to clear.
    """
    random_ = random.Random(seed)
    place = begun.copy("kill-0")
    # Every other one is killed where files are written and the night is recorded: some 0.05 s.
    window = {False: 0.06, True: begun.seconds}
    killed, traces = 0, 0
    for number in range(1, count + 1):
        child, early = forked(place / "clv.yaml"), bool(number % 2)
        if not early:
            reached(child, place / "nightly", ".pending")
        lived = wait(child, random_.uniform(0, 1.05) * window[early])
        # What a slow moment of the machine took is no measure of how long a night works.
        window[early] = window[early] if lived is None else min(window[early], lived)
        os.kill(child, signal.SIGKILL)
        killed += ended(child) == -signal.SIGKILL
        assert_untorn(place / "nightly")
        traces += bool(hidden(place / "nightly"))
        if after_each or number % 5 == 0 or nights_on_record(place) > 1:
            timed(place / "clv.yaml")
            assert said(place / "nightly") == begun.wanted, f"kill {number} of seed {seed}"
            assert not hidden(place / "nightly")
            shutil.rmtree(place)
            place = begun.copy(f"kill-{number}")
    return {"runs": count, "killed at work": killed, "left traces": traces, "torn": 0}


def nights_on_record(place: Path) -> int:
    with closing(sqlite3.connect(place / "nightly" / "history.db")) as store:
        return int(store.execute("SELECT count(*) FROM run").fetchone()[0])


def reached(child: int, folder: Path, pattern: str) -> None:
    """Wait until a file is there, or the child has ended."""
    while not any(folder.glob(pattern)) and not over(child):
        time.sleep(0.001)


def wait(child: int, seconds: float) -> float | None:
    """Let a child work for a while; how long it lived if it ended by itself."""
    begin = time.monotonic()
    while (passed := time.monotonic() - begin) < seconds:
        if over(child):
            return passed
        time.sleep(0.001)
    return None


def over(child: int) -> bool:
    return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def hidden(nights: Path) -> set[str]:
    """What a run puts aside while it works."""
    return {path.name for path in nights.glob(".*")} - {".clv.lock"}


def signals(begun: Begun) -> dict[str, object]:
    """SIGINT and SIGTERM in the middle of a night: the documented exit, no traceback, nothing torn."""
    return {number.name: _signalled(begun, number) for number in (signal.SIGINT, signal.SIGTERM)}


def _signalled(begun: Begun, number: signal.Signals) -> list[object]:
    """How a night ended that was given a signal, and what it said.

    A busy machine may give the signal only after the night is done; then another night is tried.
    """
    for attempt in range(10):
        place = begun.copy(f"{number.name}-{attempt}")
        errors = place / "errors"
        shutil.rmtree(place / "scratch")
        child = forked(place / "clv.yaml", errors=errors)
        # Into the midst of reading: the first part of the line store is there.
        reached(child, place / "scratch", "*/*")
        late = over(child)
        os.kill(child, number)
        code = ended(child)
        assert_untorn(place / "nightly")
        assert not any((place / "scratch").iterdir()), "temporary parts are gone"
        assert not hidden(place / "nightly")
        if not late:
            break
    return [code, errors.read_text()]


def closed_pipe(begun: Begun) -> list[object]:
    """A night whose reader has gone before the mail came: the documented exit, and all is written."""
    place = begun.copy("pipe")
    errors = place / "errors"
    reader, writer = os.pipe()
    os.close(reader)
    code = ended(forked(place / "clv.yaml", "--always", errors=errors, output=writer))
    os.close(writer)
    assert said(place / "nightly") == begun.wanted
    return [code, errors.read_text()]


def main() -> None:
    count, folder = int(sys.argv[1]), Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    warm(folder)
    begun = begin(folder)
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    print(json.dumps(kills(begun, count, after_each=True, seed=seed) | signals(begun)))


if __name__ == "__main__":
    main()
