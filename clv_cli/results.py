"""What a pipeline hands to a renderer: numbers with their meaning, and no layout.

`collect` is the only place that computes. It gathers the reductions of all planned tables, runs each
once and hands the small frames that come back to the tables' finishers.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from clv_cli.errors import ClvError
from clv_cli.glossary import Kind
from clv_cli.kinds import PERSONAL
from clv_cli.pipeline import Collected
from clv_cli.reducing import passed, ranges_of_codes, reduced

__all__ = [
    "Check",
    "Column",
    "Frames",
    "Kind",
    "Report",
    "Result",
    "Rows",
    "Table",
    "collect",
    "collect_frames",
]

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date

    from clv_cli.frames import Finding
    from clv_cli.pipeline import Measure, Scope


@dataclass(frozen=True, slots=True)
class Column:
    """A column that readers see.

    Args:
        name: key in the rows.
        kind: meaning of the values.
        heading: as printed.
        currency_from: for MONEY, the column that holds the row's currency.
        labels: for TEXT, what people read in place of a stable id; machines read the id.
        bar: for RATIO, draw its size beside it.
        whole: for money, people see amounts of 1,000 and more in whole units.
        people: whether people see it; machines always do.
        rigid: for TEXT, never broken over two lines.
        blank: people see nothing, not a dash, where there is no value.
        personal: whether it is about somebody, so that `--redact` writes tokens for it; None: as its
            name says.
    """

    name: str
    kind: Kind
    heading: str
    currency_from: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    bar: bool = False
    whole: bool = False
    people: bool = True
    rigid: bool = False
    blank: bool = False
    personal: bool | None = None

    @property
    def about_somebody(self) -> bool:
        """Whether `--redact` writes tokens for it."""
        return self.name in PERSONAL if self.personal is None else self.personal


@dataclass(frozen=True, slots=True)
class Check:
    """A reconciliation: two figures that must be equal, in minor units."""

    name: str
    left: int
    right: int
    text: str

    @property
    def difference(self) -> int:
        """What is left over; 0 when the books tie."""
        return self.left - self.right

    @property
    def ok(self) -> bool:
        """Whether it ties."""
        return self.difference == 0


@dataclass(frozen=True, slots=True)
class Rows:
    """What a finisher returns: rows, and what it noticed.

    Args:
        frame: one row a line, with at least the table's columns.
        reasons: (row index, column, why) for every null that needs one.
        checks: reconciliations made on the way.
        findings: things noticed on the way.
        notes: sentences printed under the table.
        lead: sentences between the title and the rows, after those of the table.
        people_rows: as in `Table`, where only the rows tell how many are worth seeing.
    """

    frame: pl.DataFrame
    reasons: Sequence[tuple[int, str, str]] = ()
    checks: Sequence[Check] = ()
    findings: Sequence[Finding] = ()
    notes: Sequence[str] = ()
    people_rows: int | None = None
    lead: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """A planned table: nothing is computed until `collect`.

    Args:
        name: stable name, as in the JSON contract.
        title: as printed.
        columns: what readers see, in order.
        needs: the measures the finisher reads.
        finish: pure function from the collected measures to rows.
        people_rows: how many rows people see, from the end when negative; machines get all.
        lead: sentences between the title and the rows.
        sideways: people see the rows as columns; for few rows of many columns.
        totals: columns whose rows add up to something, in one unit.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    needs: tuple[Measure, ...]
    finish: Callable[[Frames], Rows]
    people_rows: int | None = None
    lead: tuple[str, ...] = ()
    sideways: bool = False
    totals: tuple[str, ...] = ()


# Reductions that name no customer and hold for every part: rates, and pauses by subscription.
COMMON = ("missing_rates", "pauses")


class Frames(Collected):
    """The collected measures of one run, derived on demand, each once."""

    def __init__(
        self,
        scope: Scope,
        reductions: Mapping[str, pl.DataFrame],
        given: Mapping[str, Callable[[], pl.DataFrame]] | None = None,
        passing: Mapping[str, Measure] | None = None,
    ) -> None:
        self.scope = scope
        self._reductions = reductions
        self._frames: dict[str, pl.DataFrame] = dict(reductions)
        self._given = given or {}
        self._passing = passing or {}
        self._uses: Counter[str] = Counter()
        self._apart: list[Measure] = []

    def __getitem__(self, measure: Measure) -> pl.DataFrame:
        """The frame of a measure."""
        if measure.name in self._given and measure.name not in self._frames:
            self._frames[measure.name] = self._given[measure.name]()
        if measure in self._apart:
            self._some_at_a_time()
        if measure.name not in self._frames:
            inputs = [
                passed(need, self.scope) if need.name in self._passing else self[need]
                for need in measure.needs
            ]
            self._frames[measure.name] = measure.derive(self.scope, *inputs)
            del inputs
            self.used(measure.needs)
        return self._frames[measure.name]

    def expect(self, needs: Iterable[Measure]) -> None:
        """Count on these being asked for: after so many uses a derived frame is let go.

        Whoever asks for one again has it derived anew.
        """
        self._uses.update(need.name for need in needs)

    def used(self, needs: Iterable[Measure]) -> None:
        """Let go of the derived frames that nobody is expected to ask for any more."""
        for need in needs:
            self._uses[need.name] -= 1
            if not self._uses[need.name] and need.compute is not None:
                self._frames.pop(need.name, None)

    def take_apart(self, needs: Iterable[Measure]) -> None:
        """Of many lines, derive what looks at one customer at a time of some customers at a time.

        Args:
            needs: what tables will ask for. Of the measures by customer behind it, only those are held
                of all customers that are among it, or that measures of all customers read.
        """
        wanted = list(needs)
        if len(ranges_of_codes(self.scope)) > 1:
            readers = [reader for reader in behind(wanted) if not reader.by_customer]
            read = [*wanted, *(need for reader in readers for need in reader.needs)]
            self._apart = list(dict.fromkeys(need for need in read if need.by_customer))

    def _some_at_a_time(self) -> None:
        """Derive the measures that are taken apart, range of customers by range of customers."""
        wanted, self._apart = self._apart, []
        inner = [measure for measure in behind(wanted) if measure.by_customer]
        needs = {need.name: need for each in inner for need in each.needs if not need.by_customer}
        inputs = {name: self[need] for name, need in needs.items()}
        try:
            parts = [
                _of_some(self.scope, inputs, wanted, ends) for ends in ranges_of_codes(self.scope)
            ]
        except ClvError:
            # What is wrong is told as all customers tell it: by the first day without a rate of all.
            return
        self._frames |= {name: pl.concat(part[name] for part in parts) for name in parts[0]}
        for each in inner:
            self.used(each.needs)

    def cut(self, codes: pl.Series, given: Mapping[str, Callable[[], pl.DataFrame]]) -> Frames:
        """The same measures for some customers only.

        Args:
            codes: the customers.
            given: by name, what cannot be cut by `code` (shares of common costs), made on demand.

        Returns:
            Frames that derive everything anew from the reductions of these customers. A reduction
            that names no customer is left out: what reads it must be in `given`.
        """
        mine = {
            name: frame.filter(pl.col("code").is_in(codes.implode()))
            for name, frame in self._reductions.items()
            if "code" in frame.columns
        }
        common = {name: self._reductions[name] for name in COMMON if name in self._reductions}
        return Frames(self.scope, {**mine, **common}, given)


def _of_some(
    scope: Scope,
    inputs: Mapping[str, pl.DataFrame],
    wanted: Sequence[Measure],
    ends: tuple[int, int],
) -> dict[str, pl.DataFrame]:
    """Measures by customer of those whose codes are in a range; what they rest on is gone after."""
    first, end = ends
    theirs = (pl.col("code") >= first) & (pl.col("code") < end)
    own = {
        name: frame.filter(theirs) if "code" in frame.columns else frame
        for name, frame in inputs.items()
    }
    frames = Frames(scope, own)
    frames.expect(wanted)
    for measure in behind(wanted):
        if measure.by_customer:
            frames.expect(measure.needs)
    found = {}
    for measure in wanted:
        found[measure.name] = frames[measure]
        frames.used([measure])
    return found


@dataclass(frozen=True, slots=True)
class Result:
    """A table with its rows computed."""

    table: Table
    rows: Rows

    def records(self, most: int | None = None) -> list[dict[str, Any]]:
        """The rows as dictionaries; the first ones, where only so many are wanted."""
        frame = self.rows.frame
        return (frame if most is None else frame.head(most)).to_dicts()

    @property
    def lead(self) -> tuple[str, ...]:
        """What stands between the title and the rows."""
        return (*self.table.lead, *self.rows.lead)

    @property
    def seen(self) -> tuple[Column, ...]:
        """The columns that people see."""
        return tuple(column for column in self.table.columns if column.people)


@dataclass(frozen=True, slots=True)
class Report:
    """All results of one command, and what every reader must know about them."""

    command: str
    as_of: date | None
    period: tuple[date, date] | None
    currency: str
    company: str
    results: tuple[Result, ...]
    checks: tuple[Check, ...] = ()
    findings: tuple[Finding, ...] = ()
    conventions: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def period_text(self) -> str:
        """The months reported: `2025-11..2026-10`; empty without a period."""
        if self.period is None:
            return ""
        start, end = self.period
        return f"{start.isoformat()[:7]}..{(end - timedelta(days=1)).isoformat()[:7]}"


def collect(
    tables: Iterable[Table], scope: Scope, told: Callable[[Result], object] = lambda _: None
) -> list[Result]:
    """Compute all tables in one pass over the lines.

    Args:
        tables: the planned tables.
        scope: what they are asked for.
        told: hears of every result while the next are computed.

    Returns:
        One result a table, in the same order.
    """
    planned = list(tables)
    needs = [need for table in planned for need in table.needs]
    frames = collect_frames(needs, scope)
    frames.expect(needs)
    for measure in behind(needs):
        frames.expect(measure.needs)
    frames.take_apart(needs)
    results = []
    for table in planned:
        results.append(Result(table, table.finish(frames)))
        frames.used(table.needs)
        told(results[-1])
    return results


def behind(measures: Iterable[Measure]) -> list[Measure]:
    """Some measures and all that they rest on, each once."""
    found: dict[str, Measure] = {}
    waiting = list(measures)
    while waiting:
        measure = waiting.pop()
        if measure.name not in found:
            found[measure.name] = measure
            waiting.extend(measure.needs)
    return list(found.values())


def collect_frames(measures: Iterable[Measure], scope: Scope) -> Frames:
    """Run the reductions behind some measures, one after the other.

    Each streams over all cores by itself; side by side they would hold all of their tables at once.
    Those that nobody holds run when they are read.
    """
    found = [measure for measure in behind(measures) if measure.plan is not None]
    held = {m.name: reduced(m, scope) for m in found if not m.passing}
    return Frames(scope, held, passing={m.name: m for m in found if m.passing})
