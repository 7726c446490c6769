"""The lines that a rule or a credit may concern: read once, and all of the split is made of them.

What stands on no row of the split by bucket (invoice, file and row) is left in the files: see
`facts.split_documents`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.attribution import cs, cxm
from clv_cli.attribution.lines import FACETS, credited_codes, history
from clv_cli.attribution.methods import reaches_everyone, source_of
from clv_cli.measures.billed_lines import month_index
from clv_cli.pipeline import derived, reduction

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope

SPREAD = ("recurring", "credit", "refund", "writeoff")
COLUMNS = (
    "line_id",
    "code",
    "issued_on",
    "month",
    "product_id",
    "currency",
    "amount",
    "amount_base",
    *FACETS,
    "original_line_id",
    "closed",
)


def has_evidence(scope: Scope) -> bool:
    """Whether any table, or a method that claims by stratum, is there for a rule to follow from."""
    return source_of(scope) is not None or any(
        scope.book.has(table) for table in (*cxm.TABLES, *cs.TABLES)
    )


def concerns_all(scope: Scope) -> bool:
    """Whether any customer's lines may be claimed, so that `split_history` holds them all."""
    return any(scope.book.has(table) for table in cxm.TABLES) or reaches_everyone(scope)


@reduction("split_history")
def split_history(scope: Scope) -> pl.LazyFrame:
    """All lines up to the end of the period of customers whom a rule or a credit may concern.

    Returns:
        `COLUMNS`, and the term of the line: `begins` (its first month), `months` (its length).
    """
    lines = history(scope)
    if not concerns_all(scope):
        codes = [credited_codes(scope)]
        if has_evidence(scope):
            # Lines of any year may be credited now; their customers' past is needed too.
            codes.append(cs.reached(scope))
        lines = lines.join(pl.concat(codes).unique(), on="code", how="semi")
    start, end = month_index(pl.col("period_start")), month_index(pl.col("period_end"))
    termed = pl.col("kind").is_in(SPREAD) & start.is_not_null() & end.is_not_null()
    months = pl.when(termed).then(pl.max_horizontal(end - start, 1)).otherwise(1)
    begins = pl.when(termed).then(pl.max_horizontal("month", start)).otherwise(pl.col("month"))
    return lines.select(*COLUMNS, begins=begins.cast(pl.Int32), months=months.cast(pl.Int32))


@derived("split_negatives", split_history)
def split_negatives(_: Scope, lines: pl.DataFrame) -> pl.DataFrame:
    """Credits, refunds and write-offs up to the end of the period."""
    return lines.filter(pl.col("amount") < 0).select(COLUMNS)


@derived("split_originals", split_history, split_negatives)
def split_originals(_: Scope, lines: pl.DataFrame, negative: pl.DataFrame) -> pl.DataFrame:
    """The purchases that credits may take back.

    Those that credits name, and, of a customer who has a credit that names none or more than its
    original is worth, all up to the day of its last credit.
    """
    bought, originals = pl.col("amount") > 0, negative["original_line_id"].drop_nulls().unique()
    named = bought & pl.col("line_id").is_in(originals.implode())
    marks = lines.select(named=named).to_series()
    adrift = _adrift(lines.filter(marks).select(COLUMNS), negative)
    theirs = bought & pl.col("code").is_in(adrift["code"].implode())
    # Few lines are left to be looked at one by one.
    either = lines.select(*COLUMNS, _named=marks).filter(pl.col("_named") | theirs)
    last = negative.join(adrift, on="code", how="semi").group_by("code")
    until = either.join(last.agg(_last=pl.col("issued_on").max()), on="code", how="left")
    every = (pl.col("issued_on") <= pl.col("_last")).fill_null(value=False)
    return until.filter(pl.col("_named") | every).drop("_named", "_last")


def _adrift(named: pl.DataFrame, negative: pl.DataFrame) -> pl.DataFrame:
    """The customers with a credit that no original covers: `code`."""
    keys = ["line_id", "code", "currency"]
    owed = 0 - pl.col("amount").cast(pl.Int128).sum()
    asked = negative.group_by(line_id="original_line_id", code="code", currency="currency")
    covered = asked.agg(owed=owed).join(named.select(*keys, "amount"), on=keys, how="left")
    uncovered = pl.col("amount").is_null() | (pl.col("owed") > pl.col("amount"))
    return covered.filter(uncovered).select("code").unique()
