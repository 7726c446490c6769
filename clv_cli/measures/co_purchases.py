"""Which products are bought by the same customers, more often than chance would have it."""

from __future__ import annotations

import polars as pl

from clv_cli.measures.paying_now import paying_now
from clv_cli.measures.purchases import first_products
from clv_cli.pipeline import Scope, derived

_QUANTILE = 2.5758293035489004  # the normal quantile of 99.5 %


@derived("co_purchases", first_products, paying_now)
def co_purchases(scope: Scope, firsts: pl.DataFrame, paying: pl.DataFrame) -> pl.DataFrame:
    """Of two products, how much likelier has a customer both than if they had nothing to do with each other?

        lift = P(both) / (P(one) x P(other))

    Among the customers who pay today, whatever they ever bought. Only pairs that at least
    `moments.min_support` customers hold, and more of them than chance explains: by the
    hypergeometric distribution's mean and variance, beyond its 99.5 % quantile. Source: Brin et al.
    (1997).

    Returns:
        `has, wants`, each pair in both directions; `both, holders` (of `has`), `open` (holders
        without `wants`), Int64; `confidence` (both / holders) and `lift` (Float64); by lift, falling.
    """
    held = firsts.join(paying, on="code", how="semi").select("code", "product_id").unique()
    n = held["code"].n_unique()
    each = held.group_by("product_id").agg(holders=pl.len().cast(pl.Int64))
    pairs = (
        held.join(held, on="code", suffix="_other")
        .filter(pl.col("product_id") != pl.col("product_id_other"))
        .group_by(has="product_id", wants="product_id_other")
        .agg(both=pl.len().cast(pl.Int64))
    )
    other = each.rename({"product_id": "wants", "holders": "wanted"})
    counted = pairs.join(each.rename({"product_id": "has"}), on="has").join(other, on="wants")
    expected = pl.col("holders") * pl.col("wanted") / n
    lift = pl.col("both") / expected
    # Of n customers the holders draw; each draw finds an owner of the other, none is drawn twice.
    spread = expected * (1 - pl.col("wanted") / n) * (n - pl.col("holders")) / max(n - 1, 1)
    beyond = pl.col("both") > expected + _QUANTILE * spread.sqrt()
    return (
        counted.with_columns(
            lift=lift,
            confidence=pl.col("both") / pl.col("holders"),
            open=pl.col("holders") - pl.col("both"),
        )
        .filter(pl.col("both") >= scope.settings.moments.min_support, beyond)
        .select("has", "wants", "both", "holders", "open", "confidence", "lift")
        .sort(["lift", "has", "wants"], descending=[True, False, False])
    )
