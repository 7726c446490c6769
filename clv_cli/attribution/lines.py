"""The lines the split works on: purchases, and the credits that take purchases back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.frames import FROZEN_COLUMNS
from clv_cli.measures.billed_lines import billed_lines
from clv_cli.pipeline import reduction

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
    """All billed lines up to the end of the period, with `closed`: whether they have frozen rows."""
    lines = billed_lines(scope).filter(pl.col("month") < scope.period.end)
    # A missing rate stops the run through `revenue_months`; until then it counts as nothing.
    rated = lines.with_columns(pl.col("amount_base").fill_null(0))
    if scope.book.frozen is None:
        return rated.with_columns(closed=pl.lit(value=False))
    ids = frozen(scope).select("line_id").unique().with_columns(closed=pl.lit(value=True))
    return rated.join(ids, on="line_id", how="left").with_columns(
        pl.col("closed").fill_null(value=False)
    )


def frozen(scope: Scope) -> pl.LazyFrame:
    """The rows of closed months, in the columns of `FROZEN_COLUMNS`."""
    rows = scope.book.frozen
    return pl.LazyFrame(schema=FROZEN_COLUMNS) if rows is None else rows.lazy()


def in_period(scope: Scope) -> pl.Expr:
    """Whether a line is issued in a reported month."""
    return pl.col("month").is_between(scope.period.first, scope.period.end - 1)


def credited_codes(scope: Scope) -> pl.LazyFrame:
    """The customers who have credits: `code`."""
    return history(scope).filter(pl.col("amount") < 0).select("code")


@reduction("split_negatives")
def split_negatives(scope: Scope) -> pl.LazyFrame:
    """Credits, refunds and write-offs up to the end of the period."""
    return history(scope).filter(pl.col("amount") < 0).select(*LINE, "original_line_id", "closed")


@reduction("split_originals")
def split_originals(scope: Scope) -> pl.LazyFrame:
    """The purchases that credits may take back.

    Those that credits name, and, of a customer who has a credit that names none or more than its
    original is worth, all up to the day of its last credit.
    """
    bought = history(scope).filter(pl.col("amount") > 0)
    if not scope.book.lines.names_originals:
        credited = history(scope).filter(pl.col("amount") < 0)
        last = credited.group_by("code").agg(_last=pl.col("issued_on").max())
        seen = bought.join(last, on="code").filter(pl.col("issued_on") <= pl.col("_last"))
        return seen.select(*LINE, *FACETS, "closed")
    yes = pl.lit(value=True)
    named = pl.col("named").fill_null(value=False)
    every = pl.col("every").fill_null(value=False)
    flagged = bought.join(
        _named(scope).select("line_id").unique().with_columns(named=yes), on="line_id", how="left"
    ).join(_adrift(scope).with_columns(every=yes), on="code", how="left")
    return flagged.filter(named | every).select(*LINE, *FACETS, "closed")


def _named(scope: Scope) -> pl.LazyFrame:
    """What credits name, and how much they take back of it: `line_id, code, currency, owed`."""
    negative = history(scope).filter(pl.col("amount") < 0)
    owed = 0 - pl.col("amount").cast(pl.Int128).sum()
    keys = ["original_line_id", "code", "currency"]
    return negative.group_by(keys).agg(owed=owed).rename({"original_line_id": "line_id"})


def _adrift(scope: Scope) -> pl.LazyFrame:
    """The customers with a credit that no original covers: `code`."""
    worth = history(scope).filter(pl.col("amount") > 0)
    keys = ["line_id", "code", "currency"]
    covered = _named(scope).join(worth.select(*keys, "amount"), on=keys, how="left")
    uncovered = pl.col("amount").is_null() | (pl.col("owed") > pl.col("amount"))
    return covered.filter(uncovered).select("code").unique()
