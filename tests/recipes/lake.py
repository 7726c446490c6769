"""`just lake [LINES] [URL…]`: one book from files here, and from a lake of CSV and of Parquet, by every server.

A Sail server of this process, and every Spark Connect server named (`sc://localhost:15002`; it must see the
temporary folder), hand out the files byte for byte. The recipe fails where the report differs by more than names,
or where a file of the torture corpus (`../shared`, if it is there) is read or refused otherwise than here. It
prints what a million lines cost: listing, hashing, fetching, and all of the reading, wall and CPU of this process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from clv_cli.engines.spark import connected, local_server
from clv_cli.errors import ClvError
from clv_cli.run.opening import Request
from clv_cli.run.reporting import report
from clv_cli.settings import Settings
from clv_cli.sources import LineStore, load_book
from tests.bench import generate
from tests.sources.exports import TORTURE

if TYPE_CHECKING:
    from collections.abc import Callable

    from clv_cli.engines.lake import SparkObjects

FILES = 8
TABLES = {"customers": "customers", "touches": "touches", "risk_flags": "risk_flags"}


def spread(folder: Path, kind: str) -> Path:
    """The exports of a folder as a lake: lines in several files of one name, and the other tables."""
    home = folder / kind
    lines = pl.read_csv(folder / "lines.csv", infer_schema=False)
    for name, frame in {
        **{
            f"lines/{part}/export": lines.slice(part * size, size)
            for size in [-(-lines.height // FILES)]
            for part in range(FILES)
        },
        **{name: pl.read_csv(folder / f"{name}.csv", infer_schema=False) for name in TABLES},
    }.items():
        path = home / f"{name}.{kind}"
        path.parent.mkdir(parents=True, exist_ok=True)
        if kind == "csv":
            frame.write_csv(path)
        elif "amount" in frame.columns:
            exact = pl.col("amount").cast(pl.Decimal(18, 2))
            frame.with_columns(exact, pl.col("issued_on").str.to_date()).write_parquet(path)
        else:
            frame.write_parquet(path)
    return home


def config(folder: Path, name: str, base: str, kind: str, engine: dict[str, str]) -> Path:
    """A config that reads a lake at a base address, or here."""
    sources = [{"path": f"{base}lines", "table": "billing_lines"}]
    sources += [{"path": f"{base}{name}.{kind}", "table": table} for name, table in TABLES.items()]
    path = folder / f"{name}.yaml"
    path.write_text(json.dumps({"base_currency": "USD", "sources": sources, "engine": engine}))
    return path


def said(path: Path, base: str) -> str:
    """What a report says, with names as from the folder itself."""
    tables = [one.records() for one in report(Request(config=path, cache=False)).results]
    return json.dumps(tables, default=str).replace(base, "").replace(".parquet", ".csv")


def took(run: Callable[[], Any]) -> tuple[str, Any]:
    """Wall and CPU seconds, and what came of it."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = run()
    return f"{time.perf_counter() - wall:.1f}, {time.process_time() - cpu:.1f}", found


def row(name: str, objects: SparkObjects, home: Path, scratch: Path) -> str:
    """What the lines of a lake cost."""
    place = f"file://{home}/lines"
    listing, found = took(lambda: objects.listed(place))
    hashing, _ = took(lambda: objects.hashed(found))
    fetching, _ = took(lambda: [len(objects.content(one)) for one in found])
    source = {"path": place, "table": "billing_lines"}
    settings = Settings.model_validate({"sources": [source]})
    store = LineStore(scratch / f"{name}-{home.name}")
    reading, _ = took(lambda: load_book(settings, home, store, lake=objects))
    megabytes = sum(one.size for one in found) / 1e6
    return f"| {name}, {home.name} | {megabytes:.0f} | {listing} | {hashing} | {fetching} | {reading} |"


def outcome(objects: SparkObjects | None, path: Path, scratch: Path) -> list[str]:
    """All that comes of a file of the corpus, without its name."""
    place = str(path) if objects is None else f"file://{path}"
    source = {
        "path": place,
        "table": "billing_lines",
        "columns": {"issued_on": "date"},
        "constants": {"kind": "recurring", "status": "paid"},
    }
    settings = Settings.model_validate({"sources": [source], "quarantine": {"max_share": "1"}})
    try:
        with tempfile.TemporaryDirectory(dir=scratch) as own:
            book = load_book(settings, scratch, LineStore(Path(own)), lake=objects)
            rows = book.table("billing_lines").sort("row").collect()
            frames = [rows.write_json(), book.quarantined.sort("row", "column").write_json()]
            told = [*frames, repr(book.findings), repr(book.sources)]
    except ClvError as error:
        told = [str(error)]
    return [text.replace(place, "") for text in told]


def corpus(name: str, objects: SparkObjects, scratch: Path) -> None:
    """Every file of the torture corpus, from here and from the lake.

    Raises:
        RuntimeError: one is read or refused otherwise.
    """
    files = sorted(path for path in TORTURE.glob("*.*") if path.suffix != ".json")
    empty = [path for path in files if not path.stat().st_size]
    for path in files:
        if path in empty:
            continue
        if outcome(objects, path, scratch) != outcome(None, path, scratch):
            raise RuntimeError(f"{name} and this machine differ about {path.name}")
    print(f"{name}: {len(files) - len(empty)} files of the corpus are read or refused alike")


def main() -> None:
    """Compare, measure and print."""
    lines = int(float(sys.argv[1])) if len(sys.argv) > 1 else 1_000_000
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        # A server of another user reads here.
        folder.chmod(0o755)
        subprocess.run([sys.executable, generate.__file__, str(lines), str(folder)], check=True)
        homes = {kind: spread(folder, kind) for kind in ("csv", "parquet")}
        servers = {"Sail": stack.enter_context(local_server())} | {url: url for url in sys.argv[2:]}
        os.chdir(homes["csv"])
        here = said(config(homes["csv"], "here", "", "csv", {"kind": "polars"}), "")
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        rows: list[str] = []
        for name, url in servers.items():
            engine = {"kind": "spark", "url": url}
            for kind, home in homes.items():
                base = f"file://{home}/"
                if said(config(folder, f"{kind}{len(rows)}", base, kind, engine), base) != here:
                    raise RuntimeError(f"the report by {name} from {kind} differs")
                objects = stack.enter_context(connected(url, folder)).objects
                rows.append(row(name.replace("/", ""), objects, home, scratch))
            corpus(name, objects, scratch)
        source = {"path": "lines", "table": "billing_lines"}
        settings = Settings.model_validate({"sources": [source]})
        seconds, _ = took(lambda: load_book(settings, homes["csv"], LineStore(scratch / "here")))
    print(f"{lines:,} lines: the report is the same by all; wall and CPU seconds of this process")
    print("| server, files | MB | list | hash | fetch | fetch and read |")
    print("|:--|--:|--:|--:|--:|--:|")
    print("\n".join(rows))
    print(f"| none, csv here | | | | | {seconds} |")


if __name__ == "__main__":
    main()
