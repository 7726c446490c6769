"""`just bench-cache [LINES]`: `clv report` without cache, cold and warm, against a bare parse.

Medians of three rounds of fresh processes, taken in turn; the three outputs must be the same bytes.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from tests.bench.bench import BARE, ROUNDS, as_installed, timed

HERE = Path(__file__).parent


def measure(lines: int, folder: Path) -> None:
    """Print one line a way of running, with its ratios to the bare parse.

    Raises:
        RuntimeError: two ways print different bytes.
    """
    subprocess.run([sys.executable, HERE / "generate.py", str(lines), folder], check=True)
    as_installed(folder / "modules")
    cache = folder / "cache"
    os.environ["CLV_CACHE_DIR"] = str(cache)
    report = [sys.executable, "-m", "clv_cli", "report", "-c", str(folder / "clv.yaml"), "-q"]
    found: dict[str, list[tuple[float, float, int]]] = defaultdict(list)
    for _ in range(ROUNDS):
        shutil.rmtree(cache, ignore_errors=True)
        found["bare parse"].append(timed([sys.executable, "-c", BARE, str(folder / "lines.csv")]))
        outputs = set()
        for way, more in (("no cache", ["--no-cache"]), ("cold", []), ("warm", [])):
            output = folder / "report.json"
            found[way].append(timed([*report, *more, "-o", str(output)]))
            outputs.add(output.read_bytes())
        if len(outputs) != 1:
            raise RuntimeError("the outputs differ")
    wall, cpu = (
        {way: statistics.median(run[at] for run in runs) for way, runs in found.items()}
        for at in (0, 1)
    )
    for way in found:
        ratios = [times[way] / times["bare parse"] for times in (wall, cpu)]
        print(f"{way:<11}{wall[way]:7.2f} s wall {cpu[way]:7.2f} s CPU", end="  ")
        print(f"/ bare parse: {ratios[0]:.1f} wall, {ratios[1]:.1f} CPU")
    size = sum(file.stat().st_size for file in cache.rglob("*") if file.is_file())
    print(f"{lines:,} lines; cache {size / 1e6:.0f} MB; same bytes each time")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        measure(int(float(sys.argv[1])) if len(sys.argv) > 1 else 1_000_000, Path(scratch))
