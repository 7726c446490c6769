"""The key figures: where we stand, against the month before, with the way there."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import polars as pl

from clv_cli.glossary import GLOSSARY, Good, Kind
from clv_cli.metrics.tables.parts import (
    Value,
    canonical,
    computed,
    needs,
    number,
    reported_month,
    window_text,
)
from clv_cli.results import Column, Rows, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv_cli.pipeline import Metric, Scope
    from clv_cli.results import Frames

_SCHEMA: dict[str, Any] = {
    "metric": pl.String,
    "kind": pl.String,
    "value": pl.String,
    "previous": pl.String,
    "change": pl.Float64,
    "window": pl.String,
    "series": pl.List(pl.String),
    "reason": pl.String,
}


def kpi_table(scope: Scope, metrics: Sequence[Metric]) -> Table:
    """Where do we stand? One row a metric.

    Args:
        scope: the Book, day and period.
        metrics: the rows, in order.
    """
    titles = {metric.name: GLOSSARY[metric.name].title for metric in metrics}
    count = len(scope.period.months)
    columns = (
        Column("metric", Kind.TEXT, "Metric", labels=titles),
        Column("kind", Kind.TEXT, "Kind", people=False),
        Column("value", Kind.BY_ROW, "Now", whole=True),
        Column("previous", Kind.BY_ROW, "Before", whole=True),
        Column("change", Kind.CHANGE, "Change"),
        Column("window", Kind.TEXT, "Window"),
        Column("series", Kind.SERIES, "1 month" if count == 1 else f"{count} months"),
        Column("reason", Kind.TEXT, "Reason", people=False),
    )

    def finish(frames: Frames) -> Rows:
        rows = [_row(frames, metric) for metric in metrics]
        reasons = [(i, "value", str(row["reason"])) for i, row in enumerate(rows) if row["reason"]]
        return Rows(pl.DataFrame(rows, schema=_SCHEMA, orient="row"), reasons)

    return Table("kpis", "Key figures", columns, needs(metrics), finish)


def _row(frames: Frames, metric: Metric) -> dict[str, object]:
    scope, kind = frames.scope, metric.kind
    now = reported_month(scope, GLOSSARY[metric.name].window)
    first = min(scope.period.first, now)
    before, *series = computed(metric, frames, range(first - 1, now + 1))
    last = series[-1]
    previous = (series[-2] if len(series) > 1 else before).value
    return {
        "metric": metric.name,
        "kind": kind.value,
        "value": canonical(last.value, kind, scope.currency),
        "previous": canonical(previous, kind, scope.currency),
        "change": change(last.value, previous, kind, GLOSSARY[metric.name].good),
        "window": window_text(metric, scope, now),
        "series": [canonical(figure.value, kind, scope.currency) for figure in series],
        "reason": last.reason,
    }


def change(value: Value, previous: Value, kind: Kind, good: Good) -> float | None:
    """How much a value changed: the difference of ratios, the relative change of anything else.

    Args:
        value: now.
        previous: before.
        kind: what both mean.
        good: losses (good when down) are printed negative; a larger loss is an increase.

    Returns:
        None without one of the two, or from nothing.
    """
    if value is None or previous is None:
        return None
    if kind is Kind.RATIO:
        return number(value - previous)
    if previous == 0:
        return None
    sign = -1 if good is Good.DOWN and value <= 0 and previous < 0 else 1
    return number(sign * (Fraction(value) - previous) / abs(Fraction(previous)))
