"""The whole program inside the test's own process: what it prints and returns, without its start.

A process of its own costs most of a second of imports. Tests of that start, of signals, of pipes and
of what two processes have in common run a real one.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from unittest.mock import patch

from clv_cli.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Iterator

# The settings of the machine and of the test run are not those of a session.
FOREIGN = ("CLV_", "COV_", "PYTEST")


class Finished(NamedTuple):
    """How a run of the program ended, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


def clv(*arguments: str, cwd: Path, **environment: str) -> Finished:
    """Run `clv` with these arguments in a folder.

    Args:
        arguments: as typed after `clv`.
        cwd: where.
        environment: further variables.
    """
    out, err = _stream(), _stream()
    kept = {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN)}
    with (
        _own_signals(),
        Path(os.devnull).open(encoding="utf-8") as nothing,
        patch.dict(os.environ, kept | environment, clear=True),
        patch.object(sys, "argv", ["clv", *arguments]),
        patch.object(sys, "stdin", nothing),
        contextlib.chdir(cwd),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = _exit_code()
    return Finished(code, _text(out), _text(err))


def clv_process(*arguments: str, cwd: Path, **environment: str) -> Finished:
    """The same in a process of its own."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN)}
    run = subprocess.run(
        [sys.executable, "-m", "clv_cli", *arguments],
        cwd=cwd,
        env=kept | environment,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return Finished(run.returncode, run.stdout, run.stderr)


def _exit_code() -> int:
    try:
        main()
    except SystemExit as stopped:
        return stopped.code if isinstance(stopped.code, int) else int(stopped.code is not None)
    return 0


@contextlib.contextmanager
def _own_signals() -> Iterator[None]:
    """The program sets its own handlers; the test run keeps its own."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _stream() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode()
