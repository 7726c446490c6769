"""`just bench-planning [CUSTOMERS]`: what the forecast adds to `clv report`, on so many customers.

The lines are those of `generate.py`, about twenty a customer over five years, in files of 100,000
customers each. One process reads them without cache, computes the tables of the report, and then
those of the forecast, taking what the report has computed already. CPU seconds: the machine is shared.
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.planning.forecast_tables import forecast_tables
from clv_cli.results import Frames, collect_frames
from clv_cli.run.opening import Request, opened
from clv_cli.run.reporting import report_tables
from tests.bench.generate import LINES_A_CUSTOMER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from clv_cli.pipeline import Measure
    from clv_cli.results import Table

GENERATE = Path(__file__).parent / "generate.py"
A_FILE = 100_000
TABLES = {"lines": ("line_id", "invoice_id"), "customers": (), "touches": (), "risk_flags": ()}


def generate(customers: int, folder: Path) -> Path:
    """Write the files of so many customers, and return the config that names them."""
    left, number = customers, 0
    while left > 0:
        part, size = folder / "part", min(left, A_FILE)
        lines = str(size * LINES_A_CUSTOMER)
        subprocess.run([sys.executable, GENERATE, lines, part, str(number + 1)], check=True)
        for table, others in TABLES.items():
            _renamed(part / f"{table}.csv", folder / f"{table}-{number}.csv", number, others)
        left, number = left - size, number + 1
    config = (part / "clv.yaml").read_text()
    for table in TABLES:
        config = config.replace(f"path: {table}.csv", f'path: "{table}-*.csv"')
    (folder / "clv.yaml").write_text(config)
    shutil.move(part / "initiatives.yaml", folder)
    shutil.rmtree(part)
    return folder / "clv.yaml"


def _renamed(file: Path, target: Path, number: int, others: tuple[str, ...]) -> None:
    """A copy whose ids are those of no other file."""
    names = ["customer_id", *others, *(["flag_id"] if "flags" in file.name else [])]
    names += ["touch_id"] if "touches" in file.name else []
    own = [pl.concat_str(pl.lit(f"{number}-"), pl.col(name)).alias(name) for name in names]
    pl.scan_csv(file, infer_schema=False).with_columns(own).sink_csv(target)
    file.unlink()


def closure(tables: Iterable[Table]) -> dict[str, Measure]:
    """Every measure behind some tables, by name."""
    found: dict[str, Measure] = {}
    waiting = [need for table in tables for need in table.needs]
    while waiting:
        measure = waiting.pop()
        if measure.name not in found:
            found[measure.name] = measure
            waiting.extend(measure.needs)
    return found


def beside(frames: Frames, known: Mapping[str, Measure], more: Mapping[str, Measure]) -> Frames:
    """Frames of further measures that take from a run what it has computed already."""
    apart = pl.QueryOptFlags(comm_subplan_elim=False)
    fresh = {
        name: measure.plan(frames.scope).collect(optimizations=apart)
        for name, measure in more.items()
        if measure.plan is not None and name not in known
    }
    given = {name: partial(frames.__getitem__, measure) for name, measure in known.items()}
    return Frames(frames.scope, fresh, given)


def spent() -> float:
    """CPU seconds of this process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def measure(config: Path) -> None:
    """Print what loading, the report and the forecast cost in one run."""
    begun = spent()
    with opened(Request(config=config, cache=False)) as scope:
        loaded = spent()
        tables, ahead = report_tables(scope), forecast_tables(scope)
        known = closure(tables)
        frames = collect_frames(known.values(), scope)
        for table in tables:
            table.finish(frames)
        reported = spent()
        more = beside(frames, known, closure(ahead))
        for table in ahead:
            table.finish(more)
        added, customers = spent() - reported, scope.book.codes.height
        rows = scope.book.lines.rows
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{customers:,} customers, {rows:,} lines; peak {peak:,} MB")
    print(
        f"loading {loaded - begun:.1f}, report {reported - loaded:.1f}, forecast {added:.1f} CPU s"
    )
    cold, warm = reported - begun, reported - loaded
    print(f"added to a cold report {added / cold:.0%}, to the report alone {added / warm:.0%}")


def main(customers: int) -> None:
    """Make the files and measure them in a fresh process."""
    with tempfile.TemporaryDirectory() as scratch:
        config = generate(customers, Path(scratch))
        again = [sys.executable, "-m", "tests.bench.planning", "--measure", str(config)]
        subprocess.run(again, check=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(Path(sys.argv[2]))
    else:
        main(int(float(sys.argv[1])) if len(sys.argv) > 1 else 1_000_000)
