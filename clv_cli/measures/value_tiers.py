"""Tiers of customers by what they are worth, and how much hangs on the largest."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from clv_cli.measures.customer_value import customer_value
from clv_cli.pipeline import Scope, derived

if TYPE_CHECKING:
    from collections.abc import Iterable

# The customer pyramid of Curry and Curry (2000): ends of the tiers in hundredths of all customers.
TIERS = {"top_1": 1, "next_4": 5, "next_15": 20, "other_80": 100}


@derived("value_tiers", customer_value)
def value_tiers(scope: Scope, values: pl.DataFrame) -> pl.DataFrame:
    """In which tier is each customer, by realised plus expected margin?

    The tier is that of the share of customers worth strictly more, so equal values share the better
    tier: a tier may hold a little more than its share, never a part of some equals.

    Returns:
        The columns of `customer_value`, and `tier` (one of `TIERS`).
    """
    del scope
    above = pl.len().cast(pl.Int64) - pl.col("value").rank("max").cast(pl.Int64)
    tier: pl.Expr = pl.lit(None, pl.String)
    for name, end in reversed(TIERS.items()):
        inside = above * 100 < end * pl.len().cast(pl.Int64)
        tier = pl.when(inside).then(pl.lit(name)).otherwise(tier)
    return values.with_columns(tier=tier).sort("code")


class Concentration(NamedTuple):
    """How much of a sum hangs on its largest parts.

    Args:
        n: parts above 0.
        largest: share of the largest.
        top_10: share of the ten largest.
        tenth: share of the largest tenth of the parts (rounded up).
        hhi: sum of squared shares: 1 is one customer, 1/n is n equal ones.
    """

    n: int
    largest: Fraction
    top_10: Fraction
    tenth: Fraction
    hhi: Fraction


def concentration(amounts: Iterable[int]) -> Concentration | None:
    """How concentrated is a sum of amounts? Exact; parts that are not positive do not count.

    Returns:
        None without a positive part. Source: Herfindahl (1950), Hirschman (1945).
    """
    parts = sorted((amount for amount in amounts if amount > 0), reverse=True)
    if not parts:
        return None
    total = sum(parts)
    tenth = -(-len(parts) // 10)
    largest, top_10, top_tenth = (Fraction(sum(parts[:n]), total) for n in (1, 10, tenth))
    squares = Fraction(sum(part * part for part in parts), total**2)
    return Concentration(len(parts), largest, top_10, top_tenth, squares)
