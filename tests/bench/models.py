"""`just bench-models [CUSTOMERS]`: from a purchase log to the 12-month value of every customer.

One simulated log (BG/NBD purchases, Gamma-Gamma spend, day-grained, ages 1 to 730 days); every column
of the table is a fresh process. `lifetimes` and the other models are fitted to the frequency table of
the same run. With `--write` the table replaces the one in `clv_cli/ARCHITECTURE.md`.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.recorded import record

if TYPE_CHECKING:
    from collections.abc import Callable

    from clv_cli.pipeline import Scope

HERE = Path(__file__).parent
AS_OF = date(2026, 10, 31)
PURCHASING = (0.243, 4.414, 0.793, 2.426)  # CDNOW's, in weeks
SPENDING = (6.25, 3.74, 15.44)
OTHERS = {"Pareto/NBD": "pareto_nbd", "MBG/NBD": "mbg_nbd", "MBG/CNBD-2": "mbg_cnbd_2"}
Steps = dict[str, float]


def generate(folder: Path, customers: int) -> None:
    """Write `lines.parquet`, a canonical table of one-off lines, and `codes.parquet`."""
    import numpy as np
    import polars as pl

    from clv_cli.frames import TABLES
    from tests.models import simulate

    draw = np.random.default_rng(7)
    age = draw.integers(1, 731, customers).astype(float) / 7
    times, who = simulate.beta_geometric(draw, np.array(PURCHASING), age, 0.0, first=0)
    first_day = (AS_OF - date(1970, 1, 1)).days - (age * 7).round().astype(np.int64)
    everyone = np.concatenate([np.arange(customers), who])
    day = np.concatenate([first_day, first_day[who] + np.floor(times * 7).astype(np.int64)])
    p, q, gamma = SPENDING
    spent = draw.gamma(p, 1 / draw.gamma(q, 1 / gamma, customers)[everyone])
    schema = {**TABLES["billing_lines"].dtypes, "source": pl.String, "row": pl.Int64}
    names = pl.Series(range(customers), dtype=pl.Int32).cast(pl.String).str.zfill(7)
    known = pl.DataFrame(
        {
            "customer_id": names.gather(everyone),
            "issued_on": pl.Series(day).cast(pl.Int32).cast(pl.Date),
            "amount": np.maximum(np.rint(spent * 100), 1).astype(np.int64),
        }
    ).sort("issued_on", "customer_id")
    known.with_columns(
        line_id=pl.int_range(pl.len()).cast(pl.String),
        kind=pl.lit("one_off"),
        currency=pl.lit("USD"),
        status=pl.lit("paid"),
        **{
            name: pl.lit(None, dtype)
            for name, dtype in schema.items()
            if name not in {*known.columns, "line_id", "kind", "currency", "status"}
        },
    ).select(list(schema)).write_parquet(folder / "lines.parquet")
    codes = pl.DataFrame(
        {"customer_id": names, "code": pl.Series(range(customers), dtype=pl.Int32)}
    )
    codes.write_parquet(folder / "codes.parquet")


class Stopwatch:
    """CPU seconds by step."""

    def __init__(self) -> None:
        self.steps: Steps = {}
        self._last = time.process_time()

    def lap(self, name: str) -> None:
        """End a step."""
        now = time.process_time()
        self.steps[name] = now - self._last
        self._last = now


def value_everyone(folder: Path) -> Steps:
    """Log → rfm → BG/NBD + Gamma-Gamma → 12-month value of each customer and of all, with intervals."""
    watch = Stopwatch()
    import numpy as np
    import polars as pl
    import scipy.special  # noqa: F401 - what the first special function would load

    from clv_cli.measures import model_inputs
    from clv_cli.measures.rfm import rfm_free_choice
    from clv_cli.models import gamma_gamma
    from clv_cli.models.beta_geometric import bg_nbd
    from clv_cli.models.intervals import delta
    from clv_cli.results import collect_frames

    watch.lap("imports")
    table = collect_frames([rfm_free_choice], _scope(folder))[rfm_free_choice]
    watch.lap("log to rfm")
    table.write_parquet(folder / "rfm.parquet")
    watch.lap("(written for the others)")
    purchases = model_inputs.purchase_histories(table)
    stats, groups = purchases.grouped()
    buying = bg_nbd.fit(stats)
    watch.lap("BG/NBD fit")
    spent = model_inputs.repeat_spending(table)
    spending = gamma_gamma.fit(spent)
    watch.lap("Gamma-Gamma fit")
    weeks = 365.25 / 7
    rate = float(np.log(1.10)) / weeks
    future = delta(lambda p: bg_nbd.discounted_residual(p, stats, rate, weeks), buying)
    spend = delta(lambda p: gamma_gamma.expected_spend(p, spent), spending)
    value = future.of(groups.member).times(spend)
    low, high = value.interval(0.95)
    total = value.total()
    watch.lap("12-month value, intervals")
    assert np.isfinite(low).all()
    assert np.isfinite(high).all()
    assert buying.converged
    assert spending.converged
    bounds = [float(bound[0]) / 100 for bound in total.interval(0.95)]
    print(
        f"total {total.value[0] / 100:,.2f}, 95 % {bounds[0]:,.2f} .. {bounds[1]:,.2f}",
        file=sys.stderr,
    )
    print(f"BG/NBD {buying.parameters}, rows {len(stats):,}", file=sys.stderr)
    lines = pl.scan_parquet(folder / "lines.parquet").select(pl.len()).collect().item()
    del watch.steps["(written for the others)"]
    return {**watch.steps, "all": sum(watch.steps.values()), "lines": float(lines)}


def _scope(folder: Path) -> Scope:
    """The Book that `sources` would make of the log."""
    import polars as pl

    from clv_cli.frames import Book, LineStats
    from clv_cli.periods import Period, month_of
    from clv_cli.pipeline import Scope
    from clv_cli.settings import Settings

    lines = pl.scan_parquet(folder / "lines.parquet")
    stats = LineStats(0, AS_OF - timedelta(days=730), AS_OF, ("USD",), ("one_off",), ("paid",))
    codes = pl.read_parquet(folder / "codes.parquet")
    rates = pl.DataFrame(schema={"currency": pl.String, "day": pl.Date, "rate": pl.Int64})
    book = Book({"billing_lines": lines}, "USD", stats, codes, rates, quarantined=pl.DataFrame())
    closing = month_of(AS_OF)
    return Scope(book, AS_OF, Period(closing - 11, closing + 1), Settings())


def fit_others(folder: Path) -> Steps:
    """Pareto/NBD, MBG/NBD and MBG/CNBD-2 on the frequency table."""
    import polars as pl

    from clv_cli.measures.model_fitting import purchase_model
    from clv_cli.measures.model_inputs import purchase_histories

    histories = purchase_histories(pl.read_parquet(folder / "rfm.parquet"))
    watch = Stopwatch()
    for name, model in OTHERS.items():
        fit = purchase_model(model).fit(histories)
        watch.lap(f"{name} fit")
        print(f"{name} {fit.parameters}, {fit.iterations} steps", file=sys.stderr)
        assert fit.converged
    return watch.steps


def fit_lifetimes(folder: Path) -> Steps:
    """BG/NBD by `lifetimes` on the frequency table."""
    import warnings

    import polars as pl

    warnings.simplefilter("ignore")
    from lifetimes import BetaGeoFitter

    frame = pl.read_parquet(folder / "rfm.parquet")
    columns = [
        frame[c].to_numpy() / unit for c, unit in (("frequency", 1), ("recency", 7), ("age", 7))
    ]
    watch = Stopwatch()
    fitter = BetaGeoFitter().fit(*columns)
    watch.lap("BG/NBD fit, lifetimes")
    print(f"lifetimes {dict(fitter.params_)}", file=sys.stderr)
    return watch.steps


TASKS: dict[str, Callable[[Path], Steps]] = {
    "value": value_everyone,
    "others": fit_others,
    "lifetimes": fit_lifetimes,
}


def in_own_process(task: str, folder: Path) -> Steps:
    """Run a task in a fresh process, with its peak memory in MB."""
    # Two threads of linear algebra wait for each other longer than they work on such small products.
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "tests.bench.models", "--task", task, str(folder)]
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    steps: Steps = json.loads(run.stdout)
    return steps


def main() -> None:
    """Measure, print the table, and write it where asked."""
    if "--task" in sys.argv:
        steps = TASKS[sys.argv[2]](Path(sys.argv[3]))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({**steps, "peak": peak}))
        return
    customers = int(float(next((text for text in sys.argv[1:] if text[:1].isdigit()), "1e6")))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        code = f"from tests.bench.models import *; generate(Path({name!r}), {customers})"
        subprocess.run([sys.executable, "-c", code], check=True, cwd=HERE.parents[1])
        ours, others, theirs = (in_own_process(task, folder) for task in TASKS)
    table = _table(customers, ours, others, theirs)
    print(table)
    if "--write" in sys.argv:
        record("bench-models", table)


def _table(customers: int, ours: Steps, others: Steps, theirs: Steps) -> str:
    lines, peak = ours.pop("lines"), ours.pop("peak")
    rows = [f"| {customers:,} customers, {lines:,.0f} lines | CPU s |", "|---|--:|"]
    rows += [f"| {name} | {seconds:.2f} |" for name, seconds in ours.items()]
    rows.append(f"| peak MB | {peak:,.0f} |")
    rows += [f"| {name} fit | {others[f'{name} fit']:.2f} |" for name in OTHERS]
    slow = theirs["BG/NBD fit, lifetimes"]
    rows.append(f"| BG/NBD fit, lifetimes 0.11.3 | {slow:.2f} |")
    rows.append(f"| BG/NBD fit, times faster | {slow / ours['BG/NBD fit']:.1f} |")
    return "\n".join(rows)


if __name__ == "__main__":
    main()
