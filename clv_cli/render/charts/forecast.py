"""The forecast of MRR: a line, in the bands that hold the truth in 80 and 95 of 100 cases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clv_cli.periods import month_text
from clv_cli.render.charts.drawing import Drawing, Key, Reader, month_ticks
from clv_cli.render.charts.spec import Padding, Part, below, layer, layered, number, text
from clv_cli.render.charts.theme import WIDTH, ink

if TYPE_CHECKING:
    from clv_cli.results import Result

HEIGHT = 220
LEAST = 2  # months; one is a number
# Wide bands first: narrower ones are drawn over them. Level, and its colour.
BANDS = ((95, "line"), (80, "band"))
DRAWN = ("value", *(f"{end}_{level}" for level, _ in BANDS for end in ("low", "high")))
NEEDS = frozenset({"series", "month", *DRAWN})


def draw(result: Result, currency: str) -> Drawing | None:
    """MRR ahead with two bands; None where there is none of at least two months."""
    reader = Reader(result, currency)
    rows = [row for row in reader.records if row["series"] == "mrr" and _whole(row)]
    if len(rows) < LEAST:
        return None
    last = rows[-1]
    sentence = (
        f"MRR is expected to be {reader.text(last, 'value')} in {month_text(last['month'])}: in 80 of "
        f"100 cases between {reader.text(last, 'low_80')} and {reader.text(last, 'high_80')}, in 95 "
        f"between {reader.text(last, 'low_95')} and {reader.text(last, 'high_95')}."
    )
    keys = (Key("new", "forecast"), *(Key(ink_, f"{level} %") for level, ink_ in reversed(BANDS)))
    return Drawing(_spec(reader, rows), sentence, keys)


def _whole(row: dict[str, Any]) -> bool:
    return all(row[name] is not None for name in DRAWN)


def _spec(reader: Reader, rows: list[dict[str, Any]]) -> Part:
    points: list[Part] = [
        {"at": at, **{name: float(row[name]) for name in DRAWN}} for at, row in enumerate(rows)
    ]
    domain = [0, len(rows) - 1]
    at = number("at", axis=None, scale={"domain": domain, "nice": False})
    height: Part = {
        "axis": {"format": "~s", "tickCount": 5},
        "scale": {"zero": False, "nice": True},
        "title": None,
    }
    bands = [
        layer(
            points,
            "area",
            {"x": at, "y": number(f"low_{level}", **height), "y2": {"field": f"high_{level}"}},
            color=ink(colour),
            opacity=1,
        )
        for level, colour in BANDS
    ]
    value = number("value", **height)
    line = layer(points, "line", {"x": at, "y": value}, strokeWidth=2, color=ink("new"))
    ends = [{**points[-1], "text": reader.text(rows[-1], "value").strip()}]
    last = {"x": at, "y": value, "text": text("text")}
    layers = [*bands, line, layer(ends, "text", last, align="left", dx=6, fontWeight=600)]
    ticks = month_ticks([row["month"] for row in rows])
    return layered(
        [*layers, below(at, ticks, HEIGHT)], (WIDTH - 116, HEIGHT), Padding(50, 66, 16, 40)
    )
