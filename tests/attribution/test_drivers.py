"""`clv drivers`: drivers, roadblocks, effort and initiatives, by hand and against what was planted."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from clv_cli.attribution import driver_tables
from clv_cli.results import Report, Result, collect
from clv_cli.run import driving, opening
from tests.attribution.asking import flag, initiative, touch
from tests.books import add_months, book, day, line, rate, scope

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope

Row = dict[str, Any]
SAMPLE = Path(__file__).parents[2] / "sample_data" / "clv.yaml"


@cache
def sample() -> Report:
    return driving.drivers(opening.Request(SAMPLE))


def of_sample(name: str) -> Result:
    return next(result for result in sample().results if result.table.name == name)


def tables(of: Scope) -> dict[str, Result]:
    return {result.table.name: result for result in collect(driver_tables(of), of)}


def test_on_the_sample_the_planted_drivers_are_ranked_and_the_idle_one_is_last() -> None:
    rows = of_sample("drivers").records()
    names = [row["item"] for row in rows]
    assert names[0] == "ease_of_use"  # planted 0.35, the largest
    assert names[-1] == "reporting"  # planted 0.00
    assert sum(row["importance"] for row in rows) == pytest.approx(1)
    assert rows[1]["tier"] == rows[2]["tier"]  # reliability 0.25 and support 0.20: not told apart
    assert "331 answers" in of_sample("drivers").rows.notes[0]


def test_on_the_sample_the_initiative_that_works_is_found_and_the_idle_one_is_not() -> None:
    rows = {row["initiative_id"]: row for row in of_sample("initiatives").records()}
    works, idle = rows["cx1"], rows["cx4"]
    assert works["verdict"] == "effect, placebo dates passed"
    assert works["low"] < 0.2638 < works["high"]  # planted: +26.4 % on average since its start
    assert idle["verdict"] == "not told from chance"
    assert idle["low"] < 0 < idle["high"]


def test_on_the_sample_themes_counted_once_add_up_to_their_customers_revenue() -> None:
    rows = of_sample("roadblocks").records()
    assert all(0 <= row["once"] <= row["exposed"] for row in rows)
    effort = of_sample("effort").records()
    assert sum(row["once"] for row in rows) < effort[-1]["revenue"]
    assert sum(row["revenue"] for row in effort[:-1]) == effort[-1]["revenue"]
    assert sum(row["cost"] for row in effort[:-1]) == effort[-1]["cost"]


def scored(customer: str, on: str, kind: str, score: float, item: str | None = None) -> Row:
    name = {"response_id": f"{customer}{on}{kind}{item}", "customer_id": customer, "kind": kind}
    when = {"asked_on": day(on), "answered_on": day(on)}
    return {**name, **when, "item": item, "score": score, "scale_max": 10}


def survey(kind: str, answers: int = 60) -> list[Row]:
    rng = np.random.default_rng(1)
    rows = []
    for number in range(answers):
        speed, price = (int(x) for x in rng.integers(3, 11, 2))
        total = round(0.8 * speed + 0.2 * price)
        customer, on = f"C{number}", "2025-03-01"
        rows += [scored(customer, on, kind, total), scored(customer, on, "driver", speed, "speed")]
        rows.append(scored(customer, on, "driver", price, "price"))
    return rows


LINES = [line(f"C{number}", "2025-01-01", 100, product_id="p") for number in range(60)]


@pytest.mark.parametrize(("kind", "words"), [("nps", "recommendation"), ("csat", "satisfaction")])
def test_the_stronger_driver_comes_first(kind: str, words: str) -> None:
    found = tables(scope(book(LINES, surveys=survey(kind))))["drivers"]
    first, second = found.records()
    assert (first["item"], first["ranks"], first["tier"]) == ("speed", "1", 1)
    assert (second["item"], second["ranks"], second["tier"]) == ("price", "2", 2)
    assert words in found.rows.notes[0]


def test_answers_asked_after_the_period_are_not_read() -> None:
    later = [row | {"asked_on": day("2025-07-01")} for row in survey("nps")]
    of = book(LINES, surveys=survey("nps") + later)
    (found, *_) = collect(
        driver_tables(asked := scope(of, "2025-12", ("2025-01", "2025-06"))), asked
    )
    assert "60 answers asked 2025-03-01 to 2025-03-01" in found.rows.notes[0]


def test_too_few_answers_for_their_drivers_are_refused() -> None:
    found = tables(scope(book(LINES, surveys=survey("nps", 19))))["drivers"]
    assert found.records() == []
    needed = "(needed: 10 a driver, and scores that vary)"
    text = f"No drivers: only 19 complete answers for 2 drivers {needed}."
    assert found.rows.notes == [text]


def test_without_surveys_drivers_say_what_they_need() -> None:
    found = tables(scope(book(LINES)))
    assert found["drivers"].rows.notes[0].startswith("No drivers: needs surveys")
    assert found["effort"].rows.notes == ["No effort: needs touches."]
    assert "initiatives" not in found


def test_a_customer_with_two_themes_counts_half_in_each_once() -> None:
    lines = [
        line("A", "2025-01-01", 300),
        line("B", "2025-01-01", 100),
        line("C", "2025-01-01", 50),
    ]
    flags = [
        flag("A", "2025-02-01", "F1") | {"reason": "price"},
        flag("B", "2025-02-01", "F2") | {"reason": "price"},
        flag("B", "2024-02-01", "F3") | {"reason": "long ago"},
    ]
    bad = touch("A", "2025-03-01") | {"satisfaction": "Bad"}
    answers = [
        scored("C", "2025-02-01", "driver", 2, "speed"),
        scored("C", "2025-03-01", "driver", 7, "speed"),  # later, and no complaint
        scored("B", "2025-03-01", "driver", 6, "speed"),
    ]
    found = tables(scope(book(lines, risk_flags=flags, touches=[bad], surveys=answers)))
    rows = [tuple(row.values()) for row in found["roadblocks"].records()]
    assert rows == [
        ("price", "flag", 2, 400_00, 200_00),
        ("contact with us", "ticket", 1, 300_00, 150_00),
        ("speed", "survey", 1, 100_00, 50_00),
    ]


def test_effort_follows_revenue_and_a_saving_is_what_it_would_have_cost() -> None:
    lines = [
        line("A", "2025-01-01", 300, product_id="p"),
        line("A", "2025-01-01", 100, product_id="q"),
        line("A", "2024-01-01", 200, product_id="p"),
    ]
    touches = [
        touch("A", "2025-02-01", "T1") | {"cost": 40_00},
        touch("A", "2024-02-01", "T2") | {"cost": 30_00},
        touch("A", "2024-03-01", "T3"),
    ]
    found = tables(scope(book(lines, touches=touches)))["effort"]
    p, q, total = found.records()
    assert (p["revenue"], p["touches"], p["cost"]) == (300_00, 0.75, 30_00)
    assert p["touches_per_million"] == pytest.approx(0.75 / 300 * 1e6)
    assert p["before"] == pytest.approx(2 / 200 * 1e6)
    assert p["saving"] == 30_00 * 300 // 200 - 30_00
    assert (q["touches"], q["cost"], q["saving"]) == (0.25, 10_00, None)
    assert (total["cost"], total["saving"]) == (40_00, 30_00 * 400 // 200 - 40_00)
    assert found.rows.notes[0] == "Cost is recorded for 67 % of the touches."


def test_cost_in_another_currency_is_converted_and_without_a_rate_not_counted() -> None:
    touches = [
        touch("A", "2025-02-01", "T1") | {"cost": 10_00, "currency": "EUR"},
        touch("A", "2025-02-02", "T2") | {"cost": 10_00, "currency": "EUR"},
    ]
    of = book(
        [line("A", "2025-01-01", 1)], touches=touches, rates=[rate("EUR", "2025-02-01", "1.2")]
    )
    found = tables(scope(of))["effort"]
    assert found.records()[-1]["cost"] == 12_00
    assert found.rows.notes[0] == "Cost is recorded for 50 % of the touches."


def units(products: int, lift: float, start: int = 18, months: int = 36) -> list[Row]:
    """One customer a product, in 2023 to 2025; MRR of p0 rises by `lift` from a month on."""
    rng = np.random.default_rng(5)
    rows = []
    for number in range(products):
        for month in range(months):
            price = 1000 * (1 + 0.01 * month) * (1 + 0.02 * float(rng.normal()))
            price *= 1 + lift * (number == 0 and month >= start)
            on = add_months(date(2023, 1, 1), month).isoformat()
            rows.append(line(f"C{number}", on, round(price), "month", product_id=f"p{number}"))
    return rows


def initiatives(rows: list[Row], products: int, **more: Any) -> dict[str, Row]:  # noqa: ANN401
    people = [{"customer_id": f"C{number}", "segment": "s"} for number in range(products)]
    found = tables(scope(book(rows, customers=people, **more)))["initiatives"]
    return {row["initiative_id"]: row for row in found.records()}


def test_growth_beyond_that_of_twenty_other_units_is_an_effect() -> None:
    own = [initiative("I", "2024-07-01", products=["p0"])]
    row = initiatives(units(24, 0.3), 24, initiatives=own)["I"]
    assert row["verdict"] == "effect, placebo dates passed"
    assert (row["units"], row["aligned"]) == ("1 of 24", "true")
    assert row["change"] == pytest.approx(0.3, abs=0.03)
    assert row["chance"] == pytest.approx(1 / 24)


def test_what_cannot_be_compared_says_why() -> None:
    own = [
        initiative("few", "2024-07-01", products=["p0"]),
        initiative("touch", "2024-07-01", touchpoints=["desk"]),
        initiative("none", "2024-07-01", products=["zzz"]),
        initiative("late", "2025-11-01", products=["p0"]),
        initiative("over", "2023-03-01", products=["p0"], effective_to="2023-05-01"),
    ]
    found = initiatives(units(5, 0.3), 5, initiatives=own)
    assert {name: row["verdict"] for name, row in found.items()} == {
        "few": "association: 20 units are needed",
        "touch": "limited to touchpoints: MRR does not show them",
        "none": "no unit has its products and segments",
        "late": "too few months before or after",
        "over": "too few months before or after",
    }


def test_units_that_another_initiative_reaches_meanwhile_are_no_controls() -> None:
    own = [
        initiative("I", "2024-07-01", products=["p0"]),
        initiative("J", "2024-09-01", products=["p1"]),
    ]
    assert initiatives(units(24, 0.3), 24, initiatives=own)["I"]["units"] == "1 of 23"


def test_growth_that_began_before_the_initiative_is_an_association() -> None:
    own = [initiative("I", "2024-07-01", products=["p0"])]
    row = initiatives(units(24, 0.3, start=12), 24, initiatives=own)["I"]
    assert row["verdict"] == "association: differed before it began"


def test_an_initiative_for_everyone_is_at_most_consistent_with_an_effect() -> None:
    rows = [
        line(
            "C0",
            add_months(date(2022, 1, 1), m).isoformat(),
            1000 + 400 * (m >= 30) + m % 3,
            "month",
            product_id="p",
        )
        for m in range(48)
    ]
    row = initiatives(rows, 1, initiatives=[initiative("I", "2024-07-01")])["I"]
    assert row["verdict"] == "consistent with an effect; no unit without it"
    assert row["change"] == pytest.approx(0.4, abs=0.02)
    assert row["chance"] is None
    short = [one for one in rows if one["issued_on"] >= date(2023, 9, 1)]
    again = initiatives(short, 1, initiatives=[initiative("I", "2024-07-01")])["I"]
    assert again["verdict"] == "describes only: 24 months before, 12 after needed"
    assert again["low"] is None
