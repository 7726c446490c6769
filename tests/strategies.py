"""Random ledgers that look like billing: renewals, gaps, upgrades, credits, refunds, two currencies."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from tests.books import add_months

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

Row = dict[str, Any]
FIRST = date(2024, 1, 1)
RATED = [date(2023, 6, 1) + timedelta(days=n) for n in range(3000)]
MONTHS = {"month": 1, "quarter": 3, "year": 12}
PREVIOUS = "the line before"
CUSTOMERS = ("A", "B", "C", "D")


def eur_rates() -> list[tuple[str, date, int]]:
    """A rate of EUR for every day that a ledger can need, never the same twice in a month."""
    return [
        ("EUR", day, 10_800_000_000 + (day.toordinal() * 7_919_317) % 900_000_000) for day in RATED
    ]


def amounts(most: int = 90_000) -> SearchStrategy[int]:
    """Minor units, with the awkward small ones."""
    return st.one_of(st.integers(1, most), st.sampled_from([1, 3, 100, 9_999, 10_000]))


@st.composite
def subscriptions(draw: DrawFn, customer: str) -> list[Row]:
    """One subscription: some periods, each a renewal, a late one, or one at another price."""
    interval = draw(st.sampled_from(["month", "month", "month", "quarter", "year", "week", None]))
    currency = draw(st.sampled_from(["USD", "USD", "EUR"]))
    start = FIRST + timedelta(days=draw(st.integers(0, 300)))
    amount = draw(amounts())
    rows = []
    for _ in range(draw(st.integers(1, 6))):
        end = _end(draw, start, interval)
        rows.append(_line(customer, "recurring", amount, currency, start, end, interval))
        if draw(st.integers(0, 3)) == 0:
            rows.append(draw(_extra(customer, currency, start, end, interval, amount)))
        start = end + timedelta(days=draw(st.sampled_from([0, 0, 0, 1, 5, 7, 8, 40, -3])))
        amount = draw(st.sampled_from([amount, amount, amount + 500, max(1, amount // 2)]))
    return rows


def _end(draw: DrawFn, start: date, interval: str | None) -> date:
    if interval in MONTHS:
        return add_months(start, MONTHS[interval])
    if interval == "week":
        return start + timedelta(days=7)
    return draw(
        st.sampled_from([add_months(start, 1), *(start + timedelta(days=n) for n in (7, 14, 45))])
    )


@st.composite
def _extra(
    draw: DrawFn,
    customer: str,
    currency: str,
    start: date,
    end: date,
    interval: str | None,
    amount: int,
) -> Row:
    """What comes beside a renewal: a proration, a credit, a refund, usage, a trial, a free month."""
    kind = draw(st.sampled_from(["proration", "credit", "refund", "usage", "one_off", "trial"]))
    middle = start + timedelta(days=draw(st.integers(0, max(0, (end - start).days - 1))))
    issued = middle + timedelta(days=draw(st.sampled_from([0, 0, 3, 40])))
    row = _line(customer, kind, amount, currency, middle, end, interval)
    row["issued_on"] = issued
    if kind == "proration":
        row["amount"] = draw(st.sampled_from([1, -1])) * draw(amounts(9_000))
        priced = draw(st.booleans())
        row["quantity"] = "2.5" if priced else None
        row["unit_price"] = draw(amounts(9_000)) if priced else None
    elif kind in {"credit", "refund"}:
        row["amount"] = -draw(st.sampled_from([amount, amount // 2 + 1, amount + 100]))
        row["original_line_id"] = draw(st.sampled_from(["L1", "L2", PREVIOUS, PREVIOUS, None]))
        days, left = (end - start).days, (end - middle).days
        rest = amount * left // days
        if draw(st.booleans()):
            row["amount"] = -draw(st.sampled_from([rest, rest + 1, rest // 2 + 1, rest + 2]))
        row["invoice_id"] = draw(st.sampled_from(["R1", "R2"]))
    elif kind == "trial":
        row["amount"] = 0
    return row


def _line(
    customer: str,
    kind: str,
    amount: int,
    currency: str,
    start: date,
    end: date,
    interval: str | None,
) -> Row:
    return {
        "customer_id": customer,
        "issued_on": start,
        "kind": kind,
        "amount": amount,
        "currency": currency,
        "interval": interval,
        "interval_count": 1 if interval else None,
        "period_start": start,
        "period_end": end,
        "status": "paid",
    }


@st.composite
def ledgers(draw: DrawFn, currencies: tuple[str, ...] = ("USD", "EUR")) -> list[Row]:
    """Lines of up to four customers with one or two subscriptions each."""
    rows: list[Row] = []
    for customer in CUSTOMERS[: draw(st.integers(1, len(CUSTOMERS)))]:
        for _ in range(draw(st.integers(1, 2))):
            rows += draw(subscriptions(customer))
    for number, row in enumerate(rows):
        row["line_id"] = f"K{number}"
        if row.get("original_line_id") == PREVIOUS:
            row["original_line_id"] = f"K{number - 1}"
        if draw(st.integers(0, 14)) == 0:
            row["status"] = draw(st.sampled_from(["draft", "void", "open", "uncollectible"]))
        if row["currency"] not in currencies:
            row["currency"] = currencies[0]
    return rows


def as_of_days() -> SearchStrategy[date]:
    """Ends of months, and days within one."""
    return st.sampled_from(
        [
            date(2024, 6, 30),
            date(2024, 9, 30),
            date(2025, 1, 31),
            date(2025, 2, 14),
            date(2025, 6, 30),
        ]
    )
