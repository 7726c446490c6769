"""The options that every command shares.

`@shared` gives a command all of them behind its own parameters and hands them over as one `Shared`.
"""

from __future__ import annotations

import functools
import inspect
import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from errno import ENOENT
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from clv_cli.progress import Step, Watch, Watching
    from clv_cli.run.opening import Request

Config = Annotated[
    Path | None,
    typer.Option(
        "-c", "--config", envvar="CLV_CONFIG", help="Config; default: clv.yaml here or above."
    ),
]
Data = Annotated[
    Path | None,
    typer.Option("-d", "--data", envvar="CLV_DATA", help="Folder the config's paths start from."),
]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        envvar="CLV_AS_OF",
        help="Last day that counts: 2026-10-31 or 2026-10; default: from the data.",
    ),
]
PeriodText = Annotated[
    str | None,
    typer.Option(
        "-p",
        "--period",
        envvar="CLV_PERIOD",
        help="12m, 2026, 2026Q3, 2026-10, 2026-01..2026-06, ytd.",
    ),
]
Format = Annotated[
    str | None,
    typer.Option(
        "-f",
        "--format",
        envvar="CLV_FORMAT",
        help="table, plain, html, json, jsonl, csv, md, xlsx, parquet; in a pipe plain.",
    ),
]
Output = Annotated[
    Path | None,
    typer.Option("-o", "--output", help="Write to a file; its suffix chooses the format."),
]
TableName = Annotated[
    list[str] | None,
    typer.Option("--table", help="Show only this table of the report (repeatable)."),
]
Redact = Annotated[
    bool,
    typer.Option(
        "--redact", envvar="CLV_REDACT", help="Tokens instead of customers and their ids."
    ),
]
Raw = Annotated[
    bool,
    typer.Option("--raw", help="Leave texts in CSV as they are, formulas included."),
]
EngineName = Annotated[
    str | None,
    typer.Option(
        "--engine",
        envvar="CLV_ENGINE",
        help="What adds up the lines: polars (here), sail or spark (a server).",
    ),
]
NoCache = Annotated[
    bool,
    typer.Option(
        "--no-cache", envvar="CLV_NO_CACHE", help="Read every file anew; keep nothing of it."
    ),
]
Verify = Annotated[
    bool, typer.Option("--verify", envvar="CLV_VERIFY", help="Hash every file, touched or not.")
]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Print nothing but errors.")]
Verbose = Annotated[
    bool, typer.Option("-v", "--verbose", help="Log each step; show the traceback of a bug.")
]
Color = Annotated[str, typer.Option("--color", help="auto, always or never; NO_COLOR is honoured.")]
Width = Annotated[int | None, typer.Option("--width", min=20, help="Columns of a table.")]


@dataclass(frozen=True, slots=True)
class Shared:
    """The shared options of one call."""

    config: Config = None
    data: Data = None
    as_of: AsOf = None
    period: PeriodText = None
    format: Format = None
    output: Output = None
    table: TableName = None
    raw: Raw = False
    redact: Redact = False
    no_cache: NoCache = False
    verify: Verify = False
    engine: EngineName = None
    quiet: Quiet = False
    verbose: Verbose = False
    color: Color = "auto"
    width: Width = None

    def chosen_format(self) -> str:
        """The output format: named, by the file's suffix, or by where standard output goes.

        Raises:
            UsageError: no such format, colour mode or suffix; said before anything is read.
        """
        from clv_cli.render import format_of_suffix, require_format

        use_color(self.color, terminal=False)
        if self.format is not None:
            return require_format(self.format)
        if self.output is not None:
            return format_of_suffix(self.output.suffix)
        return "table" if sys.stdout.isatty() else "plain"

    def require_folder(self) -> None:
        """Make sure that the output file has a folder: nobody should wait for what has no place.

        Raises:
            UsageError: there is none.
        """
        if self.output is not None and not self.output.parent.is_dir():
            raise cannot_write(self.output, FileNotFoundError(ENOENT, os.strerror(ENOENT)))

    def whole_workbook(self) -> bool:
        """Whether a workbook of all tables is asked for: finance then gets the ledgers, too."""
        return self.chosen_format() == "xlsx" and not self.table

    def whole_page(self) -> bool:
        """Whether a page of all charts is asked for: it shows what customers are worth, too."""
        return self.chosen_format() == "html"

    def request(self) -> Request:
        """What `run` needs of them."""
        from clv_cli.run.opening import Request

        return Request(
            self.config,
            self.data,
            self.as_of,
            self.period,
            cache=not self.no_cache,
            redact=self.redact,
            engine=self.engine,
            watching=self._watching(),
            remember=not self.no_cache,
            verify=self.verify,
        )

    def _watching(self) -> Watching | None:
        """Who hears how far a run is: a bar on a terminal; with -v, log lines anywhere else.

        A pipe, a file or cron hears nothing unasked: what a run there says is mailed to somebody.
        """
        if self.quiet:
            return None
        if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
            from clv_cli.render.progress import Bar

            return Bar
        return _logged if self.verbose else None


@contextmanager
def _logged() -> Iterator[Watch]:
    """A log line on standard error for every file that has been read, and for what comes after."""
    from clv_cli.run.logbook import LogBook

    log = LogBook(lambda line: typer.echo(line, err=True))
    last: list[Step] = []

    def step(now: Step) -> None:
        if last:
            before = last.pop()
            files = f"{now.files}/{now.of}"
            log.step("read", file=before.file, rows=now.rows - before.rows, files=files)
        last.append(now)

    yield step
    log.step("computed")


def shared(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command all shared options; it takes them as its first parameter, a `Shared`."""
    hints = inspect.get_annotations(Shared, eval_str=True)
    extra = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=getattr(Shared(), name),
            annotation=annotation,
        )
        for name, annotation in hints.items()
    ]
    signature = inspect.signature(command, eval_str=True)
    own = list(signature.parameters.values())[1:]

    @functools.wraps(command)
    def wrapper(**arguments: Any) -> None:  # noqa: ANN401 - whatever the command takes
        options = Shared(**{name: arguments.pop(name) for name in hints})
        options.require_folder()
        _prepare(options.chosen_format())
        command(options, **arguments)

    del wrapper.__wrapped__  # typer must see the new signature
    wrapper.__signature__ = signature.replace(parameters=[*own, *extra])  # type: ignore[attr-defined]
    wrapper.__annotations__ = {p.name: p.annotation for p in [*own, *extra]} | {"return": None}
    return wrapper


def _prepare(name: str) -> None:
    """Start what a format takes long to load, while the data is read."""
    if name != "html":
        return
    from clv_cli.render.charts.engine import ENGINE

    ENGINE.start()


def cannot_write(path: Path, error: OSError) -> Exception:
    """Why a file of the user's cannot be written, in three lines."""
    from clv_cli.errors import UsageError

    return UsageError(
        f"cannot write {path.name}: {error.strerror or error}",
        where=str(path),
        hint="the folder must exist, be writable and have room; what was there is untouched",
    )


def use_color(choice: str, *, terminal: bool) -> bool:
    """Whether output is coloured, by the option and by what it goes to.

    Raises:
        UsageError: no such mode.
    """
    from clv_cli.errors import UsageError

    if choice not in {"auto", "always", "never"}:
        raise UsageError(
            f'there is no colour mode "{choice}"', where="--color", hint="auto, always or never"
        )
    if choice != "auto":
        return choice == "always"
    return terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
