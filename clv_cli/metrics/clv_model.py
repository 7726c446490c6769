"""Modelled CLV: realised margin plus the expected discounted margin to come, per customer."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.glossary import Kind
from clv_cli.measures.customer_value import customer_value
from clv_cli.measures.lifetime_models import lifetime_models
from clv_cli.measures.series import Estimate, rounded
from clv_cli.pipeline import Input, Interval, Metric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv_cli.pipeline import Collected, Figure


def clv_model(frames: Collected, months: Sequence[int]) -> list[Figure]:
    """What is the average customer worth, by what it brought and what the models expect? Minor units.

        clv_model = (realised margin + expected discounted future margin) / customers ever billed

    Only as of the as-of day: an earlier month would need the models of its time.
    """
    figures = rounded(frames, months, lambda month: _estimate(frames, month))
    return [_with_interval(frames, figure) for figure in figures]


def _estimate(frames: Collected, month: int) -> Estimate:
    scope = frames.scope
    if month != scope.closing:
        return Estimate(None, (), None, f"modelled as of {scope.as_of.isoformat()} only")
    values = frames[customer_value]
    inputs = (
        _part(frames, "realised margin", Kind.MONEY, "realised", pl.col("realised")),
        _part(frames, "expected future margin (estimate)", Kind.MONEY, "future", pl.col("future")),
        _part(frames, "customers ever billed", Kind.COUNT, "billed_customers", pl.lit(1)),
    )
    if not values.height:
        return Estimate(None, inputs, 0, "nobody was billed yet")
    realised, future = (int(put.value or 0) for put in inputs[:2])
    return Estimate(Fraction(realised + future, values.height), inputs, values.height)


def _part(frames: Collected, label: str, kind: Kind, key: str, units: pl.Expr) -> Input:
    """One number of the formula, and the customers that sum to it."""
    values = frames[customer_value].with_columns(units=units.cast(pl.Int64))
    model = pl.coalesce("contract_model", "purchase_model", pl.lit("left"))

    def rows() -> pl.DataFrame:
        named = values.join(frames.scope.book.codes, on="code", how="left")
        return named.select("customer_id", "units", note=model).sort("customer_id")

    total = int(values["units"].cast(pl.Int128).sum())
    return Input(label, kind, total, key, rows=rows)


def _with_interval(frames: Collected, figure: Figure) -> Figure:
    if figure.value is None or not figure.n:
        return figure
    from clv_cli.measures.residual_value import summed  # noqa: PLC0415 - scipy, only when asked

    sums = summed(frames[customer_value], frames[lifetime_models])
    low, high = ((sums["realised"] + sums[end]) / figure.n for end in ("low_95", "high_95"))
    return replace(figure, interval=Interval(low, high, 0.95, "delta method"))


def _customers(frames: Collected, month: int) -> pl.DataFrame:
    """Every customer with its value, largest first."""
    del month
    named = frames[customer_value].join(frames.scope.book.codes, on="code", how="left")
    return named.select(
        "customer_id", "value", note=pl.coalesce("contract_model", "purchase_model", pl.lit("left"))
    ).sort(["value", "customer_id"], descending=[True, False])


CLV_MODEL = Metric(
    "clv_model",
    needs=(customer_value, lifetime_models),
    figures=clv_model,
    contributors=_customers,
    whole="the models are those of all customers; clv customers --by segment cuts their values",
)
