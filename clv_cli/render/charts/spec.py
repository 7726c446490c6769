"""Vega-Lite as plain dictionaries: the few parts that charts are made of, and layers to one chart.

Importing a library to build them would cost more than drawing them; the tests check every chart
against Vega-Lite's schema.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from clv_cli.render.charts.theme import ink

if TYPE_CHECKING:
    from collections.abc import Sequence

Part = dict[str, Any]
TICKS_BELOW = 8


class Padding(NamedTuple):
    """Room around the plot. Fixed, so that plots line up and no text is measured for it."""

    left: int
    right: int
    top: int
    bottom: int


def layered(layers: Sequence[Part], size: tuple[int, int], padding: Padding) -> Part:
    """One chart of all layers.

    Args:
        layers: the first is the lowest.
        size: width and height of the plot.
        padding: room around it.
    """
    width, height = size
    return {
        "layer": list(layers),
        "width": width,
        "height": height,
        "padding": padding._asdict(),
    }


def layer(rows: list[Part], mark: str, channels: Part, **style: Any) -> Part:  # noqa: ANN401
    """One layer: a mark for each row.

    Args:
        rows: its data.
        mark: such as `bar` or `text`.
        channels: what of a row decides where the mark stands, and how it looks.
        style: of all marks.
    """
    return {"data": {"values": rows}, "mark": {"type": mark, **style}, "encoding": channels}


def number(name: str, **more: Any) -> Part:  # noqa: ANN401 - whatever a channel of Vega-Lite takes
    """A channel that reads a number; `more` as Vega-Lite has it, such as `axis` and `scale`."""
    return {"field": name, "type": "quantitative", **more}


def place(name: str, **more: Any) -> Part:  # noqa: ANN401 - as above
    """A channel that reads a place in an order."""
    return {"field": name, "type": "ordinal", **more}


def text(name: str) -> Part:
    """A channel that reads a text."""
    return {"field": name, "type": "nominal"}


def as_is(name: str) -> Part:
    """A channel that reads a colour or a shape, drawn as it is."""
    return {"field": name, "type": "nominal", "scale": None}


def below(x: Part, texts: list[str], height: int) -> Part:
    """Texts under the plot, such as months; one line or two."""
    rows: list[Part] = [{"at": at, "tick": words} for at, words in enumerate(texts)]
    channels = {"x": x, "y": {"value": height + TICKS_BELOW}, "text": text("tick")}
    style = {"baseline": "top", "fontSize": 11, "color": ink("muted"), "lineBreak": "\n"}
    return layer(rows, "text", channels, **style)


def zero_line(axis: str) -> Part:
    """A line at zero, across the plot: of "x" or of "y"."""
    channel: Part = {"datum": 0, "axis": None} if axis == "x" else {"datum": 0}
    return layer([{}], "rule", {axis: channel}, color=ink("zero"))
