"""Closed months keep their cents, whatever comes later."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clv_cli.attribution import split_by_table, split_claims_table, split_tables, to_freeze
from clv_cli.attribution.frozen import split_frozen
from clv_cli.frames import FROZEN_COLUMNS
from clv_cli.periods import parse_month
from clv_cli.results import collect
from tests.attribution.asking import asked, initiative
from tests.attribution.ledgers import credits_of, purchases, scopes
from tests.books import book_of, frame, line, rate

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope
    from clv_cli.results import Result

slowly = settings(
    deadline=None,
    max_examples=6,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
CELL = [name for name in FROZEN_COLUMNS if name not in {"source", "row", "evidence_row"}]


def results(scope: Scope) -> dict[str, Result]:
    tables = [
        *split_tables(scope),
        split_claims_table(scope),
        *(split_by_table(scope, by) for by in ("line", "customer", "month", "product")),
    ]
    return {result.table.name: result for result in collect(tables, scope)}


def ledger(scope: Scope) -> pl.DataFrame:
    """The ledger; its check, that it ties to the invoices, holds."""
    (result,) = collect([split_by_table(scope, "line")], scope)
    assert all(check.ok for check in result.rows.checks)
    return result.rows.frame


def closed(scope: Scope, last: str) -> Scope:
    """The scope after its months up to `last` were closed."""
    frozen = to_freeze(ledger(scope), scope.period.first, parse_month(last))
    return replace(scope, book=replace(scope.book, frozen=frozen))


def with_lines(scope: Scope, lines: pl.DataFrame) -> Scope:
    book = scope.book
    others = {name: t for name, t in book.tables.items() if name != "billing_lines"}
    rates = list(book.rates.iter_rows())
    again = book_of(lines, currency=book.currency, rates=rates, tables=others)
    return replace(scope, book=replace(again, frozen=book.frozen))


def lines_of(scope: Scope) -> pl.DataFrame:
    return scope.book.table("billing_lines").collect()


CLOSINGS = st.sampled_from(["2024-08", "2025-01", "2025-03", "2025-06"])


def test_a_frozen_row_has_the_columns_of_the_line_ledger() -> None:
    rows = ledger(asked([line("A", "2025-03-01", 10)]))
    assert set(FROZEN_COLUMNS) == {*rows.columns} - {"minor"}
    assert to_freeze(rows, 0, 10**6).schema == pl.Schema(FROZEN_COLUMNS)


@slowly
@given(scopes(), CLOSINGS)
def test_closing_changes_nothing_by_itself(scope: Scope, last: str) -> None:
    before, after = results(scope), results(closed(scope, last))
    for name, result in before.items():
        assert after[name].rows.frame.equals(result.rows.frame), name


@slowly
@given(scopes(), CLOSINGS, st.data())
def test_a_line_that_comes_later_moves_no_closed_cent_and_totals_still_tie(
    scope: Scope, last: str, data: st.DataObject
) -> None:
    at_close = closed(scope, last)
    lines = lines_of(scope)
    bought = lines.filter(pl.col("amount") >= 0).to_dicts()
    new = [data.draw(purchases(90 + n)) for n in range(data.draw(st.integers(1, 3)))]
    new += [data.draw(credits_of([*bought, *new], 90 + n)) for n in range(2)]
    late = pl.concat([lines, frame("billing_lines", new)])
    rows = ledger(with_lines(at_close, late))
    frozen = at_close.book.frozen
    assert frozen is not None
    kept = rows.join(frozen.select("line_id").unique(), on="line_id", how="semi")
    assert kept.select(CELL).sort(CELL).equals(frozen.select(CELL).sort(CELL))
    amounts = dict(late.select("line_id", "amount").iter_rows())
    sums = dict(rows.group_by("line_id").agg(pl.col("own").sum()).iter_rows())
    assert sums == {name: amounts[name] for name in sums}


@slowly
@given(scopes(), CLOSINGS, st.integers(0, 13), st.sampled_from(["void", "more", "less"]))
def test_a_closed_line_that_changes_keeps_its_cells_and_totals_still_tie(
    scope: Scope, last: str, which: int, change: str
) -> None:
    at_close = closed(scope, last)
    lines = lines_of(scope).with_row_index("at")
    here = pl.col("at") == which % lines.height
    amount = pl.col("amount")
    moved = {"void": amount, "more": amount * 2 + 1, "less": amount // 2}[change]
    changed = lines.with_columns(
        status=pl.when(here & (change == "void")).then(pl.lit("void")).otherwise("status"),
        amount=pl.when(here).then(moved).otherwise("amount"),
    ).drop("at")
    rows = ledger(with_lines(at_close, changed))
    frozen = at_close.book.frozen
    assert frozen is not None
    apart = pl.col("component") == "restated"
    kept = rows.filter(~apart).join(frozen.select("line_id").unique(), on="line_id", how="semi")
    assert kept.select(CELL).sort(CELL).equals(frozen.select(CELL).sort(CELL))


THIRD: dict[str, Any] = {
    "initiatives": [initiative(weight_switched=333_333)],
    "customers": [{"customer_id": "A", "prior_supplier": "R"}],
}
BOUGHT = line("A", "2025-03-01", "10.01", line_id="now")


def amounts(scope: Scope) -> dict[tuple[str, str], int]:
    rows = ledger(scope).select("line_id", "component", "amount")
    return {row[:2]: row[2] for row in rows.iter_rows()}


def test_a_credit_after_closing_takes_back_the_closed_cells_though_the_rule_is_gone() -> None:
    at_close = closed(asked([BOUGHT], **THIRD), "2025-03")
    back = line("A", "2025-05-01", "-10.01", kind="credit", line_id="back", original_line_id="now")
    later = asked([BOUGHT, back], customers=THIRD["customers"])
    later = replace(later, book=replace(later.book, frozen=at_close.book.frozen))
    assert amounts(later) == {
        ("now", "switched"): 334,
        ("now", "rest"): 667,
        ("back", "switched"): -334,
        ("back", "rest"): -667,
    }


SPREAD = {day: rate("EUR", day, value) for day, value in (
    ("2025-03-01", "1.0987"), ("2025-04-01", "1.1"), ("2025-04-15", "1.21"),
    ("2025-05-01", "0.9"), ("2025-05-02", "1.3"),
)}  # fmt: skip


@slowly
@given(st.lists(st.integers(1, 400), min_size=1, max_size=4), st.integers(0, 60))
def test_closing_amid_refunds_changes_nothing_and_all_of_them_leave_nothing(
    cents: list[int], kept: int
) -> None:
    whole = sum(cents) + kept
    bought = line("A", "2025-03-01", f"{whole / 100:.2f}", line_id="now", currency="EUR")
    backs = [
        line("A", day, f"-{cent / 100:.2f}", kind="credit", line_id=f"b{day}", currency="EUR",
             original_line_id="now")
        for day, cent in zip([*SPREAD][1:], cents, strict=False)
    ]  # fmt: skip
    scope = asked([bought, *backs], rates=list(SPREAD.values()), **THIRD)
    after = closed(scope, "2025-04")
    found = ledger(scope)
    assert ledger(after).equals(found)
    net = found.filter(pl.col("component") != "fx_rounding").group_by("component")
    sums = net.agg(pl.col("own", "amount").sum())
    assert kept or sums.select((pl.col("own", "amount") == 0).all()).row(0) == (True, True)


def test_a_credit_after_closing_takes_what_the_closed_one_left() -> None:
    backs = [
        line("A", day, amount, kind="credit", line_id=f"back{day}", original_line_id="now")
        for day, amount in (("2025-04-01", "-0.02"), ("2025-05-01", "-0.01"))
    ]
    scope = asked([line("A", "2025-03-01", "0.03", line_id="now"), *backs], **THIRD)
    found = amounts(closed(scope, "2025-04"))
    # 1 + 2 cents, of which the closed credit took 1 + 1.
    assert found["back2025-04-01", "switched"] == -1
    assert {key: cents for key, cents in found.items() if key[0] == "back2025-05-01"} == {
        ("back2025-05-01", "rest"): -1
    }


def test_a_closed_purchase_is_not_taken_back_twice() -> None:
    first = line("A", "2025-04-01", "-10.01", kind="credit", line_id="b1", original_line_id="now")
    at_close = closed(asked([BOUGHT, first], **THIRD), "2025-04")
    more = line("A", "2025-05-01", "-4", kind="credit", line_id="b2", original_line_id="now")
    again = asked([BOUGHT, first, more], **THIRD)
    again = replace(again, book=replace(again.book, frozen=at_close.book.frozen))
    assert amounts(again)["b2", "unmatched_credits"] == -400


def test_a_line_that_rules_no_longer_reach_keeps_its_closed_cells() -> None:
    at_close = closed(asked([BOUGHT], **THIRD), "2025-03")
    again = asked([BOUGHT])
    again = replace(again, book=replace(again.book, frozen=at_close.book.frozen))
    assert amounts(again) == {("now", "switched"): 334, ("now", "rest"): 667}


def test_a_closed_line_keeps_the_version_and_the_evidence_of_its_rule() -> None:
    at_close = closed(asked([BOUGHT], **THIRD), "2025-03")
    later = asked([BOUGHT], customers=THIRD["customers"])
    later = replace(later, book=replace(later.book, frozen=at_close.book.frozen))
    columns = ["rule_version", "evidence", "evidence_row", "exact_share"]
    assert ledger(later).select(columns).equals(ledger(at_close).select(columns))


def test_a_line_that_became_void_after_closing_is_restated_by_name() -> None:
    at_close = closed(asked([BOUGHT], **THIRD), "2025-03")
    again = with_lines(at_close, lines_of(at_close).with_columns(status=pl.lit("void")))
    assert amounts(again) == {
        ("now", "switched"): 334,
        ("now", "rest"): 667,
        ("now", "restated"): -1001,
    }
    (finding,) = [f for f in results(again)["split"].rows.findings if "closed" in f.code]
    assert "1 lines of closed months changed since, by -10.01 USD together, first now" in (
        finding.message
    )


def test_another_rate_of_a_closed_day_is_an_exchange_difference() -> None:
    bought = line("A", "2025-03-01", "10.01", line_id="now", currency="EUR")
    at_close = closed(asked([bought], rates=[rate("EUR", "2025-03-01", "1.0")], **THIRD), "2025-03")
    later = asked([bought], rates=[rate("EUR", "2025-03-01", "1.1")], **THIRD)
    later = replace(later, book=replace(later.book, frozen=at_close.book.frozen))
    # 11.01 dollars now, 10.01 when the month was closed.
    assert amounts(later) == {
        ("now", "switched"): 334,
        ("now", "rest"): 667,
        ("now", "fx_rounding"): 100,
    }


def test_late_lines_are_counted_with_their_money() -> None:
    at_close = closed(asked([BOUGHT], **THIRD), "2025-04")
    late = [line("A", "2025-03-20", 5, line_id="late"), line("A", "2025-05-20", 5, line_id="open")]
    again = asked([BOUGHT, *late], **THIRD)
    again = replace(again, book=replace(again.book, frozen=at_close.book.frozen))
    (finding,) = [f for f in results(again)["split"].rows.findings if f.code == "late_lines"]
    assert finding.message.startswith("1 lines worth 5.00 USD came into closed months later")


def test_nothing_closed_is_nothing_frozen() -> None:
    scope = asked([BOUGHT])
    assert collect([split_by_table(scope, "line")], scope)[0].rows.findings == ()
    assert split_frozen.plan is not None
    assert split_frozen.plan(scope).collect().is_empty()
