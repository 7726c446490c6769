"""What this installation and machine are: for a bug report, or to see why two machines differ."""

from __future__ import annotations

import locale
import os
import platform
import sys
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from clv_cli import __version__
from clv_cli.config_file import find_config
from clv_cli.glossary import Kind
from clv_cli.results import Column, Report, Result, Rows, Table
from clv_cli.run.unchanged import REPORTS
from clv_cli.sources import FACTS, PartCache, user_cache

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clv_cli.run.opening import Request

LIBRARIES = ("polars", "numpy", "pydantic", "PyYAML", "typer", "rich", "scipy", "iso4217")
ABSENT = "not installed"
EXTRAS = {"excel": "fastexcel", "match": "rapidfuzz", "cluster": "pysail"}
COLUMNS = (Column("item", Kind.TEXT, "Item"), Column("value", Kind.TEXT, "Value"))
_VARIABLES = (
    "CLV_CONFIG",
    "CLV_DATA",
    "CLV_CACHE_DIR",
    "CLV_NO_CACHE",
    "CLV_VERIFY",
    "CLV_ENGINE",
    "POLARS_MAX_THREADS",
    "TZ",
)


def environment(request: Request, terminal: str) -> Report:
    """Versions, platform, locale, encoding, terminal, cache, zone, threads, extras: no data is read.

    Args:
        request: which config a run would use, and whether it would use the cache.
        terminal: what the caller knows of where its output goes.
    """
    rows = [{"item": item, "value": value} for item, value in _items(request, terminal)]
    found = Rows(pl.DataFrame(rows, schema={"item": pl.String, "value": pl.String}))
    table = Table("environment", "This installation", COLUMNS, (), lambda _: found)
    return Report("check", None, None, "", "", (Result(table, found),))


def _items(request: Request, terminal: str) -> Iterator[tuple[str, str]]:
    yield "clv", __version__
    yield "installed in", str(Path(__file__).parent.parent)
    yield "Python", f"{platform.python_version()} ({sys.executable})"
    yield "platform", platform.platform()
    for name in LIBRARIES:
        yield name, _version(name)
    for extra, name in EXTRAS.items():
        found = _version(name)
        yield f"extra {extra}", found if found == ABSENT else f"{name} {found}"
    yield "config", str(request.config or find_config((request.data or Path.cwd()).absolute()))
    yield "cache", _cache(request)
    yield "temporary files", _temporary()
    yield "locale", ".".join(part or "none" for part in locale.getlocale())
    yield "encoding", f"files {sys.getfilesystemencoding()}, output {sys.stdout.encoding}"
    yield "terminal", terminal
    yield "zone of the machine", _zone()
    yield "threads", f"{pl.thread_pool_size()} of {os.cpu_count()} processors"
    for name in _VARIABLES:
        if name in os.environ:
            yield name, os.environ[name]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ABSENT


def _cache(request: Request) -> str:
    folder = user_cache()
    if folder is None:
        return "none: there is no home folder"
    if not request.cache:
        return f"off; else {folder}"
    kept = {"files": "parts", "sums": FACTS, "reports": REPORTS}
    sizes = {name: PartCache(folder / place).size() for name, place in kept.items()}
    count = ", ".join(f"{n} {name}" for name, (n, _) in sizes.items() if n or name == "files")
    return f"{folder} ({count}, {sum(size for _, size in sizes.values()) / 1e6:.1f} MB)"


def _temporary() -> str:
    try:
        return tempfile.gettempdir()
    except OSError as error:
        return f"none: {error.strerror}"


def _zone() -> str:
    """The zone that times of the machine are in; figures never depend on it."""
    return f"{time.tzname[0]} (figures use the config's timezone)"
