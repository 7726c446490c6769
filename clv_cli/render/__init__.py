"""Results to something to look at. A format is one module here and one line in `RENDERERS`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from clv_cli.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from clv_cli.render.layout import View
    from clv_cli.results import Report

# The key is the value of --format; the module is imported when it is asked for.
RENDERERS: dict[str, str] = {
    "table": "as_table",
    "plain": "as_plain",
    "json": "as_json",
    "jsonl": "as_jsonl",
    "csv": "as_csv",
    "md": "as_markdown",
    "html": "as_html",
    "parquet": "as_parquet",
    "xlsx": "as_xlsx",
}
SUFFIXES: dict[str, str] = {
    ".txt": "plain",
    ".json": "json",
    ".jsonl": "jsonl",
    ".csv": "csv",
    ".md": "md",
    ".html": "html",
    ".parquet": "parquet",
    ".xlsx": "xlsx",
}


def format_of_suffix(suffix: str) -> str:
    """The format that a file's suffix names.

    Raises:
        UsageError: no format has the suffix; a wrong format is never written.
    """
    if suffix.lower() not in SUFFIXES:
        known = " ".join(SUFFIXES)
        raise UsageError(
            f'no format is written to files that end in "{suffix}"',
            where="-o/--output",
            hint=f"end the name in one of {known}, or choose with -f",
        )
    return SUFFIXES[suffix.lower()]


def require_format(name: str) -> str:
    """The name itself, when it is a format.

    Raises:
        UsageError: there is no such format.
    """
    if name not in RENDERERS:
        raise UsageError(
            f'there is no format "{name}"',
            where="-f/--format",
            hint=did_you_mean(name, RENDERERS) or f"one of {', '.join(RENDERERS)}",
        )
    return name


def render(report: Report, name: str, view: View) -> str | bytes:
    """A report in a format: text, or bytes where the format is binary.

    Raises:
        UsageError: no such format, or no such table in the report.
    """
    require_format(name)
    known = {result.table.name for result in report.results}
    for table in view.tables:
        if table not in known:
            raise UsageError(
                f'"{report.command}" has no table "{table}"',
                where="--table",
                hint=did_you_mean(table, known) or f"one of {', '.join(sorted(known))}",
            )
    module = import_module(f"clv_cli.render.{RENDERERS[name]}")
    rendered: str | bytes = module.render(report, view)
    return rendered
