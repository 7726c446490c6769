"""Does the split tie to the general ledger, month by month and currency by currency?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.attribution.facts import SPLIT_FACTS
from clv_cli.buckets import BUCKETS
from clv_cli.frames import Finding, Severity
from clv_cli.glossary import Kind
from clv_cli.measures.billed_lines import month_index
from clv_cli.money import to_decimal
from clv_cli.periods import month_text
from clv_cli.pipeline import reduction
from clv_cli.results import Column, Rows, Table

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope
    from clv_cli.results import Frames

KEYS = ["month", "currency"]
COLUMNS = (
    Column("month", Kind.MONTH, "Month"),
    Column("currency", Kind.TEXT, "Currency"),
    *(Column(name, Kind.MONEY, head, "currency", people=False) for name, head in BUCKETS.items()),
    Column("split", Kind.MONEY, "Split", "currency"),
    Column("booked", Kind.MONEY, "General ledger", "currency"),
    Column("difference", Kind.MONEY, "Difference", "currency"),
)
SPLIT = SPLIT_FACTS["currency"]


@reduction("booked_months")
def booked_months(scope: Scope) -> pl.LazyFrame:
    """What the revenue accounts of the books hold: `month, currency, booked` (its minor units)."""
    ledger = scope.book.table("general_ledger").rename({"month": "day"})
    sums = ledger.group_by(month_index(pl.col("day")).alias("month"), "currency").agg(
        booked=pl.col("amount").cast(pl.Int128).sum().cast(pl.Int64)
    )
    period = scope.period
    return sums.filter(pl.col("month").is_between(period.first, period.end - 1)).sort(KEYS)


def split_general_ledger_table(_: Scope) -> Table:
    """Split, general ledger and their difference, in the currency of the lines."""

    def finish(frames: Frames) -> Rows:
        own = pl.col("own")
        split = (
            frames[SPLIT]
            .group_by(KEYS)
            .agg(
                *(own.filter(pl.col("bucket") == bucket).sum().alias(bucket) for bucket in BUCKETS),
                own.sum().alias("split"),
            )
        )
        both = split.join(frames[booked_months], on=KEYS, how="full", coalesce=True).sort(KEYS)
        money = pl.col(*BUCKETS, "split", "booked").fill_null(0)
        rows = both.with_columns(money).with_columns(difference=pl.col("split") - pl.col("booked"))
        return Rows(rows, findings=(_finding(rows),) if rows.height else ())

    title = "Split against the general ledger"
    return Table("split_general_ledger", title, COLUMNS, (SPLIT, booked_months), finish)


def _finding(rows: pl.DataFrame) -> Finding:
    apart = rows.filter(pl.col("difference") != 0)
    if apart.is_empty():
        message = f"the split ties to the general ledger in {rows.height} months and currencies, to the cent"
        return Finding(Severity.NOTE, "general_ledger_ties", message)
    first = apart.row(0, named=True)
    difference = to_decimal(first["difference"], first["currency"])
    message = (
        f"the split differs from the general ledger in {apart.height} of {rows.height} months and "
        f"currencies, first in {month_text(first['month'])} by {difference:,f} {first['currency']}"
    )
    remedy = "see --table split_general_ledger; the books may hold lines that the exports do not"
    return Finding(Severity.WARNING, "general_ledger_differs", message, remedy=remedy)
