"""How a report reaches the user: printed, or written to the output file."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from clv_cli.commands.options import cannot_write, use_color

if TYPE_CHECKING:
    from clv_cli.commands.options import Shared
    from clv_cli.render.layout import View
    from clv_cli.results import Report


def show(
    report: Report,
    options: Shared,
    tables: tuple[str, ...] = (),
    page: tuple[str, ...] | None = None,
) -> None:
    """Print a report, or write it to the output file.

    Args:
        report: what to show.
        options: the shared options.
        tables: the tables shown to people when none is named; machines get all.
        page: the tables of the HTML page, where they are others; empty: all.
    """
    from clv_cli.render import render

    name = options.chosen_format()
    by_format = dict.fromkeys(("table", "plain", "md"), tables)
    by_format["html"] = tables if page is None else page
    chosen = tuple(options.table or ()) or by_format.get(name, ())
    view = _view(options, chosen)
    if name == "xlsx" and options.output is not None:
        view = _beside(report, view, options)
    content = render(report, name, view)
    _warn(name, report, view, options)
    deliver(content, options)


def _beside(report: Report, view: View, options: Shared) -> View:
    """Write tables too long for a sheet to Parquet files beside the workbook."""
    from clv_cli.render import render
    from clv_cli.render.workbook.sheets import too_long

    assert options.output is not None  # noqa: S101 - asked by the caller
    long = [r.table.name for r in view.choose(report.results) if too_long(r)]
    names = {table: f"{options.output.stem}-{table}.parquet" for table in long}
    for table, name in names.items():
        content = render(report, "parquet", replace(view, tables=(table,)))
        _write(content, replace(options, output=options.output.with_name(name)))
    return replace(view, elsewhere=names)


def _warn(name: str, report: Report, view: View, options: Shared) -> None:
    """Say which texts a format had to change."""
    if name != "csv" or options.quiet:
        return
    from clv_cli.render.as_csv import altered

    if note := altered(report, view):
        typer.echo(note, err=True)


def deliver(content: str | bytes, options: Shared) -> None:
    """Write what was rendered to the output file, or to standard output.

    Raises:
        UsageError: bytes for a terminal, or a file that cannot be written.
    """
    from clv_cli.errors import UsageError

    if options.output is not None:
        _write(content, options)
    elif options.quiet:
        return
    elif isinstance(content, bytes) and sys.stdout.isatty():
        raise UsageError(
            "this format is binary",
            where="-f/--format",
            hint=f"write it to a file: -o FILE.{options.chosen_format()}",
        )
    else:
        emit(content)


def say(text: str, options: Shared) -> None:
    """Print a text that needs no data, or write it to the output file.

    Raises:
        UsageError: it was asked for as data; or the file cannot be written.
    """
    from clv_cli.errors import UsageError

    if options.chosen_format() not in {"table", "plain", "md"}:
        raise UsageError(
            "a definition is a text, not a table",
            where="-f/--format, -o/--output",
            hint="end the name in .txt or .md; with data (-c clv.yaml) figures have every format",
        )
    if options.output is None:
        if not options.quiet:
            emit(text)
        return
    _write(text, options)


def _write(content: str | bytes, options: Shared) -> None:
    from clv_cli.files import atomic_write

    if options.output is None:
        return
    try:
        atomic_write(options.output, content if isinstance(content, bytes) else content.encode())
    except OSError as error:
        raise cannot_write(options.output, error) from error
    if not options.quiet:
        typer.echo(f"wrote {options.output}", err=True)


def emit(content: str | bytes) -> None:
    """Write to standard output; a reader that has gone (`| head`) ends the run silently."""
    try:
        if isinstance(content, bytes):
            sys.stdout.buffer.write(content)
        else:
            sys.stdout.write(content)
        sys.stdout.flush()
    except BrokenPipeError:
        # Python would complain once more when it closes the broken stream at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(141) from None


def _view(options: Shared, tables: tuple[str, ...]) -> View:
    from clv_cli.render.layout import View

    terminal = sys.stdout.isatty() and options.output is None
    width = options.width or (shutil.get_terminal_size().columns if terminal else None)
    color = use_color(options.color, terminal=terminal)
    return View(tables=tables, width=width, color=color, raw=options.raw)


def terminal_text(options: Shared) -> str:
    """What the output goes to, and what it can show: for `clv check --env`."""
    terminal = sys.stdout.isatty()
    size = shutil.get_terminal_size()
    kind = os.environ.get("TERM", "unknown")
    colour = "with colour" if use_color(options.color, terminal=terminal) else "without colour"
    where = f"{kind}, {size.columns} x {size.lines}" if terminal else "no terminal (pipe or file)"
    return f"{where}, {colour}"
