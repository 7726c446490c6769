"""Who was asked to renew: small books by hand, and the sample with its planted chances."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from clv_cli.measures.model_inputs import renewal_numbers
from clv_cli.measures.renewal_opportunities import renewal_counts, renewal_opportunities
from clv_cli.models import sbg
from clv_cli.models.renewals import Renewals, renewals
from clv_cli.results import collect_frames
from clv_cli.run.opening import Request, opened, sample_config
from tests.books import Row, book, line, monthly, scope

if TYPE_CHECKING:
    from clv_cli.models.fitting import Fit

SAMPLE = Path(__file__).parents[2] / "sample_data"


def asked(
    lines: list[Row],
    as_of: str = "2025-12",
    **tables: Any,  # noqa: ANN401
) -> list[tuple[object, ...]]:
    found = collect_frames([renewal_opportunities], scope(book(lines, **tables), as_of))
    return found[renewal_opportunities].select("entry", "number", "outcome").rows()


def test_each_end_of_a_paid_term_is_a_renewal_and_the_open_one_is_pending() -> None:
    assert asked(monthly("A", "2025-10-01", [10, 10, 10])) == [
        ("new", 1, "renewed"),
        ("new", 2, "renewed"),
        ("new", 3, "pending"),
    ]


def test_a_customer_is_lost_once_no_renewal_can_come_in_time() -> None:
    lines = monthly("A", "2025-10-01", [10, 10])
    assert asked(lines, "2025-12-07")[-1] == ("new", 2, "pending")
    assert asked(lines, "2025-12-08")[-1] == ("new", 2, "lost")


def test_a_late_renewal_is_one_and_a_return_begins_a_new_stay() -> None:
    lines = [
        *monthly("A", "2025-01-01", [10]),
        line("A", "2025-02-08", 10, "month"),
        line("A", "2025-06-01", 10, "month"),
    ]
    assert asked(lines, "2025-06-30") == [
        ("new", 1, "renewed"),
        ("new", 2, "lost"),
        ("returned", 1, "pending"),
    ]


def test_what_is_invoiced_late_is_awaited() -> None:
    # In arrears: each month's line comes on the last day of the next.
    lines = [
        line("A", f"2025-{m:02}-01", 10, "month", issued=f"2025-{m + 1:02}-28") for m in (1, 2, 3)
    ]
    assert asked(lines, "2025-05-20")[-1] == ("new", 3, "pending")
    assert asked(lines, "2025-07-31")[-1] == ("new", 3, "lost")


def test_only_the_day_on_which_nothing_runs_on_asks_the_customer() -> None:
    lines = [
        line("A", "2024-01-01", 100, "year", plan_id="big"),
        line("A", "2024-07-01", 5, "year", plan_id="add-on"),
    ]
    found = collect_frames([renewal_opportunities], scope(book(lines), "2025-12"))
    only = found[renewal_opportunities].to_dicts()
    assert [(r["due_on"].isoformat(), r["plan_id"], r["outcome"]) for r in only] == [
        ("2025-07-01", "add-on", "lost")
    ]


def test_a_change_of_interval_is_a_renewal_and_counts_anew() -> None:
    lines = [*monthly("A", "2024-01-01", [10, 10]), line("A", "2024-03-01", 90, "year")]
    assert asked(lines) == [
        ("new", 1, "renewed"),
        ("new", 2, "renewed"),
        ("switched", 1, "lost"),
    ]


def test_a_declared_pause_is_no_departure() -> None:
    lines = [*monthly("A", "2025-01-01", [10]), *monthly("A", "2025-04-01", [10])]
    held: Row = {"subscription_id": "S", "customer_id": "A", "pauses": ["2025-02-01/2025-04-01"]}
    assert asked(lines, subscriptions=[held])[0] == ("new", 1, "renewed")
    assert asked(lines)[0] == ("new", 1, "lost")
    assert asked(lines[:1], "2025-03-15", subscriptions=[held]) == [("new", 1, "pending")]


def test_a_windowed_export_enters_late_and_tells_nothing_of_what_nobody_saw() -> None:
    lines = monthly("A", "2025-10-01", [10, 10, 10])
    since: Row = {
        "subscription_id": "S",
        "customer_id": "A",
        "started_on": monthly("A", "2025-01-01", [1])[0]["issued_on"],
    }
    assert asked(lines, subscriptions=[since]) == [
        ("late", 10, "renewed"),
        ("late", 11, "renewed"),
        ("late", 12, "pending"),
    ]


def test_where_service_began_before_the_export_the_number_is_unknown() -> None:
    lines = [
        line("A", "2024-08-01", 100, "year", issued="2025-01-15"),
        line("A", "2025-08-01", 100, "year", issued="2025-08-01"),
        *monthly("B", "2025-11-01", [10]),
    ]
    found = collect_frames([renewal_counts], scope(book(lines), "2025-12"))
    assert asked(lines)[0] == ("unknown", None, "renewed")
    assert found[renewal_counts].select("interval", "number", "lost").rows() == [("month", 1, 1)]


def test_an_undeclared_interval_has_its_length_and_twelve_months_are_a_year() -> None:
    lines = [
        line("A", "2024-01-01", 100, end="2025-01-01", kind="recurring"),
        line("B", "2024-01-01", 100, "month", count=12),
        line("C", "2025-01-01", 100, end="2025-04-01", kind="recurring"),
    ]
    found = collect_frames([renewal_counts], scope(book(lines), "2025-12"))[renewal_counts]
    assert found.group_by("interval").agg(pl.col("lost").sum()).sort("interval").rows() == [
        ("quarter", 1),
        ("year", 2),
    ]


def test_counts_add_up_to_what_was_asked() -> None:
    lines = [*monthly("A", "2025-01-01", [10] * 6), *monthly("B", "2025-03-01", [10] * 9)]
    counts = collect_frames([renewal_counts], scope(book(lines), "2025-12"))[renewal_counts]
    stats = renewal_numbers(counts)
    assert stats.number.tolist() == list(range(1, 10))
    assert stats.lost.sum() == 2
    assert stats.at_risk.tolist() == [2.0] * 6 + [1.0] * 3


@pytest.fixture(scope="module")
def sample() -> pl.DataFrame:
    with opened(Request(config=sample_config())) as of:
        found = collect_frames([renewal_opportunities], of)[renewal_opportunities]
        return found.join(of.book.codes, on="code", how="left")


def planted(fit: Fit, truth: tuple[float, float]) -> bool:
    away = np.abs(np.log(fit.values / np.array(truth)))
    return bool((away < 1.96 * np.sqrt(np.diag(fit.search_covariance))).all())


FIRST = (pl.col("stay") == 1) & (pl.col("entry") == "new") & (pl.col("outcome") != "pending")


@pytest.mark.parametrize(
    ("interval", "seen"), [("month", (0.665, 11.932)), ("year", (0.824, 3.412))]
)
def test_the_sample_gives_the_fit_to_what_happened(
    sample: pl.DataFrame, interval: str, seen: tuple[float, float]
) -> None:
    # sample_data/README.md, "fit to what happened", made by the generator from its own decisions.
    first = sample.filter(FIRST, pl.col("interval") == interval)
    fit = sbg.fit(_weighted(first.with_columns(weight=pl.lit(1.0))))
    assert fit.converged
    assert fit.values == pytest.approx(seen, rel=0.05)
    assert planted(fit, seen)


@pytest.mark.parametrize(("interval", "truth"), [("month", (1.3, 19.0)), ("year", (0.9, 2.7))])
def test_with_help_weighted_away_the_planted_heterogeneity_is_within_its_interval(
    sample: pl.DataFrame, interval: str, truth: tuple[float, float]
) -> None:
    # Interventions kept customers who would have left, so the files show other chances than the
    # planted ones. Who was helped counts up to then; who was not counts for both from then on.
    flags = pl.read_csv(SAMPLE / "success" / "risk_flags.csv").select("flag_id", "customer_id")
    episodes = pl.read_csv(SAMPLE / "truths" / "episodes.csv", try_parse_dates=True).join(
        flags, on="flag_id"
    )
    weight = pl.when(pl.col("treated") == 1).then(0.0).otherwise(1 / (1 - pl.col("propensity")))
    first = sample.filter(FIRST, pl.col("interval") == interval).with_row_index("id")
    helped = (
        first.join(episodes, on="customer_id")
        .filter(pl.col("t0") <= pl.col("due_on"))
        .group_by("id")
        .agg(weight=weight.product())
    )
    fit = sbg.fit(
        _weighted(
            first.join(helped, on="id", how="left").with_columns(pl.col("weight").fill_null(1.0))
        )
    )
    assert planted(fit, truth)


def _weighted(rows: pl.DataFrame) -> Renewals:
    counts = (
        rows.group_by("number")
        .agg(
            lost=pl.col("weight").filter(pl.col("outcome") == "lost").sum(),
            renewed=pl.col("weight").filter(pl.col("outcome") == "renewed").sum(),
        )
        .sort("number")
    )
    return renewals(counts["number"], counts["lost"], counts["renewed"])
