"""Which purchases could a credit that names none take back at all?

Credits take the latest purchases first. All credits up to one together owe so much; where the purchases
between it and an older one are worth as much, it never gets down to the older one. So only the few
purchases within reach are walked one by one, however long a customer's history is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

CUSTOMER = ["code", "currency"]
_NEVER = pl.lit(2**120, pl.Int128)


def in_reach(events: pl.DataFrame) -> pl.DataFrame:
    """The credits, the purchases they name, and those that some credit could get down to.

    Args:
        events: `code, currency, product_id, line_id, amount, original_line_id` of purchases (above 0)
            and credits, a customer's together and in the order in which they count.
    """
    amount = pl.col("amount").cast(pl.Int128)
    numbered = events.with_row_index("at").with_columns(
        worth=pl.when(amount > 0).then(amount).otherwise(0),
        owed=pl.when(amount < 0).then(0 - amount).otherwise(0),
    )
    owing = numbered.with_columns(owed=pl.col("owed").cum_sum() - _before("owed", CUSTOMER))
    by_product = owing.sort(*CUSTOMER, "product_id", "at")
    within = [
        _within(owing, CUSTOMER, pl.col("product_id").is_null()),
        _within(by_product, [*CUSTOMER, "product_id"], pl.col("product_id").is_not_null()),
    ]
    named = events["original_line_id"].drop_nulls().unique().implode()
    places = pl.concat(within).unique().implode()
    kept = pl.col("at").is_in(places) | (pl.col("amount") < 0) | pl.col("line_id").is_in(named)
    return numbered.filter(kept).select(events.columns)


def _before(column: str, group: Sequence[str]) -> pl.Expr:
    """The running sum of a column as it stood before the first row of each group of neighbours."""
    begins = pl.any_horizontal(pl.col(key).ne_missing(pl.col(key).shift(1)) for key in group)
    first = begins | (pl.int_range(pl.len()) == 0)
    return pl.when(first).then(pl.col(column).cum_sum() - pl.col(column)).forward_fill()


def _within(events: pl.DataFrame, stack: Sequence[str], asks: pl.Expr) -> pl.Series:
    """The places of the purchases that a later credit of the same stack could get down to.

    Heights are worth summed over all stacks: a credit reaches down from the height at which it stands
    by what is owed by then, but not below the bottom of its own stack.
    """
    height = pl.col("worth").cum_sum()
    depth = pl.max_horizontal(height - pl.col("owed"), _before("worth", stack))
    asked = pl.when(asks & (pl.col("amount") < 0)).then(depth).otherwise(_NEVER)
    lowest = asked.cum_min(reverse=True)
    return events.filter((pl.col("amount") > 0) & (height > lowest))["at"]
