"""Records that are no rows of the table: totals, footers, records of empty cells.

They are skipped and counted. A total is more: it says what its rows sum to, so it is held against them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.errors import DataError
from clv_cli.frames import Finding, Severity, Type
from clv_cli.money import to_text
from clv_cli.sources.columns import as_typed, cell, given_fields, number_texts, text_of
from clv_cli.sources.judging import BAD, LOADED, SKIPPED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from clv_cli.sources.binding import Binding
    from clv_cli.sources.columns import Forms
    from clv_cli.sources.deciding import Undecided
    from clv_cli.sources.structure import BadRecord, Structure

# What a total row begins with in exports that say nothing about it. Only rows that could not be
# loaded anyway are taken for one: a customer may be called Total Systems.
USUAL_TOTALS = r"(?i)^(?:grand |sub-?)?(?:totals?|sum|gesamt|summe)\b"


@dataclass(frozen=True, slots=True)
class PassedOver:
    """Record numbers that hold no row of the table."""

    totals: frozenset[int] = frozenset()
    others: frozenset[int] = frozenset()

    @property
    def rows(self) -> frozenset[int]:
        """All of them."""
        return self.totals | self.others

    def __or__(self, other: PassedOver) -> PassedOver:
        """Both together."""
        return PassedOver(self.totals | other.totals, self.others | other.others)


def declared(raw: pl.LazyFrame, binding: Binding) -> PassedOver:
    """The records that `totals` and `footer` name: one pass, for sources that have these keys."""
    spec = binding.spec
    if not spec.totals and not spec.footer:
        return PassedOver()
    first = _first_cell(len(binding.header.cells))
    found = (
        raw.select(
            pl.col("row").cast(pl.Int64),
            _begins(first, spec.totals).alias("total"),
            _begins(first, spec.footer).alias("footer"),
        )
        .filter(pl.col("total") | pl.col("footer"))
        .collect()
    )
    totals = frozenset(found.filter("total")["row"])
    return PassedOver(totals, frozenset(found["row"]) - totals)


def unusual(bad: pl.DataFrame, binding: Binding) -> PassedOver:
    """Of rows that cannot be loaded those that are empty, and those that look like totals."""
    width = len(binding.header.cells)
    first = _first_cell(width)
    lacking = pl.any_horizontal(
        pl.col(text_of(field.name)).is_null()
        for field in given_fields(binding)
        if field.required and field.type in {Type.ID, Type.DATE}
    )
    # A total without an amount says nothing that could be held against its rows.
    amounts = [f for f in given_fields(binding) if f.type is Type.MONEY and f.name == "amount"]
    filled = [text.is_not_null() for f in amounts for text in number_texts(f, binding)[:1]]
    named = first.str.contains(USUAL_TOTALS).fill_null(value=False)
    found = bad.select(
        pl.col("row").cast(pl.Int64),
        first.is_null().alias("empty"),
        pl.all_horizontal(pl.lit(bool(filled)), named, lacking, *filled).alias("total"),
    )
    rows = (frozenset(found.filter(name)["row"]) for name in ("total", "empty"))
    return PassedOver(*rows)


def without_footers(structure: Structure, binding: Binding) -> Structure:
    """The structure with records of another shape that are footers or totals counted as blank."""
    spec = binding.spec
    begins = tuple(text.casefold() for text in (*spec.footer, *spec.totals))
    if not begins:
        return structure

    def is_footer(record: BadRecord) -> bool:
        raw = record.raw.lstrip(f'"{binding.header.delimiter} ').casefold()
        return raw.startswith(begins)

    feet = [record.row for record in structure.bad if is_footer(record)]
    return replace(
        structure,
        blank=tuple(sorted((*structure.blank, *feet))),
        bad=tuple(record for record in structure.bad if record.row not in set(feet)),
        feet=tuple(record for record in structure.bad if record.row in set(feet)),
    )


def _first_cell(width: int) -> pl.Expr:
    """The first cell of a row that is not empty."""
    cells = (pl.col(cell(place)).str.strip_chars() for place in range(width))
    return pl.coalesce(pl.when(text.str.len_bytes() > 0).then(text) for text in cells)


def _begins(text: pl.Expr, words: Sequence[str]) -> pl.Expr:
    folded = text.str.to_lowercase()
    tests = [folded.str.starts_with(word.casefold()) for word in words]
    return pl.any_horizontal(pl.lit(value=False), *tests).fill_null(value=False)


def check_totals(
    file: Undecided, path: Path, forms: Forms, totals: frozenset[int]
) -> list[Finding]:
    """Hold every total row against the rows above it.

    A total agrees when it is the sum of all rows above, or of those since the total before it.

    Args:
        file: what was read.
        path: its typed part.
        forms: how its columns were read.
        totals: record numbers of the total rows.

    Returns:
        What was noticed: how many totals were compared, or why one was not.

    Raises:
        DataError: a total is not the sum of its rows, though all of them could be read.
    """
    binding, name = file.binding, file.name
    amounts = _amounts(path, binding, totals)
    if amounts is None:
        return []
    currencies = amounts["currency"].drop_nulls().unique()
    unread = amounts.filter((pl.col("state") == BAD) & pl.col("amount").is_null())
    if len(currencies) != 1 or not unread.is_empty():
        why = (
            "its rows are in several currencies"
            if len(currencies) > 1
            else "not every row was read"
        )
        return [_doubt(name, min(totals), f"the total could not be compared: {why}")]
    (currency,) = currencies
    stated = _stated(file.texts, binding, forms, totals, currency)
    checked, unread_totals = 0, 0
    for row, total in stated.iter_rows():
        if total is None:
            unread_totals += 1
            continue
        above = amounts.filter(pl.col("row") < row)
        last = max((other for other in totals if other < row), default=0)
        sums = [_sum(above), _sum(above.filter(pl.col("row") > last))]
        if total not in sums:
            raise DataError(
                f"the total in row {row} is {to_text(total, currency)} {currency}, but its rows "
                f"sum to {to_text(sums[0], currency)}",
                where=f"{name}:{row}, column {binding.label('amount')}",
                hint="rows are missing from the export, or read in the wrong format",
            )
        checked += 1
    what = f"{checked} total row{'s agree' if checked > 1 else ' agrees'} with the rows above"
    notes = [_note(name, max(totals), what)] if checked else []
    if unread_totals:
        notes.append(
            _doubt(name, min(totals), f"{unread_totals} total rows hold no readable amount")
        )
    return notes


def _amounts(path: Path, binding: Binding, totals: frozenset[int]) -> pl.DataFrame | None:
    """Row, state, amount and currency of what totals may sum; None without amounts."""
    part = pl.scan_parquet(path, glob=False)
    names = part.collect_schema().names()
    kinds = {field.name: field.type for field in given_fields(binding)}
    if kinds.get("amount") is not Type.MONEY:
        return None
    currency = pl.col("currency") if "currency" in names else pl.lit(binding.base_currency)
    loaded = (pl.col("state") < SKIPPED) | pl.col("amount").is_not_null()
    frame = part.filter(~pl.col("row").is_in(sorted(totals)) & loaded)
    chosen = pl.when(pl.col("state") == LOADED).then(currency).alias("currency")
    return frame.select("row", "state", "amount", chosen).collect()


def _stated(
    texts: pl.LazyFrame, binding: Binding, forms: Forms, totals: frozenset[int], currency: str
) -> pl.DataFrame:
    """The total rows' amounts in the currency of the rows, which they seldom name."""
    rows = texts.filter(pl.col("row").cast(pl.Int64).is_in(sorted(totals)))
    named = text_of("currency")
    if named in rows.collect_schema().names():
        rows = rows.with_columns(pl.col(named).fill_null(currency))
    typed = as_typed(rows, binding, forms).select(pl.col("row").cast(pl.Int64), "amount")
    return typed.collect().sort("row")


def _sum(frame: pl.DataFrame) -> int:
    return int(frame["amount"].cast(pl.Int128).sum() or 0)


def _doubt(name: str, row: int, message: str) -> Finding:
    return replace(
        _note(name, row, message),
        severity=Severity.WARNING,
        code="total_not_compared",
        remedy="compare the sum of the file with the system it comes from",
    )


def _note(name: str, row: int, message: str) -> Finding:
    return Finding(Severity.NOTE, "total_row", f"{message}; it was skipped", source=name, row=row)
