"""`just engines [LINES] [URL…]`: the facts of every engine, hashed and timed; a table for ARCHITECTURE.

polars plans the facts itself, and once more through narwhals; DuckDB and a Sail server of this process read the
rows as Parquet, and so does every Spark Connect server named (`sc://localhost:15002`). Medians of three, the
session and the rows being there already. Where hashes differ the recipe fails.
"""

from __future__ import annotations

import hashlib
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import narwhals as nw
import polars as pl

from clv_cli.engines.portable import summed
from clv_cli.engines.spark import connected, local_server
from clv_cli.facts import planned, typed
from clv_cli.measures.customer_revenue import customer_revenue
from clv_cli.measures.mrr_deltas import mrr_deltas
from clv_cli.measures.revenue_facts import revenue_month_sums, revenue_sums
from clv_cli.run.opening import Request, opened
from tests.bench import generate

if TYPE_CHECKING:
    from collections.abc import Callable

    from clv_cli.pipeline import Facts, Measure, Scope

MEASURES = (revenue_sums, revenue_month_sums, customer_revenue, mrr_deltas)
ROUNDS = 3


def hashed(frame: pl.DataFrame) -> str:
    """A short name for all rows, whatever their order."""
    return hashlib.sha256(frame.sort(pl.all()).write_csv().encode()).hexdigest()[:12]


def by_narwhals(frame: Any, facts: Facts) -> pl.DataFrame:  # noqa: ANN401 - of any engine
    """The facts of rows that an engine reads."""
    found: pl.DataFrame = (
        summed(nw.from_native(frame).lazy(), facts).collect(backend="polars").to_native()
    )
    return facts.finish(typed(facts, found.lazy())).collect()


def measured(name: str, run: Callable[[], pl.DataFrame]) -> tuple[str, str]:
    """One cell: median seconds; and the hash of the rows."""
    took = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        frame = run()
        took.append(time.perf_counter() - begun)
    print(f"  {name:<18}{statistics.median(took):8.2f} s  {hashed(frame)}", flush=True)
    return f"{statistics.median(took):.2f}", hashed(frame)


def row(measure: Measure, scope: Scope, path: Path, read: dict[str, Callable[[str], Any]]) -> str:
    """One measure by every engine.

    Raises:
        RuntimeError: two engines find different facts.
    """
    facts = measure.facts(scope) if measure.facts else None
    if facts is None:
        raise RuntimeError(f"{measure.name} is no group-by here")
    facts.rows.select(*facts.keys, *facts.sums).sink_parquet(path, compression="lz4")
    megabytes, rows = path.stat().st_size / 1e6, planned(facts).collect().height
    print(f"{measure.name}: {megabytes:.0f} MB of rows, {rows:,} facts", flush=True)
    # The first two read the typed parts themselves, as a run does.
    cells = [
        measured("polars", lambda: planned(facts).collect()),
        measured("polars, narwhals", lambda: by_narwhals(facts.rows, facts)),
        *(
            measured(name, lambda opened=opened: by_narwhals(opened(str(path)), facts))  # type: ignore[misc]
            for name, opened in read.items()
        ),
    ]
    if len({found for _, found in cells}) != 1:
        raise RuntimeError(f"{measure.name}: the engines differ")
    times = " | ".join(seconds for seconds, _ in cells)
    return f"| `{measure.name}` | {rows:,} | {megabytes:.0f} | {times} | {cells[0][1]} |"


def main() -> None:
    """Measure and print the table."""
    lines = int(float(sys.argv[1])) if len(sys.argv) > 1 else 1_000_000
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        # A server of another user reads here.
        folder.chmod(0o755)
        subprocess.run([sys.executable, generate.__file__, str(lines), str(folder)], check=True)
        servers = {"Sail": stack.enter_context(local_server())} | {url: url for url in sys.argv[2:]}
        read: dict[str, Callable[[str], Any]] = {"DuckDB": duckdb.read_parquet}
        for name, url in servers.items():
            session = stack.enter_context(connected(url, folder)).session
            read[name] = session.read.parquet
        request = Request(config=folder / "clv.yaml", cache=False)
        scope = stack.enter_context(opened(request))
        table = [row(measure, scope, folder / "rows.parquet", read) for measure in MEASURES]
    names = ["polars s", "through narwhals s", *(f"{name} s" for name in read)]
    head = f"| {lines:,} lines | facts | MB of rows | {' | '.join(names)} | sorted and hashed |"
    rule = f"|:--|--:|--:|{'--:|' * len(names)}:--|"
    print("\n".join(["", head, rule, *table]))


if __name__ == "__main__":
    main()
