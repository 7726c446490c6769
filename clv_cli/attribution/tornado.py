"""Which estimate of the worksheet moves the result most?

Each estimate goes from its low to its high while all others stay; what moves is its bucket, and sales by
as much the other way (the total moves sales alone). The widest swing stands first: it is the estimate
worth measuring.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import polars as pl

from clv_cli.attribution.split import NO_REVENUE
from clv_cli.attribution.worksheet import cells, worksheet_rows
from clv_cli.glossary import Kind
from clv_cli.results import Column, Rows, Table

if TYPE_CHECKING:
    from clv_cli.attribution.cells import Cells
    from clv_cli.pipeline import Scope
    from clv_cli.results import Frames

LABELS = {"all": "All", "cxm": "CXM", "cs": "CS"}
COLUMNS = (
    Column("item", Kind.TEXT, "Estimate"),
    Column("bucket", Kind.TEXT, "Bucket", labels=LABELS),
    Column("component", Kind.TEXT, "Component", people=False),
    Column("low", Kind.MONEY, "Low"),
    Column("amount", Kind.MONEY, "Mid", people=False),
    Column("high", Kind.MONEY, "High"),
    Column("sales_low", Kind.MONEY, "Sales at high", people=False),
    Column("sales_high", Kind.MONEY, "Sales at low", people=False),
    Column("swing", Kind.MONEY, "Swing"),
    Column("swing_share", Kind.RATIO, "of all", bar=True),
)
MONEY = ("low", "amount", "high", "sales_low", "sales_high", "swing")
SCHEMA = {
    **dict.fromkeys(("item", "bucket", "component"), pl.String),
    **dict.fromkeys(MONEY, pl.Int64),
    "swing_share": pl.Float64,
}


def split_tornado_table(_: Scope) -> Table:
    """How far does each estimate move its bucket, and sales, over its declared range?"""

    def finish(frames: Frames) -> Rows:
        found = cells(frames)
        ranged = [row for row in frames[worksheet_rows].to_dicts() if row["low"] is not None]
        rows = [_swing(row, found) for row in ranged]
        rows.sort(key=lambda row: (-row["swing"], row["bucket"], row["item"]))
        reasons = (
            [] if found.total else [(at, "swing_share", NO_REVENUE) for at in range(len(rows))]
        )
        return Rows(pl.DataFrame(rows, schema=SCHEMA), reasons=reasons)

    title = "Which estimate moves the split most"
    return Table("split_tornado", title, COLUMNS, (worksheet_rows,), finish)


def _swing(row: dict[str, Any], found: Cells) -> dict[str, Any]:
    named = {
        "item": row["item"] or row["component"],
        **{k: row[k] for k in ("bucket", "component")},
    }
    low, mid, high, sales = row["low"], row["amount"], row["high"], found.of("sales")
    # A higher total leaves more for sales, a higher claim less.
    ends = (sales + low - mid, sales + high - mid)
    if row["bucket"] != "all":
        ends = (sales - (high - mid), sales - (low - mid))
    share = float(Fraction(high - low, found.total)) if found.total else None
    return {
        **named, "low": low, "amount": mid, "high": high,
        "sales_low": ends[0], "sales_high": ends[1], "swing": high - low, "swing_share": share,
    }  # fmt: skip
