"""How the models used did on months they had not seen: by customers' past, and cumulated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.glossary import Kind
from clv_cli.measures.holdout_tracking import MANY, holdout_tracking
from clv_cli.results import Column, Rows, Table

if TYPE_CHECKING:
    from clv_cli.results import Frames

MADE = {str(number): str(number) for number in range(MANY)} | {str(MANY): f"{MANY}+"}
_COUNTED = (
    "Contracts: renewals due, and those lost, by renewals made before. Free choice: customers, and "
    "their purchases, by repeat purchases before the holdout. Naive: one rate for everyone."
)


def holdout_tables() -> list[Table]:
    """What was expected of the held-out months, and what was seen: by past, and month by month?"""
    return [_calibration(), _tracking()]


def _calibration() -> Table:
    columns = (
        Column("population", Kind.TEXT, "Population"),
        Column("model", Kind.TEXT, "Model", rigid=True),
        Column("made", Kind.TEXT, "Before", labels=MADE),
        Column("n", Kind.COUNT, "n"),
        Column("seen", Kind.COUNT, "Seen"),
        Column("expected", Kind.FACTOR, "Expected"),
        Column("naive", Kind.FACTOR, "Naive"),
        Column("seen_each", Kind.FACTOR, "Seen each"),
        Column("expected_each", Kind.FACTOR, "Expected each"),
    )

    def finish(frames: Frames) -> Rows:
        rows = frames[holdout_tracking]
        keys = ["population", "model", "made"]
        contract = pl.col("population").str.starts_with("contracts")
        # A renewal falls due in one month; a customer of free choice is there in all of them.
        n = pl.when(contract).then(pl.col("n").sum()).otherwise(pl.col("n").max()).first()
        sums = rows.group_by(keys).agg(n.alias("n"), pl.col("seen", "expected", "naive").sum())
        each = [(pl.col(name) / pl.col("n")).alias(f"{name}_each") for name in ("seen", "expected")]
        found = sums.with_columns(each).sort(keys)
        return Rows(found.with_columns(pl.col("made").cast(pl.String)), notes=(_COUNTED,))

    title = "Calibration: the held-out months by what customers did before"
    return Table("calibration", title, columns, (holdout_tracking,), finish)


def _tracking() -> Table:
    columns = (
        Column("population", Kind.TEXT, "Population"),
        Column("model", Kind.TEXT, "Model", rigid=True),
        Column("month", Kind.MONTH, "To the end of"),
        Column("seen", Kind.COUNT, "Seen"),
        Column("expected", Kind.FACTOR, "Expected"),
        Column("off", Kind.CHANGE, "Off by"),
        Column("naive", Kind.FACTOR, "Naive"),
        Column("naive_off", Kind.CHANGE, "Off by"),
    )

    def finish(frames: Frames) -> Rows:
        keys = ["population", "model", "month"]
        names = ("seen", "expected", "naive")
        sums = frames[holdout_tracking].group_by(keys).agg(pl.col(names).sum()).sort(keys)
        grown = sums.with_columns(pl.col(names).cum_sum().over("population"))
        seen = pl.when(pl.col("seen") > 0).then(pl.col("seen"))
        off = {"off": pl.col("expected") / seen - 1, "naive_off": pl.col("naive") / seen - 1}
        return Rows(grown.with_columns(**{name: off[name].round(6) for name in off}))

    title = "Tracking: expected and seen, cumulated over the held-out months"
    return Table("tracking", title, columns, (holdout_tracking,), finish)
