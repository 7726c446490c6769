"""`just exactness [LINES] [SHUFFLES]`: the promises of the split, checked on files made for the purpose.

    footing     lines, customers, rules, months and the general ledger: differences in minor units
    rounding    every bucket total a currency and month against the exact rational of the exported shares
    invariance  the same tables and ledger, byte for byte, from shuffled files with 1 and with 2 threads
    refunds     purchases whose credits take all of them back: what is left in any cell
    speed       a cold polars group-by of the file; a cold `clv split -f json` of it (reads, checks, splits and
                prints); and of that the attribution alone: rules, waterfall, rounding of the loaded lines

The sums it compares with are made by polars from the CSV, not by the program. Source rows are left out
of the bytes compared: a shuffled file has its lines in other rows.
"""

from __future__ import annotations

import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from clv_cli import attribution  # noqa: E402 - found through the path above
from clv_cli.attribution.batches import all_bought, all_takings  # noqa: E402
from clv_cli.attribution.rounded import split_rounded  # noqa: E402
from clv_cli.render.as_json import render as as_json  # noqa: E402
from clv_cli.render.layout import View  # noqa: E402
from clv_cli.results import Frames, Report, collect, collect_frames  # noqa: E402
from clv_cli.run.finishing import finished  # noqa: E402
from clv_cli.run.opening import Request, opened  # noqa: E402
from tests.recipes.ledger_files import write, write_lines  # noqa: E402

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope

ARCHITECTURE = ROOT / "clv_cli" / "ARCHITECTURE.md"
BEGIN, END = "<!-- exactness:begin -->", "<!-- exactness:end -->"
BITS = 200
ROUNDS = 3
GROUP_BY = """
import sys, polars as pl
lines = pl.scan_csv(sys.argv[1], schema_overrides={"amount": pl.Decimal(18, 3), "issued_on": pl.Date})
keys = ["customer_id", "currency", "product_id", pl.col("issued_on").dt.truncate("1mo")]
lines.group_by(keys).agg(pl.col("amount").sum(), pl.len()).collect(engine="streaming")
"""


def report_of(scope: Scope) -> Report:
    """Every table of the split."""
    tables = [
        *attribution.split_tables(scope),
        attribution.split_claims_table(scope),
        attribution.split_general_ledger_table(scope),
        *(attribution.split_by_table(scope, by) for by in attribution.SPLIT_BY),
    ]
    return finished("split", scope, tables)


def frames_of(report: Report) -> dict[str, pl.DataFrame]:
    """The rows of each table by name."""
    return {result.table.name: result.rows.frame for result in report.results}


def footing(tables: dict[str, pl.DataFrame], billed: pl.DataFrame) -> dict[str, int]:
    """Differences in minor units between each grouping and what it must sum to."""
    ledger = tables["split_by_line"]
    total = int(tables["split_buckets"]["amount"][-1])
    # The last month is not complete where its last day has no line; it is not reported then.
    now = billed.filter(pl.col("issued_on") <= ledger["issued_on"].max())
    lines = ledger.group_by("line_id").agg(pl.col("own").sum()).join(now, on="line_id", how="full")
    apart = (pl.col("own").fill_null(0) - pl.col("amount").fill_null(0)).abs()
    books = tables["split_general_ledger"]
    sums = {"lines": int(lines.select(apart.sum()).item())}
    for by in ("customer", "month", "product", "segment"):
        sums[by + "s"] = abs(int(tables[f"split_by_{by}"]["total"].sum()) - total)
    sums["rules"] = abs(int(tables["split_by_rule"]["amount"].sum()) - total)
    sums["ledger"] = abs(int(ledger["amount"].sum()) - total)
    sums["general ledger"] = int(books["difference"].abs().sum())
    return sums


def rounding(ledger: pl.DataFrame, billed: pl.DataFrame) -> float:
    """The largest distance of a bucket's total, a currency and month, from its exact rational.

    Shares are added up in 2^-200 of a minor unit: exact to far more digits than are printed.
    """
    amounts = dict(billed.select("line_id", "amount").iter_rows())
    apart: dict[tuple[Any, ...], int] = defaultdict(int)
    rows = ledger.select("line_id", "exact_share", "own", "currency", "month", "bucket")
    for line, share, own, *scope in rows.iter_rows():
        num, den = share.split("/")
        apart[tuple(scope)] += (own << BITS) - (amounts[line] * int(num) << BITS) // int(den)
    return float(Fraction(max(abs(drift) for drift in apart.values()), 2**BITS))


def refunds(frames: Frames) -> tuple[int, int]:
    """Purchases that several credits take back whole, and the minor units left in their cells."""
    takings = (
        frames[all_takings]
        .group_by(line_id="original_line_id")
        .agg(pl.col("taken").sum(), credits=pl.len())
    )
    worth = frames[all_bought].select("at", "line_id", worth="amount")
    closed = worth.join(takings, on="line_id").filter(pl.col("taken") == pl.col("worth"))
    keys = ["at", "part", "bucket", "component", "rule_id", "evidence"]
    sign = pl.when(pl.col("credit").is_null()).then(1).otherwise(-1)
    net = (
        frames[split_rounded]
        .join(closed.select("at"), on="at", how="semi")
        .with_columns(pl.col("own", "amount") * sign)
    )
    left = net.group_by(keys).agg(pl.col("own", "amount").sum())
    whole = left.select(pl.col("own", "amount").abs().sum()).row(0)
    return closed.height, int(sum(whole))


def digest(folder: Path) -> str:
    """A hash of every table of the split, source rows left out."""
    with opened(Request(folder / "clv.yaml")) as scope:
        report = report_of(scope)
        ledger = next(r for r in report.results if r.table.name == "split_by_line")
        rest = [r for r in report.results if r is not ledger]
        names = tuple(result.table.name for result in rest)
        text = as_json(report, View(tables=names))
        tables = [t for t in json.loads(text)["tables"] if t["name"] in names]
        rows = ledger.rows.frame.drop("row", "evidence_row").write_csv()
    return hashlib.sha256((json.dumps(tables) + rows).encode()).hexdigest()


def shuffled(folder: Path, billed: pl.DataFrame, times: int) -> set[str]:
    """The hashes of so many shuffles, every other one with a single thread."""
    found = set()
    for number in range(times):
        write_lines(folder, billed.sample(fraction=1, shuffle=True, seed=number))
        command = [sys.executable, __file__, "--digest", str(folder)]
        threads = {**os.environ, "POLARS_MAX_THREADS": str(1 + number % 2)}
        done = subprocess.run(command, env=threads, capture_output=True, text=True, check=True)
        found.add(done.stdout.strip())
    return found


def timed(command: list[str]) -> tuple[float, float]:
    """Wall and CPU seconds of one process."""
    begun = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command[0]} exited with {process.returncode}")
    return time.perf_counter() - begun, usage.ru_utime + usage.ru_stime


def attributed(folder: Path) -> tuple[float, float]:
    """Wall and CPU seconds from the loaded lines to the tables of `clv split`, in this process."""
    with opened(Request(folder / "clv.yaml")) as scope:
        tables = [
            *attribution.split_tables(scope),
            attribution.split_claims_table(scope),
            attribution.split_general_ledger_table(scope),
        ]
        begun, used = time.perf_counter(), time.process_time()
        collect(tables, scope)
        return time.perf_counter() - begun, time.process_time() - used


def attributed_alone(folder: Path) -> tuple[float, float]:
    """`attributed` in a process of its own: nothing of it is loaded before."""
    command = [sys.executable, __file__, "--attribute", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    wall, cpu = done.stdout.split()
    return float(wall), float(cpu)


def speed(folder: Path) -> list[list[float]]:
    """Medians of wall and CPU seconds: the group-by, `clv split`, and its attribution alone."""
    commands = [
        [sys.executable, "-c", GROUP_BY, str(folder / "lines.csv")],
        [sys.executable, "-m", "clv_cli", "split", "-c", str(folder / "clv.yaml"), "-f", "json"],
    ]
    runs = [
        [*(timed(command) for command in commands), attributed_alone(folder)] for _ in range(ROUNDS)
    ]
    return [
        [statistics.median(run[which][kind] for run in runs) for kind in (0, 1)]
        for which in range(3)
    ]


def check(folder: Path, lines: int, shuffles: int) -> dict[str, Any]:
    """All figures of the recipe but the speed, for files of so many lines."""
    billed = write(folder, lines)
    with opened(Request(folder / "clv.yaml")) as scope:
        tables = frames_of(report_of(scope))
        closed = refunds(collect_frames([split_rounded, all_takings, all_bought], scope))
    ledger = tables["split_by_line"]
    return {
        "cells": ledger.height,
        "divided": ledger.filter(~pl.col("exact_share").is_in(["1/1"])).height,
        "footing": footing(tables, billed),
        "rounding": rounding(ledger, billed),
        "refunds": closed,
        "hashes": len(shuffled(folder, billed, shuffles)) if shuffles else 0,
    }


def main() -> None:
    """Check, measure, print, and write into ARCHITECTURE.md where asked."""
    numbers = [int(float(text)) for text in sys.argv[1:] if not text.startswith("-")]
    lines, shuffles = (numbers + [1_000_000, 20][len(numbers) :])[:2]
    with tempfile.TemporaryDirectory() as name:
        found = check(Path(name), lines, shuffles)
        base, ours, alone = speed(Path(name))
    count, left = found["refunds"]
    text = "\n".join(
        [
            f"| {lines:,} lines, {found['cells']:,} cells, {found['divided']:,} of them shares | |",
            "|---|--:|",
            *(f"| difference by {k}, minor units | {v} |" for k, v in found["footing"].items()),
            f"| largest distance of a bucket's total from the exact rational | {found['rounding']:.3f} |",
            f"| purchases taken back whole | {count:,} |",
            f"| minor units left in their cells | {left} |",
            f"| different outputs of {shuffles} shuffles, 1 and 2 threads in turn | {found['hashes']} |",
            f"| polars group-by of the same file, wall and CPU s | {base[0]:.2f}, {base[1]:.2f} |",
            f"| `clv split`, wall and CPU s | {ours[0]:.2f}, {ours[1]:.2f} |",
            f"| ratio to the group-by, wall and CPU | {ours[0] / base[0]:.1f}, {ours[1] / base[1]:.1f} |",
            f"| attribution of the loaded lines alone, wall and CPU s | {alone[0]:.2f}, {alone[1]:.2f} |",
            f"| ratio to the group-by, wall and CPU | {alone[0] / base[0]:.1f}, {alone[1] / base[1]:.1f} |",
        ]
    )
    print(text)
    if "--write" in sys.argv:
        whole = ARCHITECTURE.read_text(encoding="utf-8")
        before, _, rest = whole.partition(BEGIN)
        after = rest.partition(END)[2]
        ARCHITECTURE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1] == "--digest":
        print(digest(Path(sys.argv[2])))
    elif sys.argv[1] == "--attribute":
        print(*attributed(Path(sys.argv[2])))
    else:
        main()
