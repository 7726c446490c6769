"""`just bench-loading [LINES]`: what strict loading costs beside a bare polars read of the same file.

Five things are timed, each in fresh processes taken in turn, medians of three:

- bare: `pl.read_csv(path, infer_schema=False)`, every cell as text, in memory, nothing checked;
- typed: a bare `pl.read_csv` of the same columns as decimals and days, nothing checked;
- scan: the structural scan alone (encoding, NUL, quotes, fields of every record);
- store: polars alone, from the file's cells as text to a Parquet file, nothing checked;
- load: the whole of `read_file` and its account: scan, parse, strict typing of every column, typed part.

`checks / bare` is (load - store) / bare: what scan, typing, row states and the account cost beyond what
polars alone needs to bring the same file into the store. `load / bare` has everything in it.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
ROUNDS = 3
BARE = "import sys, polars as pl; pl.read_csv(sys.argv[1], infer_schema=False)"
TYPED = """
import sys, polars as pl
money = {n: pl.Decimal(18, 2) for n in ("unit_price", "amount", "discount", "tax")}
days = {n: pl.Date for n in ("issued_on", "period_start", "period_end")}
pl.read_csv(sys.argv[1], schema_overrides=money | days)
"""
SCAN = """
import sys
from pathlib import Path
from clv_cli.sources.headers import read_headers
from clv_cli.sources.structure import scan
path = Path(sys.argv[1])
scan(path, path.name, read_headers(path, path.name)[0])
"""
STORE = """
import sys, tempfile, polars as pl
from pathlib import Path
with tempfile.TemporaryDirectory() as folder:
    rows = pl.scan_csv(sys.argv[1], infer_schema=False)
    rows.sink_parquet(
        Path(folder) / "x", compression="lz4", row_group_size=1 << 18, statistics=False
    )
"""
LOAD = """
import sys, tempfile
from pathlib import Path
from clv_cli.settings import Settings, Source
from clv_cli.sources import LineStore
from clv_cli.sources.part import Desk, read_file
from clv_cli.sources.preset import spec_of
path = Path(sys.argv[1])
spec = spec_of(Source(path=path.name, table="billing_lines"), None, "sources[0]")
with tempfile.TemporaryDirectory() as folder:
    read_file(path, path.name, spec, Desk(Settings(base_currency="USD"), LineStore(Path(folder)))).account()
"""
STEPS = {"bare": BARE, "typed": TYPED, "scan": SCAN, "store": STORE, "load": LOAD}


def timed(code: str, path: Path) -> tuple[float, float]:
    """Wall and CPU seconds of one process.

    Raises:
        RuntimeError: the process failed.
    """
    begun = time.perf_counter()
    with subprocess.Popen([sys.executable, "-c", code, str(path)]) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"a step exited with {process.returncode}")
    return time.perf_counter() - begun, usage.ru_utime + usage.ru_stime


def main() -> None:
    """Measure, and print a table and the ratios."""
    lines = int(float(sys.argv[1])) if len(sys.argv) > 1 else 8_000_000
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, HERE / "generate.py", str(lines), folder], check=True)
        path = Path(folder) / "lines.csv"
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = folder
        timed(STEPS["load"], path)  # compiles the modules, as an installation has them
        path.read_bytes()  # into the page cache, so that the first step does not pay for all
        runs = {name: list[tuple[float, float]]() for name in STEPS}
        for _ in range(ROUNDS):
            for name, code in STEPS.items():
                runs[name].append(timed(code, path))
        megabytes = path.stat().st_size / 1e6
    wall, cpu = (
        {name: statistics.median(run[at] for run in found) for name, found in runs.items()}
        for at in (0, 1)
    )
    print(f"{lines:,} lines, {megabytes:,.0f} MB\n\n| step | wall s | CPU s |\n|:--|--:|--:|")
    for name in STEPS:
        print(f"| {name} | {wall[name]:.2f} | {cpu[name]:.2f} |")
    for title, took in (("wall", wall), ("CPU", cpu)):
        checks = (took["load"] - took["store"]) / took["bare"]
        print(
            f"{title}: scan / bare {took['scan'] / took['bare']:.2f}, "
            f"load / bare {took['load'] / took['bare']:.2f}, checks / bare {checks:.2f}"
        )


if __name__ == "__main__":
    main()
