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
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def drawn(spec: Mapping[str, Any]) -> str:
    """The SVG of a chart, drawn in this process."""
    import vl_convert

    return str(vl_convert.vegalite_to_svg(dict(spec), allowed_base_urls=[]))


class Engine:
    """Draws charts, in another process once one was started."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._owner = 0

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
        atexit.register(self.stop)

    def draw(self, spec: Mapping[str, Any]) -> str:
        """The SVG of a chart; drawn here where the other process is not there, or not any more."""
        answer = self._asked(spec)
        return drawn(spec) if answer is None else answer

    def stop(self) -> None:
        """End the other process, whatever it is at; a fork of this one leaves it alone."""
        process, self._process = self._process, None
        if process is not None and self._owner == os.getpid():
            process.kill()
            process.communicate()

    def _asked(self, spec: Mapping[str, Any]) -> str | None:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            return None
        if self._owner != os.getpid():  # a fork: its pipes are its parent's
            return None
        try:
            process.stdin.write(json.dumps(spec) + "\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        except OSError:
            answer = ""
        if not answer:
            self.stop()
            return None
        return str(json.loads(answer))


ENGINE = Engine()


def _serve() -> None:
    """Draw what is asked for, line by line; the first chart of all is only there to start the engine."""
    drawn({"data": {"values": [{}]}, "mark": "point"})
    for line in sys.stdin:
        sys.stdout.write(json.dumps(drawn(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve()
