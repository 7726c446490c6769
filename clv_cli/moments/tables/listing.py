"""The tables of `clv moments`: whom to talk to, and how many of each kind with what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.glossary import Kind
from clv_cli.measures.moment_kind import Aim
from clv_cli.moments.tables.emission import (
    EMISSION_NEEDS,
    Emission,
    emission,
    first_day,
    found_moments,
    looked_for,
)
from clv_cli.results import Column, Rows, Table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from clv_cli.measures.moment_kind import MomentKind
    from clv_cli.pipeline import Measure, Scope
    from clv_cli.results import Frames

TOP = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """Which moments are asked for.

    Args:
        kinds: only these; empty for all.
        since: first day; None for the window's.
        owner: only this owner's, in any case; None for all.
        top: only so many; None for all.
        customer_id: only this customer's; None for all.
        brief: say how many there are, and nothing of what was not looked for.
    """

    kinds: tuple[str, ...] = ()
    since: date | None = None
    owner: str | None = None
    top: int | None = None
    customer_id: str | None = None
    brief: bool = False


class _Said:
    """The emission behind several tables, computed once a run."""

    def __init__(self, scope: Scope, kinds: Mapping[str, MomentKind], since: date | None) -> None:
        self.kinds = looked_for(scope, kinds)
        self.since = first_day(scope, since)
        self.found = found_moments(scope, self.kinds, self.since)
        self.needs = (self.found, *EMISSION_NEEDS)
        self._done: tuple[Frames, Emission] | None = None

    def of(self, frames: Frames) -> Emission:
        """The emission of these frames."""
        if self._done is None or self._done[0] is not frames:
            said = emission(frames, frames[self.found], self.kinds, self.since)
            self._done = (frames, said)
        return self._done[1]


def moments_tables(scope: Scope, kinds: Mapping[str, MomentKind], asked: Asked) -> list[Table]:
    """Whom to talk to, why, what is at stake, and what to do?

    Args:
        scope: the Book, day and settings.
        kinds: all kinds by name.
        asked: which of the moments.
    """
    said = _Said(scope, kinds, asked.since)
    return [_list_table(scope, said, kinds, asked), _kinds_table(said, asked)]


def customer_moments_table(
    scope: Scope, kinds: Mapping[str, MomentKind], customer_id: str
) -> Table:
    """The moments of one customer in the period reported."""
    asked = Asked(since=scope.period.start_day, customer_id=customer_id, brief=True)
    return _list_table(scope, _Said(scope, kinds, asked.since), kinds, asked)


def report_table(scope: Scope, kinds: Mapping[str, MomentKind], top: int) -> Table:
    """The first moments of the list, for a report: where money may be lost or gained.

    Thanks are left out: they are for whom to talk to, and a pass over all invoices to find.
    """
    urgent = {name: kind for name, kind in kinds.items() if kind.aim is not Aim.THANK}
    return _list_table(scope, _Said(scope, urgent, None), urgent, Asked(top=top, brief=True))


def emitted(frames: Frames, kinds: Mapping[str, MomentKind], since: date | None = None) -> Emission:
    """What a run says, and what is to be remembered of it.

    Args:
        frames: with the measures of `emission_needs`.
        kinds: all kinds by name.
        since: first day; None for the window's.
    """
    return _Said(frames.scope, kinds, since).of(frames)


def emission_needs(
    scope: Scope, kinds: Mapping[str, MomentKind], since: date | None = None
) -> tuple[Measure, ...]:
    """The measures that `emitted` reads."""
    return _Said(scope, kinds, since).needs


_LIST = (
    Column("customer_id", Kind.TEXT, "Customer", rigid=True),
    Column("title", Kind.TEXT, "Moment"),
    Column("day", Kind.DATE, "Day"),
    Column("fact", Kind.TEXT, "What happened"),
    Column("value", Kind.MONEY, "At stake", whole=True),
    Column("owner", Kind.TEXT, "Owner"),
    Column("kind", Kind.TEXT, "Kind", people=False),
    Column("play", Kind.TEXT, "Play", people=False),
    Column("basis", Kind.TEXT, "Basis", people=False),
    Column("priority", Kind.COUNT, "Priority", people=False),
    Column("evidence", Kind.TEXT, "Evidence", people=False),
    Column("key", Kind.TEXT, "Key", people=False),
)
_KINDS = (
    Column("title", Kind.TEXT, "Moment"),
    Column("n", Kind.COUNT, "n"),
    Column("value", Kind.MONEY, "At stake", whole=True),
    Column("play", Kind.TEXT, "What to do"),
    Column("kind", Kind.TEXT, "Kind", people=False),
    Column("aim", Kind.TEXT, "Aim", people=False),
)


def _chosen(rows: pl.DataFrame, asked: Asked) -> pl.DataFrame:
    if asked.kinds:
        rows = rows.filter(pl.col("kind").is_in(asked.kinds))
    if asked.owner is not None:
        rows = rows.filter(pl.col("owner").str.to_lowercase() == asked.owner.casefold())
    if asked.customer_id is not None:
        rows = rows.filter(pl.col("customer_id") == asked.customer_id)
    return rows


def _list_table(scope: Scope, said: _Said, kinds: Mapping[str, MomentKind], asked: Asked) -> Table:
    def finish(frames: Frames) -> Rows:
        told = said.of(frames)
        every = _chosen(told.rows, asked)
        rows = every.head(asked.top or every.height)
        reasons = [
            (index, "value", str(basis))
            for index, (value, basis) in enumerate(rows.select("value", "basis").iter_rows())
            if value is None
        ]
        return Rows(
            rows.select(column.name for column in _LIST),
            reasons,
            notes=_notes(scope, told, every.height, kinds, asked),
            people_rows=None if asked.top else TOP,
        )

    return Table("moments", "Revenue moments", _LIST, said.needs, finish)


def _kinds_table(said: _Said, asked: Asked) -> Table:
    def finish(frames: Frames) -> Rows:
        rows = _chosen(said.of(frames).rows, asked)
        sums = rows.group_by("priority", "kind", "title", "aim", "play").agg(
            n=pl.len().cast(pl.Int64),
            # A customer with several moments of a kind has its money at stake once.
            value=_stake(),
        )
        return Rows(sums.sort("priority", "kind").select(column.name for column in _KINDS))

    return Table("moments_by_kind", "What to do", _KINDS, said.needs, finish)


def _stake() -> pl.Expr:
    own = pl.col("basis") != "12 x MRR"
    largest = pl.col("value").filter(~own & pl.col("customer_id").is_first_distinct())
    total = pl.col("value").filter(own).cast(pl.Int128).sum() + largest.cast(pl.Int128).sum()
    return total.cast(pl.Int64)


def _notes(
    scope: Scope, told: Emission, count: int, kinds: Mapping[str, MomentKind], asked: Asked
) -> list[str]:
    """What was looked at, what was left out and why."""
    held_back = [
        (told.said, "said by earlier runs"),
        (told.cooling, f"within {scope.settings.moments.cool_down_days} days of the last alike"),
        (told.quiet, "offers to customers who gave alarm"),
        (told.held, "holdout group"),
    ]
    left = [f"{why} {n:,}" for n, why in held_back if n]
    span = f"{count:,} moments from {told.since.isoformat()} to {scope.as_of.isoformat()}"
    if asked.brief:
        return [f"{span}; clv moments lists them."]
    notes = [f"{span}; not listed: {', '.join(left)}." if left else f"{span}."]
    missing = sorted(
        {
            " or ".join(kind.requires)
            for kind in kinds.values()
            if kind.requires and not any(scope.book.has(table) for table in kind.requires)
        }
    )
    if missing:
        notes.append(f"Not looked for, without data: moments of {', '.join(missing)}.")
    if scope.book.memory is None:
        notes.append("Nothing is remembered: another run lists the same again.")
    return notes
