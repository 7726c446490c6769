"""What each customer is worth: margin brought to date, and what the chosen models expect of it."""

from __future__ import annotations

import polars as pl

from clv_cli.measures.costs import service_costs
from clv_cli.measures.customer_margin import customer_margin, margin_rate
from clv_cli.measures.customer_revenue import customer_revenue
from clv_cli.measures.drilldown import mrr_at
from clv_cli.measures.lifetime_models import lifetime_models
from clv_cli.measures.mrr_spans import mrr_spans
from clv_cli.measures.renewal_opportunities import renewal_opportunities
from clv_cli.measures.rfm import rfm_free_choice
from clv_cli.pipeline import Scope, derived
from clv_cli.results import Frames


@derived("contract_states", renewal_opportunities, mrr_spans)
def contract_states(scope: Scope, asked: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
    """Who is under contract on the as-of day, and when is the next renewal due?

    Returns:
        `code`, sorted, of everyone who ever was; `active`, `interval, interval_count`, `made`
        (renewals of this run of the interval; 0 where the number is not known), `due_on` of the next
        renewal or, for those who left, the day they did; `mrr` (Int64 MRR units).
    """
    # `pending` is the last opportunity of whoever is still here: a day away, or overdue by a little.
    last = asked.sort("code", "due_on").unique("code", keep="last", maintain_order=True)
    levels = mrr_at(Frames(scope, {mrr_spans.name: spans}), scope.closing)
    return (
        last.join(levels, on="code", how="left")
        .select(
            "code",
            "interval",
            "interval_count",
            active=pl.col("outcome") == "pending",
            made=(pl.col("number").fill_null(1) - 1).cast(pl.Int32),
            due_on="due_on",
            mrr=pl.col("mrr").fill_null(0).clip(0).cast(pl.Int64),
        )
        .sort("code")
    )


@derived(
    "customer_value",
    customer_margin,
    contract_states,
    rfm_free_choice,
    lifetime_models,
    customer_revenue,
    service_costs,
)
def customer_value(  # noqa: PLR0913, PLR0917 - one argument a measure
    scope: Scope,
    margins: pl.DataFrame,
    contracts: pl.DataFrame,
    rfm: pl.DataFrame,
    models: pl.DataFrame,
    revenue: pl.DataFrame,
    costs: pl.DataFrame,
) -> pl.DataFrame:
    """What is each customer worth: realised margin plus expected discounted future margin?

        future = margin rate x (MRR x months of the interval x discounted renewals
                                + spend a purchase x discounted purchases)

    A payment counts when it falls due within `models.horizon_months`, discounted by the day from
    `as_of` at `models.discount` a year; what is paid already is realised. MRR stays what it is: a
    renewal is a renewal, not growth. Whoever left a contract and bought nothing since is expected to
    buy nothing by free choice either. The margin rate is that of the LTV window, taken as known.

    Returns:
        `code`, sorted, of every customer ever billed; `billed`, `realised` (exact Int64 minor units);
        `mrr` (Int64 MRR units), `active` (under contract), `interval, interval_count, made, due_on`;
        `frequency, recency, age` (days; of free choice, null without); `contract_model`,
        `purchase_model` (null where none is used); `p_alive`, `renewals`, `purchases` (expected
        within the horizon, undiscounted); `future` and its interval `low_80, high_80, low_95,
        high_95`, `value` = realised + future (Int64, estimates rounded once); `reason` where a part
        of the future could not be modelled and counts as nothing; `gradient`, the derivative of
        `future` by the logarithms of the chosen models' parameters, in the order of the models: sums
        of customers take their interval from it (`residual_value.summed`). The interval is about the
        expectation; it does not hold the luck of one customer.
    """
    from clv_cli.measures.residual_value import residual_value  # noqa: PLC0415 - scipy

    rate = margin_rate(scope, revenue, costs)
    known = (
        margins.rename({"margin": "realised"})
        .join(contracts, on="code", how="left")
        .join(
            rfm.select("code", "frequency", "recency", "age", "last_on", "spend"),
            on="code",
            how="left",
        )
        .with_columns(pl.col("mrr").fill_null(0), pl.col("active").fill_null(value=False))
        .sort("code")
    )
    return residual_value(scope, known, models, rate)
