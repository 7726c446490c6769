"""The base of a renewal: what the term before was worth, month by month.

    base of a month = sum over the contracts that cover it of prior_amount / months of the term

A contract of one product is weighed against the month of that product; one of no product against all
that the customer buys in its currency, so that each of its lines expands by the same share.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.measures.billed_lines import month_index
from clv_cli.money import MRR_UNITS
from clv_cli.pipeline import reduction

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope

ALL = "*"  # no product is called that: ids of products with a currency end in `|USD`


@reduction("split_terms")
def split_terms(scope: Scope) -> pl.LazyFrame:
    """The bases that renewals tell: `code, product, currency, month, base`, sorted.

    `product` as in `expansion.grouped`, or `ALL`; `base` in 1/55,440 of a minor unit a month.
    """
    rows = scope.book.table("renewals").join(scope.book.codes.lazy(), on="customer_id")
    start, end = month_index(pl.col("term_start")), month_index(pl.col("term_end"))
    product = pl.col("product_id")
    if len(scope.book.lines.currencies) > 1:
        product = pl.concat_str("product_id", "currency", separator="|")
    months = pl.max_horizontal(end - start, 1)
    termed = rows.with_columns(product=product.fill_null(ALL), first=start, months=months)
    covered = termed.with_columns(
        month=pl.int_ranges("first", pl.col("first") + pl.col("months"), dtype=pl.Int32)
    ).explode("month")
    keys = ["code", "product", "currency", "month"]
    units = pl.col("prior_amount").cast(pl.Int128) * MRR_UNITS // pl.col("months")
    return covered.group_by(keys).agg(base=units.sum()).sort(keys)


def with_terms(
    shares: pl.DataFrame, groups: pl.DataFrame, spread: pl.DataFrame, terms: pl.DataFrame
) -> pl.DataFrame:
    """The expanded shares, with the base of a renewal where one covers the month.

    Args:
        shares: `key` (group and month), `group`, `num`, `den`, `known`.
        groups: `group` (as in `shares`), `code`, `product`.
        spread: see `expansion.split_spread`.
        terms: see `split_terms`, not empty.

    Returns:
        `key, num, den, known`.
    """
    rates = spread.group_by("code", "product", "month").agg(
        rate=pl.col("units").cast(pl.Int128).sum()
    )
    own = rates.join(terms.drop("currency"), on=["code", "product", "month"])
    every = terms.filter(pl.col("product") == ALL)
    alike = _of_currency(rates, terms).join(every.drop("product"), on=["code", "currency", "month"])
    keys = ["code", "currency", "month"]
    alike = alike.with_columns(rate=pl.col("rate").sum().over(keys))
    columns = ("code", "product", "month", "rate", "base")
    told = pl.concat(
        [
            own.select(columns),
            alike.join(own, on=["code", "product", "month"], how="anti").select(columns),
        ]
    )
    rate, excess = pl.col("rate"), pl.col("rate") - pl.col("base")
    grown = (rate > 0) & (excess > 0)
    based = told.join(groups, on=["code", "product"]).select(
        key=pl.col("group") + pl.col("month"),
        told_num=pl.when(grown).then(excess).otherwise(0).cast(pl.Int128),
        told_den=pl.when(grown).then(rate).otherwise(1).cast(pl.Int128),
        told=True,
    )
    both = shares.join(based, on="key", how="left")
    return both.with_columns(
        num=pl.coalesce("told_num", "num"),
        den=pl.coalesce("told_den", "den"),
        known=pl.col("known") | pl.col("told").fill_null(value=False),
    )


def _of_currency(rates: pl.DataFrame, terms: pl.DataFrame) -> pl.DataFrame:
    """Rates with their currency: the end of the group's product where a book has several."""
    named = pl.col("product").str.extract(r"\|([A-Z]{3})$")
    return rates.with_columns(currency=named.fill_null(terms["currency"][0]))
