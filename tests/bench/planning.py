"""`just bench-planning [CUSTOMERS]`: what the forecast adds to `clv report`, on so many customers.

The lines are those of `generate.py`, about twenty a customer over five years, in files of 100,000
customers each. Three kinds of fresh processes over files that were read before: the report, the report
with the forecast in the same run, and `clv forecast` by itself. CPU seconds, for the machine is shared.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import polars as pl

from tests.bench.bench import as_installed, timed
from tests.bench.generate import LINES_A_CUSTOMER

GENERATE = Path(__file__).parent / "generate.py"
A_FILE = 100_000
TABLES = {"lines": ("line_id", "invoice_id"), "customers": (), "touches": (), "risk_flags": ()}
BESIDE = """
import sys
from pathlib import Path
from clv_cli.results import collect
from clv_cli.run.opening import Request, opened
from clv_cli.run.reporting import report_tables

with opened(Request(config=Path(sys.argv[1]))) as scope:
    tables = report_tables(scope)
    if "forecast" in sys.argv:
        from clv_cli.planning import forecast_tables
        tables += forecast_tables(scope)
    print(sum(result.rows.frame.height for result in collect(tables, scope)))
"""


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
    (folder / "initiatives.yaml").write_text((part / "initiatives.yaml").read_text())
    return folder / "clv.yaml"


def _renamed(file: Path, target: Path, number: int, others: tuple[str, ...]) -> None:
    """A copy whose ids are those of no other file."""
    names = ["customer_id", *others, *(["flag_id"] if "flags" in file.name else [])]
    names += ["touch_id"] if "touches" in file.name else []
    own = [pl.concat_str(pl.lit(f"{number}-"), pl.col(name)).alias(name) for name in names]
    pl.scan_csv(file, infer_schema=False).with_columns(own).sink_csv(target)
    file.unlink()


def main(customers: int, folder: Path) -> None:
    """Generate, fill the cache, and print the CPU of each way with what the forecast adds."""
    as_installed(folder / "modules")
    os.environ["CLV_CACHE_DIR"] = str(folder / "cache")
    config = str(generate(customers, folder))
    clv = [sys.executable, "-m", "clv_cli"]
    ways = {
        "cold report": [*clv, "report", "-c", config, "-f", "json"],
        "report": [sys.executable, "-c", BESIDE, config],
        "report and forecast": [sys.executable, "-c", BESIDE, config, "forecast"],
        "clv forecast": [*clv, "forecast", "-c", config, "-f", "json"],
    }
    cpu = {}
    for way, command in ways.items():
        wall, cpu[way], peak = timed(command)
        print(f"{way:<20}{cpu[way]:8.2f} s CPU {wall:8.2f} s wall {peak:7,} MB", flush=True)
    added = cpu["report and forecast"] - cpu["report"]
    shares = [added / cpu[way] for way in ("report", "cold report")]
    print(f"{customers:,} customers: the forecast adds {added:.2f} CPU s", end=", ")
    print(f"{shares[0]:.0%} of the report, {shares[1]:.0%} of a cold one")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        main(int(float(sys.argv[1])) if len(sys.argv) > 1 else 1_000_000, Path(scratch))
