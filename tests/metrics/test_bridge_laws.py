"""The bridge of `clv reconcile` under every switch: it meets the ledger, whatever is turned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clv_cli import metrics
from clv_cli.errors import ConfigError
from clv_cli.results import collect
from tests.books import book, day, line, scope
from tests.measures.test_oracle_switches import EXAMPLES, RATES, companies, switched
from tests.measures.test_switch_laws import OTHERS
from tests.strategies import as_of_days

if TYPE_CHECKING:
    from datetime import date

Company = tuple[list[dict[str, Any]], dict[str, Any], dict[str, str]]
NO_PARTS = {"month", "mrr", "residual"}


@settings(
    max_examples=EXAMPLES // 2,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(companies(), as_of_days(), switched(), st.sampled_from([*OTHERS, {"mrr.basis": "compare"}]))
def test_invoices_lead_to_mrr_under_every_switch(
    company: Company, as_of: date, keys: dict[str, Any], others: dict[str, Any]
) -> None:
    rows, known, parents = company
    tables: dict[str, Any] = {
        "subscriptions": list(known.values()),
        "customers": [{"customer_id": c, "parent_id": p} for c, p in parents.items()],
    }
    of = scope(book(rows, rates=RATES, **tables), as_of.isoformat(), **{**keys, **others})
    for row in collect([metrics.bridge_table(of)], of)[0].records():
        parts = [value for name, value in row.items() if name not in NO_PARTS]
        assert (sum(parts), row["residual"]) == (row["mrr"], 0)


def test_each_lines_own_rate_is_its_exchange_difference() -> None:
    rates = [
        ("EUR", on, value)
        for first, second in [("2025-01-01", "2025-01-31"), ("2025-02-01", "2025-02-28")]
        for on, value in [(day(first), 11_000_000_000), (day(second), 12_000_000_000)]
    ]
    lines = [
        line("A", "2025-01-01", 1200, "year", currency="EUR"),
        line("B", "2025-02-01", 50, "month", currency="EUR", issued="2025-01-31"),
    ]
    of = scope(
        book(lines, rates=rates),
        "2025-02",
        ("2025-02", "2025-02"),
        **{"fx.mode": "service_start"},
    )
    table = metrics.bridge_table(of)
    row = collect([table], of)[0].records()[0]
    # 100.00 EUR at 1.10; 50.00 EUR issued at 1.20 and begun at 1.10.
    assert (row["other_months"], row["fx"], row["mrr"]) == (170_00, -5_00, 165_00)
    assert next(c.heading for c in table.columns if c.name == "fx") == "FX to term's start"


def test_what_a_full_credit_leaves_is_made_monthly_and_no_gap() -> None:
    lines = [
        line("A", "2025-04-01", 100, "month", line_id="L1"),
        line("A", "2025-04-16", -50, end="2025-05-01", kind="credit", original_line_id="L1"),
        line("B", "2025-04-01", 7, "month"),
    ]
    of = scope(book(lines), "2025-04", ("2025-04", "2025-04"))
    row = collect([metrics.bridge_table(of)], of)[0].records()[0]
    assert (row["gross"], row["normalisation"], row["gaps"], row["mrr"]) == (57_00, -50_00, 0, 7_00)


def test_mrr_that_is_made_of_no_invoice_is_refused_with_the_key_to_turn() -> None:
    of = scope(book([line("A", "2025-01-01", 10, "month")]), mrr__basis="subscriptions")
    with pytest.raises(ConfigError, match="made of no invoice") as caught:
        metrics.bridge_table(of)
    assert caught.value.where == "mrr.basis: subscriptions"
    assert str(caught.value.hint).startswith("set mrr.basis: lines")
