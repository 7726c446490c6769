"""Vega-Lite to SVG, in a process of its own where one was started: drawing takes a second to begin.

The library holds Python's lock while its engine starts and draws, so a thread beside would stop the run
that it should not wait for. This file is also the program of that process: it asks for nothing but the
library, reads one chart a line, and ends with its input.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
from functools import cache
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Job = tuple[str, "SimpleQueue[str | None]"]


def drawn(spec: Mapping[str, Any]) -> str:
    """The SVG of a chart, drawn in this process."""
    import vl_convert

    return str(vl_convert.vegalite_to_svg(dict(spec), allowed_base_urls=[]))


class Engine:
    """Draws charts, in another process once one was started."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._owner = 0
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._carrier: Thread | None = None

    def start(self) -> None:
        """Let another process load the library meanwhile; where none can be started, nothing happens."""
        if self._process is not None:
            return
        try:
            self._process = subprocess.Popen(  # noqa: S603 - this file, by this Python
                # -P: no file beside this one, or where the user stands, is taken for a library's.
                [sys.executable, "-P", __file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                encoding="utf-8",
                # An interrupt is for the run, which then ends this process.
                start_new_session=True,
            )
        except OSError:
            return
        self._owner = os.getpid()
        # A pipe holds less than a chart: who waits for it must not be the run.
        self._carrier = Thread(target=_carry, args=(self._process, self._jobs), daemon=True)
        self._carrier.start()
        atexit.register(self.stop)

    def begin(self, spec: Mapping[str, Any]) -> Callable[[], str]:
        """Have a chart drawn meanwhile, after those begun before it.

        Returns:
            What waits for its SVG; drawn here where the other process is not there, or not any more.
        """
        if (
            self._process is None or self._owner != os.getpid()
        ):  # a fork: its pipes are its parent's
            return lambda: drawn(spec)
        answer: SimpleQueue[str | None] = SimpleQueue()
        self._jobs.put((json.dumps(spec), answer))

        @cache  # an answer comes once, however often it is asked for
        def wait() -> str:
            svg = answer.get()
            return drawn(spec) if svg is None else svg

        return wait

    def draw(self, spec: Mapping[str, Any]) -> str:
        """The SVG of a chart."""
        return self.begin(spec)()

    def stop(self) -> None:
        """End the other process, whatever it is at; a fork of this one leaves it alone."""
        process, self._process = self._process, None
        carrier, self._carrier = self._carrier, None
        if process is None or carrier is None or self._owner != os.getpid():
            return
        process.kill()
        self._jobs.put(None)
        carrier.join()  # whatever it reads ends with the process
        process.communicate()


def _carry(process: subprocess.Popen[str], jobs: SimpleQueue[Job | None]) -> None:
    """Bring every chart to the process and its SVG back, one after the other; None once it is gone."""
    while (job := jobs.get()) is not None:
        text, answer = job
        answer.put(_asked(process, text))


def _asked(process: subprocess.Popen[str], text: str) -> str | None:
    if process.stdin is None or process.stdout is None:
        return None
    try:
        process.stdin.write(text + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
    except OSError:
        return None
    return str(json.loads(line)) if line else None


ENGINE = Engine()


def _serve() -> None:
    """Draw what is asked for, line by line; the first chart of all is only there to start the engine."""
    if hasattr(os, "nice"):
        os.nice(5)  # the charts are wanted last: where cores are few, the run goes first
    drawn({"data": {"values": [{}]}, "mark": "point"})
    for line in sys.stdin:
        sys.stdout.write(json.dumps(drawn(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve()
