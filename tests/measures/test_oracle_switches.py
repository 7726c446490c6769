"""Every switch of the ledger against the second calculator: equal to the last unit."""

from __future__ import annotations

import os
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clv_cli.measures.mrr_months import mrr_months
from clv_cli.measures.retention import retention
from clv_cli.results import collect_frames
from tests import books
from tests.oracle_switches import Switched
from tests.strategies import as_of_days, eur_rates, ledgers

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

Row = dict[str, Any]
RATES = eur_rates()
# The full figure is `just oracle`: see ARCHITECTURE.md.
EXAMPLES = int(os.environ.get("CLV_ORACLE_EXAMPLES", "15"))
SWITCHES: dict[str, list[Any]] = {
    "mrr.rounding": ["exact", "cents_per_line"],
    "mrr.discounts": ["all", "recurring", "forever_only", "none"],
    "mrr.tax": ["exclude", "include"],
    "mrr.one_off": ["exclude", "dated"],
    "mrr.usage": ["exclude", "by_period", "last_month", "trailing_3m"],
    "mrr.trials": ["exclude", "at_price"],
    "mrr.paused": ["own_line", "churn", "keep"],
    "mrr.paused_max_days": [90, None, 20],
    "mrr.proration": ["price", "factor", "exclude"],
    "mrr.proration_snap": ["0.02", "0", "0.5"],
    "mrr.credit_notes": ["at_issue", "ignore", "retroactive"],
    "mrr.refunds": ["ignore", "at_issue", "retroactive"],
    "churn.date": ["period_end", "cancel_effective", "cancel_request"],
    "churn.grace_days": [30, None, 0, 10],
    "churn.book": ["detection", "service_end"],
    "churn.bridge_gap_days": [7, 0, 27],
    "churn.reactivation_window_days": [None, 30],
    "movements.mode": ["snapshot", "events"],
    "grain": ["customer", "parent", "subscription"],
    "mrr.interval_factor.week": ["52/12", "4"],
}
FX: list[dict[str, Any]] = [
    {},
    {"fx.mode": "per_currency"},
    {"fx.mode": "constant", "fx.constant_on": "2024-03-15"},
]


@st.composite
def switched(draw: DrawFn) -> dict[str, Any]:
    """Some switches turned, the others as they are by default."""
    turned = draw(st.lists(st.sampled_from(sorted(SWITCHES)), unique=True, max_size=6))
    chosen: dict[str, Any] = {key: draw(st.sampled_from(SWITCHES[key])) for key in turned}
    return {**chosen, **draw(st.sampled_from(FX))}


@st.composite
def companies(draw: DrawFn) -> tuple[list[Row], dict[str, Row], dict[str, str]]:
    """Lines with subscriptions, discounts, taxes and payments; what is known of subscriptions; parents."""
    rows = draw(ledgers())
    for row in rows:
        row["subscription_id"] = draw(
            st.sampled_from([f"{row['customer_id']}1", f"{row['customer_id']}2", None])
        )
        row["discount"] = draw(st.sampled_from([0, 0, 500]))
        row["discount_kind"] = draw(st.sampled_from(["once", "repeating", "forever", None]))
        row["tax"] = draw(st.sampled_from([None, 19]))
        row["due_on"] = draw(st.sampled_from([None, row["issued_on"] + timedelta(days=14)]))
        late = draw(st.sampled_from([None, None, 1, 25, 50]))
        row["paid_on"] = row["issued_on"] + timedelta(days=late) if late else None
    if all(row["status"] in {"draft", "void"} for row in rows):
        rows[0]["status"] = "paid"  # a book in which nothing was issued has no months
    names = sorted({row["subscription_id"] for row in rows if row["subscription_id"]})
    known = {name: draw(subscriptions(name)) for name in names}
    parents = draw(st.sampled_from([{}, {"B": "A"}, {"B": "Z", "C": "Z"}, {"A": "C", "B": "C"}]))
    return rows, known, parents


@st.composite
def subscriptions(draw: DrawFn, name: str) -> Row:
    day = st.integers(0, 420).map(lambda n: date(2024, 1, 15) + timedelta(days=n))
    pauses = []
    for _ in range(draw(st.integers(0, 2))):
        start = draw(day)
        length = draw(st.sampled_from([5, 31, 120, None]))
        end = (start + timedelta(days=length)).isoformat() if length else ""
        pauses.append(f"{start.isoformat()}/{end}")
    row: Row = {"subscription_id": name, "customer_id": name[0], "pauses": pauses}
    if draw(st.integers(0, 3)) == 0:
        row["cancel_requested_on"] = draw(day)
        row["ended_on"] = row["cancel_requested_on"] + timedelta(
            days=draw(st.sampled_from([0, 20]))
        )
    return row


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(companies(), as_of_days(), switched())
def test_every_switch_agrees_with_plain_python(
    company: tuple[list[Row], dict[str, Row], dict[str, str]], as_of: date, keys: dict[str, Any]
) -> None:
    rows, known, parents = company
    customers = [{"customer_id": c, "parent_id": p} for c, p in parents.items()]
    book = books.book(rows, rates=RATES, subscriptions=list(known.values()), customers=customers)
    chosen = {"nrr.months": 3, **keys}
    asked = books.scope(book, as_of.isoformat(), **chosen)
    frames = collect_frames([mrr_months, retention], asked)
    rates = {(currency, day): value for currency, day, value in RATES}
    ledger = Switched(
        rows, as_of, books.settings(**chosen), rates, subscriptions=known, parents=parents
    )
    found = {row.pop("month"): row for row in frames[mrr_months].iter_rows(named=True)}
    assert found == ledger.mrr_months()
    assert {row[0]: row[1:] for row in frames[retention].iter_rows()} == ledger.retention()
