"""Retention by month: NRR and GRR as two lines, each with a mark of its own shape and its last value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clv_cli.periods import month_text
from clv_cli.render.charts.drawing import Drawing, Key, Reader, month_ticks
from clv_cli.render.charts.spec import Padding, Part, as_is, below, layer, layered, number, text
from clv_cli.render.charts.theme import WIDTH, ink

if TYPE_CHECKING:
    from clv_cli.results import Result

HEIGHT = 220
# Rate, its colour, the shape of its marks.
RATES = (("nrr", "new", "circle"), ("grr", "churn", "square"))
GAP = 0.09  # of the height: what two texts need between them
MANY = 18  # months beyond which single marks would touch
NEEDS = frozenset({"month", "nrr", "grr"})


def draw(result: Result, currency: str) -> Drawing | None:
    """Two lines over the months; None where no month has a rate."""
    reader = Reader(result, currency)
    ticks = month_ticks([row["month"] for row in reader.records])
    points: list[Part] = [
        {"at": at, "rate": float(row[name]), "colour": ink(colour), "shape": shape, "rate_of": name}
        for name, colour, shape in RATES
        for at, row in enumerate(reader.records)
        if row[name] is not None
    ]
    if not points:
        return None
    ends = [found for name, _, _ in RATES if (found := _last(reader, name))]
    labels: list[Part] = [
        {"at": at, "rate": float(row[name]), "text": reader.text(row, name)}
        for at, row, name in ends
    ]
    named = {name for _, _, name in ends}
    keys = tuple(
        Key(colour, f"{reader.columns[name].heading} ({shape}s)", shape)
        for name, colour, shape in RATES
        if name in named
    )
    return Drawing(_spec(points, labels, ticks), _sentence(reader), keys)


def _last(reader: Reader, name: str) -> tuple[int, dict[str, Any], str] | None:
    """The last month with a rate, and its place on the axis."""
    known = [(at, row) for at, row in enumerate(reader.records) if row[name] is not None]
    return (*known[-1], name) if known else None


def _keep_apart(labels: list[dict[str, Any]], least: float) -> None:
    """Move two labels of nearly the same height away from each other; points stay where they are."""
    if len(labels) < 2:
        return
    upper, lower = sorted(labels, key=lambda label: -label["rate"])
    missing = least - (upper["rate"] - lower["rate"])
    if missing > 0:
        upper["rate"] += missing / 2
        lower["rate"] -= missing / 2


def _spec(points: list[Part], labels: list[Part], ticks: list[str]) -> Part:
    months = {"domain": [0, max(len(ticks) - 1, 1)], "nice": False}
    at = number("at", axis=None, scale=months)
    rates = [point["rate"] for point in points]
    room = max((max(rates) - min(rates)) * 0.15, 0.01)
    domain = [min(rates) - room, max(rates) + room]
    _keep_apart(labels, (domain[1] - domain[0]) * GAP)
    scale = {"domain": domain, "nice": True, "zero": False}
    rate = number("rate", axis={"format": ".0%", "tickCount": 5}, scale=scale, title=None)
    here = {"x": at, "y": rate}
    line = {**here, "color": as_is("colour"), "detail": text("rate_of")}
    mark = {**here, "color": as_is("colour"), "shape": as_is("shape")}
    size = 45 if len(ticks) <= MANY else 12
    end = {**here, "text": text("text")}
    layers = [
        layer(points, "line", line, strokeWidth=2),
        layer(points, "point", mark, filled=True, opacity=1, size=size),
        layer(labels, "text", end, align="left", dx=8, fontWeight=600),
        below(at, ticks, HEIGHT),
    ]
    return layered(layers, (WIDTH - 116, HEIGHT), Padding(50, 66, 16, 40))


def _sentence(reader: Reader) -> str:
    parts = []
    for name, _, _ in RATES:
        known = [row for row in reader.records if row[name] is not None]
        if known:
            first, last = known[0], known[-1]
            parts.append(
                f"{reader.columns[name].heading} went from {reader.text(first, name)} in "
                f"{month_text(first['month'])} to {reader.text(last, name)} in "
                f"{month_text(last['month'])}"
            )
    return "; ".join(parts) + "."
