"""A small report with every kind of cell, for the renderers' tests."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.frames import Finding, Severity
from clv_cli.results import Check, Column, Kind, Report, Result, Rows, Table

if TYPE_CHECKING:
    from clv_cli.results import Frames

NASTY = "=1+1 [/red] \x1b[31mred\x1b]8;;x\x07 | <b>é\u202e漢"

KPIS = (
    Column("metric", Kind.TEXT, "Metric", labels={"mrr": "MRR", "logo_churn": "Customer churn"}),
    Column("kind", Kind.TEXT, "Kind", people=False),
    Column("value", Kind.BY_ROW, "Now", whole=True),
    Column("change", Kind.CHANGE, "Change"),
    Column("window", Kind.TEXT, "Window"),
    Column("series", Kind.SERIES, "12 months"),
)
SPLIT = (
    Column("name", Kind.TEXT, "Name"),
    Column("month", Kind.MONTH, "Month"),
    Column("day", Kind.DATE, "Day"),
    Column("lines", Kind.COUNT, "Lines"),
    Column("amount", Kind.MONEY, "Amount"),
    Column("local", Kind.MONEY, "Local", "currency"),
    Column("share", Kind.RATIO, "Share", bar=True),
    Column("factor", Kind.FACTOR, "Factor"),
    Column("months", Kind.MONTHS, "Months"),
)


def result(
    name: str, columns: tuple[Column, ...], frame: pl.DataFrame, *reasons: tuple[int, str, str]
) -> Result:
    """A computed table."""

    def finish(_: Frames) -> Rows:
        return Rows(frame)

    return Result(Table(name, f"The {name}", columns, (), finish), Rows(frame, reasons=reasons))


def sample_report() -> Report:
    """Two tables with every kind of column, a null with a reason, and hostile text."""
    kpis = pl.DataFrame(
        {
            "metric": ["mrr", "logo_churn", "customers", "clv"],
            "kind": ["money", "ratio", "count", "money"],
            "value": ["612480.00", "0.019", "1204", None],
            "change": [0.031, 0.002, -0.5, None],
            "window": ["at 2026-10-31", "month 2026-10", "at 2026-10-31", "12 months"],
            "series": [["1", "2", "3"], ["0.1", None, "0.1"], ["5", "5", "5"], [None, None, None]],
        }
    )
    split = pl.DataFrame(
        {
            "name": [NASTY, "plain"],
            "month": [2026 * 12 + 9, None],
            "day": [date(2026, 10, 31), None],
            "lines": [1_234_567, 0],
            "amount": [741_290_318, -5],
            "currency": ["JPY", "KWD"],
            "local": [1234, -1234],
            "share": [0.75, 0.25],
            "factor": [3.417, None],
            "months": [18.25, 0.0],
        }
    )
    return Report(
        command="report",
        as_of=date(2026, 10, 31),
        period=(date(2025, 11, 1), date(2026, 11, 1)),
        currency="USD",
        company=NASTY,
        results=(
            result("kpis", KPIS, kpis, (3, "value", "only 3 customers lost in 12 months")),
            result("split", SPLIT, split),
        ),
        checks=(Check("split_total", 741_290_318, 741_290_318, "billed = split"),),
        findings=(
            Finding(
                Severity.ERROR,
                "bad_amount",
                f"amount {NASTY} is no number",
                "a.csv",
                7,
                "amount",
                "fix it",
            ),
            Finding(Severity.NOTE, "chosen", "a note", None, None, None, None),
        ),
        conventions={"mrr.basis": "lines"},
        notes=("Provisional.",),
    )
