"""Layers to one Vega-Lite chart, and what several charts have in common."""

from __future__ import annotations

from typing import Any, NamedTuple

import altair as alt

from clv_cli.render.charts.theme import ink

TICKS_BELOW = 8


class Padding(NamedTuple):
    """Room around the plot. Fixed, so that plots line up and no text is measured for it."""

    left: int
    right: int
    top: int
    bottom: int


def layered(layers: list[Any], size: tuple[int, int], padding: Padding) -> dict[str, Any]:
    """One chart of all layers.

    Altair would check every part against Vega-Lite's schema, at half the cost of drawing it. Charts are
    built alike whatever the data, so the tests do that.

    Args:
        layers: the first is the lowest.
        size: width and height of the plot.
        padding: room around it.
    """
    width, height = size
    chart: dict[str, Any] = (
        alt.layer(*layers).properties(width=width, height=height).to_dict(validate=False)
    )
    return {**chart, "padding": padding._asdict()}


def rows_of(values: list[dict[str, Any]]) -> alt.Chart:
    """A chart of these rows, to be given a mark."""
    return alt.Chart(alt.Data(values=values))  # type: ignore[no-untyped-call]


def below(x: alt.X, texts: list[str], height: int) -> alt.Chart:
    """Texts under the plot, such as months; one line or two."""
    values = [{"at": at, "tick": text} for at, text in enumerate(texts)]
    mark = rows_of(values).mark_text(
        baseline="top", fontSize=11, color=ink("muted"), lineBreak="\n"
    )
    drawn: alt.Chart = mark.encode(x=x, y=alt.value(height + TICKS_BELOW), text="tick:N")
    return drawn


def zero_line(axis: str) -> alt.Chart:
    """A line at zero, across the plot: of "x" or of "y"."""
    drawn = rows_of([{}]).mark_rule(color=ink("zero"))
    line: alt.Chart = (
        drawn.encode(x=alt.datum(0, axis=None)) if axis == "x" else drawn.encode(y=alt.datum(0))
    )
    return line
