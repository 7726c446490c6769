"""The lines that a rule or a credit may concern: read once, and all of the split is made of them.

What stands on no row of the split by bucket (invoice, file and row) is left in the files: see
`facts.split_documents`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from clv_cli.attribution import cs, cxm
from clv_cli.attribution.lines import FACETS, credited_codes, history
from clv_cli.attribution.methods import reaches_everyone, source_of
from clv_cli.measures.billed_lines import month_index
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
# A text takes 16 bytes a line even where there is none, a category 4.
TEXTS = ("product_id", "currency", *FACETS, "original_line_id")


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
        `COLUMNS`, those of `TEXTS` as categories, and the term of the line: `begins` (its first month),
        `months` (its length).
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
    narrow = pl.col(TEXTS).cast(pl.Categorical)
    terms = {"begins": begins.cast(pl.Int32), "months": months.cast(pl.Int32)}
    return lines.select(COLUMNS, **terms).with_columns(narrow)


@derived("split_history", split_scanned)
def split_history(_: Scope, lines: Passing) -> pl.DataFrame:
    """The lines of `split_scanned` with their texts; of a batch of customers, see `batches`."""
    return lines.whole().with_columns(pl.col(TEXTS).cast(pl.String))


@derived("split_negatives", split_history)
def split_negatives(_: Scope, lines: pl.DataFrame) -> pl.DataFrame:
    """Credits, refunds and write-offs up to the end of the period, by id.

    Returns:
        `COLUMNS`, and `original`: the place in `split_history` of the purchase that it names, of the same
        customer in the same currency; null where there is none.
    """
    negative = lines.filter(pl.col("amount") < 0).select(COLUMNS).sort("line_id")
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
    hashed = lines.select(hashed=pl.col("line_id").hash()).with_row_index("place")
    asked = ids.hash().alias("hashed").to_frame().with_row_index("asked")
    near = hashed.join(asked, on="hashed")
    same = lines["line_id"].gather(near["place"]) == ids.gather(near["asked"])
    sure = near.filter(same.fill_null(value=False))
    found = np.full(len(ids), -1, np.int64)
    found[sure["asked"].to_numpy()] = sure["place"].to_numpy()
    places = pl.Series("place", found)
    return places.set(places < 0, None)
