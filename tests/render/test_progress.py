"""The bar of a terminal, the log lines of everything else, and the silence of -q."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from clv_cli.progress import Reading, Step
from clv_cli.render.progress import Bar, _text
from tests.program import FOREIGN, clv

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LINES = """line_id,invoice_id,customer_id,issued_on,kind,amount,currency,interval,period_start,period_end,status
1,1,a,2025-01-01,recurring,10.00,USD,month,2025-01-01,2025-02-01,paid
2,2,b,2025-01-01,recurring,20.00,USD,month,2025-01-01,2025-02-01,paid
"""
CUSTOMERS = "customer_id,name\na,Ann\n"
CONFIG = """sources:
  - {path: lines.csv, table: billing_lines}
  - {path: customers.csv, table: customers}
"""
# The program with a bar from the first moment on: the book of a test takes no second.
PROGRAM = """
from functools import partial
from clv_cli.render import progress
progress.Bar = partial(progress.Bar, 0.0)
from clv_cli.__main__ import main
main()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "clv.yaml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "lines.csv").write_text(LINES, encoding="utf-8")
    (tmp_path / "customers.csv").write_text(CUSTOMERS, encoding="utf-8")
    return tmp_path


def test_a_reading_tells_each_file_before_it_is_read_and_the_end_once() -> None:
    steps: list[Step] = []
    reading = Reading(steps.append, of=2)
    for file, rows in (("a.csv", 3), ("b.csv", 4)):
        reading.begins(file)
        reading.ends(rows)
    assert steps == [
        Step("reading", "a.csv", 0, 2, 0),
        Step("reading", "b.csv", 1, 2, 3),
        Step("computing", "", 2, 2, 7),
    ]


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (
            Step("reading", "invoices.csv", 2, 9, 1_204_113),
            "reading invoices.csv, 2/9 files, 1,204,113 rows",
        ),
        (Step("computing", "", 9, 9, 5), "computing, 9/9 files, 5 rows"),
        (
            Step("reading", f"{'x' * 40}.csv", 0, 1, 0),
            f"reading …{'x' * 19}.csv, 0/1 files, 0 rows",
        ),
    ],
)
def test_the_text_of_a_step_fits_beside_the_bar(step: Step, text: str) -> None:
    assert _text(step) == text


def test_a_file_name_cannot_steer_the_terminal() -> None:
    assert "\x1b" not in _text(Step("reading", "a\x1b[2J.csv", 0, 1, 0))


def test_a_bar_shows_files_and_rows_and_leaves_nothing_behind() -> None:
    with _terminal() as seen, Bar(delay=0.0) as watch:
        watch(Step("reading", "invoices.csv", 2, 9, 1_204_113))
    assert "reading invoices.csv, 2/9 files, 1,204,113 rows" in seen[0]
    # The last thing written takes the line away and gives the cursor back.
    assert re.search(r"\x1b\[\?25h\r\x1b\[1A\x1b\[2K$", seen[0])


def test_work_of_less_than_the_delay_shows_nothing() -> None:
    with _terminal() as seen, Bar(delay=60.0) as watch:
        watch(Step("computing", "", 1, 1, 1))
    assert seen == [""]


def test_the_clock_runs_from_the_beginning_until_all_is_computed() -> None:
    bar = Bar(delay=0.2)
    with _terminal(), bar as watch:
        watch(Step("computing", "", 9, 9, 5))
        bar._timer.join()
        assert bar._shown is not None
        (task,) = bar._shown[0].tasks
        assert not task.finished
        assert task.elapsed is not None
        assert task.elapsed >= 0.2


def test_a_bar_goes_when_the_work_fails() -> None:
    with _terminal() as seen, pytest.raises(ValueError, match="bad"), Bar(delay=0.0):
        raise ValueError("bad")
    assert seen[0].endswith("\x1b[2K")


def test_on_a_terminal_the_bar_is_on_stderr_and_the_pipe_holds_the_report_alone(
    folder: Path,
) -> None:
    out, err = _on_terminal(folder, "metrics")
    assert re.search(r"(reading|computing).*, \d/2 files", err)
    assert out == clv("metrics", "--no-cache", cwd=folder).stdout
    assert "\x1b" not in out


def test_quiet_says_nothing_even_on_a_terminal(folder: Path) -> None:
    assert _on_terminal(folder, "metrics", "-q") == ("", "")


def test_without_a_terminal_nothing_is_said_unasked(folder: Path) -> None:
    assert clv("metrics", "--no-cache", cwd=folder).stderr == ""


def test_with_v_every_file_is_a_log_line_and_quiet_takes_them_back(folder: Path) -> None:
    told = clv("metrics", "--no-cache", "-v", cwd=folder)
    lines = [re.sub(r"^\S+ info (\w+) \d+ ms", r"\1", line) for line in told.stderr.splitlines()]
    assert lines == [
        "read file=lines.csv rows=2 files=1/2",
        "read file=customers.csv rows=1 files=2/2",
        "computed",
    ]
    assert told.stdout == clv("metrics", "--no-cache", cwd=folder).stdout
    assert clv("metrics", "--no-cache", "-v", "-q", cwd=folder).stderr == ""


@contextlib.contextmanager
def _terminal() -> Iterator[list[str]]:
    """Standard error as a pseudo-terminal; what it showed, once closed."""
    seen: list[str] = []
    master, slave = pty.openpty()
    with os.fdopen(slave, "w", encoding="utf-8") as stream:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TERM", "xterm")
            with contextlib.redirect_stderr(stream):
                yield seen
        stream.flush()
        os.set_blocking(master, False)
        seen.append(_drained(master))
    os.close(master)


def _drained(master: int) -> str:
    parts = []
    with contextlib.suppress(OSError):  # nothing is left, or nobody writes any more
        while part := os.read(master, 1 << 16):
            parts.append(part)
    return b"".join(parts).decode()


def _on_terminal(folder: Path, *arguments: str) -> tuple[str, str]:
    """The program with standard error on a pseudo-terminal and standard output in a pipe."""
    master, slave = pty.openpty()
    kept = {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN)}
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments, "--no-cache"],
        cwd=folder,
        env=kept | {"TERM": "xterm", "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=slave,
        stdin=subprocess.DEVNULL,
        text=True,
        check=True,
    )
    os.close(slave)
    os.set_blocking(master, False)
    shown = _drained(master)
    os.close(master)
    return run.stdout, shown
