"""The product against a second calculator that shares no code with it: equal to the last unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
from hypothesis import assume, given
from hypothesis import strategies as st

from clv_cli.measures.billed_lines import excluded_lines, loaded_lines
from clv_cli.measures.mrr_months import mrr_months
from clv_cli.measures.mrr_movements import MOVEMENTS, mrr_movements
from clv_cli.measures.retention import retention
from clv_cli.measures.revenue_facts import revenue_facts
from clv_cli.measures.unit_economics import arpa, lifetime
from clv_cli.results import collect_frames
from tests import books
from tests.laws import law
from tests.oracle import Ledger
from tests.strategies import as_of_days, eur_rates, ledgers

if TYPE_CHECKING:
    from datetime import date

    from clv_cli.results import Frames

RATES = eur_rates()
SETTINGS: tuple[dict[str, Any], ...] = (
    {},
    {"mrr.proration": "factor", "churn.bridge_gap_days": 0},
    {"mrr.proration": "exclude", "mrr.credit_notes": "ignore", "churn.bridge_gap_days": 20},
    {"churn.reactivation_window_days": 30, "nrr.months": 3, "mrr.interval_factor.week": "433/100"},
)
# This calculator knows no grace for unpaid lines: `tests.oracle_switches` does.
QUICK = {"nrr.months": 3, "ltv.min_churn_events": 1, "churn.grace_days": None}


def _both(rows: list[dict[str, Any]], as_of: date, keys: dict[str, Any]) -> tuple[Frames, Ledger]:
    chosen = {**QUICK, **keys}
    book = books.book(rows, rates=RATES, test_customers=["D"])
    asked = books.scope(book, as_of.isoformat(), **chosen)
    measures = [mrr_months, mrr_movements, retention, revenue_facts, excluded_lines, loaded_lines]
    rates = {(currency, day): value for currency, day, value in RATES}
    ledger = Ledger(rows, as_of, books.settings(**chosen), rates, test_customers=frozenset({"D"}))
    return collect_frames(measures, asked), ledger


@law(25)
@given(ledgers(), as_of_days(), st.sampled_from(SETTINGS))
def test_every_figure_of_a_random_ledger_agrees_with_plain_python(
    rows: list[dict[str, Any]], as_of: date, keys: dict[str, Any]
) -> None:
    # A book in which nothing was issued has no months.
    assume(any(row["status"] not in {"draft", "void"} for row in rows))
    frames, ledger = _both(rows, as_of, keys)
    assert _months(frames) == ledger.mrr_months()
    assert _moves(frames) == {
        (customer, month): row
        for (customer, month), row in ledger.movements().items()
        if any(row[name] for name in MOVEMENTS)
    }
    assert {row[0]: row[1:] for row in frames[retention].iter_rows()} == ledger.retention()
    facts = frames[revenue_facts].group_by("month").agg(pl.col("amount_base").sum())
    assert dict(facts.iter_rows()) == ledger.revenue()
    for month in ledger.months:
        assert arpa(frames, month).value == ledger.arpa(month)
        assert lifetime(frames, month).value == ledger.lifetime(month)


@law(10)
@given(ledgers(), as_of_days())
def test_what_was_loaded_is_billed_or_left_out_by_one_rule(
    rows: list[dict[str, Any]], as_of: date
) -> None:
    frames, ledger = _both(rows, as_of, {})
    sums = {rule: (lines, amount) for rule, lines, amount, _ in frames[excluded_lines].iter_rows()}
    wanted: dict[str, tuple[int, int]] = {}
    for row in rows:
        rule = ledger.rule(row)
        if rule:
            lines, amount = wanted.get(rule, (0, 0))
            value = ledger.in_base(row["amount"], row["currency"], row["issued_on"])
            wanted[rule] = (lines + 1, amount + value)
    assert sums == wanted
    loaded = frames[loaded_lines].row(0, named=True)
    billed = frames[revenue_facts]
    assert loaded["lines"] == billed["lines"].sum() + sum(n for n, _ in sums.values())
    assert loaded["amount_base"] == billed["amount_base"].sum() + sum(a for _, a in sums.values())


def test_the_oracle_can_tell_a_wrong_figure() -> None:
    rows = books.monthly("A", "2025-01-01", [100, 100, None, 120])
    frames, ledger = _both(rows, books.day("2025-05"), {})
    assert _months(frames) == ledger.mrr_months()
    bridged = books.settings(**{"churn.bridge_gap_days": 27})
    more = [*rows, books.line("A", "2025-03-01", "0.01", "month")]
    assert _months(frames) != Ledger(more, ledger.as_of, bridged).mrr_months()


def _months(frames: Frames) -> dict[int, dict[str, int]]:
    return {row.pop("month"): row for row in frames[mrr_months].iter_rows(named=True)}


def _moves(frames: Frames) -> dict[tuple[str, int], dict[str, int]]:
    names = dict(frames.scope.book.codes.select("code", "customer_id").iter_rows())
    columns = ["code", "month", "opening", *MOVEMENTS, "closing"]
    return {
        (names[row.pop("code")], row.pop("month")): row
        for row in frames[mrr_movements].select(columns).iter_rows(named=True)
    }
