"""Which engine adds up the lines: by the settings, and only if it is there."""

from __future__ import annotations

from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from clv_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clv_cli.pipeline import Engine
    from clv_cli.settings import EngineSettings

# What the extra `cluster` brings, by the name it is imported under.
CLIENT, SERVER = ("narwhals", "pyarrow", "pyspark"), ("pysail",)


@contextmanager
def chosen_engine(chosen: EngineSettings, scratch: Path) -> Iterator[Engine | None]:
    """The engine that the settings name, for as long as it is in use; None for polars.

    Args:
        chosen: the settings `engine`.
        scratch: a folder of this run, for rows that an engine on this machine reads.

    Raises:
        UsageError: the extra is not installed, no server is named, or it does not answer.
    """
    if chosen.kind == "polars":
        yield None
        return
    local = chosen.kind == "sail" and chosen.url is None
    _require_installed(chosen.kind, (*CLIENT, *(SERVER if local else ())))
    if chosen.url is None and not local:
        raise UsageError(
            "the engine spark needs the address of a server",
            where="engine.url",
            hint="engine: {kind: spark, url: sc://HOST:15002}; kind sail starts one here",
        )
    from clv_cli.engines.spark import connected, local_server  # noqa: PLC0415 - the extra's

    folder = scratch if chosen.folder is None else Path(chosen.folder)
    if local:
        with local_server() as url, connected(url, folder) as engine:
            yield engine
    else:
        with connected(str(chosen.url), folder) as engine:
            yield engine


def _require_installed(kind: str, packages: tuple[str, ...]) -> None:
    missing = [name for name in packages if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"the engine {kind} is not installed: {', '.join(missing)}",
            where="engine.kind",
            hint="pip install 'clv-cli[cluster]'; or leave the engine out: polars needs nothing",
        )
