"""What customers are cut by: segment, plan, channel, country. Each customer has one value of each."""

from __future__ import annotations

import polars as pl

from clv_cli.measures.line_steps import subscription_steps
from clv_cli.measures.mrr_balances import in_base
from clv_cli.pipeline import Measure, Scope, derived, reduction

NONE = ""  # the value of customers of whom nothing is recorded
DIMENSIONS = ("segment", "plan", "channel", "country")
_RECORDED = ("segment", "channel", "country")


@reduction("customer_facts")
def customer_facts(scope: Scope) -> pl.LazyFrame:
    """What is recorded of each billing customer? `code`, sorted; `segment, channel, country`."""
    facts = scope.book.table("customers").unique("customer_id", keep="first", maintain_order=True)
    named = scope.book.codes.lazy().join(facts, on="customer_id", how="left")
    filled = [pl.col(name).fill_null(NONE) for name in _RECORDED]
    return named.select("code", *filled).sort("code")


@reduction("customer_names")
def customer_names(scope: Scope) -> pl.LazyFrame:
    """What are billing customers called? `code`, sorted; `name`, null where none is recorded."""
    names = scope.book.table("customers").unique("customer_id", keep="first", maintain_order=True)
    own = scope.book.codes.lazy().join(names, on="customer_id", how="left")
    return own.select("code", "name").sort("code")


@derived("customer_plans", customer_facts, subscription_steps)
def customer_plans(scope: Scope, facts: pl.DataFrame, steps: pl.DataFrame) -> pl.DataFrame:
    """Which plan does each customer pay most for, now or, when it has left, last?

    One plan a customer, so that every metric can be cut by plan and its parts sum to the whole. Of
    plans that bring the same, the first by name.

    Returns:
        `code`, sorted; `plan`.
    """
    seen = steps.filter(pl.col("day") <= scope.as_of).sort("code", "day")
    keys = ["code", "plan_id", "currency"]
    levels = seen.with_columns(mrr=pl.col("delta").cum_sum().over(keys))
    # The day on which the customer last had anything: its last change that left a level above 0.
    total = levels.with_columns(all=pl.col("delta").cum_sum().over("code"))
    last = total.filter(pl.col("all") > 0).group_by("code").agg(at=pl.col("day").max())
    at = (
        levels.join(last, on="code", how="inner")
        .filter(pl.col("day") <= pl.col("at"))
        .group_by(*keys, maintain_order=True)
        .agg(pl.col("delta").cast(pl.Int128).sum().cast(pl.Int64).alias("mrr"))
        .filter(pl.col("mrr") > 0)
        .with_columns(month=pl.lit(scope.closing, pl.Int32))
    )
    best = (
        in_base(scope, at)
        .group_by("code", "plan_id")
        .agg(pl.col("value").sum())
        .sort("code", "value", "plan_id", descending=[False, True, False])
        .unique("code", keep="first", maintain_order=True)
    )
    named = facts.select("code").join(best, on="code", how="left")
    return named.select("code", plan=pl.col("plan_id").fill_null(NONE)).sort("code")


def dimension(name: str) -> Measure:
    """The measure that holds a dimension: `code` and a column of its name."""
    return customer_plans if name == "plan" else customer_facts


def values(name: str, frame: pl.DataFrame) -> list[tuple[str, pl.Series]]:
    """Every value of a dimension with the codes of its customers; those without a value last."""
    groups = frame.group_by(name).agg(pl.col("code").sort()).sort(name)
    found = [(str(value), codes) for value, codes in groups.select(name, "code").iter_rows()]
    ordered = sorted(found, key=lambda item: (item[0] == NONE, item[0]))
    return [(value, pl.Series("code", codes, dtype=pl.Int32)) for value, codes in ordered]
