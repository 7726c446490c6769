"""The Book: all canonical tables of one run, and what was noticed while reading them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.frames.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from clv_cli.frames.closed import Closed
    from clv_cli.frames.memory import Memory
    from clv_cli.frames.pieces import Piece, Pieces

REPLACED_COLUMNS = {
    "table": pl.String,
    "key": pl.String,
    "source": pl.String,
    "row": pl.Int64,
    "amount": pl.Int64,
    "currency": pl.String,
    "old_source": pl.String,
    "old_row": pl.Int64,
    "old_amount": pl.Int64,
}

MATCH_COLUMNS = {
    "customer_id": pl.String,
    "name": pl.String,
    "email": pl.String,
    "domain": pl.String,
    "billed": pl.Boolean,
    "method": pl.String,
    "account_id": pl.String,
    "by": pl.String,
    "candidates": pl.List(pl.String),
}


class Severity(StrEnum):
    """How much a finding matters."""

    NOTE = "note"  # good to know
    WARNING = "warning"  # figures may differ from what the reader expects
    ERROR = "error"  # rows were set aside


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing noticed in the data: never hidden, never in the way.

    Args:
        severity: how much it matters.
        code: short stable name, such as `bad_amount`.
        message: one sentence.
        source: file, when it is about one.
        row: record number in the file (the header is 1), when it is about one.
        column: header in the file, when it is about one.
        remedy: what the user can do.
    """

    severity: Severity
    code: str
    message: str
    source: str | None = None
    row: int | None = None
    column: str | None = None
    remedy: str | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """Rows and, where the table holds money, their sum by currency, in minor units."""

    rows: int = 0
    money: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, other: Tally) -> Tally:
        """Both together."""
        currencies = sorted({*self.money, *other.money})
        money = {c: self.money.get(c, 0) + other.money.get(c, 0) for c in currencies}
        return Tally(self.rows + other.rows, money)


@dataclass(frozen=True, slots=True)
class SourceReport:
    """The account of one file: `read = loaded + quarantined + skipped`, in rows and in money.

    `unreadable` counts quarantined rows whose amount itself could not be read: their money is
    unknown and therefore in no sum. `rules` says by which rule rows were skipped, those replaced by
    newer exports among them, and sums to `skipped`. `statuses` are the loaded rows by currency and
    status: `(currency, status, rows, amount)`. `recognised` says what told the preset or table; `headers` are
    those of the file.
    """

    source: str
    table: str
    preset: str | None
    read: Tally
    loaded: Tally
    quarantined: Tally
    skipped: Tally
    unreadable: int = 0
    first_day: date | None = None
    last_day: date | None = None
    rules: tuple[tuple[str, Tally], ...] = ()
    statuses: tuple[tuple[str | None, str | None, int, int], ...] = ()
    recognised: str = "the config"
    encoding: str = "utf-8"
    header_row: int = 1
    headers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LineStats:
    """What the billing lines hold, known before any plan is made, so that plans stay short.

    Args:
        rows: loaded lines.
        first_issued: earliest day of issue of a line that is neither draft nor void.
        last_issued: the latest one.
        currencies: of all loaded lines, sorted.
        kinds: of all loaded lines, sorted.
        statuses: of all loaded lines, sorted.
        says_when_paid: whether any line says when it was paid.
        dates_credits: whether any credit or refund says for which days it is.
    """

    rows: int
    first_issued: date
    last_issued: date
    currencies: tuple[str, ...]
    kinds: tuple[str, ...]
    statuses: tuple[str, ...]
    says_when_paid: bool = True
    dates_credits: bool = True


@dataclass(frozen=True)
class Book:
    """All canonical tables of one run; a missing optional table is simply absent.

    Args:
        tables: table name to lazy frame with every canonical column, `source` and `row`.
        currency: the currency of all totals.
        lines: what the billing lines hold.
        codes: every billing customer, sorted, with its integer code: `customer_id, code (Int32)`.
        test_customers: customers whose lines are left out (and counted), sorted.
        rates: units of `currency` for one unit of another, for every day that has one:
            `currency, day, rate (Int64, 1e-10)`; the base currency is not in it.
        sources: the account of every file.
        closed: what stands of closed months, and what the exports changed in them since.
        as_read: the same before corrections of closed months; None where nothing is closed.
        findings: what was noticed.
        quarantined: rows set aside: `source, row, table, column, code, value`.
        replaced: documents whose amount a newer export changed: see `REPLACED_COLUMNS`.
        matches: every billing customer, tests left out, with the CRM account it was matched to:
            see `MATCH_COLUMNS`. `method` is the kind of evidence, `ambiguous` or `unmatched`;
            `by` and `candidates` say which evidence named several accounts. None without a CRM.
        frozen: the split of closed months, line by line, which nothing changes any more: see
            `frozen.FROZEN_COLUMNS`. None where no month is closed.
        memory: what earlier runs said; None where nothing is remembered.
        pieces: the billing lines as read, file by file; None where nobody took them apart.
    """

    tables: Mapping[str, pl.LazyFrame]
    currency: str
    lines: LineStats
    codes: pl.DataFrame
    rates: pl.DataFrame
    quarantined: pl.DataFrame
    test_customers: tuple[str, ...] = ()
    sources: tuple[SourceReport, ...] = ()
    closed: Closed | None = None
    as_read: Book | None = None
    findings: tuple[Finding, ...] = ()
    replaced: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=REPLACED_COLUMNS))
    matches: pl.DataFrame | None = None
    frozen: pl.DataFrame | None = None
    memory: Memory | None = None
    pieces: Pieces | None = None

    @cached_property
    def hashed_codes(self) -> pl.DataFrame | None:
        """The codes by a hash of the id, which is looked up three times as fast as its text.

        Whoever looks up ids that may be of no billing customer must compare the texts, too.

        Returns:
            `code, hashed` (UInt64), sorted by the hash; None where two ids have the same.
        """
        hashed = self.codes.select("code", hashed=pl.col("customer_id").hash()).sort("hashed")
        twice = hashed["hashed"] == hashed["hashed"].shift(1)
        return None if bool(twice.any()) else hashed.rechunk()

    @property
    def line_pieces(self) -> tuple[Piece, ...]:
        """The billing lines file by file; none where they are no longer those that were read."""
        lines = self.tables.get("billing_lines")
        if self.pieces is None or self.pieces.whole is not lines:
            return ()
        return self.pieces.parts

    def has(self, table: str) -> bool:
        """Whether the table was given."""
        return table in self.tables

    def table(self, name: str) -> pl.LazyFrame:
        """The table, or an empty one of the same columns when it was not given."""
        return self.tables[name] if name in self.tables else TABLES[name].empty()
