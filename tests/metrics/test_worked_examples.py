"""The 37 published worked examples, each through our own formulas; and the publishers' own errors."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from clv_cli.glossary import GLOSSARY
from clv_cli.measures.formulas import evaluate
from clv_cli.measures.intervals import net_promoter
from clv_cli.metrics import METRICS
from clv_cli.metrics.tables.parts import computed
from clv_cli.metrics.tables.spans import exact_value
from clv_cli.results import collect_frames
from tests.books import book, line, month, monthly, scope

FILE = Path(__file__).parents[3] / "shared" / "data" / "metrics" / "worked_examples.json"


def by_formula(name: str, **values: Fraction | float) -> Fraction:
    """A metric of the catalogue, from its parts."""
    return evaluate(GLOSSARY[name].calc, {key: Fraction(str(v)) for key, v in values.items()})


def in_book(name: str, at: str, lines: Any, **more: Any) -> Fraction:  # noqa: ANN401
    """A metric of a Book, exact; money in major units."""
    tables = {key: more.pop(key) for key in ("payments", "subscriptions") if key in more}
    asked = scope(book(lines, **tables), "2025-12", **more)
    metric = METRICS[name]
    figure = computed(metric, collect_frames((*metric.needs, *metric.behind), asked), [month(at)])[
        0
    ]
    value = exact_value(metric, figure)
    assert value is not None, figure.reason
    return value / 100 if GLOSSARY[name].kind == "money" else value


# ChartMogul's customer: Gold for a year, two Silvers in February and March, gone, back in April.
GOLD = line("A", "2024-05-01", 2000, "year")
SILVER = monthly("A", "2025-02-01", [60, 60])
BACK = monthly("A", "2025-08-01", [150] * 6)
ORDER = [
    *monthly("A", "2025-01-01", [45, 45, 45], discount=500),
    *monthly("A", "2025-04-01", [50] * 9),
]
CLV = {"revenue": 100, "cost_of_revenue": 25, "customers": 1, "cap": 60}


def many(count: int, amount: float, interval: str, prefix: str) -> list[dict[str, Any]]:
    return [line(f"{prefix}{n}", "2025-01-01", amount, interval) for n in range(count)]


def leavers() -> Fraction:
    """Chargebee: 15 customers at 10 cancel, 10 others fail to pay."""
    lines = [*many(15, 10, "month", "v"), *many(10, 10, "month", "i"), line("Z", "2025-12-01", 1)]
    ends = [
        {
            "subscription_id": row["customer_id"],
            "customer_id": row["customer_id"],
            "ended_on": row["period_end"],
            "cancel_reason": "too dear" if row["customer_id"][0] == "v" else "payment_failed",
        }
        for row in lines[:-1]
    ]
    return in_book("churn_voluntary", "2025-02", lines, subscriptions=ends)


def recovered() -> Fraction:
    """rekko: 49 of the failed subscriptions at 75 come back."""
    lines = [{**row, "invoice_id": f"i{n}"} for n, row in enumerate(many(49, 75, "month", "c"))]
    payments = [
        {
            "payment_id": f"{row['invoice_id']}{outcome}",
            "invoice_id": row["invoice_id"],
            "customer_id": row["customer_id"],
            "attempted_on": row["issued_on"].replace(day=day),
            "outcome": outcome,
            "amount": 7500,
            "currency": "USD",
        }
        for row in lines
        for outcome, day in (("failed", 1), ("succeeded", 9))
    ]
    return in_book("recovered_mrr", "2025-01", lines, payments=payments)


def zero_churn() -> Fraction:
    """Stripe assumes 1.67 % where nobody left; ours has no value, and says why."""
    asked = scope(book(monthly("A", "2025-01-01", [100] * 12)), "2025-12")
    figure = computed(
        METRICS["clv"], collect_frames(METRICS["clv"].needs, asked), [month("2025-12")]
    )
    assert (figure[0].value, figure[0].reason) == (None, "no churn in 12 months")
    return 100 / Fraction("0.0167")


def retained_per_customer() -> Fraction:
    """Chargebee takes the smaller of the totals; customer by customer half is kept (golden S24)."""
    lines = [
        *monthly("A", "2025-01-01", [5000, 0]),
        *monthly("B", "2025-01-01", [5000, 12000]),
    ]
    assert in_book("grr", "2025-02", lines, **{"nrr.months": 1}) == Fraction(1, 2)
    return Fraction(min(5000, 6000), 5000)


CASES: dict[str, Any] = {
    "CM-1": lambda: in_book("new", "2024-05", [GOLD]),
    "CM-2": lambda: in_book("expansion", "2025-02", [GOLD, *SILVER]),
    "CM-3": lambda: in_book("contraction", "2025-04", [GOLD, *SILVER]),
    "CM-4": lambda: in_book("churn", "2025-05", [GOLD, *SILVER]),
    "CM-5": lambda: in_book("reactivation", "2025-08", [GOLD, *SILVER, *BACK]),
    "CM-6": lambda: by_formula("gross_mrr_churn", churn=-10, contraction=-10, opening_mrr=100),
    "CM-7": lambda: by_formula(
        "net_mrr_churn", churn=-10, contraction=-10, expansion=10, opening_mrr=100
    ),
    # A peer's rule: what the day lost of its start, new business apart.
    "CM-8": lambda: Fraction(100 - (120 - 10), 100),
    # Of the 12 who churned one came back and one had only just joined: neither is lost of the 100.
    "CM-9": lambda: by_formula("logo_churn", lost=10, opening_customers=100),
    "CM-10": lambda: by_formula(
        "clv", **{**CLV, "cost_of_revenue": 0}, mrr=100, lost=5, at_risk=100
    ),
    "CM-11": lambda: in_book("mrr", "2025-01", [line("A", "2025-01-01", 90, "month", count=3)]),
    "ST-1": lambda: in_book(
        "mrr", "2025-01", [*many(100, 100, "month", "m"), *many(50, 600, "year", "y")]
    ),
    "ST-2": lambda: in_book("mrr", "2025-01", [line("A", "2025-01-01", 1200, "year")]),
    "ST-3": zero_churn,
    "PW-1": lambda: in_book(
        "mrr", "2025-01", [line("A", "2025-01-01", 108, "year", discount=1200)]
    ),
    "CB-1": lambda: in_book(
        "mrr",
        "2025-01",
        monthly("A", "2025-01-01", [100]) + monthly("A", "2025-01-01", [50], discount=5000),
    ),
    "CB-2": lambda: -leavers(),
    "CB-3": retained_per_customer,
    "PR-1": lambda: by_formula("grr", kept=8.5, base=10),
    "PR-2": lambda: by_formula("nrr", closing=10.3, base=10),
    "DR-1": lambda: by_formula("clv", **CLV, mrr=40, lost=4, at_risk=100),
    "CK-1": lambda: by_formula(
        "cac_payback", spend=1200, new_mrr=180, revenue=100, cost_of_revenue=25
    ),
    "GW-1": lambda: by_formula(
        "burn_multiple", net_burn=80_000, mrr=Fraction(100_000, 12), mrr_then=0
    ),
    "GW-2": lambda: by_formula("clv", **CLV, mrr=100, lost=3, at_risk=100),
    "GW-3": lambda: by_formula(
        "ltv_cac", **CLV, mrr=100, lost=3, at_risk=100, spend=500, new_customers=1
    ),
    "RK-1": lambda: by_formula("payment_failure_rate", failed=70, attempts=1000),
    "RK-2": lambda: by_formula("recovery_rate", recovered=49, failed=70),
    "RK-3": lambda: by_formula("net_loss_rate", failed=70, recovered=49, attempts=1000),
    "RK-4": recovered,
    # A weighted mean of the scores as printed, one of which is rounded the wrong way.
    "NA-1": lambda: Fraction(7 * 83 + 5 * 71 + 8 * 78 + 3 * 54, 7 + 5 + 8 + 3),
    "ZU-1": lambda: [
        in_book("contract_mrr", "2025-01", ORDER),
        in_book("discount_mrr", "2025-01", ORDER),
        in_book("expansion", "2025-04", ORDER),
    ],
    # A peer's rule: contracted billing by thirtieths of a month, or by its actual days.
    "ZU-2": lambda: [Fraction(14, days) * 35 + 4 * 35 for days in (30, 31)],
    "FV-1": lambda: [
        in_book("mrr", at, [line("A", "2025-05-15", 80, "month")]) for at in ("2025-05", "2025-06")
    ],
    # A peer dates churn on the day after the request; ours on the day the paid period ends.
    "RC-1": lambda: in_book("churn", "2025-08", monthly("A", "2025-07-05", [10])),
    "FC-1": lambda: 1 - (1 - Fraction(5, 100)) ** 12,
    "NPS-1": lambda: [
        by_formula("nps", promoters=20, detractors=30, answers=100),
        net_promoter(20, 30, 100),
    ],
    "SEED-1": lambda: [60 + 50 + 30 + 10, 90 + 30 + 40, 900 - 150 - 160],
}
# What the publisher printed, and why it is not what its own inputs give.
PUBLISHERS_ERRORS = {
    "ST-1": "prints 800 for 600: 100 x 100 + 50 x 800 / 12 would be 13,333.33",
    "CB-3": "prints 5000 / 5000 = 1 %",
    "NA-1": "prints 236 / 3 = 78.67 as 78",
    "SEED-1": "prints 150 for 90 + 30 + 40, and 600 for what is then left",
}
PRINTED = {
    "CM-1": 166.666667,
    "CM-2": 60.0,
    "CM-3": -60.0,
    "CM-4": -166.666667,
    "CM-5": 150.0,
    "CM-6": 0.2,
    "CM-7": 0.1,
    "CM-8": -0.1,
    "CM-9": 0.1,
    "CM-10": 2000.0,
    "CM-11": 30.0,
    "ST-1": 12500.0,
    "ST-2": 100.0,
    "ST-3": 5988.023952,
    "PW-1": 9.0,
    "CB-1": 150.0,
    "CB-2": 150.0,
    "CB-3": 1.0,
    "PR-1": 0.85,
    "PR-2": 1.03,
    "DR-1": 750.0,
    "CK-1": 8.888889,
    "GW-1": 0.8,
    "GW-2": 2500.0,
    "GW-3": 5.0,
    "RK-1": 0.07,
    "RK-2": 0.7,
    "RK-3": 0.021,
    "RK-4": 3675.0,
    "NA-1": 74.869565,
    "FC-1": 0.45964,
}
WORDED = {
    "ZU-1": [50, 5, 5],
    "ZU-2": [Fraction("156.33"), Fraction("155.81")],
    "FV-1": [80, 0],
    "RC-1": -10,
    "SEED-1": [150, 160, 590],
}


@pytest.mark.skipif(not FILE.exists(), reason="needs ../shared/data/metrics/worked_examples.json")
def test_the_examples_are_those_of_the_collection() -> None:
    published = json.loads(FILE.read_text())
    assert [item["id"] for item in published] == list(CASES)
    assert len(published) == 37
    numbers = {i["id"]: i["recomputed"] for i in published if i["recomputed"] is not None}
    assert numbers == PRINTED
    wrong = {i["id"] for i in published if "typo" in i["status"] or "error" in i["status"]}
    odd = {
        i["id"] for i in published if "inconsistent" in i["status"] or "do not add" in i["status"]
    }
    assert wrong | odd == set(PUBLISHERS_ERRORS)


@pytest.mark.parametrize("example", sorted(PRINTED))
def test_examples_in_numbers_come_out(example: str) -> None:
    assert float(CASES[example]()) == pytest.approx(PRINTED[example], abs=1e-6)


@pytest.mark.parametrize("example", sorted(WORDED))
def test_examples_in_words_come_out(example: str) -> None:
    found, wanted = CASES[example](), WORDED[example]
    if isinstance(wanted, list):
        assert [round(value, 2) for value in found] == wanted
    else:
        assert found == wanted


def test_the_nps_example_is_minus_ten_give_or_take_13_72() -> None:
    score, interval = CASES["NPS-1"]()
    assert score == -10
    assert interval.low == pytest.approx(-23.72, abs=0.005)
    assert interval.high == pytest.approx(3.72, abs=0.005)


def test_the_publishers_own_arithmetic_is_wrong_where_we_say_so() -> None:
    assert 100 * 100 + Fraction(50 * 800, 12) != CASES["ST-1"]() == 12_500
    assert CASES["CB-3"]() == 1 != Fraction(1, 100)
    assert round(Fraction(81 + 65 + 90, 3)) == 79
    assert CASES["SEED-1"]()[1] - 150 == 10
    assert all(reason.startswith("prints") for reason in PUBLISHERS_ERRORS.values())
