"""Closed months in a Book: their lines stand as they were booked; what changed is booked afterwards.

Under `closing.changes: adjust` a change is a pair of lines dated on the first day of the first open
month: what was booked is taken back and what the exports say now is booked. Service periods begin on
that day at the earliest, so MRR of closed months stands too. Under `report` the Book is left as it was
read, and only knows what changed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.errors import DataError
from clv_cli.frames import TABLES, Finding, Severity
from clv_cli.frames.closed import BOOKED, CHANGED_COLUMNS, DELETED, EDITED, LATE, REVERSED
from clv_cli.periods import month_end, month_start, month_text
from clv_cli.sources.account import GROUPS
from clv_cli.sources.assemble import MEASURES, codes_of, customers_of, stats_of

if TYPE_CHECKING:
    from datetime import date

    from clv_cli.frames import Book, Closed, LineStats
    from clv_cli.sources.store import LineStore

LINES = "billing_lines"
_FIELDS = tuple(field.name for field in TABLES[LINES].fields)
_COLUMNS = (*_FIELDS, "source", "row")
_KEY = ["line_id", "nth"]
_SIGNED = ("amount", "discount", "tax")


def with_closed(book: Book, closed: Closed, changes: str, store: LineStore) -> Book:
    """The Book with its closed months, and what became of their lines.

    Args:
        book: as it was read.
        closed: what was kept of the closed months.
        changes: `closing.changes`.
        store: where the booked lines go.

    Raises:
        DataError: the months were closed in another base currency.
    """
    _require_base(book, closed)
    within = pl.col("issued_on") <= month_end(closed.last)
    lines = book.table(LINES).select(_COLUMNS)
    now = lines.filter(within).collect()
    pairs = _paired(closed.read, now)
    known = replace(closed, changed=_changed(pairs))
    if changes == "report":
        return replace(book, closed=known, as_read=book, frozen=closed.cells)
    booked = pl.concat([closed.booked, _corrections(pairs, month_start(closed.last + 1))])
    path = store.new_part()
    store.write(booked.lazy(), path)
    standing = pl.scan_parquet(path, glob=False)
    tables = {**book.tables, LINES: pl.concat([lines.filter(~within), standing])}
    return replace(
        book,
        tables=tables,
        lines=_stats(book, lines.filter(~within), booked),
        codes=codes_of([customers_of(tables[LINES])]),
        findings=(*book.findings, *_told(known)),
        closed=known,
        as_read=book,
        frozen=closed.cells,
    )


def _require_base(book: Book, closed: Closed) -> None:
    """Stop where closed cents are of another currency: nothing about them would be an error of sums."""
    others = [currency for currency in closed.currencies if currency != book.currency]
    if others:
        first = closed.booked["issued_on"].dt.strftime("%Y-%m").min()
        months = f"{first!s}..{month_text(closed.last)}"
        raise DataError(
            f"the months up to {month_text(closed.last)} were closed in {', '.join(others)}, and "
            f"totals are in {book.currency} now",
            where="base_currency",
            hint=f"set base_currency: {others[0]}, or clv history close {months} --restate",
        )


def _paired(read: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """Each line then and now (`_now`), where it is not the same in both; `cause` says how."""
    sides = [
        frame.with_columns(nth=pl.int_range(pl.len()).over("line_id"), there=pl.lit(value=True))
        for frame in (read.select(_COLUMNS).sort("source", "row"), now.sort("source", "row"))
    ]
    both = sides[0].join(sides[1], on=_KEY, how="full", suffix="_now")
    differ = pl.any_horizontal(
        pl.col(name).ne_missing(pl.col(f"{name}_now")) for name in _FIELDS if name != "line_id"
    )
    cause = (
        pl.when(pl.col("there").is_null())
        .then(pl.lit(LATE))
        .when(pl.col("there_now").is_null())
        .then(pl.lit(DELETED))
        .when(differ)
        .then(pl.lit(EDITED))
    )
    return both.with_columns(cause=cause).filter(pl.col("cause").is_not_null())


def _changed(pairs: pl.DataFrame) -> pl.DataFrame:
    """What changed, as people are told."""

    def latest(name: str) -> pl.Expr:
        return pl.coalesce(f"{name}_now", name).alias(name)

    return (
        pairs.select(
            "cause",
            *(latest(n) for n in ("line_id", "customer_id", "issued_on", "currency")),
            before=pl.col("amount").fill_null(0),
            now=pl.col("amount_now").fill_null(0),
            source=latest("source"),
            row=latest("row"),
        )
        .select(pl.col(name).cast(kind) for name, kind in CHANGED_COLUMNS.items())
        .sort("issued_on", "line_id", "source", "row")
    )


def _corrections(pairs: pl.DataFrame, first: date) -> pl.DataFrame:
    """The lines that book the changes on a day: what stood is taken back, what is now is booked."""
    stood = pairs.filter(pl.col("cause") != LATE).select(_COLUMNS)
    back = stood.with_columns(
        *(-pl.col(name) for name in _SIGNED),
        line_id=pl.col("line_id") + REVERSED,
        original_line_id="line_id",
    )
    now = pairs.filter(pl.col("cause") != DELETED).select(
        "cause", *(pl.col(f"{name}_now").alias(name) for name in _COLUMNS)
    )
    edited = pl.col("line_id") + pl.when(pl.col("cause") == EDITED).then(pl.lit(BOOKED)).otherwise(
        pl.lit("")
    )
    both = pl.concat([back, now.with_columns(line_id=edited).select(_COLUMNS)])
    begins = pl.max_horizontal("period_start", pl.lit(first))
    has_period = pl.col("period_start").is_not_null() & pl.col("period_end").is_not_null()
    return both.with_columns(
        issued_on=pl.lit(first),
        # A service that was over by then begins and ends on that day: it is in no month's MRR.
        period_start=pl.when(has_period).then(begins).otherwise("period_start"),
        period_end=pl.when(has_period)
        .then(pl.max_horizontal("period_end", pl.lit(first)))
        .otherwise("period_end"),
    )


def _stats(book: Book, open_lines: pl.LazyFrame, booked: pl.DataFrame) -> LineStats:
    groups = [
        frame.group_by("currency", *GROUPS).agg(*MEASURES).collect()
        for frame in (open_lines, booked.lazy())
    ]
    said = book.lines
    return replace(
        stats_of(groups), says_when_paid=said.says_when_paid, dates_credits=said.dates_credits
    )


def _told(closed: Closed) -> list[Finding]:
    """What readers of the first open month must know."""
    count = closed.changed.height
    if not count:
        return []
    first = closed.changed.row(0, named=True)
    rows = "a row" if count == 1 else f"{count:,} rows"
    message = (
        f"{rows} of closed months changed since {month_text(closed.last)} was closed, first "
        f"{first['line_id']} of {first['customer_id']} ({first['cause']}); booked in "
        f"{month_text(closed.last + 1)} as prior period adjustment"
    )
    remedy = (
        "see clv nightly --always --table restatements, or restate: clv history close --restate"
    )
    return [
        Finding(
            Severity.WARNING,
            "closed_months_changed",
            message,
            source=first["source"],
            row=first["row"],
            remedy=remedy,
        )
    ]
