"""The `clv` program: an explicit list of commands, and the one place that turns errors into exits."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

import typer

from clv_cli import __version__
from clv_cli.commands.check import check
from clv_cli.commands.cohorts import cohorts
from clv_cli.commands.customers import customers
from clv_cli.commands.demo import demo
from clv_cli.commands.drivers import drivers
from clv_cli.commands.explain import explain
from clv_cli.commands.forecast import forecast
from clv_cli.commands.history import history
from clv_cli.commands.init import init
from clv_cli.commands.metrics import metrics
from clv_cli.commands.models import models
from clv_cli.commands.moments import moments
from clv_cli.commands.nightly import nightly
from clv_cli.commands.reconcile import reconcile
from clv_cli.commands.report import report
from clv_cli.commands.segments import segments
from clv_cli.commands.split import split
from clv_cli.commands.whatif import whatif
from clv_cli.errors import ClvError, ExitCode
from clv_cli.harmless import safe_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

COMMANDS: tuple[Callable[..., None], ...] = (
    demo,
    init,
    report,
    metrics,
    customers,
    cohorts,
    segments,
    moments,
    reconcile,
    split,
    drivers,
    models,
    forecast,
    whatif,
    nightly,
    history,
    check,
    explain,
)

app = typer.Typer(
    name="clv",
    help="Customer revenue metrics and an exact revenue split from CSV exports.",
    epilog="Start with: clv demo. Exit codes, config keys, metrics: clv explain.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _command in COMMANDS:
    app.command(_command.__name__)(_command)


def _print_version(asked: bool) -> None:  # noqa: FBT001 - typer's callback form
    if asked:
        typer.echo(f"clv {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(  # noqa: FBT001 - handled by its callback
        False,  # noqa: FBT003
        "--version",
        callback=_print_version,
        is_eager=True,
        help="Show the version and exit.",
    ),
) -> None:
    pass


def _stop(number: int, _frame: FrameType | None) -> None:
    """Leave through the `finally` blocks, so that temporary folders go."""
    raise SystemExit(128 + number)


def run_program() -> None:
    """Run `clv`: errors become three lines on stderr and the documented exit code."""
    signal.signal(signal.SIGINT, _stop)
    signal.signal(signal.SIGTERM, _stop)
    # numpy's matrices are small here: its threads would only wait for each other, and sum in another order.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        app(prog_name="clv")
    except ClvError as error:
        typer.echo(str(error), err=True)
        sys.exit(error.exit_code)
    except Exception as error:
        if {"-v", "--verbose"} & set(sys.argv):
            raise
        first = next(iter(str(error).splitlines()), "")
        typer.echo(
            f"error: unexpected {type(error).__name__}: {safe_text(first)}\n"
            "  where: inside clv; this is a bug\n"
            "  hint:  run again with -v and report the traceback",
            err=True,
        )
        sys.exit(ExitCode.UNEXPECTED)
