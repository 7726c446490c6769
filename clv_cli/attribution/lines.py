"""The lines the split works on: purchases, and the credits that take purchases back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.measures.billed_lines import billed_lines
from clv_cli.pipeline import derived, reduction

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope

LINE = (
    "line_id",
    "invoice_id",
    "customer_id",
    "code",
    "issued_on",
    "month",
    "product_id",
    "currency",
    "amount",
    "amount_base",
    "source",
    "row",
)
FACETS = ("touchpoint", "deal_id")
ONE = pl.lit(1, pl.Int128)


def history(scope: Scope) -> pl.LazyFrame:
    """All billed lines up to the end of the period."""
    lines = billed_lines(scope).filter(pl.col("month") < scope.period.end)
    # A missing rate stops the run through `revenue_months`; until then it counts as nothing.
    return lines.with_columns(pl.col("amount_base").fill_null(0))


def in_period(scope: Scope) -> pl.Expr:
    """Whether a line is issued in a reported month."""
    return pl.col("month").is_between(scope.period.first, scope.period.end - 1)


def credited_ids(scope: Scope) -> pl.LazyFrame:
    """The lines that credits name as their original: `line_id`."""
    negative = history(scope).filter(pl.col("amount") < 0)
    return negative.select(line_id="original_line_id").drop_nulls().unique()


def credited_codes(scope: Scope) -> pl.LazyFrame:
    """The customers who have credits that name an original: `code`."""
    negative = history(scope).filter(pl.col("amount") < 0)
    return negative.filter(pl.col("original_line_id").is_not_null()).select("code")


@reduction("split_negatives")
def split_negatives(scope: Scope) -> pl.LazyFrame:
    """Credits, refunds and write-offs up to the end of the period."""
    return history(scope).filter(pl.col("amount") < 0).select(*LINE, "original_line_id")


@reduction("split_originals")
def split_originals(scope: Scope) -> pl.LazyFrame:
    """The purchases that credits name as their original."""
    bought = history(scope).filter(pl.col("amount") > 0)
    if not scope.book.lines.names_originals:
        return bought.select(*LINE, *FACETS).head(0)
    # Customers first: their codes are cheaper to look up than the ids of all lines.
    of_customers = bought.join(credited_codes(scope).unique(), on="code", how="semi")
    named = of_customers.join(credited_ids(scope), on="line_id", how="semi")
    return named.select(*LINE, *FACETS)


@derived("split_credits", split_negatives, split_originals)
def split_credits(scope: Scope, negative: pl.DataFrame, originals: pl.DataFrame) -> pl.DataFrame:
    """How much of which purchase does each credit take back?

    A credit follows its original, a purchase of the same customer in the same currency; credits of
    one original count in order of issue, and never take back more than it was worth. Whatever has
    no original, or exceeds it, is `excess`.

    Returns:
        Negative lines with `nth` (among the credits of the original), `taken` (minor units of the
        line's currency), `taken_base` and `excess_base` (of the base currency), all not negative;
        and `reported`.
    """
    keys = ["original_line_id", "code", "currency"]
    worth = originals.select("code", "currency", original_line_id="line_id", worth="amount")
    ordered = negative.sort("issued_on", "line_id").join(
        worth, on=keys, how="left", maintain_order="left"
    )
    owed, owed_base = _owed("amount"), _owed("amount_base")
    before = pl.col("owed").cum_sum().over(keys) - pl.col("owed")
    left = (pl.col("worth").fill_null(0) - before).clip(lower_bound=0)
    return (
        ordered.with_columns(owed=owed, owed_base=owed_base)
        .with_columns(taken=pl.min_horizontal("owed", left), nth=pl.int_range(pl.len()).over(keys))
        .with_columns(taken_base=pl.col("owed_base") * pl.col("taken") // pl.col("owed"))
        .with_columns(
            pl.col("taken", "taken_base").cast(pl.Int64),
            excess_base=(pl.col("owed_base") - pl.col("taken_base")).cast(pl.Int64),
            reported=in_period(scope),
        )
        .drop("worth", "owed", "owed_base")
    )


def _owed(amount: str) -> pl.Expr:
    return (-pl.col(amount)).cast(pl.Int128)
