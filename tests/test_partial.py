"""Facts added up file by file are those of the whole, and what is kept of a file is never served stale."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clv_cli.frames import Piece, Pieces
from clv_cli.measures.billed_lines import excluded_lines
from clv_cli.measures.customer_revenue import customer_revenue
from clv_cli.measures.mrr_deltas import mrr_deltas
from clv_cli.measures.revenue_facts import revenue_month_sums, revenue_sums
from clv_cli.measures.suspect_lines import suspect_lines
from clv_cli.partial import plan_name
from clv_cli.pipeline import Facts, Measure
from clv_cli.results import collect_frames
from clv_cli.run import reporting
from clv_cli.run.opening import Request, opened
from clv_cli.sources import PartCache
from clv_cli.sources.kept_facts import KeptFacts
from tests import books
from tests.laws import law
from tests.sources.exports import HEADER, LINE, csv, write
from tests.strategies import as_of_days, eur_rates, ledgers

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from clv_cli.frames import Book
    from clv_cli.pipeline import Scope
    from clv_cli.results import Frames

MEASURES = (
    revenue_sums,
    revenue_month_sums,
    customer_revenue,
    mrr_deltas,
    suspect_lines,
    excluded_lines,
)


@dataclass
class Kept:
    """Facts in memory, and what was asked of them."""

    facts: dict[tuple[str, ...], pl.DataFrame] = field(default_factory=dict)
    found: int = 0

    def find(self, *follows_from: str) -> pl.DataFrame | None:
        self.found += follows_from in self.facts
        return self.facts.get(follows_from)

    def keep(self, facts: pl.DataFrame, *follows_from: str) -> None:
        self.facts[follows_from] = facts


# By customer and month; with packed keys; by file: enough where files are read.
FEW = (customer_revenue, mrr_deltas, suspect_lines)


def frames(scope: Scope, measures: tuple[Measure, ...] = MEASURES) -> list[pl.DataFrame]:
    """Some measures, computed."""
    found: Frames = collect_frames(measures, scope)
    return [found[measure] for measure in measures]


def in_pieces(book: Book, files: dict[str, pl.DataFrame]) -> Book:
    """The book with its lines in files of these names."""
    named = {
        name: rows.with_columns(source=pl.lit(name)).lazy() for name, rows in sorted(files.items())
    }
    whole = pl.concat(named.values())
    parts = [
        Piece(rows, rows.select("customer_id").collect().to_series().unique().sort(), name)
        for name, rows in named.items()
    ]
    tables = {**book.tables, "billing_lines": whole}
    return replace(book, tables=tables, pieces=Pieces(whole, tuple(parts)))


def simple(rows: list[books.Row]) -> list[books.Row]:
    """Without refunds, which look at the credits of other files."""
    return [row for row in rows if row["kind"] != "refund"]


@law(4)
@given(ledgers().map(simple), st.lists(st.integers(0, 1), min_size=80, max_size=80), as_of_days())
def test_lines_cut_into_files_sum_to_what_they_sum_to_in_one(
    rows: list[books.Row], places: list[int], as_of: date
) -> None:
    whole = books.book(rows, rates=eur_rates(), test_customers=["D"])
    lines = whole.table("billing_lines").collect()
    chosen = pl.Series((places * (lines.height // len(places) + 1))[: lines.height])
    files = {f"{at}.csv": part for at in range(2) if (part := lines.filter(chosen == at)).height}
    cut = in_pieces(whole, files)
    apart = books.scope(cut, as_of.isoformat())
    together = books.scope(replace(cut, pieces=None), as_of.isoformat())
    expected, kept = frames(together, FEW), Kept()
    for _ in range(2):
        for mine, theirs in zip(frames(replace(apart, kept=kept), FEW), expected, strict=True):
            assert mine.equals(theirs)
            assert mine.schema == theirs.schema
    # Something was indeed added up file by file, kept, and found again.
    assert kept.found >= 2 * len(files)


def lines_of(*customers: str, kind: str | None = None) -> pl.DataFrame:
    rows = [books.line(name, "2025-01-01", 100, "month", kind=kind) for name in customers]
    return books.book(rows).table("billing_lines").collect()


def test_a_file_with_a_customer_who_sorts_first_leaves_the_facts_of_others_as_they_are() -> None:
    kept, old = Kept(), {"b.csv": lines_of("C", "D"), "c.csv": lines_of("D")}
    before = books.book([books.line(name, "2025-01-01", 100, "month") for name in "CDD"])
    frames(replace(books.scope(in_pieces(before, old)), kept=kept))
    asked = len(kept.facts)
    whole = books.book([books.line(name, "2025-01-01", 100, "month") for name in "ACDD"])
    now = books.scope(in_pieces(whole, {"a.csv": lines_of("A"), **old}))
    found = frames(replace(now, kept=kept))
    assert len(kept.facts) == asked * 3 // 2
    assert kept.found == asked
    expected = frames(replace(now, book=replace(now.book, pieces=None)))
    assert all(mine.equals(theirs) for mine, theirs in zip(found, expected, strict=True))


def named(scope: Scope, measure: Measure = revenue_sums) -> str | None:
    return plan_name(measure, scope)


EUR = [books.rate("EUR", "2025-01-31", "1.08")]


def test_every_setting_rate_and_day_that_has_a_say_is_in_the_name() -> None:
    rows = [
        books.line("A", "2025-01-31", 100, "month", currency="EUR"),
        books.line("B", "2025-03-01", 100, "year"),
        books.line("B", "2025-03-01", 10, kind="one_off"),
    ]
    book = books.book(rows, rates=EUR)
    names = [
        named(scope, measure)
        for measure in (revenue_sums, revenue_month_sums, mrr_deltas)
        for scope in (
            books.scope(book, "2025-02"),
            books.scope(book, "2025-02-27"),
            books.scope(books.book(rows, rates=EUR, test_customers=["A"]), "2025-02"),
            books.scope(books.book(rows, rates=EUR, currency="EUR"), "2025-02"),
        )
    ]
    rates = [books.rate("EUR", "2025-01-31", "1.09")]
    names += [
        named(books.scope(books.book(rows, rates=rates), "2025-02")),
        *(
            named(
                replace(books.scope(book, "2025-02"), settings=books.settings(**{key: value})),
                mrr_deltas,
            )
            for key, value in (
                ("mrr__tax", "include"),
                ("mrr__discounts", "none"),
                ("mrr__one_off", "dated"),
                ("mrr__rounding", "cents_per_line"),
            )
        ),
    ]
    assert None not in names
    # MRR in its own currency knows neither rates nor what they are converted to.
    assert len(set(names)) == len(names) - 1
    assert named(books.scope(book, "2025-02", company="Acme")) == names[0]


def test_what_looks_at_other_files_is_computed_over_the_whole() -> None:
    credit = books.line("A", "2025-01-05", -5, kind="credit", original_line_id="L1")
    refund = books.line("A", "2025-01-06", -5, kind="refund", original_line_id="L1")
    both = books.book([books.line("A", "2025-01-01", 9), credit, refund])
    lines = both.table("billing_lines").collect()
    cut = in_pieces(both, {"a.csv": lines.head(2), "b.csv": lines.tail(1)})
    assert named(books.scope(cut)) is None
    # The refund in one file is covered by the credit in the other.
    assert frames(books.scope(cut))[0]["amount_base"].sum() == 400
    assert named(books.scope(books.book([credit]))) is not None
    family = books.book(
        [books.line("A", "2025-01-01", 9, "month")],
        customers=[{"customer_id": "A", "parent_id": "B"}],
    )
    assert named(books.scope(family, grain="parent"), mrr_deltas) is None
    assert named(books.scope(family), mrr_deltas) is not None


def test_facts_that_cannot_say_where_their_codes_are_stay_whole() -> None:
    scope = books.scope(books.book([books.line("A", "2025-01-01", 9)]))

    def facts(asked: Scope) -> Facts | None:
        found = revenue_sums.facts(asked) if revenue_sums.facts else None
        return None if found is None else replace(found, recode=None)

    assert named(scope, Measure("unnumbered", facts=facts)) is None
    assert named(scope, mrr_deltas) is not None
    assert named(scope, Measure("none", facts=lambda _: None)) is None


def test_a_book_with_other_lines_has_no_pieces() -> None:
    cut = in_pieces(books.book([books.line("A", "2025-01-01", 9)]), {"a.csv": lines_of("A")})
    assert len(cut.line_pieces) == 1
    corrected = {**cut.tables, "billing_lines": lines_of("B").lazy()}
    assert replace(cut, tables=corrected).line_pieces == ()
    assert replace(cut, pieces=None).line_pieces == ()


@dataclass
class Desk:
    """A folder that is reported on again and again, with the cache and without."""

    folder: Path
    kept: list[str] = field(default_factory=list)

    def agree(self, **asked: str) -> int:
        """Both print the same; how many facts of files were added up anew."""
        self.kept.clear()
        cached, anew = (self._frames(cache=cache, **asked) for cache in (True, False))
        for mine, theirs in zip(cached, anew, strict=True):
            assert mine.equals(theirs)
        return len(self.kept)

    def _frames(self, *, cache: bool, **asked: str) -> list[pl.DataFrame]:
        config = self.folder / "clv.yaml"
        with opened(Request(config=config, cache=cache, **asked)) as scope:  # type: ignore[arg-type]
            return [*frames(scope, FEW), scope.book.codes]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Two files of two customers each, and a cache of their own."""
    monkeypatch.setenv("CLV_CACHE_DIR", str(tmp_path / "cache"))
    for at, name in enumerate("bc"):
        write(tmp_path, f"lines_{name}.csv", csv(told(name), told("Z", 10 + at)))
    config(tmp_path)
    made = Desk(tmp_path)
    keep = KeptFacts.keep

    def spy(kept: KeptFacts, facts: pl.DataFrame, *follows_from: str) -> None:
        made.kept.append(follows_from[0])
        keep(kept, facts, *follows_from)

    monkeypatch.setattr(KeptFacts, "keep", spy)
    return made


def told(customer: str, amount: int = 100) -> str:
    return LINE.replace("C1", customer).replace("100.00", f"{amount}.00")


def config(folder: Path, *more: str) -> None:
    sources = [
        '{path: "lines*.csv", table: billing_lines}',
        *(["{path: fx.csv, table: fx_rates}"] if (folder / "fx.csv").exists() else []),
    ]
    lines = ["base_currency: USD", f"sources: [{', '.join(sources)}]", *more]
    write(folder, "clv.yaml", "\n".join(lines) + "\n")


def test_cached_facts_are_those_of_a_run_without_a_cache_whatever_changes(desk: Desk) -> None:
    a_file = len(FEW) + 1  # its customers, too
    assert desk.agree() == 2 * a_file
    assert desk.agree() == 0
    write(desk.folder, "lines_a.csv", csv(told("A"), told("Z", 7)))
    assert desk.agree() == a_file
    write(desk.folder, "lines_c.csv", csv(told("c", 55)))
    assert desk.agree() == a_file
    (desk.folder / "lines_b.csv").unlink()
    assert desk.agree() == 0
    config(desk.folder, "mrr: {rounding: cents_per_line}")
    assert desk.agree() == 2  # MRR alone
    assert desk.agree(as_of="2026-01-03") > 0
    shutil.rmtree(desk.folder / "cache" / "facts")
    assert desk.agree() == 2 * a_file


def test_another_rate_and_a_file_in_another_currency_are_seen(desk: Desk) -> None:
    write(desk.folder, "fx.csv", "currency,day,rate\nEUR,2026-01-05,1.10\n")
    config(desk.folder)
    assert desk.agree() > 0
    write(desk.folder, "lines_e.csv", csv(told("A").replace("USD", "EUR")))
    assert desk.agree() > 0
    write(desk.folder, "fx.csv", "currency,day,rate\nEUR,2026-01-05,1.20\n")
    assert desk.agree() > 0
    assert desk.agree() == 0


def test_rows_that_a_newer_export_replaces_are_not_kept_as_facts(desk: Desk) -> None:
    header = HEADER.split(",")
    keyed = '{path: "lines*.csv", table: billing_lines, key: [invoice_id]}'
    write(desk.folder, "clv.yaml", f"base_currency: USD\nsources: [{keyed}]\n")
    assert "invoice_id" in header
    for path in desk.folder.glob("lines*.csv"):
        path.unlink()
    write(desk.folder, "lines_2026-01-31.csv", csv(told("A"), told("B").replace("I1", "I2")))
    desk.agree()
    write(desk.folder, "lines_2026-02-28.csv", csv(told("A", 50)))
    desk.agree()
    assert len(set(desk.kept)) == 1  # the older file was written anew, so nothing of it is kept
    (desk.folder / "lines_2026-02-28.csv").unlink()
    assert desk.agree() == 0


def test_damaged_facts_are_added_up_again(desk: Desk) -> None:
    desk.agree()
    for path in (desk.folder / "cache" / "facts").glob("*/rows.parquet"):
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    assert desk.agree() == 2 * (len(FEW) + 1)


def test_a_report_of_cached_facts_is_the_report_of_a_run_without_a_cache(desk: Desk) -> None:
    def report(*, cache: bool) -> object:
        request = Request(config=desk.folder / "clv.yaml", cache=cache)
        found = reporting.report(request)
        return [result.rows.frame.rows() for result in found.results], found.checks, found.findings

    report(cache=True)
    assert not {path.name for path in (desk.folder / "cache" / "facts").glob(".*")}
    write(desk.folder, "lines_a.csv", csv(told("A", 33)))
    assert report(cache=True) == report(cache=False)


def test_a_cache_that_cannot_be_written_keeps_nothing_and_says_nothing(tmp_path: Path) -> None:
    kept = KeptFacts(PartCache(write(tmp_path, "file", "a file stands here")), tmp_path / "run")
    kept.keep(pl.DataFrame({"a": [1]}), "key")
    assert kept.find("key") is None
