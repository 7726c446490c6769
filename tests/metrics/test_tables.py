"""The tables made of metrics: key figures, roll-forward, retention, reconciliation, explain."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from clv_cli import metrics
from clv_cli.errors import DataError, UsageError
from clv_cli.glossary import Good, Kind
from clv_cli.measures.revenue_facts import revenue_month_sums
from clv_cli.metrics.tables.kpis import change
from clv_cli.metrics.tables.movements import rounded_row
from clv_cli.results import Result, collect, collect_frames
from tests.books import book, line, month, monthly, rate, scope, service_cost, spend
from tests.once import Once

LINES = [
    *monthly("A", "2025-01-15", [100] * 6),
    *monthly("B", "2025-01-15", [50, 50, 80, 80, 80, 60]),
    *monthly("C", "2025-01-15", [40, 40]),
    line("T", "2025-02-01", 7),
    line("A", "2025-02-01", 3, status="void"),
    line("A", "2025-07-15", 1),
]
TABLES: dict[str, Any] = {
    "spend": [spend("2025-03", 60)],
    "service_costs": [service_cost("2025-04", 12)],
}


def asked(as_of: str = "2025-06", **more: Any) -> Any:  # noqa: ANN401
    period = more.pop("period", ("2025-02", "2025-06"))
    return scope(book(LINES, test_customers=["T"], **TABLES), as_of, period, **more)


def one(table: str, of: Any, *arguments: Any) -> Result:  # noqa: ANN401
    return collect([getattr(metrics, table)(of, *arguments)], of)[0]


def by_metric(result: Result) -> dict[str, dict[str, Any]]:
    return {row["metric"]: row for row in result.records()}


def test_key_figures_are_canonical_text_with_change_window_and_series() -> None:
    rows = by_metric(one("kpi_table", asked()))
    assert list(rows) == list(metrics.KPIS)
    mrr = rows["mrr"]
    assert (mrr["kind"], mrr["value"], mrr["previous"]) == ("money", "160.00", "180.00")
    assert mrr["change"] == -0.111111
    assert mrr["window"] == "at 2025-06-30"
    assert mrr["series"] == ["190.00", "180.00", "180.00", "180.00", "160.00"]
    assert rows["customers"]["value"] == "2"
    assert rows["logo_churn"]["series"] == ["0.0", "0.333333", "0.0", "0.0", "0.0"]
    assert rows["net_revenue"]["window"] == "month 2025-06"
    assert rows["nrr"]["window"] == "12 months to 2025-06-30"
    assert rows["arpa"]["reason"] is None


def test_a_figure_that_cannot_be_estimated_gives_its_reason_in_the_row_and_beside_it() -> None:
    result = one("kpi_table", asked(), ["LTV", "mrr"])
    row = result.records()[0]
    assert row["metric"] == "clv"
    assert (row["value"], row["change"]) == (None, None)
    assert row["reason"] == "only 1 customer lost in 12 months"
    assert result.rows.reasons == [(0, "value", "only 1 customer lost in 12 months")]


def test_within_a_month_flows_are_those_of_the_last_complete_one() -> None:
    rows = by_metric(one("kpi_table", asked("2025-06-20")))
    assert rows["mrr"]["window"] == "at 2025-06-20"
    assert rows["net_revenue"]["window"] == "month 2025-05"
    assert rows["net_revenue"]["value"] == "180.00"
    assert len(rows["net_revenue"]["series"]) == 4


def test_a_period_of_one_unfinished_month_still_has_key_figures() -> None:
    rows = by_metric(one("kpi_table", asked("2025-06-20", period=("2025-06", "2025-06"))))
    assert rows["net_revenue"]["series"] == ["180.00"]
    assert rows["net_revenue"]["previous"] == "180.00"


def test_an_earlier_period_is_reported_as_of_its_own_end() -> None:
    rows = by_metric(one("kpi_table", asked(period=("2025-01", "2025-03"))))
    assert rows["mrr"]["value"] == "180.00"
    assert rows["mrr"]["window"] == "at 2025-03-31"
    assert rows["mrr"]["previous"] == "190.00"


@pytest.mark.parametrize(
    ("value", "previous", "kind", "good", "expected"),
    [
        (110, 100, Kind.MONEY, Good.UP, 0.1),
        (Fraction(1, 2), Fraction(3, 4), Kind.RATIO, Good.UP, -0.25),
        (-200, -100, Kind.MONEY, Good.DOWN, 1.0),
        (-50, -100, Kind.MONEY, Good.UP, 0.5),
        (5, 0, Kind.COUNT, Good.UP, None),
        (None, 5, Kind.COUNT, Good.UP, None),
        (5, None, Kind.COUNT, Good.UP, None),
    ],
)
def test_change_is_relative_but_for_ratios_and_a_larger_loss_is_more(
    value: int | Fraction | None,
    previous: int | Fraction | None,
    kind: Kind,
    good: Good,
    expected: float | None,
) -> None:
    assert change(value, previous, kind, good) == expected


def test_movements_foot_in_whole_cents() -> None:
    third = 55_440 * 100 // 3
    lines = [
        line(name, "2025-01-01", "1.00", "quarter", end="2026-01-01") for name in ("A", "B", "C")
    ]
    lines.append(line("A", "2025-02-01", "0.10", "quarter", end="2026-01-01"))
    of = scope(book(lines), "2025-03", ("2025-01", "2025-03"))
    rows = one("mrr_movements_table", of).records()
    assert [row["closing"] for row in rows] == [100, 103, 103]
    assert [row["opening"] for row in rows] == [0, 100, 103]
    assert rows[0]["new"] == 100
    assert rows[1]["expansion"] == 3
    halves = {"month": 1, "opening": third, "new": third, "expansion": third, "closing": 3 * third}
    halves |= {"contraction": 0, "churn": 0, "reactivation": 0, "paused": 0, "fx": 0}
    assert rounded_row(halves) == {
        "month": 1,
        "opening": 33,
        "new": 34,
        "expansion": 33,
        "contraction": 0,
        "churn": 0,
        "reactivation": 0,
        "paused": 0,
        "fx": 0,
        "closing": 100,
    }


def test_metrics_by_month_keep_their_kinds_and_their_reasons() -> None:
    of = asked(nrr__months=2)
    result = collect(metrics.metrics_tables(["mrr", "nrr", "customers", "Customers"]), of)[0]
    assert [column.kind for column in result.table.columns] == [
        Kind.MONTH,
        Kind.MONEY,
        Kind.RATIO,
        Kind.COUNT,
    ]
    rows = result.records()
    assert rows[1] == {"month": month("2025-03"), "mrr": 18000, "nrr": 0.947368, "customers": 2}
    assert rows[0]["nrr"] is None
    assert result.rows.reasons == [
        (0, "nrr", "needs 2 months before it: the data begin in 2025-01")
    ]


def test_an_unknown_metric_is_a_usage_error_with_the_nearest_name() -> None:
    with pytest.raises(UsageError, match='no metric "chrn"') as stopped:
        metrics.metrics_tables(["chrn"])
    assert stopped.value.hint == "did you mean churn?"


def test_retention_shows_rates_month_by_month() -> None:
    rows = collect([metrics.retention_table()], asked(nrr__months=2))[0].records()
    assert rows[1] == {
        "month": month("2025-03"),
        "customers": 2,
        "nrr": 0.947368,
        "grr": 0.789474,
        "logo_churn": 0.333333,
        "gross_mrr_churn": 0.210526,
        "net_mrr_churn": 0.052632,
    }


def test_the_reconciliation_walks_from_loaded_to_billed_lines() -> None:
    result = one("reconciliation_table", asked(period=("2025-02", "2025-04")))
    assert [tuple(row.values()) for row in result.records()] == [
        ("loaded", 17, 1091_00),
        ("draft_or_void", -1, -3_00),
        ("test_customer", -1, -7_00),
        ("after_as_of", -1, -1_00),
        ("billed", 14, 1080_00),
        ("before", 3, 190_00),
        ("period", 7, 550_00),
        ("after", 4, 340_00),
    ]
    assert [check.name for check in result.rows.checks] == ["billed_total", "mrr_rollforward"]
    assert all(check.ok for check in result.rows.checks)


def test_lines_that_are_not_accounted_for_stop_the_run() -> None:
    of = asked()
    table = metrics.reconciliation_table(of)
    frames = collect_frames(table.needs, of)
    frames._frames[revenue_month_sums.name] = frames[revenue_month_sums][1:]
    with pytest.raises(DataError, match="17 lines were loaded, but 14"):
        table.finish(frames)


def test_left_out_lines_without_a_rate_are_named() -> None:
    lines = [line("A", "2025-01-10", 5, currency="EUR", status="draft"), line("A", "2025-01-10", 7)]
    of = scope(book(lines), "2025-01")
    assert one("reconciliation_table", of).rows.notes == (
        "1 of the lines left out have no exchange rate and count as 0.",
    )


def test_a_book_without_lines_ties_too() -> None:
    result = one("reconciliation_table", scope(book([]), "2025-01"))
    assert [check.name for check in result.rows.checks] == ["billed_total"]
    assert result.rows.checks[0].ok


def test_explain_shows_the_numbers_put_in_the_customers_and_the_rows() -> None:
    of = asked()
    inputs, customers, ledger, rows = collect(metrics.explain_tables(of, "churn", "2025-03"), of)
    assert [tuple(row.values()) for row in inputs.records()] == [
        ("opening MRR", "money", "190.00", ""),
        ("closing MRR", "money", "180.00", ""),
        ("Churned MRR", "money", "-40.00", "="),
    ]
    assert [tuple(row.values()) for row in ledger.records()] == [
        ("churn", "churn", "C", "churn 2025-03", "money", "-40.00")
    ]
    assert customers.records() == [
        {"customer_id": "C", "name": None, "value": -4000, "note": "churn"}
    ]
    places = [(row["customer_id"], row["source"], row["row"]) for row in rows.records()]
    assert places == [
        ("C", "billing_lines.csv", 15),
        ("A", "billing_lines.csv", 3),
        ("B", "billing_lines.csv", 9),
        ("A", "billing_lines.csv", 4),
        ("B", "billing_lines.csv", 10),
    ]


def test_explain_of_a_missing_value_says_why() -> None:
    of = asked()
    inputs = collect(metrics.explain_tables(of, "clv", None), of)[0]
    assert inputs.rows.reasons[0][1:] == ("value", "only 1 customer lost in 12 months")


def test_explain_of_a_skipped_metric_has_no_rows_to_show() -> None:
    of = scope(book(LINES), "2025-06")
    tables = metrics.explain_tables(of, "cac", "2025-05")
    assert [table.name for table in tables] == ["explain"]
    assert collect(tables, of)[0].records()[-1]["value"] is None


@pytest.fixture(scope="module")
def once() -> Once:
    return Once(asked(cac__window_months=6, cac__lag_months=0, nrr__months=2))


@pytest.mark.parametrize("name", sorted(metrics.METRICS))
def test_every_metric_leads_to_customers_and_to_source_rows(name: str, once: Once) -> None:
    of = once.scope
    lacking = any(not of.book.has(table) for table in metrics.METRICS[name].requires)
    found = {r.table.name: r for r in once.collect(metrics.explain_tables(of, name, "2025-03"))}
    for result in found.values():
        assert result.rows.frame.columns == [column.name for column in result.table.columns]
    assert set(found) == {"explain"} if lacking else {"explain", "ledger"} <= set(found)
    for row in found["evidence"].records() if "evidence" in found else []:
        assert row["source"].endswith(".csv")


def test_explain_of_a_quarter_and_a_customer_gives_formula_rows_and_lines() -> None:
    of = asked()
    tables = metrics.explain_tables(of, "quick_ratio", "2025Q2", "B")
    inputs, ledger, rows = collect(tables, of)
    assert inputs.rows.lead == (
        "Quick ratio = (new + expansion + reactivation) / -(churn + contraction)",
        "  = (0.00 + 0.00 + 0.00) / -(0.00 + (-20.00))",
        "  = 0.00",
    )
    assert [(row["customer_id"], row["value"]) for row in ledger.records()] == [("B", "-20.00")]
    assert {row["customer_id"] for row in rows.records()} == {"B"}


def test_a_trace_holds_inputs_ledger_and_source_rows() -> None:
    of = asked(nrr__months=2)
    rows = collect([metrics.trace_table(of, "nrr", "2025-03")], of)[0].records()
    assert [row["step"] for row in rows][:3] == ["input"] * 3
    ledger = [row for row in rows if row["step"] == "ledger"]
    assert sum(float(r["value"]) for r in ledger if r["part"] == "closing") == 180.0
    assert sum(float(r["value"]) for r in ledger if r["part"] == "base") == 190.0
    assert {row["place"] for row in rows if row["step"] == "source"} >= {"billing_lines.csv:2"}


def test_a_customer_that_is_not_there_is_told() -> None:
    with pytest.raises(UsageError, match='no line names the customer "X"'):
        metrics.explain_tables(asked(), "mrr", None, "X")


def test_customers_behind_retention_are_those_of_the_opening_in_rates_of_today() -> None:
    lines = [
        *monthly("A", "2025-01-01", [100, 150], currency="EUR"),
        *monthly("B", "2025-01-01", [70]),
        *monthly("C", "2025-02-01", [20]),
    ]
    ends = [rate("EUR", "2025-01", "1.1"), rate("EUR", "2025-02", "1.2")]
    days = [rate("EUR", f"2025-0{m}-01", "1") for m in (1, 2)]
    of = scope(book(lines, rates=[*ends, *days]), "2025-02", nrr__months=1)
    inputs, customers, _, rows = collect(metrics.explain_tables(of, "nrr", "2025-02"), of)
    assert customers.records() == [
        {"customer_id": "B", "name": None, "value": -7000, "note": "left"},
        {"customer_id": "A", "name": None, "value": 6000, "note": ""},
    ]
    assert [row["value"] for row in inputs.records()] == ["180.00", "190.00", "0.947368"]
    assert [row["currency"] for row in rows.records()] == ["USD", "EUR", "EUR", "USD"]


def test_key_figures_that_rest_on_costs_nobody_gave_say_so() -> None:
    keys = ["gross_margin", "customer_net_worth", "mrr"]
    bare = scope(book(LINES, spend=TABLES["spend"]), "2025-06", ("2025-02", "2025-06"))
    assert one("kpi_table", bare, keys).rows.notes == [
        "No cost of revenue in the data, so the margin is taken as 100 %: Gross margin."
    ]
    assert one("kpi_table", asked(), keys).rows.notes == []
