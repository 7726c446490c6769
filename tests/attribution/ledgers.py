"""Random small ledgers with credits, refunds and every kind of evidence, for the laws."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from tests.books import book_of, frame, scope

if TYPE_CHECKING:
    from clv_cli.frames import Book
    from clv_cli.pipeline import Scope

START = date(2024, 1, 1)
CUSTOMERS = ("A", "B", "C")
PRODUCTS = ("p", "q", None)
WEIGHTS = st.sampled_from([None, 0, 1, 250_000, 333_333, 500_000, 700_001, 1_000_000])
DAYS = st.integers(0, 700).map(lambda days: START + timedelta(days=days))
MONTHS = st.integers(0, 23)


def month_day(month: int, day: int = 1) -> date:
    return date(2024 + month // 12, month % 12 + 1, day)


@st.composite
def purchases(draw: st.DrawFn, number: int) -> dict[str, Any]:
    issued = draw(MONTHS)
    kind = draw(st.sampled_from(["recurring", "recurring", "usage", "one_off"]))
    months = draw(st.sampled_from([1, 1, 3, 5, 12]))
    begins = issued + draw(st.sampled_from([0, 0, 0, 1, -1]))
    begins = max(begins, 0)
    return {
        "line_id": f"L{number}",
        "invoice_id": f"I{number}",
        "customer_id": draw(st.sampled_from(CUSTOMERS)),
        "issued_on": month_day(issued, draw(st.sampled_from([1, 1, 17]))),
        "kind": kind,
        "product_id": draw(st.sampled_from(PRODUCTS)),
        "touchpoint": draw(st.sampled_from([None, "shop", "guide"])),
        "deal_id": draw(st.sampled_from([None, None, "D1"])),
        "amount": draw(st.sampled_from([0, 1, 2, 3, 99, 100, 10_000, 10_001, 10**13 + 7])),
        "currency": "USD",
        "period_start": month_day(begins) if kind == "recurring" else None,
        "period_end": month_day(begins + months) if kind == "recurring" else None,
        "status": draw(st.sampled_from(["paid", "paid", "paid", "open", "void"])),
    }


@st.composite
def credits_of(draw: st.DrawFn, lines: list[dict[str, Any]], number: int) -> dict[str, Any]:
    original = draw(st.sampled_from(lines))
    share = draw(st.sampled_from([1, 2, 3, 7]))
    amount = -max(original["amount"] // share, 1)
    name = draw(st.sampled_from([original["line_id"], original["line_id"], "lost", None]))
    return {
        "line_id": f"N{number}",
        "invoice_id": f"N{number}",
        "customer_id": draw(st.sampled_from([original["customer_id"], *CUSTOMERS[:1]])),
        "issued_on": original["issued_on"] + timedelta(days=draw(st.integers(0, 200))),
        "kind": draw(st.sampled_from(["credit", "writeoff"])),
        "product_id": original["product_id"],
        "amount": amount,
        "currency": "USD",
        "original_line_id": name,
        "status": "paid",
    }


@st.composite
def initiatives(draw: st.DrawFn, number: int) -> dict[str, Any]:
    start = draw(DAYS)
    length = draw(st.sampled_from([None, 90, 400]))
    return {
        "initiative_id": f"X{number}",
        "aligned": draw(st.sampled_from([True, True, True, False])),
        "effective_from": start - timedelta(days=300),
        "effective_to": None if length is None else start + timedelta(days=length - 300),
        "products": draw(st.sampled_from([None, [], ["p"], ["p", "q"]])),
        "touchpoints": draw(st.sampled_from([None, None, ["shop"]])),
        "segments": draw(st.sampled_from([None, None, ["smb"]])),
        "weight_switched": draw(WEIGHTS),
        "weight_expanded": draw(WEIGHTS),
    }


@st.composite
def books(draw: st.DrawFn, *, credited: bool = True) -> Book:
    count = draw(st.integers(1, 14))
    lines = [draw(purchases(number)) for number in range(count)]
    credits_ = [
        draw(credits_of(lines, number)) for number in range(draw(st.integers(0, 5 * credited)))
    ]
    evidence: dict[str, list[dict[str, Any]]] = {
        "initiatives": [draw(initiatives(n)) for n in range(draw(st.integers(0, 3)))],
        "customers": [
            {"customer_id": "A", "segment": "smb", "prior_supplier": draw(st.sampled_from([None, "R"]))},
            {"customer_id": "B", "segment": None, "prior_supplier": "R"},
        ],
        "deals": [
            {"deal_id": "D1", "outcome": "won", "type": "expansion", "prior_supplier": "R"},
            {"deal_id": "D2", "customer_id": "C", "outcome": draw(st.sampled_from(["won", "lost"])),
             "type": "new", "prior_supplier": "R"},
        ],
        "touches": [
            {"touch_id": f"T{n}", "customer_id": draw(st.sampled_from(CUSTOMERS)),
             "happened_on": draw(DAYS), "team": draw(st.sampled_from(["success", "support"]))}
            for n in range(draw(st.integers(0, 4)))
        ],
        "risk_flags": [
            {"flag_id": f"F{n}", "customer_id": draw(st.sampled_from(CUSTOMERS)),
             "flagged_on": draw(DAYS)}
            for n in range(draw(st.integers(0, 3)))
        ],
        "referrals": [
            {"referral_id": f"R{n}", "referrer_id": draw(st.sampled_from([None, *CUSTOMERS])),
             "referred_id": draw(st.sampled_from(CUSTOMERS)), "made_on": draw(DAYS),
             "kind": draw(st.sampled_from(["referral", "testimonial", "no_gripes"])),
             "weight": draw(WEIGHTS)}
            for n in range(draw(st.integers(0, 3)))
        ],
    }  # fmt: skip
    absent = draw(st.sets(st.sampled_from(sorted(evidence)), max_size=2))
    given_ = {name: rows for name, rows in evidence.items() if name not in absent}
    tables = {name: frame(name, rows).lazy() for name, rows in given_.items()}
    return book_of(frame("billing_lines", [*lines, *credits_]), tables=tables)


@st.composite
def scopes(draw: st.DrawFn, *, credited: bool = True) -> Scope:
    first = draw(st.sampled_from(["2024-01", "2024-07", "2025-01"]))
    return scope(
        draw(books(credited=credited)),
        draw(st.sampled_from(["2025-12", "2025-06", "2025-09-15"])),
        (first, "2025-06"),
        **{
            "split.combine": draw(st.sampled_from(["max", "capped_sum", "noisy_or"])),
            "split.treat_new_as_switched": draw(st.booleans()),
            "split.base_months": draw(st.sampled_from([1, 3, 12])),
            "split.base_min_months": draw(st.sampled_from([1, 3])),
            "split.cs_window_days": draw(st.sampled_from([30, 365])),
            "split.referral_days": draw(st.sampled_from([30, 365])),
            "split.cs_weight": draw(st.sampled_from(["1", "0.5", "0", "0.333333"])),
        },
    )
