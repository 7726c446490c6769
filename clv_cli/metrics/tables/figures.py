"""Every figure in full: value, unit, numerator, denominator, n, interval or reason, convention."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.glossary import Kind
from clv_cli.metrics.tables.parts import DIGITS, canonical
from clv_cli.metrics.tables.spans import terms_of
from clv_cli.money import to_text
from clv_cli.results import Column, Rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from clv_cli.pipeline import Figure, Input, Interval, Metric, Scope

UNITS = {
    Kind.COUNT: "count",
    Kind.RATIO: "share",
    Kind.FACTOR: "times",
    Kind.MONTHS: "months",
    Kind.DAYS: "days",
    Kind.SCORE: "points",
}
OURS = "clv"
COLUMNS = (
    Column("period", Kind.TEXT, "Period"),
    Column("part", Kind.TEXT, "Part"),
    Column("metric", Kind.TEXT, "Metric"),
    Column("kind", Kind.TEXT, "Kind"),
    Column("value", Kind.BY_ROW, "Value"),
    Column("unit", Kind.TEXT, "Unit"),
    Column("numerator", Kind.TEXT, "Numerator"),
    Column("denominator", Kind.TEXT, "Denominator"),
    Column("n", Kind.COUNT, "n"),
    Column("low", Kind.TEXT, "Low"),
    Column("high", Kind.TEXT, "High"),
    Column("level", Kind.RATIO, "Level"),
    Column("method", Kind.TEXT, "Interval"),
    Column("reason", Kind.TEXT, "Reason"),
    Column("convention", Kind.TEXT, "Convention"),
)
_OTHER = {"n": pl.Int64, "level": pl.Float64}
_SCHEMA = {column.name: _OTHER.get(column.name, pl.String) for column in COLUMNS}


def figure_rows(figures: Iterable[tuple[str, str | None, Metric, Figure]], scope: Scope) -> Rows:
    """One row a figure.

    Args:
        figures: period, part of the customers (None: all), metric, figure.
        scope: the currency and the convention of all figures.
    """
    rows = [_row(*item, scope) for item in figures]
    reasons = [(i, "value", str(row["reason"])) for i, row in enumerate(rows) if row["reason"]]
    return Rows(pl.DataFrame(rows, schema=_SCHEMA, orient="row"), reasons)


def _row(
    period: str, part: str | None, metric: Metric, figure: Figure, scope: Scope
) -> dict[str, object]:
    above, below = terms_of(metric, figure)
    currency = scope.currency
    return {
        "period": period,
        "part": part,
        "metric": metric.name,
        "kind": metric.kind.value,
        "value": canonical(figure.value, metric.kind, currency),
        "unit": currency if metric.kind is Kind.MONEY else UNITS[metric.kind],
        "numerator": _text(above, currency),
        "denominator": _text(below, currency),
        "n": figure.n,
        **_interval(figure.interval, metric.kind, currency),
        "reason": figure.reason,
        "convention": scope.settings.convention or OURS,
    }


def _text(put: Input | None, currency: str) -> str | None:
    return None if put is None else canonical(put.value, put.kind, currency)


def _interval(interval: Interval | None, kind: Kind, currency: str) -> dict[str, object]:
    if interval is None:
        return dict.fromkeys(("low", "high", "level", "method"))
    ends = [interval.low, interval.high]
    money = kind is Kind.MONEY
    low, high = (to_text(round(e), currency) if money else repr(round(e, DIGITS)) for e in ends)
    return {"low": low, "high": high, "level": interval.level, "method": interval.method}
