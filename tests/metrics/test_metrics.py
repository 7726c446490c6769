"""Every metric on one small book, worked by hand."""

from __future__ import annotations

import pickle
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from clv_cli.glossary import GLOSSARY
from clv_cli.measures.mrr_months import mrr_months
from clv_cli.measures.revenue_facts import revenue_facts
from clv_cli.metrics import KPIS, METRICS
from clv_cli.metrics.tables.parts import computed
from tests.books import book, line, month, monthly, scope, service_cost, spend
from tests.once import Once

if TYPE_CHECKING:
    from tests.books import Row

# January to June 2025. A and B stay (B grows in March), C leaves in March and returns in May at
# half, D leaves in April, E is new in May.
LINES = [
    *monthly("A", "2025-01-01", [100] * 6),
    *monthly("B", "2025-01-01", [50, 50, 80, 80, 80, 60]),
    *monthly("C", "2025-01-01", [40, 40, None, None, 20, 20]),
    *monthly("D", "2025-01-01", [10, 10, 10]),
    *monthly("E", "2025-05-01", [30, 30]),
    line("A", "2025-05-10", 500, kind="one_off"),
    line("A", "2025-05-11", -50, kind="credit"),
]
SPEND = [spend("2025-03", 60), spend("2025-04", 30), spend("2025-04", 15, "sales")]
COSTS = [
    service_cost("2025-04", 12),
    service_cost("2025-05", 8, "hosting"),
    service_cost("2025-05", 5, "payment_fees"),
    service_cost("2025-05", 14, "support"),
    service_cost("2025-04", 7, "success"),
]
KEYS: dict[str, Any] = {
    "nrr.months": 3,
    "ltv.churn_window_months": 3,
    "ltv.min_churn_events": 2,
    "cac.window_months": 2,
}


def _dotted(keys: dict[str, Any]) -> dict[str, Any]:
    return {key.replace("__", "."): value for key, value in keys.items()}


ANSWERED: dict[bytes, Once] = {}


def _ask(lines: list[Row], tables: dict[str, Any], keys: dict[str, Any]) -> Once:
    """The same question about the same rows is answered from what is known."""
    question = pickle.dumps((lines, sorted(tables.items()), sorted(keys.items())))
    if question not in ANSWERED:
        ANSWERED[question] = Once(scope(book(lines, **tables), "2025-06", **keys))
    return ANSWERED[question]


def figure(name: str, at: str, **more: Any) -> Any:  # noqa: ANN401
    tables = more.pop("tables", {"spend": SPEND, "service_costs": COSTS})
    asked = _ask(more.pop("lines", LINES), tables, {**KEYS, **_dotted(more)})
    metric = METRICS[name]
    return computed(metric, asked.frames(metric.needs), [month(at)])[0]


def value(name: str, at: str = "2025-05", **more: Any) -> Any:  # noqa: ANN401
    return figure(name, at, **more).value


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mrr", 230_00),
        ("arr", 2760_00),
        ("net_revenue", 680_00),
        ("customers", 4),
        ("arpa", 57_50),
        ("new", 30_00),
        ("expansion", 0),
        ("contraction", 0),
        ("churn", 0),
        ("reactivation", 20_00),
        ("fx", 0),
        ("logo_churn", 0),
        ("gross_mrr_churn", 0),
        ("net_mrr_churn", 0),
        # February's customers paid 200 then, and 100 + 80 + 20 now.
        ("nrr", Fraction(200, 200)),
        ("grr", Fraction(170, 200)),
        ("quick_ratio", None),
        # March 190, April 180, May 680 billed; 12 + 8 + 5 spent on delivery.
        ("gross_margin", Fraction(1050 - 25, 1050)),
        # March and April spend, one new customer in April and May.
        ("cac", 105_00),
        # Two of 4 + 3 + 2 customers at risk were lost: 4.5 months.
        ("clv", round(Fraction(5750 * 1025 * 9, 1050 * 2))),
        ("cltv_net", round(Fraction(5750 * 1025 * 9, 1050 * 2) - 10500)),
        # 21 of service for 3 + 2 + 4 customer months.
        ("cost_to_serve", round(Fraction(2100 * 9, 9 * 2))),
        ("customer_net_worth", round(Fraction(5750 * 1025 * 9, 1050 * 2) - 10500 - 1050)),
        ("ltv_cac", Fraction(5750 * 1025 * 9, 1050 * 2 * 10500)),
        ("cac_payback", Fraction(10500) / (3000 * Fraction(1025, 1050))),
    ],
)
def test_may_is_as_worked_by_hand(name: str, expected: int | Fraction | None) -> None:
    assert value(name) == expected


def test_march_loses_one_customer_and_june_some_of_another() -> None:
    assert value("churn", "2025-03") == -40_00
    assert value("expansion", "2025-03") == 30_00
    assert value("logo_churn", "2025-03") == Fraction(1, 4)
    assert value("gross_mrr_churn", "2025-03") == Fraction(40, 200)
    assert value("net_mrr_churn", "2025-03") == Fraction(10, 200)
    assert value("quick_ratio", "2025-03") == Fraction(30, 40)
    assert value("contraction", "2025-06") == -20_00
    assert value("gross_mrr_churn", "2025-06") == Fraction(20, 230)


def test_every_metric_of_the_glossary_is_computed_and_every_kpi_is_one() -> None:
    assert set(METRICS) == set(GLOSSARY)
    assert [metric.name for metric in METRICS.values()] == list(METRICS)
    assert set(KPIS) <= set(METRICS)


@pytest.mark.parametrize("name", sorted(METRICS))
def test_a_month_outside_the_data_has_no_figure_but_a_reason(name: str) -> None:
    if set(METRICS[name].requires) - {"spend", "service_costs"}:
        assert str(figure(name, "2024-12").reason).startswith("skipped: needs ")
        return
    early, late = figure(name, "2024-12"), figure(name, "2025-07")
    assert (early.value, early.reason) == (None, "the data begin in 2025-01")
    assert (late.value, late.reason) == (None, "the data are seen as of 2025-06-30")
    empty = figure(name, "2025-05", lines=[])
    assert (empty.value, empty.reason) == (None, "there are no billing lines")


@pytest.mark.parametrize("name", sorted(METRICS))
def test_a_figure_has_a_value_or_a_reason_and_never_both(name: str) -> None:
    for at in ("2025-01", "2025-03", "2025-05"):
        found = figure(name, at)
        assert (found.value is None) == (found.reason is not None)
        assert found.value is None or found.inputs


def test_what_a_metric_did_not_declare_it_does_not_find() -> None:
    asked = Once(scope(book(LINES), "2025-06"))
    assert asked.frames([mrr_months])[mrr_months].height > 0
    with pytest.raises(LookupError, match="was not collected"):
        asked.frames([revenue_facts])[mrr_months]


@pytest.mark.parametrize(
    "name", ["cac", "cltv_net", "customer_net_worth", "ltv_cac", "cac_payback"]
)
def test_without_spend_the_metrics_of_winning_are_skipped(name: str) -> None:
    assert figure(name, "2025-05", tables={}).reason == "skipped: needs spend"


@pytest.mark.parametrize(
    ("name", "at", "keys", "reason"),
    [
        ("clv", "2025-03", {}, "only 1 customer lost in 3 months"),
        ("clv", "2025-02", {}, "no churn in 3 months"),
        ("clv", "2025-05", {"ltv.min_churn_events": 3}, "only 2 customers lost in 3 months"),
        ("cltv_net", "2025-02", {}, "no churn in 3 months"),
        ("ltv_cac", "2025-02", {}, "no churn in 3 months"),
        (
            "cost_to_serve",
            "2025-05",
            {"ltv.min_churn_events": 3},
            "only 2 customers lost in 3 months",
        ),
        ("cost_to_serve", "2025-02", {}, "no support or success costs in 2024-12..2025-02"),
        ("customer_net_worth", "2025-02", {}, "no churn in 3 months"),
        ("cac", "2025-01", {}, "no acquisition spend in 2024-11..2024-12"),
        ("cac", "2025-04", {}, "no new customers in 2 months"),
        ("cac_payback", "2025-04", {}, "no new MRR in 2 months"),
        ("cac_payback", "2025-01", {}, "no acquisition spend in 2024-11..2024-12"),
        ("nrr", "2025-03", {}, "needs 3 months before it: the data begin in 2025-01"),
        ("grr", "2025-01", {}, "needs 3 months before it: the data begin in 2025-01"),
        ("quick_ratio", "2025-05", {}, "no losses"),
        ("logo_churn", "2025-01", {}, "no customers at the opening"),
        ("gross_mrr_churn", "2025-01", {}, "no MRR at the opening"),
        ("net_mrr_churn", "2025-01", {}, "no MRR at the opening"),
    ],
)
def test_what_cannot_be_estimated_says_why(
    name: str, at: str, keys: dict[str, Any], reason: str
) -> None:
    found = figure(name, at, **keys)
    assert (found.value, found.reason) == (None, reason)


def test_without_any_subscription_there_is_no_average() -> None:
    lines = [line("A", "2025-01-01", 500)]
    assert figure("arpa", "2025-05", lines=lines).reason == "no customers at the month's end"
    assert figure("nrr", "2025-05", lines=lines).reason == (
        "no customers with MRR at the end of 2025-02"
    )
    assert value("mrr", lines=lines) == value("customers", lines=lines) == 0
    assert value("net_revenue", lines=lines) == 0
    assert figure("gross_margin", "2025-05", lines=lines).reason == "no billed revenue in 3 months"
    assert figure("clv", "2025-05", lines=lines).reason == "no customers at the month's end"
    served = figure("cost_to_serve", "2025-05", lines=lines)
    assert served.reason == "no customers in the window"


def test_without_cost_data_the_margin_is_whole_and_labelled_so() -> None:
    tables = {"spend": SPEND}
    assert value("gross_margin", tables=tables) == 1
    found = figure("clv", "2025-05", tables=tables)
    assert found.inputs[1].label == "gross margin (no cost data: 100 %)"
    assert found.value == round(Fraction(5750 * 9, 2))
    worth = figure("customer_net_worth", "2025-05", tables=tables)
    assert worth.inputs[2].label == "cost to serve (no cost data: nothing)"
    assert worth.value == value("cltv_net", tables=tables)


def test_the_lifetime_is_capped() -> None:
    assert value("clv", ltv__cap_months=2) == round(Fraction(5750 * 1025 * 2, 1050))


def test_cac_shifts_its_spend_and_may_be_marketing_alone() -> None:
    assert value("cac", cac__fully_loaded=False) == 90_00
    assert value("cac", cac__lag_months=0) == 45_00
    assert value("cac", cac__lag_months=2) == 60_00


def test_a_margin_below_nothing_never_pays_back() -> None:
    tables = {"spend": SPEND, "service_costs": [service_cost("2025-05", 5000)]}
    found = figure("cac_payback", "2025-05", tables=tables)
    assert found.reason == "the gross margin is not positive"


def test_winning_for_nothing_has_no_ratio() -> None:
    tables = {"spend": [spend("2025-04", 0)], "service_costs": COSTS}
    assert figure("ltv_cac", "2025-05", tables=tables).reason == "winning customers cost nothing"
