"""A tiny company in a folder, and nights run on it in this process or in one that may be killed."""

from __future__ import annotations

import importlib
import os
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from clv_cli.commands.nightly import _written
from clv_cli.main import run_program
from clv_cli.render import RENDERERS
from clv_cli.run.logbook import LogBook
from clv_cli.run.opening import Request
from clv_cli.run.unattended import Unattended, nightly

if TYPE_CHECKING:
    from clv_cli.run.unattended import Outcome

HEADER = (
    "line_id,invoice_id,customer_id,issued_on,kind,amount,currency,interval,interval_count,"
    "period_start,period_end,status,original_line_id"
)
LINES = (
    "L1,I1,A,2025-01-01,recurring,100.00,USD,month,1,2025-01-01,2025-02-01,paid,",
    "L2,I2,A,2025-02-01,recurring,120.00,USD,month,1,2025-02-01,2025-03-01,paid,",
    "L3,I3,B,2025-02-10,one_off,50.00,USD,,,,,paid,",
    "L4,I4,B,2025-02-28,recurring,80.00,USD,month,1,2025-02-28,2025-03-28,paid,",
    "L5,I5,A,2025-03-01,recurring,120.00,USD,month,1,2025-03-01,2025-04-01,paid,",
    "L6,I6,B,2025-03-31,recurring,80.00,USD,month,1,2025-03-28,2025-04-28,paid,",
)
CONFIG = """\
version: 1
company: Pocket Ltd
sources:
  - {path: "lines*.csv", table: billing_lines}
nightly:
  inputs: {stale_days: {}}
"""
NOW = datetime(2025, 4, 1, 2, 15, tzinfo=UTC)


def company(folder: Path, *lines: str, config: str = CONFIG) -> Path:
    """A company with these lines (default: `LINES`); its config."""
    folder.mkdir(exist_ok=True)
    write_lines(folder / "lines.csv", *(lines or LINES))
    (folder / "clv.yaml").write_text(config)
    return folder / "clv.yaml"


def write_lines(path: Path, *lines: str, header: str = HEADER) -> None:
    path.write_text("\n".join([header, *lines]) + "\n")


def night(config: Path, as_of: str | None = None, **how: object) -> Outcome:
    """One night in this process."""
    options = {"write": _written, "formats": RENDERERS, "log": LogBook(), "now": NOW, **how}
    return nightly(Request(config, as_of=as_of, cache=False), Unattended(**options))  # type: ignore[arg-type]


def said(folder: Path) -> dict[str, object]:
    """Everything that a folder of nights says, except when it was made and how long that took.

    Raises:
        AssertionError: it is torn: a night without its files, files without a night, a damaged store.
    """
    with closing(sqlite3.connect(folder / "history.db")) as store:
        assert store.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        runs = store.execute("SELECT run_id, as_of, exit, folder FROM run").fetchall()
        tables = ("figure", "input", "flag", "moment", "closed_figure", "restatement")
        rows = {
            table: store.execute(f"SELECT * FROM {table} ORDER BY 1, 2, 3").fetchall()  # noqa: S608
            for table in tables
        }
    nights = {path.name for path in folder.iterdir() if path.is_dir() and not path.is_symlink()}
    assert nights == {run[3] for run in runs}
    files = {
        f"{name}/{path.name}": path.read_bytes()
        for name in sorted(nights)
        for path in sorted((folder / name).iterdir())
    }
    latest = folder / "latest"
    return {
        "runs": runs,
        "rows": rows,
        "files": files,
        "latest": str(latest.readlink()) if latest.is_symlink() else None,
    }


def assert_untorn(folder: Path) -> None:
    """What readers may find at any moment: whole nights only, every recorded one with its files.

    A folder that is not recorded yet may stand there whole; `latest` may still be the night before.
    """
    if (folder / "history.db").exists():
        with closing(sqlite3.connect(folder / "history.db")) as store:
            assert store.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            version = store.execute("PRAGMA user_version").fetchone()[0]
            runs = store.execute("SELECT run_id, folder FROM run").fetchall() if version else []
            for run_id, name in runs:
                query = "SELECT count(*) FROM figure WHERE run_id = ?"
                assert store.execute(query, (run_id,)).fetchone()[0] > 0, "half a run"
                assert (folder / name / "report.json").is_file()
    for place in folder.glob("[0-9]*.r*"):
        names = {path.name for path in place.iterdir()}
        assert names == {"mail.txt", "report.json", "report.md"}, place
        assert (place / "report.json").read_text().endswith("}\n")
        assert (place / "report.md").read_text().endswith("\n")
    if (folder / "latest").is_symlink():
        assert (folder / "latest" / "report.json").is_file()


def forked(
    config: Path,
    *arguments: str,
    errors: Path | None = None,
    output: int | None = None,
    begin: int | None = None,
) -> int:
    """`clv nightly` in a fork of this process, so that the time goes to the night and not to imports.

    This process must not have computed anything with polars, whose threads a fork does not take along.

    Args:
        config: of the company.
        arguments: further ones of the command.
        errors: file that takes its standard error.
        output: what takes its standard output.
        begin: a pipe that it waits for a byte from before it begins.

    Returns:
        The child; `ended` says how it went.
    """
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        sink = os.open(errors or os.devnull, os.O_WRONLY | os.O_CREAT, 0o600)
        os.dup2(sink, 2)
        os.dup2(os.open(os.devnull, os.O_WRONLY) if output is None else output, 1)
        tempfile.tempdir = str(config.parent / "scratch")
        Path(tempfile.tempdir).mkdir(exist_ok=True)
        if begin is not None:
            os.read(begin, 1)
        sys.argv = ["clv", "nightly", "-c", str(config), "--no-cache", *arguments]
        run_program()
        code = 0
    except SystemExit as done:
        code = int(done.code or 0)
    finally:
        sys.stderr.flush()
        os._exit(code)


def warm(folder: Path) -> None:
    """Import what a night imports on its way, so that forks need not; nothing is computed here."""
    names = folder / "modules"
    config = company(folder / "warm")
    child = os.fork()
    if child == 0:
        night(config)
        names.write_text("\n".join(sorted(sys.modules)))
        os._exit(0)
    assert ended(child) == 0
    for name in names.read_text().split():
        if name not in sys.modules and name.partition(".")[0] != "__main__":
            importlib.import_module(name)


def ended(child: int) -> int:
    """The exit code of a child, or the signal that ended it, below zero."""
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def timed(config: Path) -> float:
    """How long an undisturbed night takes, which must succeed."""
    began = time.monotonic()
    assert ended(forked(config)) == 0
    return time.monotonic() - began
