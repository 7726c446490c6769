"""The scenarios that MRR must get right, each worked by hand (ours; CC0)."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import polars as pl
import pytest

from clv_cli.errors import DataError
from clv_cli.measures.mrr_months import mrr_month_levels, mrr_month_sums, mrr_months
from clv_cli.measures.retention import retention
from clv_cli.metrics import METRICS
from clv_cli.money import MRR_UNITS
from clv_cli.results import collect_frames
from tests.books import book, line, month, monthly, rate, scope

MOVEMENTS = ("new", "expansion", "contraction", "churn", "reactivation", "fx")
Lines = list[dict[str, Any]]


def moved(lines: Lines, as_of: str, **more: Any) -> dict[str, dict[str, Fraction]]:  # noqa: ANN401
    """Month to MRR and what moved, in major units; months and movements of nothing left out."""
    rates = more.pop("rates", ())
    frames = collect_frames([mrr_months], scope(book(lines, rates=rates), as_of, **more))
    found = {}
    for row in frames[mrr_months].iter_rows(named=True):
        values = {"mrr": row["closing"], **{name: row[name] for name in MOVEMENTS}}
        exact = {name: Fraction(value, MRR_UNITS * 100) for name, value in values.items()}
        text = f"{row['month'] // 12}-{row['month'] % 12 + 1:02}"
        found[text] = {name: value for name, value in exact.items() if value or name == "mrr"}
    return found


def level(mrr: float | Fraction, **moves: float | Fraction) -> dict[str, Fraction]:
    return {name: Fraction(value) for name, value in {"mrr": mrr, **moves}.items()}


def test_s01_churn_lands_in_the_month_in_which_the_paid_period_ends() -> None:
    assert moved(monthly("A", "2025-01-15", [100] * 3), "2025-04") == {
        "2025-01": level(100, new=100),
        "2025-02": level(100),
        "2025-03": level(100),
        "2025-04": level(0, churn=-100),
    }


def test_s02_an_annual_plan_counts_at_twelve_month_ends() -> None:
    found = moved([line("A", "2025-01-10", 1200, "year")], "2026-01")
    assert found.pop("2025-01") == level(100, new=100)
    assert found.pop("2026-01") == level(0, churn=-100)
    assert list(found.values()) == [level(100)] * 11


def test_s03_the_arr_of_an_annual_plan_is_its_price() -> None:
    lines = [line("A", "2025-01-01", 100, "year")]
    assert moved(lines, "2025-02")["2025-02"] == level(Fraction(25, 3))
    asked = scope(book(lines), "2025-02")
    frames = collect_frames(METRICS["arr"].needs, asked)
    assert METRICS["arr"].figures(frames, [month("2025-02")])[0].value == 100_00


def test_s04_a_quarter_is_three_months() -> None:
    found = moved([line("A", "2025-01-01", 90, "quarter")], "2025-04")
    assert found["2025-03"] == level(30)
    assert found["2025-04"] == level(0, churn=-30)


@pytest.mark.parametrize(
    ("factor", "mrr"),
    [
        (None, Fraction(130, 3)),
        ("433/100", Fraction("43.3")),
        ("4", Fraction(40)),
        ("0", Fraction(0)),
    ],
)
def test_s05_a_week_is_52_in_a_year_or_as_the_settings_say(
    factor: str | None, mrr: Fraction
) -> None:
    keys = {"mrr.interval_factor.week": factor} if factor else {}
    found = moved([line("A", "2025-01-27", 10, "week")], "2025-01", **keys)
    assert found["2025-01"] == (level(mrr, new=mrr) if mrr else level(0))


def test_s06_a_second_subscription_is_expansion_and_its_end_contraction() -> None:
    lines = [*monthly("A", "2025-01-01", [100] * 3), line("A", "2025-02-20", 60, "month")]
    assert moved(lines, "2025-03") == {
        "2025-01": level(100, new=100),
        "2025-02": level(160, expansion=60),
        "2025-03": level(100, contraction=-60),
    }


def test_s12_tax_never_counts() -> None:
    found = moved([line("A", "2025-01-01", 100, "month", tax=1900)], "2025-01")
    assert found == {"2025-01": level(100, new=100)}


def test_s13_a_setup_fee_is_one_off_even_with_a_period() -> None:
    fee = line("A", "2025-01-01", 500, "month", kind="one_off")
    found = moved([line("A", "2025-01-01", 50, "month"), fee], "2025-01")
    assert found == {"2025-01": level(50, new=50)}


def test_s14_new_business_is_booked_when_a_trial_is_paid() -> None:
    trial = line("A", "2025-01-01", 0, "month", kind="trial", end="2025-02-15")
    found = moved([trial, line("A", "2025-02-15", 30, "month")], "2025-02")
    assert found == {"2025-01": level(0), "2025-02": level(30, new=30)}


@pytest.mark.parametrize(
    ("window", "kind"), [(None, "reactivation"), (20, "new"), (40, "reactivation"), (39, "new")]
)
def test_s16_who_returns_after_a_lapse_is_reactivated_as_a_whole(
    window: int | None, kind: str
) -> None:
    lines = [*monthly("A", "2025-01-01", [100] * 2), line("A", "2025-04-10", 120, "month")]
    keys = {"churn.reactivation_window_days": window}
    assert moved(lines, "2025-04", **keys) == {
        "2025-01": level(100, new=100),
        "2025-02": level(100),
        "2025-03": level(0, churn=-100),
        "2025-04": level(120, **{kind: 120}),
    }


def test_s19_usage_is_revenue_but_not_mrr() -> None:
    usage = line("A", "2025-01-01", "312.40", "month", kind="usage")
    found = moved([line("A", "2025-01-01", 50, "month"), usage], "2025-01")
    assert found == {"2025-01": level(50, new=50)}


def test_s24_who_grew_never_hides_who_left() -> None:
    lines = [*monthly("A", "2025-01-01", [500]), *monthly("B", "2025-01-01", [500, 1000])]
    asked = scope(book(lines), "2025-02", nrr__months=1)
    frames = collect_frames([mrr_months, retention], asked)
    assert moved(lines, "2025-02")["2025-02"] == level(1000, expansion=500, churn=-500)
    row = frames[retention].row(0, named=True)
    assert Fraction(row["closing"], row["base"]) == 1
    assert Fraction(row["kept"], row["base"]) == Fraction(1, 2)


@pytest.mark.parametrize(
    ("ends", "limit", "march"),
    [
        ("2025-03-25", 7, level(100)),
        ("2025-03-24", 7, level(0, churn=-100)),
        ("2025-03-24", 8, level(100)),
        ("2025-03-25", 6, level(0, churn=-100)),
    ],
)
def test_s17_s28_s29_a_renewal_at_most_a_gap_late_is_no_churn(
    ends: str, limit: int, march: dict[str, Fraction]
) -> None:
    lines = [
        line("A", "2025-02-25", 100, "month", end=ends),
        line("A", "2025-04-01", 100, "month"),
    ]
    found = moved(lines, "2025-04", **{"churn.bridge_gap_days": limit})
    assert found["2025-03"] == march
    assert found["2025-04"]["mrr"] == 100


def test_a_gap_that_is_still_open_is_churn_for_now() -> None:
    lines = [line("A", "2025-02-25", 100, "month"), line("A", "2025-04-01", 100, "month")]
    assert moved(lines, "2025-03")["2025-03"] == level(0, churn=-100)


def test_the_gap_is_the_customers_not_the_subscriptions() -> None:
    early = monthly("A", "2025-01-01", [100, 100, 100], subscription_id="s1")
    other = line("A", "2025-01-05", 60, "month", subscription_id="s2")
    late = line("A", "2025-02-10", 60, "month", subscription_id="s2")
    found = moved([*early, other, late], "2025-03", **{"churn.bridge_gap_days": 7})
    assert found["2025-02"] == level(160)
    assert moved([*early, other], "2025-02")["2025-02"] == level(100, contraction=-60)


def test_a_late_renewal_in_another_currency_is_bridged_at_the_old_level() -> None:
    lines = [
        line("A", "2025-02-25", 100, "month", currency="EUR", end="2025-03-28"),
        line("A", "2025-04-02", 120, "month"),
    ]
    rates = [rate("EUR", f"2025-0{m}", "1.10") for m in range(1, 5)]
    rates += [rate("EUR", "2025-02-25", "1.10")]
    found = moved(lines, "2025-04", rates=rates)
    assert found["2025-03"] == level(110)
    assert found["2025-04"] == level(120, expansion=10)


def test_a_gap_begins_where_the_last_service_ends_whichever_began_last() -> None:
    lines = [
        line("A", "2025-01-05", 100, "month", currency="EUR", end="2025-03-28"),
        line("A", "2025-03-01", 50, "month", end="2025-03-20"),
        line("A", "2025-04-02", 120, "month"),
    ]
    rates = [rate("EUR", f"2025-0{m}", "1.10") for m in range(1, 5)]
    found = moved(lines, "2025-04", rates=rates)
    assert found["2025-03"] == level(110)
    assert found["2025-04"] == level(120, expansion=10)


def test_s18_the_rate_moves_the_opening_and_the_rest_is_at_the_closing_rate() -> None:
    lines = monthly("A", "2025-01-01", [100, 100, 150], currency="EUR")
    ends = {"2025-01": "1.10", "2025-02": "1.05", "2025-03": "1.20"}
    rates = [rate("EUR", text, value) for text, value in ends.items()]
    assert moved(lines, "2025-03", rates=rates) == {
        "2025-01": level(110, new=110),
        "2025-02": level(105, fx=-5),
        "2025-03": level(180, expansion=60, fx=15),
    }


def test_s23_a_switch_to_monthly_with_a_credit_is_expansion() -> None:
    lines = [
        line("A", "2025-01-01", 1200, "year"),
        line("A", "2025-07-01", -600, "month", kind="credit", end="2026-01-01", count=6),
        line("A", "2025-07-01", 120, "month"),
    ]
    assert moved(lines, "2025-07")["2025-07"] == level(120, expansion=20)


def test_a_credit_counts_from_its_issue_and_never_before() -> None:
    lines = [
        line("A", "2025-01-01", 1200, "year"),
        line(
            "A", "2025-06-01", -700, "month", kind="credit", end="2026-01-01", issued="2025-08-10"
        ),
    ]
    found = moved(lines, "2025-08")
    assert found["2025-07"] == level(100)
    assert found["2025-08"] == level(0, churn=-100)
    ignored = moved(lines, "2025-08", **{"mrr.credit_notes": "ignore"})
    assert ignored["2025-08"] == level(100)


def test_a_customer_below_nothing_is_lost_and_its_debt_is_not_hidden() -> None:
    lines = [
        line("A", "2025-01-01", 100, "quarter"),
        line("A", "2025-02-01", -200, "month", kind="credit", end="2025-04-01"),
    ]
    found = moved(lines, "2025-04")
    below = Fraction(100, 3) - 100
    assert found["2025-02"] == level(below, churn=-100)
    assert found["2025-04"] == level(0, expansion=-below)


def test_within_a_month_the_snapshot_is_the_as_of_day() -> None:
    lines = monthly("A", "2025-01-20", [100, 100])
    assert moved(lines, "2025-03-10")["2025-03"] == level(100)
    assert moved(lines, "2025-03-20")["2025-03"] == level(0, churn=-100)
    assert moved(lines, "2025-03")["2025-03"] == level(0, churn=-100)


def test_a_line_issued_after_the_as_of_day_is_not_seen() -> None:
    lines = monthly("A", "2025-01-01", [100, 100])
    later = line("A", "2025-02-01", 900, "month", issued="2025-03-02")
    assert moved([*lines, later], "2025-02")["2025-02"] == level(100)
    assert moved([*lines, later], "2025-03")["2025-02"] == level(1000, expansion=900)


def test_movements_that_do_not_lead_to_the_lines_mrr_stop_the_run() -> None:
    asked = scope(book(monthly("A", "2025-01-01", [100, 100])), "2025-02")
    frames = collect_frames([mrr_months], asked)
    moves = frames[mrr_month_sums].with_columns(new=pl.col("new") + 1)
    with pytest.raises(DataError, match="movements of 2025-01 do not lead to the MRR"):
        mrr_months.derive(asked, moves, frames[mrr_month_levels])
