"""One book and one Sail server for all tests of engines."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from clv_cli.engines.spark import connected, local_server
from clv_cli.run.opening import Request, opened
from tests.bench import generate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from clv_cli.engines.spark import SparkEngine
    from clv_cli.pipeline import Scope

LINES = 10_000


@pytest.fixture(scope="package", autouse=True)
def _main_module() -> Iterator[None]:
    """A worker of xdist has a main module without a file, which pyspark takes for its own doctests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys.modules["__main__"], "__file__", __file__, raising=False)
        yield


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Exports of so many lines."""
    made = tmp_path_factory.mktemp("engines")
    subprocess.run([sys.executable, generate.__file__, str(LINES), str(made)], check=True)
    return made


@pytest.fixture(scope="package")
def scope(folder: Path) -> Iterator[Scope]:
    with opened(Request(config=folder / "clv.yaml", cache=False)) as found:
        yield found


@pytest.fixture(scope="package")
def server() -> Iterator[str]:
    """A Sail server of this process; its address."""
    with local_server() as url:
        yield url


@pytest.fixture(scope="package")
def sail(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkEngine]:
    with connected(server, tmp_path_factory.mktemp("seen")) as engine:
        yield engine
