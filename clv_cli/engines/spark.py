"""Spark Connect: a Sail or Spark server adds up rows that it reads as Parquet."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import grpc
import narwhals as nw

from clv_cli.engines.lake import SparkObjects, first_line
from clv_cli.engines.portable import summed
from clv_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl
    from pyspark.sql.connect.session import SparkSession

    from clv_cli.pipeline import Facts

PORT = 15002  # of Spark Connect, where an address names none
PATIENCE_SECONDS = 5
RETRIES = 4


@dataclass(frozen=True, slots=True)
class SparkEngine:
    """A session with a server, and the folder in which both see the same files.

    Args:
        session: of Spark Connect.
        folder: of this run alone.
        url: as the user knows the server.
    """

    session: SparkSession
    folder: Path
    url: str

    @property
    def objects(self) -> SparkObjects:
        """The files that the server sees."""
        return SparkObjects(self.session, shown(self.url))

    def summed(self, name: str, facts: Facts) -> pl.DataFrame:
        """The facts of a measure, grouped and summed, in any order.

        Raises:
            UsageError: the server cannot read the rows, or fails.
        """
        path = self.folder / f"{name}.parquet"
        facts.rows.select(*facts.keys, *facts.sums, *facts.mins).sink_parquet(
            path, compression="lz4"
        )
        try:
            rows = nw.from_native(self.session.read.parquet(str(path))).lazy()
            found: pl.DataFrame = summed(rows, facts).collect(backend="polars").to_native()
        except Exception as fault:
            # Whatever a server may say, it is said in three lines; the first says most.
            raise UsageError(
                f"the engine failed: {first_line(fault)}",
                where=f"{shown(self.url)}, reading {path}",
                hint="the server must see this folder under the same name: set engine.folder",
            ) from fault
        finally:
            path.unlink(missing_ok=True)
        return found


def shown(url: str) -> str:
    """An address of a server without what it may hold of secrets: `;token=` and other parameters, a user."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else url


@contextmanager
def connected(url: str, folder: Path) -> Iterator[SparkEngine]:
    """A session with a server, and a folder of this run within one that both see.

    Args:
        url: `sc://host:port`.
        folder: exists here, and under the same name for the server.

    Raises:
        UsageError: no such address or folder, or no answer.
    """
    if not folder.is_dir():
        raise UsageError(
            f"there is no folder {folder}", where="engine.folder", hint="name an existing folder"
        )
    _require_answer(url)
    session = _session(url)
    own = Path(tempfile.mkdtemp(prefix="clv-", dir=folder))
    # The server may run as another user, who reads and never writes.
    own.chmod(0o755)
    with warnings.catch_warnings():
        # That the client tries again, and how often, is no concern of the reader.
        warnings.filterwarnings("ignore", module=r"pyspark\.")
        try:
            yield SparkEngine(session, own, url)
        finally:
            shutil.rmtree(own, ignore_errors=True)
            session.stop()


def _require_answer(url: str) -> None:
    """Knock before the client does: it would try again for minutes."""
    address = _address(url)
    if address is None:
        raise UsageError(
            f"{shown(url)} is no address of a server",
            where="engine.url",
            hint="write sc://HOST:PORT",
        )
    try:
        socket.create_connection(address, PATIENCE_SECONDS).close()
        _require_grpc(url, address)
    except (OSError, grpc.FutureTimeoutError) as fault:
        reason = fault.strerror or fault if isinstance(fault, OSError) else "no Spark Connect"
        raise UsageError(
            f"the engine does not answer: {reason}",
            where=f"engine.url {shown(url)}",
            hint="start it: sail spark server --port 15002; or leave the engine out",
        ) from fault


def _require_grpc(url: str, address: tuple[str, int]) -> None:
    target = f"{address[0]}:{address[1]}"
    # As the client reads its own address: `;token=` and `;use_ssl=true` mean TLS.
    safe = "use_ssl=true" in url or "token=" in url
    channel = (
        grpc.secure_channel(target, grpc.ssl_channel_credentials())
        if safe
        else grpc.insecure_channel(target)
    )
    with channel:
        grpc.channel_ready_future(channel).result(PATIENCE_SECONDS)


def _address(url: str) -> tuple[str, int] | None:
    """Host and port of `sc://host:port/;more`; None where there are none."""
    parts = urlsplit(url)
    try:
        port = parts.port or PORT
    except ValueError:
        return None
    return (parts.hostname, port) if parts.scheme == "sc" and parts.hostname else None


def _session(url: str) -> SparkSession:
    with warnings.catch_warnings():
        # The client warns of pandas 3, of which nothing is used.
        warnings.simplefilter("ignore")
        from pyspark.errors import PySparkException  # noqa: PLC0415 - it warns when imported
        from pyspark.sql.connect.client import DefaultChannelBuilder  # noqa: PLC0415
        from pyspark.sql.connect.client.retries import DefaultPolicy  # noqa: PLC0415
        from pyspark.sql.connect.session import SparkSession  # noqa: PLC0415

        try:
            channel = DefaultChannelBuilder(url)
            # A row may be a whole object.
            channel.setChannelOption("grpc.max_receive_message_length", -1)
            session = SparkSession.builder.channelBuilder(channel).create()
            # A server that has gone is told within seconds; else it would be ten minutes.
            session.client.set_retry_policies([DefaultPolicy(max_retries=RETRIES)])
            session.conf.set("spark.sql.session.timeZone", "UTC")
        except (PySparkException, OSError) as fault:
            raise UsageError(
                f"this is no Spark Connect server: {first_line(fault)}",
                where=f"engine.url {shown(url)}",
                hint="start one: sail spark server --port 15002",
            ) from fault
    return session


@contextmanager
def local_server() -> Iterator[str]:
    """A Sail server of this process on a free port of this machine; its address."""
    # Its log is no concern of ours, and goes to standard error.
    os.environ.setdefault("RUST_LOG", "error")
    from pysail.spark import SparkConnectServer  # noqa: PLC0415 - 0.1 s, only where it is used

    server = SparkConnectServer()
    server.start(background=True)
    try:
        host, port = server.listening_address
        yield f"sc://{host}:{port}"
    finally:
        server.stop()
