"""`just bench-hundred [LINES A FILE] [FILES]`: memory and time of many large files beside one of them.

The files are of the same customers, each with invoices and lines of its own. One cold `clv report` over
the first file and one over all; the total that it prints is held against what polars adds up from the
CSV files by itself. A hundred million lines need 16 GB of disk and some minutes. With `--write` the
table replaces the one in `clv_cli/ARCHITECTURE.md`.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
from decimal import Decimal
from pathlib import Path

import polars as pl

from tests.bench.bench import BARE, HERE, Took, as_installed, timed
from tests.bench.recorded import record

OWN = ("line_id", "invoice_id")
AMOUNT = pl.col("amount").str.replace(".", "", literal=True).cast(pl.Int64)


def make(lines: int, files: int, folder: Path) -> None:
    """Write the files: ids of lines and invoices begin with the number of theirs."""
    for number in range(files):
        generate = [sys.executable, str(HERE / "generate.py"), str(lines), str(folder), str(number)]
        subprocess.run(generate, check=True)
        rows = pl.scan_csv(folder / "lines.csv", infer_schema=False)
        own = [pl.concat_str(pl.lit(f"{number}-"), name).alias(name) for name in OWN]
        rows.with_columns(own).sink_csv(folder / f"lines-{number}.csv")
    (folder / "lines.csv").unlink()
    config = (folder / "clv.yaml").read_text(encoding="utf-8")
    for name, which in (("one.yaml", "0"), ("all.yaml", "*")):
        text = config.replace("lines.csv", f"lines-{which}.csv")
        (folder / name).write_text(text, encoding="utf-8")


def report(folder: Path, config: str) -> Took:
    """One cold report; its total is that of the files.

    Raises:
        RuntimeError: it is not.
    """
    out = folder / "report.json"
    clv = [sys.executable, "-m", "clv_cli", "report", "--no-cache", "-q", "-f", "json"]
    took = timed([*clv, "-c", str(folder / config), "-o", str(out)])
    printed = json.loads(out.read_text(encoding="utf-8"))
    checks = {check["name"]: check["left"] for check in printed["checks"]}
    which = "lines-0.csv" if config == "one.yaml" else "lines-*.csv"
    rows = pl.scan_csv(folder / which, infer_schema=False)
    billed = rows.filter(
        ~pl.col("status").is_in(["void", "draft"]), pl.col("issued_on") <= printed["as_of"]
    )
    cents = billed.select(AMOUNT.cast(pl.Int128).sum()).collect(engine="streaming").item()
    if Decimal(checks["billed_total"]) * 100 != cents:
        raise RuntimeError(
            f"{config}: {checks['billed_total']} printed, {cents} cents in the files"
        )
    return took


def table(lines: int, files: int, folder: Path) -> str:
    """What one file took, and all of them."""
    make(lines, files, folder)
    bare = timed([sys.executable, "-c", BARE, str(folder / "lines-0.csv")])
    one, every = report(folder, "one.yaml"), report(folder, "all.yaml")
    grown = [math.log(every[at] / one[at]) / math.log(files) for at in (0, 1)]
    return "\n".join(
        [
            "| | wall s | CPU s | peak MB |",
            "|:--|--:|--:|--:|",
            f"| bare parse of one file of {lines:,} lines | {bare[0]:.1f} | {bare[1]:.1f} | {bare[2]:,} |",
            f"| `clv report` of it, cold | {one[0]:.1f} | {one[1]:.1f} | {one[2]:,} |",
            f"| of {files} such files | {every[0]:.1f} | {every[1]:.1f} | {every[2]:,} |",
            f"| peak of all / peak of one, goal 1.6 | | | {every[2] / one[2]:.2f} |",
            f"| time exponent, goal 1.08 | {grown[0]:.2f} | {grown[1]:.2f} | |",
            "| printed total less the sum of the files | | | 0.00 |",
        ]
    )


def main() -> None:
    """Measure, print, and write where asked."""
    sizes = [int(float(text)) for text in sys.argv[1:] if not text.startswith("-")]
    lines, files = [*sizes, *(10_000_000, 10)[len(sizes) :]]
    with tempfile.TemporaryDirectory() as modules, tempfile.TemporaryDirectory() as folder:
        as_installed(Path(modules))
        text = table(lines, files, Path(folder))
    print(text)
    if "--write" in sys.argv:
        record("hundred", text)


if __name__ == "__main__":
    main()
