"""Subscriptions: how many of them bring MRR."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.glossary import Kind
from clv_cli.measures import parts
from clv_cli.measures.drilldown import active_lines
from clv_cli.measures.estimates import Backing, estimated, formula_metric
from clv_cli.measures.line_steps import level_at, subscription_steps
from clv_cli.pipeline import Input

if TYPE_CHECKING:
    from clv_cli.measures.series import Estimate
    from clv_cli.pipeline import Collected, Scope


def subscriptions(frames: Collected, month: int) -> Estimate:
    """How many subscriptions have MRR > 0 at the month's end?

    Lines without a subscription are one subscription a customer.
    """
    levels = level_at(frames, subscription_steps, month, "subscription_id")
    paying = levels.filter(pl.col("value") > 0).with_columns(one=pl.lit(1, pl.Int64))
    note = pl.col("subscription_id").fill_null("(no subscription)")
    rows = lambda: parts.ledger(frames, paying, "one", note)  # noqa: E731
    put = Input("subscriptions", Kind.COUNT, paying.height, "subscriptions", rows=rows)
    return estimated("subscriptions", (put,), paying.height)


def _lines(scope: Scope, month: int) -> pl.LazyFrame:
    """The lines active at the month's end."""
    return active_lines(scope, [month])


SUBSCRIPTIONS = formula_metric(
    "subscriptions", subscriptions, (subscription_steps,), Backing(evidence=_lines)
)
