"""Invoice heads and API lines: lines get customer, days and status; heads without lines are lines.

An API's line carries no customer; its invoice does. And an invoice of which no line was exported
is billed all the same: it becomes one line of its own.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.errors import DataError
from clv_cli.frames import TABLES, Finding, Severity
from clv_cli.money import to_text
from clv_cli.sources.account import Sums, sums_of
from clv_cli.sources.judging import BAD, LOADED
from clv_cli.sources.quarantine import NO_INVOICE, SCHEMA

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv_cli.sources.part import Part
    from clv_cli.sources.store import LineStore

MAX_FINDINGS = 10
# These take back what other lines billed; an invoice that has nothing else still needs its line.
TAKING_BACK = ("credit", "refund", "writeoff")


def enrich(part: Part, invoices: pl.LazyFrame, store: LineStore) -> Part:
    """Give the lines of an API dump what only their invoice knows.

    A line whose invoice is missing is set aside: it belongs to no customer and no day.

    Args:
        part: the lines.
        invoices: the loaded invoices.
        store: where the new part goes.

    Raises:
        DataError: the join changed the number of rows.
    """
    columns = part.binding.enriched
    heads = (
        invoices.sort("source", "row")
        .unique("invoice_id", keep="first", maintain_order=True)
        .select("invoice_id", *columns, pl.lit(value=True).alias("found"))
    )
    joined = part.typed().join(heads, on="invoice_id", how="left", maintain_order="left")
    orphan = (pl.col("state") == LOADED) & pl.col("found").is_null()
    state = pl.when(orphan).then(pl.lit(BAD, pl.UInt8)).otherwise(pl.col("state"))
    path = store.new_part()
    store.write(joined.with_columns(state.alias("state"), orphan.alias("orphan")), path)
    written = pl.scan_parquet(path, glob=False)
    sums = Sums(sums_of(written, part.binding).collect())
    if sums.tally().rows != part.sums.tally().rows:
        raise DataError(
            "the lines do not match their invoices one to one",
            where=part.name,
            hint="this is a bug: please report it",
        )
    bad = pl.concat([part.bad, _orphans(written, part)]).sort("row")
    return replace(part, path=path, held=None, sums=sums, bad=bad)


def _orphans(written: pl.LazyFrame, part: Part) -> pl.DataFrame:
    return (
        written.filter("orphan")
        .select(
            pl.lit(part.name).alias("source"),
            "row",
            pl.lit(part.table).alias("table"),
            pl.lit(part.binding.label("invoice_id")).alias("column"),
            pl.lit(NO_INVOICE).alias("code"),
            pl.col("invoice_id").alias("value"),
        )
        .collect()
        .match_to_schema(SCHEMA)
    )


def invoices_as_lines(invoices: pl.LazyFrame, lines: Sequence[pl.LazyFrame]) -> pl.LazyFrame:
    """One billing line for each invoice that has none.

    Args:
        invoices: the loaded invoices.
        lines: the loaded billing lines.
    """
    table = TABLES["billing_lines"]
    bare = invoices
    if lines:
        billed = pl.concat(
            frame.filter(~pl.col("kind").is_in(TAKING_BACK)).select("invoice_id") for frame in lines
        )
        bare = invoices.join(billed.unique(), on="invoice_id", how="anti")
    recurring = pl.col("subscription_id").is_not_null()
    made = bare.with_columns(
        pl.col("invoice_id").alias("line_id"),
        pl.when(recurring).then(pl.lit("recurring")).otherwise(pl.lit("one_off")).alias("kind"),
    )
    names = {*TABLES["invoices"].dtypes, "line_id", "kind"}
    columns = [
        pl.col(name) if name in names else pl.lit(None, dtype).alias(name)
        for name, dtype in table.dtypes.items()
    ]
    return made.select(*columns, "source", "row").sort("source", "row")


def control_totals(invoices: pl.LazyFrame, lines: Sequence[pl.LazyFrame]) -> list[Finding]:
    """A warning for each invoice whose lines do not sum to it, at most 10, then a count.

    Args:
        invoices: the loaded invoices.
        lines: loaded lines that were enriched by them.
    """
    if not lines:
        return []
    sums = (
        pl.concat(frame.select("invoice_id", "amount") for frame in lines)
        .group_by("invoice_id")
        .agg(pl.col("amount").cast(pl.Int128).sum().alias("lines"))
    )
    differing = (
        invoices.join(sums, on="invoice_id")
        .with_columns(pl.col("amount").cast(pl.Int128))
        .filter(pl.col("lines") != pl.col("amount"))
        .sort("source", "row")
        .collect()
    )
    found = [
        Finding(
            Severity.WARNING,
            "lines_differ",
            f"invoice {row['invoice_id']} is {to_text(row['amount'], row['currency'])} "
            f"{row['currency']}, its lines sum to {to_text(row['lines'], row['currency'])} "
            f"(difference {to_text(row['lines'] - row['amount'], row['currency'])}); "
            "the lines count",
            source=row["source"],
            row=row["row"],
            remedy="look for lines or discounts that the export leaves out",
        )
        for row in differing.head(MAX_FINDINGS).iter_rows(named=True)
    ]
    if differing.height > MAX_FINDINGS:
        more = differing.height - MAX_FINDINGS
        found.append(
            Finding(
                Severity.WARNING,
                "lines_differ",
                f"{more} more invoices differ from the sum of their lines",
                remedy="compare the span and the discounts of both exports",
            )
        )
    return found
