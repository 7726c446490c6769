"""`just bench-moments [CUSTOMERS]`: all moments of a book of usage, beside a bare parse of its usage file.

Each customer has twelve months of one metered product and pays by the year. Timed in fresh processes
taken in turn, medians of three, CPU seconds and wall:

- bare: `pl.read_csv` of the usage file, every cell as text, nothing checked;
- moments: typed tables as `sources` leaves them, all kinds, to the list that is told and remembered.

And the CPU seconds of each measure and kind of moment, in one process. Strict loading has a benchmark of its own (`just bench-loading`) and is in neither.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    from clv_cli.pipeline import Measure, Scope

AS_OF = date(2025, 12, 31)
MONTHS, ROUNDS = 12, 3
NOTES = Path(__file__).parents[2] / "clv_cli" / "ARCHITECTURE.md"
BEGIN, END = "<!-- bench-moments:begin -->", "<!-- bench-moments:end -->"
BARE = "import sys, polars as pl; pl.read_csv(sys.argv[1] + '/usage.csv', infer_schema=False)"
MOMENTS = "import sys; from pathlib import Path; from tests.bench.moments import tell; tell(Path(sys.argv[1]))"


def make(folder: Path, customers: int) -> None:
    """Write the usage file, and the canonical tables that `sources` would make."""
    import numpy as np
    import polars as pl

    from clv_cli.frames import TABLES

    draw = np.random.default_rng(5)
    ids = pl.Series("customer_id", [f"c{n:07}" for n in range(customers)])
    trend = draw.normal(0.0, 0.04, customers)[:, None] * np.arange(MONTHS)
    share = draw.uniform(0.2, 0.95, customers)[:, None] * np.exp(
        trend + draw.normal(0.0, 0.05, (customers, MONTHS))
    )
    days = [date(2025, month, 1) for month in range(1, MONTHS + 1)]
    usage = pl.DataFrame(
        {
            "customer_id": ids.gather(np.repeat(np.arange(customers), MONTHS)),
            "period_start": pl.Series(days * customers, dtype=pl.Date),
            "metric": pl.Series(["api_calls"], dtype=pl.String).new_from_index(
                0, customers * MONTHS
            ),
            "quantity": np.maximum((share * 100_000).astype(np.int64).ravel(), 0),
            "quota": np.full(customers * MONTHS, 100_000),
        }
    )
    usage.write_csv(folder / "usage.csv")
    lines = pl.DataFrame(
        {
            "line_id": ids,
            "invoice_id": ids,
            "customer_id": ids,
            "amount": draw.integers(1_000, 500_000, customers),
        }
    ).with_columns(
        issued_on=pl.lit(date(2025, 6, 15)),
        period_start=pl.lit(date(2025, 6, 15)),
        period_end=pl.lit(date(2026, 6, 15)),
        kind=pl.lit("recurring"),
        currency=pl.lit("USD"),
        interval=pl.lit("year"),
        status=pl.lit("paid"),
    )
    for name, frame in (("usage", usage), ("billing_lines", lines)):
        schema = {**TABLES[name].dtypes, "source": pl.String, "row": pl.Int64}
        known = frame.with_columns(source=pl.lit(f"{name}.csv"), row=pl.int_range(2, pl.len() + 2))
        missing = [
            pl.lit(None, dtype).alias(n) for n, dtype in schema.items() if n not in known.columns
        ]
        full = known.with_columns(missing).select(
            pl.col(n).cast(dtype) for n, dtype in schema.items()
        )
        full.write_parquet(folder / f"{name}.parquet", compression="lz4")


def tell(folder: Path) -> None:
    """All moments of the folder's tables, told as a first night would."""
    from clv_cli.moments import emitted

    told = emitted(_scope(folder))
    print(f"{told.rows.height:,} moments told", file=sys.stderr)
    assert told.rows.height


def _scope(folder: Path) -> Scope:
    import polars as pl

    from clv_cli.frames import Book, LineStats
    from clv_cli.periods import Period, month_of
    from clv_cli.pipeline import Scope
    from clv_cli.settings import Settings

    tables = {
        name: pl.scan_parquet(folder / f"{name}.parquet") for name in ("usage", "billing_lines")
    }
    ids = tables["billing_lines"].select(pl.col("customer_id").sort()).collect()
    codes = ids.with_row_index("code").select("customer_id", pl.col("code").cast(pl.Int32))
    day = date(2025, 6, 15)
    stats = LineStats(
        codes.height, day, day, ("USD",), ("recurring",), ("paid",), says_when_paid=False
    )
    rates = pl.DataFrame(schema={"currency": pl.String, "day": pl.Date, "rate": pl.Int64})
    book = Book(tables, "USD", stats, codes, rates, quarantined=pl.DataFrame())
    closing = month_of(AS_OF)
    return Scope(book, AS_OF, Period(closing - 11, closing + 1), Settings())


def parts(folder: Path, least: float = 0.2) -> str:
    """CPU seconds by measure and kind of moment, those of at least so many, most first."""
    from datetime import timedelta

    from clv_cli.moments import MOMENTS as KINDS
    from clv_cli.moments.tables.emission import looked_for
    from clv_cli.results import Frames, collect_frames

    scope = _scope(folder)
    done: dict[str, pl.DataFrame] = {}
    spent: dict[str, float] = {}

    def fill(measure: Measure) -> None:
        if measure.name in done:
            return
        for need in measure.needs:
            fill(need)
        begun = time.process_time()
        if measure.plan is not None:
            done[measure.name] = collect_frames([measure], scope)[measure]
        else:
            done[measure.name] = measure.derive(scope, *(done[n.name] for n in measure.needs))
        spent[measure.name] = time.process_time() - begun

    for kind in looked_for(scope, KINDS):
        for need in kind.needs:
            fill(need)
        begun = time.process_time()
        kind.find(Frames(scope, done), AS_OF - timedelta(days=120))
        spent[f"kind {kind.name}"] = time.process_time() - begun
    rows = sorted(((cpu, name) for name, cpu in spent.items() if cpu >= least), reverse=True)
    lines = [f"| {name.replace('_', ' ')} | {cpu:.1f} |" for cpu, name in rows]
    rest = sum(cpu for cpu in spent.values() if cpu < least)
    return "\n".join(["| part | CPU s |", "|---|--:|", *lines, f"| all others | {rest:.1f} |"])


def timed(code: str, folder: Path) -> tuple[float, float, float]:
    """Wall and CPU seconds, and the peak in MB, of one process.

    Raises:
        RuntimeError: the process failed.
    """
    begun = time.perf_counter()
    with subprocess.Popen([sys.executable, "-c", code, str(folder)]) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"a step exited with {process.returncode}")
    wall = time.perf_counter() - begun
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def table(customers: int, rounds: int = ROUNDS) -> str:
    """The figures as ARCHITECTURE has them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder, customers)
        taken = [(timed(BARE, folder), timed(MOMENTS, folder)) for _ in range(rounds)]
        by_part = parts(folder)
    medians = [
        [statistics.median(run[step][figure] for run in taken) for figure in range(3)]
        for step in range(2)
    ]
    rows = [
        f"| {label} | {wall:.2f} | {cpu:.2f} | {peak:,.0f} |"
        for label, (wall, cpu, peak) in zip(("bare parse", "all moments"), medians, strict=True)
    ]
    wall, cpu = (medians[1][n] / medians[0][n] for n in range(2))
    head = f"| {customers:,} customers x {MONTHS} months | wall s | CPU s | peak MB |"
    return "\n".join(
        [head, "|---|--:|--:|--:|", *rows, f"| times | {wall:.1f} | {cpu:.1f} | |", "", by_part]
    )


def main(arguments: list[str]) -> None:
    """Print the table; with `--write` put it into ARCHITECTURE.md."""
    sizes = [int(float(text)) for text in arguments if not text.startswith("--")]
    text = table(*(sizes or [1_000_000]))
    print(text)
    if "--write" in arguments:
        before, _, rest = NOTES.read_text(encoding="utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        NOTES.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
