"""A report over bytes that were reported on before: kept as it was computed, and given again.

It is named by all that it follows from: the bytes of every file that a run reads, the config, what was asked,
and the code. Whatever cannot be named so (an engine elsewhere, tokens and their salt) is computed anew.
An export is hashed once and then only when it was touched (`sources.seen`), or each time with `--verify`;
whoever deletes what is kept, at any time, only has it computed again.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.config_file import load_settings
from clv_cli.errors import ClvError
from clv_cli.files import scratch_folder
from clv_cli.results import Report, Rows
from clv_cli.run.night_store import HISTORY
from clv_cli.run.opening import locate_config, seen_in
from clv_cli.sources import PartCache, content_of, key_of, source_files, user_cache

if TYPE_CHECKING:
    from collections.abc import Callable

    from clv_cli.results import Frames
    from clv_cli.run.opening import Request

PACKAGE = Path(__file__).parent.parent
LIBRARIES = ("polars", "numpy", "scipy", "pydantic", "pyyaml", "iso4217", "publicsuffixlist")
REPORTS = "reports"  # within the user's cache
MAX_BYTES = 1 << 30


def told(_: Frames) -> Rows:
    """The finisher of a table whose rows are known."""
    raise LookupError("this table was computed before")


KNOWN = {"told": told}


def unchanged(request: Request, asked: tuple[object, ...], compute: Callable[[], Report]) -> Report:
    """The report as it was computed from the same bytes, else computed now and kept.

    Args:
        request: what to read.
        asked: what else the report depends on.
        compute: makes it.

    Raises:
        ClvError: as `compute` says.
    """
    folder = user_cache() if request.cache and request.remember else None
    inputs = _inputs(request, folder) if folder is not None else None
    if folder is None or inputs is None:
        return compute()
    kept = PartCache(folder / REPORTS, MAX_BYTES)
    key = key_of([code_version(), *asked, *inputs])
    found = kept.find(key, KNOWN)
    if found is not None and isinstance(found.value, Report):
        return found.value
    report = compute()
    # What changed while it was computed must not be taken for what it was computed from.
    if _inputs(request, folder) == inputs:
        _keep(kept, key, report)
    return report


@cache
def code_version() -> str:
    """A hash of all of `clv` and of the libraries that figures rest on."""
    digest = hashlib.sha256()
    for file in sorted(PACKAGE.rglob("*")):
        if file.suffix in {".py", ".yaml"}:
            digest.update(file.relative_to(PACKAGE).as_posix().encode() + b"\0")
            digest.update(file.read_bytes() + b"\0")
    digest.update(" ".join(f"{name} {version(name)}" for name in LIBRARIES).encode())
    return digest.hexdigest()


def _inputs(request: Request, folder: Path) -> list[object] | None:
    """Everything a run reads, by its bytes; None where a report must be computed anew.

    A fault is for the run itself to tell.
    """
    try:
        config = locate_config(request)
        settings = load_settings(config)
        if request.redact or settings.redact.on:
            return None
        if (request.engine or settings.engine.kind) != "polars":
            return None
        base = request.data or config.parent
        history = (request.history or config.parent / settings.nightly.out) / HISTORY
        presets = [(base / name, name) for name in _preset_files(settings.sources)]
        log = history.with_name(f"{HISTORY}-wal")
        states = [(path, path.name) for path in (history, log) if path.is_file()]
        named = [(config, "config"), *presets, *states]
        found = [(name, content_of(path, name)) for path, name in named]
        seen = seen_in(folder, request)
        found += [
            (name, content_of(path, name, seen)) for path, name in source_files(settings, base)
        ]
        contents: list[object] = [[name, content.digest] for name, content in found]
    except (ClvError, OSError):
        return None
    return [str(config), str(base), request.as_of, request.period, request.until, *contents]


def _preset_files(sources: tuple[object, ...]) -> list[str]:
    """The presets of the user's own, which are files."""
    names = {str(getattr(source, "preset", "")) for source in sources}
    return sorted(name for name in names if name.endswith((".yaml", ".yml")))


def _keep(kept: PartCache, key: str, report: Report) -> None:
    """Keep a report; one that holds what no file can, or no disk takes, is computed again."""
    results = tuple(
        replace(result, table=replace(result.table, needs=(), finish=told))
        for result in report.results
    )
    with scratch_folder() as folder:
        # An entry has rows: here the names of the tables.
        names = pl.DataFrame({"table": [result.table.name for result in results]})
        names.write_parquet(folder / "rows.parquet")
        try:
            kept.keep(key, folder / "rows.parquet", replace(report, results=results), KNOWN)
        except (TypeError, pl.exceptions.PolarsError):
            return
    kept.tidy()
