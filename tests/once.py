"""Frames of one question, each measure computed once, whoever needs it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from clv_cli.results import Frames, Result, behind, collect_frames

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl

    from clv_cli.pipeline import Measure, Scope
    from clv_cli.results import Table


class Once:
    """What `collect_frames` returns for a scope; what was computed before is not computed again.

    A metric still finds the measures behind its own needs and no others, so that one which reads
    what it did not declare fails here as it fails in a run.
    """

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self._found: dict[Measure, pl.DataFrame] = {}

    def frames(self, needs: Iterable[Measure]) -> Frames:
        """The frames of these measures and of all behind them."""
        needed = behind(needs)
        reductions = {m.name: self._frame(m) for m in needed if m.plan is not None}
        derived = {m.name: partial(self._frame, m) for m in needed if m.plan is None}
        return Frames(self.scope, reductions, derived)

    def collect(self, tables: Iterable[Table]) -> list[Result]:
        """What `results.collect` returns for these tables."""
        planned = list(tables)
        frames = self.frames([need for table in planned for need in table.needs])
        return [Result(table, table.finish(frames)) for table in planned]

    def _frame(self, measure: Measure) -> pl.DataFrame:
        if measure not in self._found:
            inputs = [self._frame(need) for need in measure.needs]
            self._found[measure] = (
                measure.derive(self.scope, *inputs)
                if measure.plan is None
                else collect_frames([measure], self.scope)[measure]
            )
        return self._found[measure]
