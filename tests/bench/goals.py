"""`just bench [LINES…]`: the goals for speed and memory beside what this machine did, peers included.

One run, fresh processes taken in turn, medians of three. Of every size: a bare polars parse, `clv report` cold,
warm (files read before, nothing computed before) and over unchanged bytes, the same tables in DuckDB SQL
(`peer`), and in pandas what fits it (`peer_pandas`, up to 1M lines). Of the largest size: the same lines in ten files, of which one changes. With `--write` the
table replaces the one in `clv_cli/ARCHITECTURE.md`.
"""

from __future__ import annotations

import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from itertools import chain, islice
from pathlib import Path

from tests.bench.bench import BARE, ROUNDS, Took, as_installed, timed
from tests.bench.recorded import record

HERE = Path(__file__).parent
FILES = 10
# No line of the files is as long, in bytes.
LONGEST = 1_000
PANDAS_LIMIT = 1_000_000
MEGABYTES_A_MILLION, MEGABYTES_MORE = 250, 200


def median(runs: list[Took]) -> Took:
    """Medians of both times, and the largest peak."""
    wall, cpu = (statistics.median(run[at] for run in runs) for at in (0, 1))
    return wall, cpu, max(run[2] for run in runs)


def report(folder: Path, *more: str) -> list[str]:
    """The command that is measured."""
    clv = [sys.executable, "-m", "clv_cli", "report", "-c", str(folder / "clv.yaml")]
    return [*clv, "-f", "json", *more]


def filled(folder: Path) -> None:
    """Fill the cache anew."""
    shutil.rmtree(os.environ["CLV_CACHE_DIR"], ignore_errors=True)
    subprocess.run(report(folder), check=True, stdout=subprocess.DEVNULL)


def forget_reports() -> None:
    """Keep what was read of files, but no report: the next run computes all of it."""
    shutil.rmtree(Path(os.environ["CLV_CACHE_DIR"]) / "reports", ignore_errors=True)


def one_file(lines: int, folder: Path) -> dict[str, Took]:
    """Every way over one file of so many lines."""
    subprocess.run([sys.executable, HERE / "generate.py", str(lines), folder], check=True)
    ways = {
        "bare": [sys.executable, "-c", BARE, str(folder / "lines.csv")],
        "cold": report(folder, "--no-cache"),
        "warm": report(folder),
        "unchanged": report(folder),
        "DuckDB": [sys.executable, "-m", "tests.bench.peer", str(folder)],
    }
    if lines <= PANDAS_LIMIT:
        ways["pandas"] = [sys.executable, "-m", "tests.bench.peer_pandas", str(folder)]
    filled(folder)
    runs: dict[str, list[Took]] = {way: [] for way in ways}
    for _ in range(ROUNDS):
        for way, command in ways.items():
            if way == "warm":
                forget_reports()
            runs[way].append(timed(command))
    return {way: median(found) for way, found in runs.items()}


def ten_files(folder: Path) -> dict[str, Took]:
    """The same lines in ten files: cold, unchanged, and with one file changed."""
    in_files(folder / "lines.csv")
    config = folder / "clv.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("lines.csv", "lines-*.csv"))
    changed = folder / f"lines-{FILES - 1}.csv"
    last = last_line(changed)
    runs: dict[str, list[Took]] = {"cold": [], "unchanged": [], "one changed": []}
    for number in range(ROUNDS):
        runs["cold"].append(timed(report(folder, "--no-cache")))
        filled(folder)
        runs["unchanged"].append(timed(report(folder)))
        # The last line once more under an id of its own: other bytes, and one invoice line more.
        with changed.open("a", encoding="utf-8") as more:
            more.write(last.replace("L", f"M{number}", 1))
        runs["one changed"].append(timed(report(folder)))
    return {way: median(found) for way, found in runs.items()}


def in_files(whole: Path) -> None:
    """Write the lines of a file into ten beside it.

    Line by line: the peak of a process counts what its parent held when it was started, so whoever
    measures must hold little.
    """
    with whole.open(encoding="utf-8") as lines:
        size = math.ceil((sum(1 for _ in lines) - 1) / FILES)
    with whole.open(encoding="utf-8") as lines:
        head = next(lines)
        for number in range(FILES):
            with whole.with_stem(f"{whole.stem}-{number}").open("w", encoding="utf-8") as part:
                part.writelines(chain([head], islice(lines, size)))


def last_line(file: Path) -> str:
    """The last line of a file, without reading the others."""
    with file.open("rb") as end:
        end.seek(-min(LONGEST, file.stat().st_size), os.SEEK_END)
        return end.read().decode().splitlines(keepends=True)[-1]


def started() -> tuple[Took, Took]:
    """`clv --help`, and the import of polars."""
    commands = (
        [sys.executable, "-m", "clv_cli", "--help"],
        [sys.executable, "-c", "import polars"],
    )
    runs: list[list[Took]] = [[], []]
    for _ in range(ROUNDS):
        for found, command in zip(runs, commands, strict=True):
            found.append(timed(command))
    return median(runs[0]), median(runs[1])


def ratio(goal: str, limit: float, ours: Took, theirs: Took) -> str:
    """One row: a goal as a ratio, by wall and by CPU."""
    wall, cpu = ours[0] / theirs[0], ours[1] / theirs[1]
    return f"| {goal} | <= {limit:g} | {wall:.2f} | {cpu:.2f} |"


def goals(lines: int, one: dict[str, Took], ten: dict[str, Took]) -> list[str]:
    """The goals that one size shows."""
    size = f"{lines:,} lines: "
    tenth = (ten["cold"][0] / FILES, ten["cold"][1] / FILES, 0)
    both = (tenth[0] + ten["unchanged"][0], tenth[1] + ten["unchanged"][1], 0)
    allowed = MEGABYTES_A_MILLION * lines / 1e6 + MEGABYTES_MORE
    rows = [
        ratio(f"{size}cold / bare parse", 6, one["cold"], one["bare"]),
        ratio(f"{size}warm / bare parse", 3.5, one["warm"], one["bare"]),
        ratio(f"{size}nothing changed / bare parse", 0.4, one["unchanged"], one["bare"]),
        ratio(f"{size}cold / DuckDB SQL, the same tables", 0.8, one["cold"], one["DuckDB"]),
        ratio(
            f"{size}one of ten files changed / (cold / 10 + unchanged)",
            1.2,
            ten["one changed"],
            both,
        ),
        f"| {size}peak memory, MB | <= {allowed:,.0f} | {one['cold'][2]:,} | |",
    ]
    if "pandas" in one:
        rows.insert(
            3,
            ratio(f"{size}cold / pandas, without split and cohorts", 1, one["cold"], one["pandas"]),
        )
    return rows


def seconds(lines: int, found: dict[str, Took]) -> list[str]:
    """What was measured, behind the ratios."""
    return [
        f"| {lines:,} | {way} | {took[0]:.2f} | {took[1]:.2f} | {took[2]:,} |"
        for way, took in found.items()
    ]


def exponent(sizes: list[int], found: dict[int, dict[str, Took]]) -> str:
    """How time grows from the smallest size to the largest."""
    first, last = sizes[0], sizes[-1]
    grown = [
        math.log(found[last]["cold"][at] / found[first]["cold"][at]) / math.log(last / first)
        for at in (0, 1)
    ]
    return f"| time exponent, {first:,} to {last:,} lines | <= 1.08 | {grown[0]:.2f} | {grown[1]:.2f} |"


def table(sizes: list[int]) -> str:
    """All goals and what they rest on."""
    found, rows, measured = {}, [], []
    with tempfile.TemporaryDirectory() as modules:
        as_installed(Path(modules) / "modules")
        os.environ["CLV_CACHE_DIR"] = str(Path(modules) / "cache")
        for lines in sizes:
            with tempfile.TemporaryDirectory() as folder:
                found[lines] = one_file(lines, Path(folder))
                ten = ten_files(Path(folder))
            rows += goals(lines, found[lines], ten)
            measured += seconds(lines, found[lines])
            measured += seconds(lines, {f"ten files, {way}": took for way, took in ten.items()})
        if len(sizes) > 1:
            rows.append(exponent(sizes, found))
        rows.append(ratio("`clv --help` / `import polars`", 0.6, *started()))
    head = ["| goal | | wall | CPU |", "|:--|--:|--:|--:|"]
    below = ["", "| lines | way | wall s | CPU s | peak MB |", "|--:|:--|--:|--:|--:|"]
    return "\n".join([*head, *rows, *below, *measured])


def main() -> None:
    """Measure, print, and write where asked."""
    sizes = sorted(int(float(text)) for text in sys.argv[1:] if not text.startswith("-"))
    text = table(sizes or [1_000_000])
    print(text)
    if "--write" in sys.argv:
        record("goals", text)


if __name__ == "__main__":
    main()
