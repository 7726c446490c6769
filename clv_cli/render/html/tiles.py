"""Key figures as tiles: the value, its change in words and colour, the way there as a sparkline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clv_cli.render.formats import human, is_bad

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv_cli.results import Result

TILES = "kpis"  # the table whose rows they are
WIDTH, HEIGHT, EDGE = 120, 28, 3


@dataclass(frozen=True, slots=True)
class Spark:
    """A sparkline: the path of its line, its last point, and what it says."""

    path: str
    end: tuple[str, str]
    sentence: str


@dataclass(frozen=True, slots=True)
class Tile:
    """One key figure.

    Args:
        name: its id.
        title: its name.
        value: as text; a dash where there is none.
        change: as text; empty without one.
        arrow: up, down or level.
        verdict: good, bad or neither.
        before: the value before.
        window: what span it covers.
        spark: the way there; None with fewer than two known values.
        reason: why there is no value.
    """

    name: str
    title: str
    value: str
    change: str
    arrow: str
    verdict: str
    before: str
    window: str
    spark: Spark | None
    reason: str


def tiles_of(result: Result, currency: str) -> list[Tile]:
    """One tile a row of the key figures."""
    reasons = {row: why for row, column, why in result.rows.reasons if column == "value"}
    columns = {column.name: column for column in result.table.columns}
    tiles = []
    for at, row in enumerate(result.records()):
        text = {name: human(columns[name], row, currency) for name in columns}
        change = row["change"]
        moved = "" if change is None else text["change"].removesuffix("!").strip()
        tiles.append(
            Tile(
                name=str(row["metric"]),
                title=text["metric"],
                value=text["value"],
                change=moved,
                arrow=_arrow(change, moved),
                verdict=_verdict(change, moved, row),
                before=text.get("previous", ""),
                window=text["window"],
                spark=spark_of(row["series"], columns["series"].heading),
                reason=reasons.get(at, ""),
            )
        )
    return tiles


def _arrow(change: float | None, text: str) -> str:
    if change is None or text.startswith("0.0"):
        return "level"
    return "up" if change > 0 else "down"


def _verdict(change: float | None, text: str, row: dict[str, Any]) -> str:
    if change is None or text.startswith("0.0"):
        return "neither"
    if is_bad(change, row):
        return "bad"
    # What is neither good nor bad in one direction would be called good in both.
    return "good" if is_bad(-change, row) else "neither"


def spark_of(series: Sequence[str | None] | None, span: str) -> Spark | None:
    """A line from the lowest to the highest value, broken where a value is missing."""
    values = [None if text is None else float(text) for text in series or ()]
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return None
    low, high = min(known), max(known)
    step = (WIDTH - 2 * EDGE) / (len(values) - 1)
    points, pen = [], "M"
    for at, value in enumerate(values):
        if value is None:
            pen = "M"
            continue
        part = (value - low) / (high - low) if high > low else 0.5
        x, y = EDGE + at * step, HEIGHT - EDGE - part * (HEIGHT - 2 * EDGE)
        points.append((pen, f"{x:.1f}", f"{y:.1f}"))
        pen = "L"
    path = "".join(f"{pen}{x},{y}" for pen, x, y in points)
    rank = sorted(known).index(known[-1]) + 1
    place = {1: "the lowest", len(known): "the highest"}.get(rank, f"number {rank} from the lowest")
    return Spark(path, points[-1][1:], f"{span}: the last value is {place} of {len(known)}")
