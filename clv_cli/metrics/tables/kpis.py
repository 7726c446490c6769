"""The key figures: where we stand, against the month before, with the way there."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import polars as pl

from clv_cli.glossary import GLOSSARY, Good, Kind
from clv_cli.measures.unit_economics import NO_COST_OF_REVENUE, NO_COST_TO_SERVE, WHOLE_MARGIN
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
    from collections.abc import Mapping, Sequence

    from clv_cli.pipeline import Figure, Metric, Scope
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
# Labels of inputs that no data gave, and how the figures that rest on them say so.
_ASSUMED = {
    (
        NO_COST_OF_REVENUE,
        WHOLE_MARGIN,
    ): "No cost of revenue in the data, so the margin is taken as 100 %",
    (NO_COST_TO_SERVE,): "No cost to serve in the data, so it is taken as nothing",
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
        series = [_series(frames, metric) for metric in metrics]
        rows = [
            _row(frames.scope, metric, known) for metric, known in zip(metrics, series, strict=True)
        ]
        reasons = [(i, "value", str(row["reason"])) for i, row in enumerate(rows) if row["reason"]]
        frame = pl.DataFrame(rows, schema=_SCHEMA, orient="row")
        latest = {titles[m.name]: known[-1] for m, known in zip(metrics, series, strict=True)}
        return Rows(frame, reasons, notes=_taken_for_granted(latest))

    return Table("kpis", "Key figures", columns, needs(metrics), finish)


def _series(frames: Frames, metric: Metric) -> list[Figure]:
    """The metric's months, from the one before the period on."""
    now = reported_month(frames.scope, GLOSSARY[metric.name].window)
    first = min(frames.scope.period.first, now)
    return computed(metric, frames, range(first - 1, now + 1))


def _row(scope: Scope, metric: Metric, figures: Sequence[Figure]) -> dict[str, object]:
    kind, now = metric.kind, reported_month(scope, GLOSSARY[metric.name].window)
    before, *series = figures
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


def _taken_for_granted(latest: Mapping[str, Figure]) -> list[str]:
    """What costs that nobody gave are taken for, and which of the figures rest on it."""
    notes = []
    for marks, sentence in _ASSUMED.items():
        resting = [
            title
            for title, figure in latest.items()
            if figure.value is not None and any(put.label in marks for put in figure.inputs)
        ]
        if resting:
            notes.append(f"{sentence}: {', '.join(resting)}.")
    return notes


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
