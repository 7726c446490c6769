"""The parts of all files, put together as one Book."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from clv_cli.errors import DataError
from clv_cli.frames import TABLES, Book, Finding, LineStats, Piece, Pieces, Severity
from clv_cli.sources.account import GROUPS
from clv_cli.sources.alike import PLACE, identical_lines, twins, without_ids
from clv_cli.sources.invoices import control_totals, invoices_as_lines
from clv_cli.sources.matching import match
from clv_cli.sources.quarantine import SCHEMA
from clv_cli.sources.rates import assert_rates, daily_rates
from clv_cli.sources.reaching import assert_named, reach_customers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv_cli.frames import SourceReport
    from clv_cli.settings import Settings
    from clv_cli.sources.part import Part
    from clv_cli.sources.store import LineStore

LINES = "billing_lines"
NO_DAY = date(1970, 1, 1)
NOT_BILLED = ("draft", "void")
MEASURES = (
    pl.len().alias("rows"),
    pl.col("issued_on").min().alias("first"),
    pl.col("issued_on").max().alias("last"),
)


def assemble(parts: Sequence[Part], settings: Settings, store: LineStore) -> Book:
    """Make the Book of all parts.

    Args:
        parts: in the order of their tables and files.
        settings: the config.
        store: where lines made of invoices go.

    Raises:
        DataError: no billing lines, an account that does not foot, a missing rate, several
            currencies and no base currency.
    """
    sources = tuple(_account(part) for part in parts)
    tables = {
        name: pl.concat([part.rows() for part in parts if part.table == name])
        for name in sorted({part.table for part in parts})
    }
    assert_named(parts)
    findings = [finding for part in parts for finding in part.findings()]
    groups = [part.sums.loaded() for part in parts if part.table == LINES]
    if "invoices" in tables:
        made = _invoice_lines(tables["invoices"], parts, store)
        lines = [part.rows() for part in parts if part.table == LINES]
        tables[LINES] = pl.concat([*lines, made])
        groups.append(made.group_by("currency", *GROUPS).agg(*MEASURES).collect())
        findings += control_totals(tables["invoices"], [p.rows() for p in parts if _enriched(p)])
    if LINES not in tables and "worksheet" not in tables:
        raise DataError(
            "there are no billing lines",
            where="sources",
            hint="add a source of the table billing_lines or invoices",
        )
    if "customers" in tables:
        tables["customers"] = _customers(tables["customers"], settings.own_domains)
    matching = match(tables, settings)
    if matching is not None:
        tables["account_map"] = matching.account_map
    findings += reach_customers(tables)
    stats = _with_days(stats_of(groups), tables)
    currency = _base_currency(settings, stats, tables)
    rates = daily_rates(tables.get("fx_rates"), currency, settings.fx.max_age_days)
    assert_rates(rates, _needed(tables, stats, currency), currency)
    pieces = _pieces(tables, parts, store)
    codes = codes_of([piece.customers for piece in pieces.parts])
    findings += [*_duplicates(tables, parts), *identical_lines(parts), *twins(tables, codes)]
    return Book(
        tables=tables,
        currency=currency,
        lines=stats,
        codes=codes,
        pieces=pieces,
        rates=rates,
        quarantined=pl.concat([pl.DataFrame(schema=SCHEMA), *(part.bad for part in parts)]),
        test_customers=_test_customers(tables),
        sources=sources,
        findings=tuple(findings),
        matches=None if matching is None else matching.matches,
    )


def _account(part: Part) -> SourceReport:
    """The account of a file, and how it was read."""
    detected = any(note.code == "preset_detected" for note in part.notes)
    return replace(
        part.account(),
        recognised="its header" if detected else "the config",
        encoding=part.encoding,
        header_row=part.header_row,
    )


def _invoice_lines(invoices: pl.LazyFrame, parts: Sequence[Part], store: LineStore) -> pl.LazyFrame:
    """A line for every invoice without one, kept as a part of its own."""
    lines = [part.rows() for part in parts if part.table == LINES]
    path = store.new_part()
    store.write(invoices_as_lines(invoices, lines), path)
    return pl.scan_parquet(path, glob=False)


def _enriched(part: Part) -> bool:
    return part.table == LINES and part.binding.spec.enrich


def _customers(customers: pl.LazyFrame, own_domains: Sequence[str]) -> pl.LazyFrame:
    """Default the domain to that of the e-mail; mark our own accounts as tests."""
    of_email = pl.col("email").str.to_lowercase().str.extract(r"@([^@\s]+)$", 1)
    domain = pl.coalesce(pl.col("domain").str.to_lowercase(), of_email)
    own = [name.casefold() for name in own_domains]
    is_test = pl.col("is_test").fill_null(value=False) | pl.col("domain").is_in(own).fill_null(
        value=False
    )
    return customers.with_columns(domain.alias("domain")).with_columns(is_test.alias("is_test"))


def _test_customers(tables: dict[str, pl.LazyFrame]) -> tuple[str, ...]:
    if "customers" not in tables:
        return ()
    found = tables["customers"].filter("is_test").select("customer_id").unique()
    return tuple(found.collect()["customer_id"].sort())


def stats_of(groups: Sequence[pl.DataFrame]) -> LineStats:
    """What the lines hold, from the small sums of their parts."""
    if not groups:
        return LineStats(0, NO_DAY, NO_DAY, (), (), ())
    columns = ("currency", *GROUPS, "rows", "first", "last")
    whole = pl.concat([group.select(columns) for group in groups])
    live = whole.filter(~pl.col("status").is_in(NOT_BILLED))
    currencies, kinds, statuses = (
        tuple(whole[name].unique().sort()) for name in ("currency", *GROUPS)
    )
    return LineStats(
        int(whole["rows"].sum()),
        live["first"].min() or NO_DAY,  # type: ignore[arg-type]
        live["last"].max() or NO_DAY,  # type: ignore[arg-type]
        currencies,
        kinds,
        statuses,
    )


def _with_days(stats: LineStats, tables: dict[str, pl.LazyFrame]) -> LineStats:
    """The stats with what the lines say of days; it spares whole passes over them."""
    if LINES not in tables:
        return replace(stats, says_when_paid=False, dates_credits=False)
    taken_back = pl.col("kind").is_in(["credit", "refund"])
    dated = pl.col("period_start").is_not_null() & pl.col("period_end").is_not_null()
    paid, credited = pl.col("paid_on").is_not_null().any(), (taken_back & dated).any()
    said = tables[LINES].select(paid=paid, credited=credited).collect().row(0, named=True)
    return replace(stats, says_when_paid=said["paid"], dates_credits=said["credited"])


def _base_currency(settings: Settings, stats: LineStats, tables: dict[str, pl.LazyFrame]) -> str:
    """The config's base currency, or the only one of the billing lines."""
    if settings.base_currency is not None:
        return settings.base_currency
    found = stats.currencies
    if not found and "worksheet" in tables:
        found = tuple(tables["worksheet"].select("currency").unique().collect()["currency"].sort())
    if len(found) == 1:
        return found[0]
    raise DataError(
        f"the billing lines are in {len(found)} currencies ({', '.join(found)})"
        if found
        else "no billing line was loaded, so the currency of the totals is unknown",
        where="base_currency",
        hint="set base_currency, and give fx_rates for the others",
    )


def _needed(
    tables: dict[str, pl.LazyFrame], stats: LineStats, base: str
) -> list[tuple[str, pl.LazyFrame]]:
    """The currency and day of every amount that is converted at its own day."""
    days = {LINES: "issued_on", "spend": "period_start", "service_costs": "period_start"}
    needed = []
    for name, day in days.items():
        if name not in tables or (name == LINES and stats.currencies == (base,)):
            continue
        frame = tables[name]
        if name == LINES:
            frame = frame.filter(~pl.col("status").is_in(NOT_BILLED))
        needed.append((name, frame.select("currency", pl.col(day).alias("day"), "source", "row")))
    return needed


def _pieces(tables: dict[str, pl.LazyFrame], parts: Sequence[Part], store: LineStore) -> Pieces:
    """The billing lines file by file, each with its customers."""
    lines = tables.get(LINES, TABLES[LINES].empty())
    files = [part for part in parts if part.table == LINES]
    found = [Piece(part.rows(), _customers_of(part, store), part.key) for part in files]
    if "invoices" in tables:
        # Their lines are the last rows of the table, in a part of their own.
        found = [Piece(lines, customers_of(lines))]
    return Pieces(lines, tuple(found))


def _customers_of(part: Part, store: LineStore) -> pl.Series:
    """The ids of a file's customers, sorted: as an earlier run found them, or looked for now."""
    if store.kept is None or part.key is None:
        return customers_of(part.rows())
    kept = store.kept.find(part.key, "customers")
    if kept is None:
        kept = customers_of(part.rows()).to_frame()
        store.kept.keep(kept, part.key, "customers")
    return kept["customer_id"]


def customers_of(lines: pl.LazyFrame) -> pl.Series:
    """The ids of the customers of some lines, sorted, each once."""
    return lines.select("customer_id").unique().collect()["customer_id"].sort()


def codes_of(customers: Sequence[pl.Series]) -> pl.DataFrame:
    """Every billing customer, sorted, with its integer code.

    Args:
        customers: the ids of each file, sorted, each once.
    """
    ids = pl.concat([pl.Series("customer_id", dtype=pl.String), *customers])
    every = ids if len(customers) == 1 else ids.unique().sort()
    _assert_ids(every)
    return every.to_frame().with_columns(pl.int_range(pl.len(), dtype=pl.Int32).alias("code"))


def _assert_ids(customers: pl.Series) -> None:
    """Stop at ids that a spreadsheet has rounded: their last digits are lost for good."""
    rounded = customers.filter(customers.str.contains(r"^[0-9]\.[0-9]+E\+[0-9]+$"))
    if not rounded.is_empty():
        raise DataError(
            f'the customer id "{rounded[0]}" was rounded by a spreadsheet',
            where="billing_lines, column customer_id",
            hint="export the ids as text, without opening the file in a spreadsheet",
        )


def _duplicates(tables: dict[str, pl.LazyFrame], parts: Sequence[Part]) -> list[Finding]:
    """A warning for line or invoice ids that stand more than once; their rows all count."""
    bare = [part.name for part in parts if part.table == LINES and without_ids(part)]
    keys = {LINES: ("line_id", bare), "invoices": ("invoice_id", [])}
    return [
        finding
        for table, (column, sources) in keys.items()
        if table in tables
        for finding in _repeated(tables[table], table, column, sources)
    ]


def _repeated(rows: pl.LazyFrame, table: str, column: str, bare: Sequence[str]) -> list[Finding]:
    """The finding about ids of a table that are not unique, if there are any.

    Args:
        rows: of the table.
        table: its name.
        column: its id.
        bare: files whose ids are made of places: where their rows are alike, `identical_lines` says so.
    """
    # Hashes first: 8 bytes a row instead of the ids themselves; only suspects are compared.
    hashes = np.sort(rows.select(pl.col(column).hash()).collect().to_series().to_numpy())
    suspects = pl.Series(np.unique(hashes[1:][hashes[1:] == hashes[:-1]]))
    if suspects.is_empty():
        return []
    said = [name for name in rows.collect_schema().names() if name not in PLACE]
    told = pl.col("source").is_in(bare).all() & (pl.struct(said).hash().n_unique() == 1)
    repeated = (
        rows.filter(pl.col(column).hash().is_in(suspects.implode()))
        .group_by(column)
        .agg(
            pl.len().alias("rows"),
            pl.col("source").min(),
            pl.col("row").min(),
            (told if bare else pl.lit(value=False)).alias("told"),
        )
        .filter((pl.col("rows") > 1) & ~pl.col("told"))
        .sort(column)
        .collect()
    )
    if repeated.is_empty():
        return []
    first = repeated.row(0, named=True)
    return [
        Finding(
            Severity.WARNING,
            f"duplicate_{column}",
            f"{repeated.height} {column}s of {table} stand more than once "
            f"({int(repeated['rows'].sum())} rows, such as {first[column]}); all of them count",
            source=first["source"],
            row=first["row"],
            column=column,
            remedy="check whether exports overlap",
        )
    ]
