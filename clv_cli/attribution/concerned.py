"""The lines that a rule or a credit may concern: read once, and all of the split is made of them.

What stands on no row of the split by bucket (invoice, file and row) is left in the files: see
`facts.split_documents`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from clv_cli.attribution import cs, cxm
from clv_cli.attribution.grouping import enumerated
from clv_cli.attribution.in_base import in_base
from clv_cli.attribution.lines import FACETS, credited_codes, unpriced
from clv_cli.attribution.methods import reaches_everyone, source_of
from clv_cli.measures.billed_lines import months_of
from clv_cli.pipeline import derived, reduction

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope
    from clv_cli.ranges import Passing

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
# What the scan reads of a line: the others are made of these where they are needed.
READ = tuple(name for name in COLUMNS if name not in {"month", "amount_base"})
# A text takes 16 bytes a line even where there is none, a category 4.
TEXTS = ("product_id", "currency", *FACETS, "original_line_id")
# These groups are made of, or told apart by.
CODED = ("product_id", "currency")
# Bits of a hash: few enough for a table of them that stays near the processor.
BITS = 22
TERM = ("period_start", "period_end")


def has_evidence(scope: Scope) -> bool:
    """Whether any table, or a method that claims by stratum, is there for a rule to follow from."""
    return source_of(scope) is not None or any(
        scope.book.has(table) for table in (*cxm.TABLES, *cs.TABLES)
    )


def concerns_all(scope: Scope) -> bool:
    """Whether any customer's lines may be claimed, so that `split_history` holds them all."""
    return any(scope.book.has(table) for table in cxm.TABLES) or reaches_everyone(scope)


@reduction("split_scanned", passing=True)
def split_scanned(scope: Scope) -> pl.LazyFrame:
    """All lines up to the end of the period of customers whom a rule or a credit may concern.

    Returns:
        `READ`, those of `TEXTS` as categories, and the term of the line (`TERM`) where it has one.
    """
    lines = unpriced(scope)
    if not concerns_all(scope):
        codes = [credited_codes(scope)]
        if has_evidence(scope):
            # Lines of any year may be credited now; their customers' past is needed too.
            codes.append(cs.reached(scope))
        lines = lines.join(pl.concat(codes).unique(), on="code", how="semi")
    both = pl.all_horizontal(pl.col(TERM).is_not_null())
    termed = pl.when(pl.col("kind").is_in(SPREAD) & both)
    term = {name: termed.then(name) for name in TERM}
    return lines.select(READ, **term).with_columns(pl.col(TEXTS).cast(pl.Categorical))


@derived("split_history", split_scanned)
def split_history(scope: Scope, passing: Passing) -> pl.DataFrame:
    """The lines of `split_scanned` as rules and credits look at them; of a batch of customers, see `batches`."""
    lines = passing.whole()
    return as_history(scope, lines.with_columns(enumerated(lines[name]) for name in CODED))


def as_history(scope: Scope, lines: pl.DataFrame) -> pl.DataFrame:
    """Lines with all of `COLUMNS`, and the first month (`begins`) and length (`months`) of their term.

    Args:
        scope: the rates.
        lines: of `split_scanned`, those of `CODED` in enumerations.
    """
    month = months_of(lines["issued_on"])
    begins, months = month.alias("begins"), pl.lit(1, pl.Int32).alias("months")
    start, end = (lines[name] for name in TERM)
    told = lines.with_columns(month.alias("month"), in_base(scope, lines)).with_columns(
        _texts(lines[name]) for name in FACETS
    )
    if start.null_count() == len(start):
        return told.drop(TERM).with_columns(begins, months)
    first = months_of(start)
    return told.drop(TERM).with_columns(
        pl.max_horizontal(begins, first).alias("begins"),
        pl.max_horizontal(months_of(end) - first, 1).fill_null(1).cast(pl.Int32).alias("months"),
    )


def _texts(column: pl.Series) -> pl.Series:
    """Categories as texts; a column of nothing is not looked at."""
    nothing = column.null_count() == len(column)
    return column.clear(len(column)).cast(pl.String) if nothing else column.cast(pl.String)


@derived("split_negatives", split_history)
def split_negatives(_: Scope, lines: pl.DataFrame) -> pl.DataFrame:
    """Credits, refunds and write-offs up to the end of the period, by id.

    Returns:
        `COLUMNS`, and `original`: the place in `split_history` of the purchase that it names, of the same
        customer in the same currency; null where there is none.
    """
    negative = lines.filter(pl.col("amount") < 0).select(COLUMNS).sort("line_id")
    negative = negative.with_columns(pl.col("original_line_id").cast(pl.String))
    places = places_of(lines, negative["original_line_id"])
    keys = ("code", "currency")
    named = lines.select(pl.col(*keys, "amount").gather(places))
    same = named["amount"] > 0
    for key in keys:
        same &= named[key] == negative[key]
    return negative.with_columns(original=places.set(~same.fill_null(value=False), None))


def places_of(lines: pl.DataFrame, ids: pl.Series) -> pl.Series:
    """In which row of the lines does each id stand? Null where in none.

    A hash finds a line, its id decides: half as dear as a join of texts.
    """
    if ids.is_empty():
        return pl.Series("place", [], pl.Int64)
    asked = ids.hash().alias("hashed").to_frame().with_row_index("asked")
    hashed = lines.select(hashed=pl.col("line_id").hash()).with_row_index("place")
    # Most lines are asked for by none, which the first bits of their hash say already.
    slots = np.zeros(2**BITS, np.bool)
    slots[asked["hashed"].to_numpy() >> np.uint64(64 - BITS)] = True
    hashed = hashed.filter(slots[hashed["hashed"].to_numpy() >> np.uint64(64 - BITS)])
    near = hashed.join(asked, on="hashed")
    same = lines["line_id"].gather(near["place"]) == ids.gather(near["asked"])
    sure = near.filter(same.fill_null(value=False))
    found = np.full(len(ids), -1, np.int64)
    found[sure["asked"].to_numpy()] = sure["place"].to_numpy()
    places = pl.Series("place", found)
    return places.set(places < 0, None)
