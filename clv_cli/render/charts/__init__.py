"""Charts of tables. A chart is one module here and one line in `CHARTS`.

A module says in `NEEDS` which columns it reads. Its `draw(result, currency)` turns a table's rows into a `Drawing`: Vega-Lite, a
sentence made of the numbers, and the keys of its colours; None where there is nothing to draw. What it
draws are rows of the table, so that the table beside it holds every number. Positions on a scale are
floats; every text is written from the exact value.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from clv_cli.render.charts.drawing import Drawing
    from clv_cli.results import Result

# The key is a table's name; the module is imported when the table is drawn.
CHARTS: dict[str, str] = {
    "mrr_movements": "movements",
    "retention": "retention",
    "cohorts": "cohorts",
    "cac_by_channel": "channels",
    "split": "split",
    "split_buckets": "split",
    "split_claims": "claims",
    "customers": "values",
    "forecast": "forecast",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing with its SVG."""

    drawing: Drawing
    svg: str


class Gallery:
    """The charts of a run's tables: each begun once its table is known, and finished when a page asks."""

    def __init__(self) -> None:
        # By identity, of results that are held meanwhile: one whose names became tokens is another.
        self._begun: dict[int, tuple[Result, Callable[[], Figure]]] = {}

    def begin(self, result: Result, currency: str) -> None:
        """Have the chart of a table drawn meanwhile, if it has one; once, however often it is asked."""
        if id(result) not in self._begun and (finish := _begun(result, currency)):
            self._begun[id(result)] = result, finish

    def figure(self, result: Result, currency: str) -> Figure | None:
        """The chart of a table; None where it has none, or nothing to draw."""
        self.begin(result, currency)
        found = self._begun.pop(id(result), None)
        return found[1]() if found else None


GALLERY = Gallery()


def _begun(result: Result, currency: str) -> Callable[[], Figure] | None:
    """What waits for the chart of a table."""
    name = result.table.name
    if name not in CHARTS or result.rows.frame.is_empty():
        return None
    from clv_cli.render.charts.svg import begin

    module = import_module(f"clv_cli.render.charts.{CHARTS[name]}")
    if not {column.name for column in result.table.columns} >= module.NEEDS:
        return None
    drawing = module.draw(result, currency)
    if drawing is None:
        return None
    drawn = begin(drawing.spec, name=name, title=result.table.title, sentence=drawing.sentence)
    return lambda: Figure(drawing, drawn())
