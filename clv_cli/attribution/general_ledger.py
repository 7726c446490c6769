"""Does the split tie to the general ledger, month by month and currency by currency?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.attribution.facts import SPLIT_FACTS
from clv_cli.buckets import BUCKETS
from clv_cli.errors import DataError
from clv_cli.frames import Finding, Severity
from clv_cli.glossary import Kind
from clv_cli.measures.bridge import ledger_rows
from clv_cli.money import to_text
from clv_cli.periods import month_text
from clv_cli.results import Column, Rows, Table

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope
    from clv_cli.results import Frames

KEYS = ["month", "currency"]
# Accounts that an error names.
NAMED = 4
COLUMNS = (
    Column("month", Kind.MONTH, "Month"),
    Column("currency", Kind.TEXT, "Currency"),
    *(Column(name, Kind.MONEY, head, "currency", people=False) for name, head in BUCKETS.items()),
    Column("split", Kind.MONEY, "Split", "currency"),
    Column("booked", Kind.MONEY, "General ledger", "currency"),
    Column("difference", Kind.MONEY, "Difference", "currency"),
)
SPLIT = SPLIT_FACTS["currency"]


def split_general_ledger_table(_: Scope) -> Table:
    """Split, general ledger and their difference, which is 0, in the currency of the lines.

    Raises:
        DataError: (when computed) a month and currency does not tie, with the accounts of the books.
    """

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
        booked = _booked(frames.scope, frames[ledger_rows])
        both = split.join(booked, on=KEYS, how="full", coalesce=True).sort(KEYS)
        money = pl.col(*BUCKETS, "split", "booked").fill_null(0)
        rows = both.with_columns(money).with_columns(difference=pl.col("split") - pl.col("booked"))
        _require_booked(rows, frames[ledger_rows])
        return Rows(rows, findings=(_tied(rows),) if rows.height else ())

    title = "Split against the general ledger"
    return Table("split_general_ledger", title, COLUMNS, (SPLIT, ledger_rows), finish)


def _tied(rows: pl.DataFrame) -> Finding:
    message = (
        f"the split ties to the general ledger in {rows.height} months and currencies, to the cent"
    )
    return Finding(Severity.NOTE, "general_ledger_ties", message)


def _booked(scope: Scope, ledger: pl.DataFrame) -> pl.DataFrame:
    """What the revenue accounts hold in the months of the period: `month, currency, booked`."""
    inside = pl.col("month").is_between(scope.period.first, scope.period.end - 1)
    booked = pl.col("amount").cast(pl.Int128).sum().cast(pl.Int64)
    return ledger.filter(inside).group_by(KEYS).agg(booked=booked)


def _require_booked(rows: pl.DataFrame, ledger: pl.DataFrame) -> None:
    """Stop at the first month and currency that does not tie, naming its accounts and their rows."""
    apart = rows.filter(pl.col("difference") != 0)
    for row in apart.head(1).to_dicts():
        month, currency = row["month"], row["currency"]
        here = ledger.filter((pl.col("month") == month) & (pl.col("currency") == currency))
        named = [f"{account} ({place})" for account, place in here[["account", "place"]].rows()]
        more = f" and {len(named) - NAMED} more" if len(named) > NAMED else ""
        raise DataError(
            f"the split differs from the general ledger in {apart.height} of {rows.height} months and "
            f"currencies, first in {month_text(month)} by {to_text(row['difference'], currency)} {currency}",
            where="; ".join(named[:NAMED]) + more
            or f"no account of the books for {month_text(month)} in {currency}",
            hint="clv reconcile names the lines that amount to it; the figure is split less booked",
        )
