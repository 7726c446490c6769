"""Metrics month by month: one row a month, one column a metric."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.glossary import GLOSSARY, Kind
from clv_cli.metrics.tables.parts import computed, needs, number
from clv_cli.results import Column, Rows, Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clv_cli.pipeline import Figure, Metric, Scope
    from clv_cli.results import Frames

RATES = ("customers", "nrr", "grr", "logo_churn", "gross_mrr_churn", "net_mrr_churn")
WHOLE = {Kind.MONEY, Kind.COUNT}


def metrics_table(scope: Scope, metrics: Sequence[Metric]) -> Table:
    """How did some metrics go, month by month?

    Args:
        scope: the Book, day and period.
        metrics: the columns, in order.
    """
    return _monthly(scope, "metrics", "Metrics by month", metrics)


def retention_table(scope: Scope, metrics: Mapping[str, Metric]) -> Table:
    """How much of customers and MRR was kept, month by month?

    Args:
        scope: the Book, day and period.
        metrics: all metrics by id.
    """
    return _monthly(scope, "retention", "Retention and churn", [metrics[name] for name in RATES])


def _monthly(scope: Scope, name: str, title: str, metrics: Sequence[Metric]) -> Table:
    months = list(scope.period.months)
    columns = (
        Column("month", Kind.MONTH, "Month"),
        *(Column(metric.name, metric.kind, GLOSSARY[metric.name].title) for metric in metrics),
    )

    def finish(frames: Frames) -> Rows:
        figures = {metric.name: computed(metric, frames, months) for metric in metrics}
        reasons = [
            (row, metric, figure.reason)
            for metric, column in figures.items()
            for row, figure in enumerate(column)
            if figure.reason
        ]
        series = [pl.Series("month", months, dtype=pl.Int32)]
        series += [_series(metric, figures[metric.name]) for metric in metrics]
        return Rows(pl.DataFrame(series), sorted(reasons))

    return Table(name, title, columns, needs(metrics), finish)


def _series(metric: Metric, figures: Sequence[Figure]) -> pl.Series:
    """Money and counts as whole numbers; the only floats are ratios, factors and durations."""
    values = [figure.value for figure in figures]
    if metric.kind in WHOLE:
        whole = [None if value is None else round(value) for value in values]
        return pl.Series(metric.name, whole, dtype=pl.Int64)
    parts = [None if value is None else number(value) for value in values]
    return pl.Series(metric.name, parts, dtype=pl.Float64)
