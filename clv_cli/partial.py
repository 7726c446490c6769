"""Facts file by file: added up within each file, once for as long as nothing about it changes, then together.

What is added up of a file must follow from its rows alone. So the plan is first made over no lines at
all: if it asks for any table but the lines, or for the lines twice (a refund looks at other files'
credits), the measure is computed over the whole. If not, that plan, as polars writes it down, holds every
setting, rate and day that has a say. It names what is kept, together with the name of the file's rows.
Customers are numbered within the file, for another file may bring customers that sort before them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.facts import grouped, typed
from clv_cli.frames import TABLES

if TYPE_CHECKING:
    from clv_cli.frames import Book, Piece
    from clv_cli.pipeline import Facts, Measure, Scope

LINES = "billing_lines"


class AcrossFilesError(Exception):
    """A plan that looks at more than the lines of one file."""


class _OneFile(Mapping[str, pl.LazyFrame]):
    """The tables of a Book of which only the lines may be asked for, and once."""

    def __init__(self, tables: Mapping[str, pl.LazyFrame], lines: pl.LazyFrame) -> None:
        self._names, self._lines = tuple(tables), lines
        self._asked = False

    def __getitem__(self, name: str) -> pl.LazyFrame:
        if name != LINES or self._asked:
            raise AcrossFilesError(name)
        self._asked = True
        return self._lines

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def plan_name(measure: Measure, scope: Scope) -> str | None:
    """What the facts of a file follow from, beside its rows; None where other rows have a say, too.

    Args:
        measure: a group-by.
        scope: what is asked.
    """
    nobody = scope.book.codes.clear()
    somebody = pl.DataFrame([["", 0]], schema=nobody.schema, orient="row")
    try:
        facts, other = (
            _facts(measure, scope, TABLES[LINES].empty(), codes) for codes in (nobody, somebody)
        )
    except AcrossFilesError:
        return None
    if facts is None or other is None:
        return None
    plan = facts.rows.serialize()
    if facts.recode is None and plan != other.rows.serialize():
        # It looks at codes and cannot say which of its keys hold them.
        return None
    named = f"{measure.name} {facts.keys} {facts.sums} {facts.mins} {facts.count} {facts.sparse} "
    return hashlib.sha256(named.encode() + plan).hexdigest()


def planned_part(measure: Measure, scope: Scope, piece: Piece) -> pl.LazyFrame:
    """The facts of one file's lines, its customers numbered by themselves.

    Args:
        measure: a group-by with a `plan_name`.
        scope: what is asked.
        piece: the file.

    Raises:
        LookupError: the measure has no facts.
    """
    codes = piece.customers.to_frame("customer_id").with_row_index("code")
    own = codes.select("customer_id", pl.col("code").cast(pl.Int32))
    facts = _facts(measure, scope, piece.lines, own)
    if facts is None:
        raise LookupError(measure.name)
    found = typed(facts, grouped(facts))
    moved = pl.any_horizontal(pl.col(name) != 0 for name in facts.sums)
    return found.filter(moved) if facts.sparse else found


def numbered(facts: Facts, found: pl.DataFrame, piece: Piece, book: Book) -> pl.DataFrame:
    """The facts of one file with the codes that its customers have in the Book."""
    if facts.recode is None or len(piece.customers) == book.codes.height:
        return found
    ids = piece.customers.to_frame("customer_id")
    return facts.recode(
        found, ids.join(book.codes, on="customer_id", maintain_order="left")["code"]
    )


def together(facts: Facts, parts: list[pl.DataFrame]) -> pl.LazyFrame:
    """The facts of all files, from those of each."""
    if len(parts) == 1:
        return parts[0].lazy()
    counts = () if facts.count is None else (facts.count,)
    rows = replace(facts, rows=pl.concat(parts).lazy(), sums=(*facts.sums, *counts), count=None)
    return grouped(rows)


def only(scope: Scope, lines: pl.LazyFrame) -> Scope:
    """The same scope over some lines, which a plan may ask for once.

    Raises:
        AcrossFilesError: on planning, where a plan asks for them twice.
    """
    return replace(scope, book=replace(scope.book, tables=_OneFile(scope.book.tables, lines)))


def _facts(
    measure: Measure, scope: Scope, lines: pl.LazyFrame, codes: pl.DataFrame
) -> Facts | None:
    if measure.facts is None:
        return None
    some = only(scope, lines)
    return measure.facts(replace(some, book=replace(some.book, codes=codes)))
