"""What must hold for every ledger, whatever is in it."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from clv_cli.measures.mrr_months import mrr_months
from clv_cli.measures.mrr_movements import MOVEMENTS, mrr_movements
from clv_cli.measures.retention import retention
from clv_cli.measures.revenue_facts import revenue_facts
from clv_cli.metrics import mrr_movements_table, reconciliation_table
from clv_cli.periods import month_end, month_of
from clv_cli.results import collect, collect_frames
from tests.books import book, book_of, scope
from tests.laws import law
from tests.strategies import RATED, as_of_days, eur_rates, ledgers

if TYPE_CHECKING:
    from datetime import date

    from clv_cli.frames import Book
    from clv_cli.results import Frames

Rows = list[dict[str, Any]]
RATES = eur_rates()
MEASURES = (mrr_months, mrr_movements, retention, revenue_facts)
a_ledger = given(ledgers(), as_of_days())
few = law(10)


def frames_of(of: Book, as_of: date) -> Frames:
    return collect_frames(MEASURES, scope(of, as_of.isoformat(), nrr__months=3))


def ask(rows: Rows, as_of: date) -> Frames:
    return frames_of(book(rows, rates=RATES), as_of)


def same(one: Frames, other: Frames) -> bool:
    return all(one[measure].equals(other[measure]) for measure in MEASURES)


@few
@a_ledger
def test_opening_and_movements_are_the_closing_by_customer_and_in_total(
    rows: Rows, as_of: date
) -> None:
    frames = ask(rows, as_of)
    for measure in (mrr_movements, mrr_months):
        frame = frames[measure]
        total = frame.select(pl.sum_horizontal("opening", *MOVEMENTS)).to_series()
        assert total.to_list() == frame["closing"].to_list()
    months = frames[mrr_months]
    assert months["opening"].to_list()[1:] == months["closing"].to_list()[:-1]
    counts = months["customers_closing"].to_list()
    assert months["customers_opening"].to_list()[1:] == counts[:-1]


@few
@a_ledger
def test_grr_is_never_above_one_nor_above_nrr(rows: Rows, as_of: date) -> None:
    for row in ask(rows, as_of)[retention].iter_rows(named=True):
        assert 0 <= row["kept"] <= min(row["base"], row["closing"])


@few
@given(ledgers(), as_of_days(), st.randoms(use_true_random=False))
def test_the_order_of_rows_and_the_cut_into_files_change_nothing(
    rows: Rows,
    as_of: date,
    random: Any,  # noqa: ANN401
) -> None:
    whole = book(rows, rates=RATES)
    lines = whole.table("billing_lines").collect()
    order = list(range(lines.height))
    random.shuffle(order)
    cut = lines.height // 2
    parts = pl.concat([lines[order][cut:], lines[order][:cut]])
    assert same(frames_of(whole, as_of), frames_of(book_of(parts, rates=RATES), as_of))


@few
@given(ledgers(("USD",)), as_of_days(), st.integers(2, 50))
def test_amounts_times_k_are_figures_times_k(rows: Rows, as_of: date, k: int) -> None:
    # Only prices that divide exactly: rounding to MRR units does not scale.
    plain = [row for row in rows if row["interval"] in {"month", "quarter", "year"}]
    plain = [row for row in plain if row["kind"] not in {"proration", "credit"}]
    if not plain:
        return
    larger = [{**row, "amount": row["amount"] * k} for row in plain]
    one, other = ask(plain, as_of), ask(larger, as_of)
    for measure, columns in (
        (mrr_months, ["opening", *MOVEMENTS, "closing"]),
        (revenue_facts, ["amount_base"]),
    ):
        scaled = one[measure].with_columns(pl.col(columns) * k)
        assert scaled.equals(other[measure])


@few
@given(ledgers(("USD",)))
def test_another_currency_at_the_rate_one_changes_nothing(rows: Rows) -> None:
    as_of = RATED[600]
    relabelled = [{**row, "currency": "EUR"} for row in rows]
    ones = [("EUR", day, 10**10) for day in RATED]
    foreign = frames_of(book(relabelled, rates=ones), as_of)
    assert same(ask(rows, as_of), foreign)


@few
@given(ledgers())
def test_a_later_month_never_changes_a_closed_one(rows: Rows) -> None:
    """But for gaps that were still open, and for customers with lines written later for earlier."""
    early, late = month_end(month_of(RATED[400])), month_end(month_of(RATED[460]))
    limit = timedelta(days=7)
    before, after = ask(rows, early), ask(rows, late)
    known = month_of(early - limit)
    backdated = {
        row["customer_id"]
        for row in rows
        if early < row["issued_on"] and row["period_start"] <= early + limit
    }
    names = dict(before.scope.book.codes.select("code", "customer_id").iter_rows())
    one, other = (
        {
            row
            for row in frames[mrr_movements].rows()
            if row[1] < known and names[row[0]] not in backdated
        }
        for frames in (before, after)
    )
    assert one == other


@few
@a_ledger
def test_printed_movements_foot_and_openings_are_the_last_closings(rows: Rows, as_of: date) -> None:
    asked = scope(book(rows, rates=RATES), as_of.isoformat())
    table, reconciled = collect([mrr_movements_table(asked), reconciliation_table(asked)], asked)
    previous = None
    for row in table.records():
        assert row["opening"] + sum(row[name] for name in MOVEMENTS) == row["closing"]
        assert previous is None or row["opening"] == previous
        previous = row["closing"]
    assert reconciled.rows.checks
    assert all(check.ok for check in reconciled.rows.checks)


@few
@given(ledgers(("EUR",)), as_of_days())
def test_the_nrr_of_one_customer_is_its_mrr_now_over_then(rows: Rows, as_of: date) -> None:
    mine = [row for row in rows if row["customer_id"] == "A"]
    frames = ask(mine, as_of)
    closings = dict(frames[mrr_months].select("month", "closing").iter_rows())
    rates = {(currency, day): value for currency, day, value in RATES}
    for row in frames[retention].iter_rows(named=True):
        then, now = (min(month_end(m), as_of) for m in (row["month"] - 3, row["month"]))
        revalued = closings[row["month"] - 3] * Fraction(rates["EUR", now], rates["EUR", then])
        assert abs(row["base"] - revalued) <= 2
        assert abs(row["closing"] - max(0, closings[row["month"]])) <= 1
