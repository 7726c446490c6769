"""Lines that need a second look before their figures are believed: counted, summed, one named."""

from __future__ import annotations

from functools import partial

import polars as pl

from clv_cli.facts import fact_table
from clv_cli.measures.billed_lines import counted_lines, uncoded_lines
from clv_cli.measures.mrr_lines import mrr_lines
from clv_cli.measures.mrr_terms import is_declared
from clv_cli.measures.subscription_table import subscription_lines
from clv_cli.pipeline import Facts, Scope, derived, reduction

_ITEM = ["subscription_id", "product_id", "plan_id"]


@fact_table("suspect_lines")
def suspect_lines(scope: Scope) -> Facts:
    """Which lines say too little, or something else than their kind, to be counted as they may mean?

    Returns:
        `fault (no_service_period, no_interval, dated_one_off, unknown_discount)`, `currency`,
        sorted; `lines`, `amount` (Int64 minor units), `source` and `row` of the first.
    """
    mrr = scope.settings.mrr
    period = (pl.col("period_start") < pl.col("period_end")).fill_null(value=False)
    kind = pl.col("kind")
    if scope.book.closed is not None:
        # A correction of a closed month whose service was over begins and ends on the day it is booked.
        period |= pl.all_horizontal(
            pl.col(name).eq_missing(pl.col("issued_on")) for name in ("period_start", "period_end")
        )
    faults = {
        "no_service_period": kind.is_in(["recurring", "proration"]) & ~period,
        "no_interval": (kind == "proration")
        & ~is_declared().fill_null(value=False)
        & (mrr.proration != "exclude"),
        "dated_one_off": (kind == "one_off") & period,
        "unknown_discount": (pl.col("discount").fill_null(0) != 0)
        & pl.col("discount_kind").is_null()
        & (mrr.discounts in {"recurring", "forever_only"}),
    }
    named = pl.coalesce(pl.when(rule).then(pl.lit(name)) for name, rule in faults.items())
    found = uncoded_lines(scope).filter(pl.col("amount") != 0).with_columns(fault=named)
    rows = found.filter(pl.col("fault").is_not_null())
    keys = ("fault", "currency")
    # File by file, so that the first line of all is the first of the first file.
    return Facts(rows, (*keys, "source"), ("amount",), partial(_first, keys), "lines", ("row",))


@reduction("taxed_lines")
def taxed_lines(scope: Scope) -> pl.LazyFrame:
    """How many lines tell a tax, 0 included? One row, `lines`."""
    taxed = scope.book.table("billing_lines").select(pl.col("tax").is_not_null().sum())
    return taxed.select(lines=pl.col("tax").cast(pl.Int64))


@reduction("overlapping_lines")
def overlapping_lines(scope: Scope) -> pl.LazyFrame:
    """Which recurring lines begin before an earlier one of the same subscription and plan has ended?

    Two plans of one subscription are two items, not an overlap; nor is a proration, a credit or a
    pause.

    Returns:
        `currency`, sorted; `lines`, `amount`, `source` and `row` of the first.
    """
    recurring = counted_lines(scope).filter(
        pl.col("kind") == "recurring",
        pl.col("subscription_id").is_not_null(),
        pl.col("period_start") < pl.col("period_end"),
        pl.col("amount") > 0,
    )
    columns = [*_ITEM, "period_start", "period_end", "currency", "amount", "source", "row"]
    ordered = recurring.select(columns).sort(*_ITEM, "period_start", "period_end", "source", "row")
    reach = pl.col("period_end").cum_max().shift(1).over(_ITEM)
    return _examples(ordered.filter(pl.col("period_start") < reach), ["currency"])


@reduction("lines_of_subscriptions")
def lines_of_subscriptions(scope: Scope) -> pl.LazyFrame:
    """What do the lines say each subscription pays on the as-of day? `subscription_id, currency, mrr`."""
    return _active(scope, mrr_lines(scope))


@reduction("priced_subscriptions")
def priced_subscriptions(scope: Scope) -> pl.LazyFrame:
    """What does the subscription table say each pays? `subscription_id, currency, mrr`."""
    return _active(scope, subscription_lines(scope))


@derived("basis_difference", lines_of_subscriptions, priced_subscriptions)
def basis_difference(_: Scope, billed: pl.DataFrame, priced: pl.DataFrame) -> pl.DataFrame:
    """On which subscriptions do invoice lines and the subscription table disagree on the as-of day?

    Returns:
        `subscription_id, currency`, the largest difference first; `lines`, `table`, and their
        `difference` (Int64 MRR units of that currency, never 0).
    """
    keys = ["subscription_id", "currency"]
    both = billed.rename({"mrr": "lines"}).join(
        priced.rename({"mrr": "table"}), on=keys, how="full", coalesce=True
    )
    compared = both.with_columns(pl.col("lines", "table").fill_null(0)).with_columns(
        difference=pl.col("lines") - pl.col("table")
    )
    return compared.filter(pl.col("difference") != 0).sort(
        pl.col("difference").abs(), *keys, descending=[True, False, False]
    )


def _active(scope: Scope, lines: pl.LazyFrame) -> pl.LazyFrame:
    seen = lines.filter(
        pl.col("active_from") <= scope.as_of,
        pl.col("active_to") > scope.as_of,
        pl.col("subscription_id").is_not_null(),
    )
    total = pl.col("mrr").cast(pl.Int128).sum().cast(pl.Int64)
    return seen.group_by("subscription_id", "currency").agg(total)


def _first(keys: tuple[str, ...], by_file: pl.LazyFrame) -> pl.LazyFrame:
    """What several files hold together, with the first line by file and row."""
    sums = [pl.col(name).cast(pl.Int128).sum().cast(pl.Int64) for name in ("lines", "amount")]
    places = [pl.col(name).sort_by("source").first() for name in ("source", "row")]
    return by_file.group_by(keys).agg(*sums, *places).sort(keys)


def _examples(lines: pl.LazyFrame, keys: list[str]) -> pl.LazyFrame:
    """Lines and their money by some keys, with the first of each by file and row."""
    return (
        lines.group_by(keys)
        .agg(
            lines=pl.len().cast(pl.Int64),
            amount=pl.col("amount").cast(pl.Int128).sum().cast(pl.Int64),
            source=pl.col("source").sort_by("source", "row").first(),
            row=pl.col("row").sort_by("source", "row").first(),
        )
        .sort(keys)
    )
