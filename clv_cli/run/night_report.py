"""A night as a report: what needs a person, what changed since last night, what was read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import polars as pl

from clv_cli.frames.closed import CAUSES
from clv_cli.glossary import GLOSSARY, Kind
from clv_cli.metrics import KPIS
from clv_cli.results import Column, Report, Result, Rows, Table
from clv_cli.run.alerts import Figures, changed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clv_cli.history import Night

_TYPES = {
    Kind.TEXT: pl.String,
    Kind.BY_ROW: pl.String,
    Kind.CHANGE: pl.Float64,
    Kind.COUNT: pl.Int64,
    Kind.MONTH: pl.Int64,
    Kind.MONEY: pl.Int64,
    Kind.DATE: pl.Date,
}
LABELS = {name: term.title for name, term in GLOSSARY.items()}
FLAGS = (
    Column("name", Kind.TEXT, "Threshold", rigid=True),
    Column("about", Kind.TEXT, "About"),
    Column("message", Kind.TEXT, "What is the case"),
)
CHANGES = (
    Column("metric", Kind.TEXT, "Metric", labels=LABELS),
    Column("kind", Kind.TEXT, "Kind", people=False),
    Column("previous", Kind.BY_ROW, "Last night"),
    Column("value", Kind.BY_ROW, "Now"),
    Column("change", Kind.CHANGE, "Change"),
)
MOVED = (
    Column("metric", Kind.TEXT, "Metric", labels=LABELS),
    Column("month", Kind.MONTH, "Month", rigid=True),
    Column("kind", Kind.TEXT, "Kind", people=False),
    Column("previous", Kind.BY_ROW, "Before"),
    Column("value", Kind.BY_ROW, "Now"),
    Column("change", Kind.CHANGE, "Change"),
)
INPUTS = (
    Column("table", Kind.TEXT, "Table"),
    Column("files", Kind.COUNT, "Files"),
    Column("previous", Kind.COUNT, "Rows last night"),
    Column("rows", Kind.COUNT, "Rows"),
    Column("last_day", Kind.TEXT, "Newest row"),
)
RESTATED = (
    Column("month", Kind.MONTH, "Month", rigid=True),
    Column("customer", Kind.TEXT, "Customer"),
    Column("cause", Kind.TEXT, "Cause"),
    Column("line_id", Kind.TEXT, "Line"),
    Column("issued_on", Kind.TEXT, "Issued on", rigid=True),
    Column("before", Kind.MONEY, "When closed"),
    Column("now", Kind.MONEY, "Now"),
    Column("difference", Kind.MONEY, "Change"),
    Column("source", Kind.TEXT, "File"),
    Column("row", Kind.COUNT, "Row"),
)
MOVED_SEEN = 12


@dataclass(frozen=True, slots=True)
class Compared:
    """Two nights side by side.

    Args:
        now: the later one.
        before: the earlier one; None on the first night.
    """

    now: Night
    before: Night | None

    @property
    def figures(self) -> tuple[Figures, Figures | None]:
        """The figures of both."""
        return figures_of_night(self.now), figures_of_night(self.before) if self.before else None


def figures_of_night(night: Night) -> Figures:
    """A night's figures by metric and month."""
    return Figures(night.figures, date.fromisoformat(night.run.as_of), night.run.currency)


def result(
    name: str,
    title: str,
    columns: tuple[Column, ...],
    rows: Sequence[Mapping[str, Any]],
    people_rows: int | None = None,
) -> Result:
    """A table whose rows are known already, computed."""
    schema = {column.name: _TYPES[column.kind] for column in columns}
    frame = pl.DataFrame(list(rows), schema=schema, orient="row")
    whole = Rows(frame)
    return Result(Table(name, title, columns, (), lambda _: whole, people_rows), whole)


def night_report(both: Compared, company: str) -> Report:
    """What a night has to say.

    Args:
        both: tonight and last night.
        company: printed in the heading.
    """
    night = both.now
    since = f"since the night of {both.before.run.as_of}" if both.before else "on the first night"
    results = [
        result("flags", "Needs a person", FLAGS, [_flag(flag) for flag in night.flags]),
        _restatements(night),
        result("night_changes", f"Key figures {since}", CHANGES, changes(both)),
        result("moved", f"Earlier months that moved {since}", MOVED, moved(both), MOVED_SEEN),
        result("night_inputs", "What was read", INPUTS, _inputs(both)),
    ]
    return Report(
        command="nightly",
        as_of=date.fromisoformat(night.run.as_of),
        period=None,
        currency=night.run.currency,
        company=company,
        results=tuple(results),
        notes=(f"Reports: {night.run.folder}",),
    )


def _restatements(night: Night) -> Result:
    rows = [
        {column.name: getattr(item, column.name) for column in RESTATED}
        for item in night.restatements
    ]
    met = {item.cause for item in night.restatements}
    notes = [f"{cause}: {meaning}." for cause, meaning in CAUSES.items() if cause in met]
    made = result("restatements", "Changes of closed months", RESTATED, rows, MOVED_SEEN)
    return replace(made, rows=replace(made.rows, notes=notes))


def _flag(flag: object) -> dict[str, object]:
    return {name: getattr(flag, name) for name in ("name", "about", "message")}


def changes(both: Compared) -> list[dict[str, object]]:
    """The key figures of both nights, each at its own "now"."""
    now, before = both.figures
    rows = []
    for name in KPIS:
        figure, old = now.now(name), before.now(name) if before else None
        row = _row(name, figure.kind, old.value if old else None, figure.value) if figure else {}
        if row and (row["value"], row["previous"]) != (None, None):
            rows.append(row)
    return rows


def moved(both: Compared, *, all_months: bool = False) -> list[dict[str, object]]:
    """The figures of months that both nights have and that are not the same in both.

    Args:
        both: the two nights.
        all_months: also the month that both call "now"; otherwise only those before it.
    """
    if both.before is None:
        return []
    old = {(f.metric, f.month): f for f in both.before.figures}
    now = figures_of_night(both.now)
    rows = []
    for figure in both.now.figures:
        before = old.get((figure.metric, figure.month))
        current = now.now(figure.metric)
        earlier = current is None or figure.month < current.month
        if before and before.value != figure.value and (earlier or all_months):
            row = _row(figure.metric, figure.kind, before.value, figure.value)
            rows.append(row | {"month": figure.month})
    return rows


def _row(metric: str, kind: str, before: str | None, now: str | None) -> dict[str, object]:
    step = None
    if before is not None and now is not None:
        step = changed(Fraction(before), Fraction(now), Kind(kind))
    return {
        "metric": metric,
        "kind": kind,
        "previous": before,
        "value": now,
        "change": None if step is None else round(float(step), 6),
    }


def _inputs(both: Compared) -> list[dict[str, object]]:
    tables = sorted({item.table_name for item in both.now.inputs})
    rows = []
    for table in tables:
        mine = [item for item in both.now.inputs if item.table_name == table]
        old = (
            [item for item in both.before.inputs if item.table_name == table] if both.before else []
        )
        rows.append(
            {
                "table": table,
                "files": len(mine),
                "previous": sum(item.rows for item in old) if both.before else None,
                "rows": sum(item.rows for item in mine),
                "last_day": max((item.last_day for item in mine if item.last_day), default=None),
            }
        )
    return rows
