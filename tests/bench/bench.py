"""`just bench-cold [LINES…]`: cold `clv report` against a bare polars parse of the same columns, one run.

Each figure is the median of three fresh processes, taken in turn so that a noisy minute hits both.
Cold means that no file was read before (`--no-cache`); modules are compiled beforehand, as an
installation has them, whatever this environment says of byte code. With `--write` the table replaces the one in `clv_cli/ARCHITECTURE.md`.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.recorded import record

HERE = Path(__file__).parent
ROUNDS = 3
# Wall seconds, CPU seconds, peak MB.
Took = tuple[float, float, int]

# What the bare parse does: every column parsed to its type, reduced to one row, nothing kept.
BARE = """
import sys, polars as pl
money = {n: pl.Decimal(18, 2) for n in ("unit_price", "amount", "discount", "tax")}
days = {n: pl.Date for n in ("issued_on", "period_start", "period_end")}
frame = pl.scan_csv(sys.argv[1], schema_overrides=money | days)
frame.select(pl.all().max()).collect(engine="streaming")
"""


def as_installed(folder: Path) -> None:
    """Let the processes measured keep compiled modules in a folder of their own, and fill it."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(folder)
    clv = [sys.executable, "-m", "clv_cli", "demo", "--no-cache", "-f", "json"]
    subprocess.run(clv, check=True, stdout=subprocess.DEVNULL)


def timed(command: list[str]) -> Took:
    """Wall seconds, CPU seconds and peak memory (MB) of one process.

    Raises:
        RuntimeError: the process failed.
    """
    begun = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command[0]} exited with {process.returncode}")
    return time.perf_counter() - begun, usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024


def measure(lines: int, folder: Path) -> str:
    """One row of the table, for a generated file of so many lines."""
    subprocess.run([sys.executable, HERE / "generate.py", str(lines), folder], check=True)
    file, config = folder / "lines.csv", folder / "clv.yaml"
    bare_command = [sys.executable, "-c", BARE, str(file)]
    report = [sys.executable, "-m", "clv_cli", "report", "--no-cache"]
    clv_command = [*report, "-c", str(config), "-f", "json"]
    bare, ours = [], []
    for _ in range(ROUNDS):
        bare.append(timed(bare_command))
        ours.append(timed(clv_command))
    wall = [statistics.median(run[0] for run in runs) for runs in (bare, ours)]
    cpu = [statistics.median(run[1] for run in runs) for runs in (bare, ours)]
    peak = [max(run[2] for run in runs) for runs in (bare, ours)]
    megabytes = file.stat().st_size / 1e6
    return (
        f"| {lines:,} | {megabytes:,.0f} | {wall[0]:.2f} | {wall[1]:.2f} | {wall[1] / wall[0]:.1f} "
        f"| {cpu[1] / cpu[0]:.1f} | {peak[0]:,} | {peak[1]:,} |"
    )


def main() -> None:
    """Measure every size, print the table, and write it where asked."""
    sizes = [int(float(text)) for text in sys.argv[1:] if not text.startswith("-")] or [1_000_000]
    head = (
        "| lines | MB | bare parse s | clv report s | ratio (wall) | ratio (CPU) "
        "| peak MB bare | peak MB clv |"
    )
    rows = [head, "|--:|--:|--:|--:|--:|--:|--:|--:|"]
    with tempfile.TemporaryDirectory() as modules:
        as_installed(Path(modules))
        for lines in sizes:
            with tempfile.TemporaryDirectory() as folder:
                rows.append(measure(lines, Path(folder)))
    table = "\n".join(rows)
    print(table)
    if "--write" in sys.argv:
        record("bench", table)


if __name__ == "__main__":
    main()
