"""Horizontal bars whose name and value stand above them, so that neither is ever cut by the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import altair as alt

from clv_cli.render.charts.drawing import short
from clv_cli.render.charts.spec import Padding, layered, rows_of, zero_line
from clv_cli.render.charts.theme import WIDTH, ink

ROW = 36
BELOW = 5  # how far a mark stands below the middle of its row, under its texts
NAME = 42  # letters of a name that fit beside a value
MOST = 24  # bars that can be taken in; more are a table


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its name, its length, its value as text, and its colour in the palette."""

    name: str
    length: float
    text: str
    colour: str


@dataclass(frozen=True, slots=True)
class Span:
    """A point within an interval, for `spans`."""

    name: str
    low: float
    middle: float
    high: float
    text: str
    colour: str


def bars(rows: list[Bar]) -> dict[str, Any]:
    """Bars from zero, negative ones to the left; Vega-Lite."""
    lengths = [0.0, *(row.length for row in rows)]
    if max(lengths) == min(lengths):
        lengths.append(1.0)
    values = [
        {"row": at, "length": row.length, "colour": ink(row.colour)} for at, row in enumerate(rows)
    ]
    scale = alt.Scale(domain=[min(lengths), max(lengths)], nice=False)
    length = alt.X("length:Q", axis=None, scale=scale, stack=None)
    drawn = rows_of(values).mark_bar(height=10, yOffset=BELOW)
    marks = drawn.encode(x=length, y=_row(), color=alt.Color("colour:N", scale=None))
    layers = [marks, *_zero(lengths)]
    return _finished([*layers, *_texts([(row.name, row.text) for row in rows])], len(rows))


def spans(rows: list[Span]) -> dict[str, Any]:
    """Intervals with a diamond at the value, on one scale that holds zero; Vega-Lite."""
    ends = [0.0, *(row.low for row in rows), *(row.high for row in rows)]
    if max(ends) == min(ends):
        ends.append(1.0)
    scale = alt.Scale(domain=[min(ends), max(ends)], nice=False)
    values = [
        {"row": at, "low": r.low, "middle": r.middle, "high": r.high, "colour": ink(r.colour)}
        for at, r in enumerate(rows)
    ]
    drawn = rows_of(values)
    low, middle = (alt.X(f"{end}:Q", axis=None, scale=scale) for end in ("low", "middle"))
    lines = drawn.mark_rule(yOffset=BELOW, strokeWidth=6, strokeCap="round", color=ink("band"))
    points = drawn.mark_point(yOffset=BELOW, shape="diamond", filled=True, size=110, opacity=1)
    layers = [
        *_zero(ends),
        lines.encode(x=low, x2="high", y=_row()),
        points.encode(x=middle, y=_row(), color=alt.Color("colour:N", scale=None)),
    ]
    return _finished([*layers, *_texts([(row.name, row.text) for row in rows])], len(rows))


def _zero(positions: list[float]) -> list[alt.Chart]:
    """A line at zero, where something lies to the left of it."""
    return [zero_line("x")] if min(positions) < 0 else []


def _row() -> alt.Y:
    return alt.Y("row:O", axis=None, scale=alt.Scale(paddingInner=0, paddingOuter=0))


def _texts(rows: list[tuple[str, str]]) -> list[alt.Chart]:
    values = [
        {"row": at, "name": short(name, NAME), "text": text} for at, (name, text) in enumerate(rows)
    ]
    data = rows_of(values)
    names = data.mark_text(align="left", baseline="bottom", dy=-5)
    numbers = data.mark_text(align="right", baseline="bottom", dy=-5, fontWeight=600)
    return [
        names.encode(x=alt.value(0), y=_row(), text="name:N"),
        numbers.encode(x=alt.value(WIDTH - 12), y=_row(), text="text:N"),
    ]


def _finished(layers: list[alt.Chart], count: int) -> dict[str, Any]:
    return layered(layers, (WIDTH - 12, ROW * count), Padding(6, 6, 8, 4))
