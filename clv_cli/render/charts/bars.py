"""Horizontal bars whose name and value stand above them, so that neither is ever cut by the other."""

from __future__ import annotations

from dataclasses import dataclass

from clv_cli.render.charts.drawing import short
from clv_cli.render.charts.spec import (
    Padding,
    Part,
    as_is,
    layer,
    layered,
    number,
    place,
    zero_line,
)
from clv_cli.render.charts.spec import text as text_of
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


def bars(rows: list[Bar]) -> Part:
    """Bars from zero, negative ones to the left; Vega-Lite."""
    lengths = [0.0, *(row.length for row in rows)]
    if max(lengths) == min(lengths):
        lengths.append(1.0)
    values: list[Part] = [
        {"row": at, "length": row.length, "colour": ink(row.colour)} for at, row in enumerate(rows)
    ]
    scale = {"domain": [min(lengths), max(lengths)], "nice": False}
    length = number("length", axis=None, scale=scale, stack=None)
    channels = {"x": length, "y": _row(), "color": as_is("colour")}
    layers = [layer(values, "bar", channels, height=10, yOffset=BELOW), *_zero(lengths)]
    return _finished([*layers, *_texts([(row.name, row.text) for row in rows])], len(rows))


def spans(rows: list[Span]) -> Part:
    """Intervals with a diamond at the value, on one scale that holds zero; Vega-Lite."""
    ends = [0.0, *(row.low for row in rows), *(row.high for row in rows)]
    if max(ends) == min(ends):
        ends.append(1.0)
    scale = {"domain": [min(ends), max(ends)], "nice": False}
    values: list[Part] = [
        {"row": at, "low": r.low, "middle": r.middle, "high": r.high, "colour": ink(r.colour)}
        for at, r in enumerate(rows)
    ]
    low, middle = (number(end, axis=None, scale=scale) for end in ("low", "middle"))
    line = {"strokeWidth": 6, "strokeCap": "round", "color": ink("band")}
    point = {"shape": "diamond", "filled": True, "size": 110, "opacity": 1}
    at_middle = {"x": middle, "y": _row(), "color": as_is("colour")}
    layers = [
        *_zero(ends),
        layer(
            values, "rule", {"x": low, "x2": {"field": "high"}, "y": _row()}, yOffset=BELOW, **line
        ),
        layer(values, "point", at_middle, yOffset=BELOW, **point),
    ]
    return _finished([*layers, *_texts([(row.name, row.text) for row in rows])], len(rows))


def _zero(positions: list[float]) -> list[Part]:
    """A line at zero, where something lies to the left of it."""
    return [zero_line("x")] if min(positions) < 0 else []


def _row() -> Part:
    return place("row", axis=None, scale={"paddingInner": 0, "paddingOuter": 0})


def _texts(rows: list[tuple[str, str]]) -> list[Part]:
    values: list[Part] = [
        {"row": at, "name": short(name, NAME), "text": text} for at, (name, text) in enumerate(rows)
    ]
    names = {"x": {"value": 0}, "y": _row(), "text": text_of("name")}
    numbers = {"x": {"value": WIDTH - 12}, "y": _row(), "text": text_of("text")}
    return [
        layer(values, "text", names, align="left", baseline="bottom", dy=-5),
        layer(values, "text", numbers, align="right", baseline="bottom", dy=-5, fontWeight=600),
    ]


def _finished(layers: list[Part], count: int) -> Part:
    return layered(layers, (WIDTH - 12, ROW * count), Padding(6, 6, 8, 4))
