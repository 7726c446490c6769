"""Running a reduction: by polars here, by an engine, or file by file; whole, or some customers at a time."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.facts import typed
from clv_cli.partial import AcrossFilesError, numbered, only, plan_name, planned_part, together
from clv_cli.ranges import NO_END, Passing, Range

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clv_cli.frames import Piece
    from clv_cli.pipeline import Measure, Scope

# So many lines are held together, 70 bytes each. Of more, so many are read at a time, and so many of
# the same customers handed over.
HELD, TAKEN, AT_ONCE = 1 << 24, 1 << 22, 1 << 23
# Each reduction scans the typed parts on its own: holding shared sub-plans in memory costs more.
APART = pl.QueryOptFlags(comm_subplan_elim=False)


def reduced(measure: Measure, scope: Scope) -> pl.DataFrame:
    """One reduction, by the engine of the scope where it is a group-by, else by polars here."""
    facts = measure.facts(scope) if measure.facts is not None else None
    if scope.engine is not None and facts is not None:
        summed = scope.engine.summed(measure.name, facts).lazy()
        return facts.finish(typed(facts, summed)).collect(engine="in-memory")
    name = plan_name(measure, scope) if facts is not None and _in_pieces(scope) else None
    if facts is not None and name is not None:
        parts = [
            numbered(facts, _of_file(measure, scope, piece, name), piece, scope.book)
            for piece in scope.book.line_pieces
        ]
        return facts.finish(typed(facts, together(facts, parts))).collect()
    assert measure.plan is not None  # noqa: S101 - only reductions come here
    return measure.plan(scope).collect(optimizations=APART)


def passed(measure: Measure, scope: Scope) -> Passing:
    """The rows of a measure with `code` that is too large to be held.

    Args:
        measure: a passing reduction.
        scope: what is asked.
    """
    return Passing(_ranges(measure, scope))


def _ranges(measure: Measure, scope: Scope) -> Iterator[Range]:
    """Customers in the order of their codes, those of many lines by way of the disk."""
    ends = ranges_of_codes(scope)
    waiting = None
    if len(ends) > 1 and scope.book.line_pieces and scope.aside is not None:
        place = pl.col("code").cast(pl.Int64) * len(ends) // scope.book.codes.height
        with suppress(AcrossFilesError):
            waiting = scope.aside.laid(_bit_by_bit(measure, scope), place, len(ends))
    if waiting is None:
        yield Range(0, NO_END, reduced(measure, scope))
        return
    for (first, end), rows in zip(ends, waiting, strict=True):
        yield Range(first, end, rows)


def ranges_of_codes(scope: Scope) -> list[tuple[int, int]]:
    """The customers whose lines may be held together: their first code and the one after the last.

    Args:
        scope: the Book; all of them where its lines are few.
    """
    codes, rows = scope.book.codes.height, scope.book.lines.rows
    count = min(-(-rows // AT_ONCE), codes) if rows > HELD else 1
    return list(pairwise([*(-(-at * codes // count) for at in range(count)), NO_END]))


def _bit_by_bit(measure: Measure, scope: Scope) -> Iterator[pl.DataFrame]:
    """The rows of a measure that looks at one line at a time, from some lines of a file after the other.

    Raises:
        AcrossFilesError: it looks at more than one line.
    """
    assert measure.plan is not None  # noqa: S101 - only reductions come here
    for piece in scope.book.line_pieces:
        for begin in range(0, piece.lines.select(pl.len()).collect().item(), TAKEN):
            some = only(scope, piece.lines.slice(begin, TAKEN))
            yield measure.plan(some).collect(optimizations=APART)


def _in_pieces(scope: Scope) -> bool:
    """Whether adding up file by file saves anything: memory with several files, time with a cache."""
    pieces = scope.book.line_pieces
    known = scope.kept is not None and any(piece.key is not None for piece in pieces)
    return known or len(pieces) > 1


def _of_file(measure: Measure, scope: Scope, piece: Piece, name: str) -> pl.DataFrame:
    """The facts of one file: as an earlier run added them up, else added up now and kept."""
    if scope.kept is None or piece.key is None:
        return planned_part(measure, scope, piece).collect()
    found = scope.kept.find(piece.key, name)
    if found is None:
        found = planned_part(measure, scope, piece).collect()
        scope.kept.keep(found, piece.key, name)
    return found
