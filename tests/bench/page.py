"""`just bench-page [ROUNDS]`: what a page takes longer than the terminal's report, and a forecast's time.

The sample, fresh processes taken in turn: the report as text and as a page, both without cache; the
forecast over an empty cache, and again. Printed are medians, and the quickest run: on a machine with
other work that is nearest to what the machine can do.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.bench import as_installed, timed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench.bench import Took

SAMPLE = Path(__file__).parents[2] / "sample_data" / "clv.yaml"


def measure(rounds: int, folder: Path) -> None:
    """Print a line a way of running, and the page's own time."""
    as_installed(folder / "modules")
    cache = folder / "cache"
    os.environ["CLV_CACHE_DIR"] = str(cache)
    found: dict[str, list[Took]] = defaultdict(list)
    for _ in range(rounds):
        for way in ("plain", "html"):
            found[f"report, {way}"].append(run("report", folder, "--no-cache", "-f", way))
        shutil.rmtree(cache, ignore_errors=True)
        for way in ("empty cache", "again"):
            found[f"forecast, {way}"].append(run("forecast", folder))
    for way, runs in found.items():
        print(f"{way:<22}", *(f"{text:>26}" for text in said(runs)))
    pairs = zip(found["report, html"], found["report, plain"], strict=True)
    more = [page[0] - plain[0] for page, plain in pairs]
    quickest = min(t[0] for t in found["report, html"]) - min(t[0] for t in found["report, plain"])
    print(
        f"the page takes longer: median {statistics.median(more):.2f} s, quickest {quickest:.2f} s"
    )


def run(command: str, folder: Path, *more: str) -> Took:
    """One fresh process over the sample."""
    ours = [sys.executable, "-m", "clv_cli", command, "-q", "-c", str(SAMPLE), *more]
    return timed([*ours, "-o", str(folder / "out.html")] if "html" in more else ours)


def said(runs: list[Took]) -> list[str]:
    """Wall and CPU seconds: the median and the least of some runs."""
    ways: list[tuple[str, Callable[[list[float]], float]]] = [
        ("median", statistics.median),
        ("quickest", min),
    ]
    return [
        f"{name} {of([t[0] for t in runs]):.2f} wall {of([t[1] for t in runs]):.2f} CPU"
        for name, of in ways
    ]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        measure(int(sys.argv[1]) if len(sys.argv) > 1 else 5, Path(scratch))
