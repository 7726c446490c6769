"""Subscriptions: how many of them bring MRR."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.glossary import Kind
from clv_cli.measures import parts
from clv_cli.measures.credited_lines import credit_remainders
from clv_cli.measures.drilldown import active_lines
from clv_cli.measures.estimates import Backing, estimated, formula_metric
from clv_cli.measures.line_steps import at_month, level_at, subscription_steps
from clv_cli.periods import month_end
from clv_cli.pipeline import Input

if TYPE_CHECKING:
    from clv_cli.measures.series import Estimate
    from clv_cli.pipeline import Collected, Scope


def subscriptions(frames: Collected, month: int) -> Estimate:
    """How many subscriptions have MRR > 0 at the month's end?

    Lines without a subscription are one subscription a customer. What is credited in full is none,
    whatever fraction of a cent its credit leaves.
    """
    paying = (
        _levels(frames, month).filter(pl.col("value") > 0).with_columns(one=pl.lit(1, pl.Int64))
    )
    note = pl.col("subscription_id").fill_null("(no subscription)")
    rows = lambda: parts.ledger(frames, paying, "one", note)  # noqa: E731
    put = Input("subscriptions", Kind.COUNT, paying.height, "subscriptions", rows=rows)
    return estimated("subscriptions", (put,), paying.height)


def _levels(frames: Collected, month: int) -> pl.DataFrame:
    """MRR at a month's end by subscription: `code, subscription_id, value`."""
    keys = ["code", "subscription_id"]
    day = min(month_end(month), frames.scope.as_of)
    left = frames[credit_remainders].filter(pl.col("from_day") <= day, pl.col("to_day") > day)
    both = [
        level_at(frames, subscription_steps, month, "subscription_id"),
        at_month(frames, left.select(*keys, "currency", "mrr"), month, "subscription_id"),
    ]
    return pl.concat(both).group_by(keys).agg(pl.col("value").sum())


def _lines(scope: Scope, month: int) -> pl.LazyFrame:
    """The lines active at the month's end."""
    return active_lines(scope, [month])


SUBSCRIPTIONS = formula_metric(
    "subscriptions",
    subscriptions,
    (subscription_steps, credit_remainders),
    Backing(evidence=_lines),
)
