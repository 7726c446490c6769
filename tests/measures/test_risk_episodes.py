"""Risk episodes: who is compared, what counts as help, and that no fact is younger than its flag."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clv_cli.errors import DataError
from clv_cli.measures.episode_facts import episode_facts, require_before_flag
from clv_cli.measures.risk_episodes import risk_episodes
from clv_cli.results import collect_frames
from tests.attribution.asking import flag, touch
from tests.books import book, day, line, monthly, rate, scope

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope

Row = dict[str, Any]
LINES = monthly("A", "2023-01-05", [100] * 36)
FLAGS = [flag("A", "2024-03-10")]


def asked(lines: list[Row] = LINES, flags: list[Row] = FLAGS, **tables: Any) -> Scope:  # noqa: ANN401
    keys = {
        k.replace("rescue__", "evidence.rescue."): tables.pop(k) for k in list(tables) if "__" in k
    }
    return scope(book(lines, risk_flags=flags, **tables), "2025-12", **keys)


def episodes(of: Scope) -> list[Row]:
    return collect_frames([risk_episodes], of)[risk_episodes].to_dicts()


def facts(of: Scope) -> Row:
    return collect_frames([episode_facts], of)[episode_facts].to_dicts()[0]


def test_revenue_counts_from_the_landmark_for_twelve_months() -> None:
    (episode,) = episodes(asked())
    assert episode["landmark"] == date(2024, 4, 9)
    assert episode["end_day"] == date(2025, 4, 9)
    assert episode["state"] == "compared"
    assert episode["outcome"] == 12 * 100_00  # 5 May 2024 .. 5 April 2025


def test_credits_lower_the_outcome_and_zeros_are_kept() -> None:
    lines = [*monthly("A", "2023-01-05", [100] * 16), line("A", "2024-05-01", -30, kind="credit")]
    (episode,) = episodes(asked(lines))
    assert (episode["state"], episode["outcome"]) == ("compared", -30_00)


def test_whoever_is_lost_before_the_landmark_is_compared_in_neither_arm() -> None:
    lines = monthly("A", "2023-01-05", [100] * 15)  # paid until 5 April 2024
    help_ = [touch("A", "2024-03-12")]
    (helped,) = episodes(asked(lines, touches=help_))
    (unhelped,) = episodes(asked(lines))
    assert helped["state"] == unhelped["state"] == "lost"
    assert helped["helped"]


def test_an_outcome_that_is_not_over_is_not_compared() -> None:
    (late,) = episodes(asked(flags=[flag("A", "2024-12-03")]))  # ends 2026-01-02
    assert late["state"] == "open"
    (just,) = episodes(asked(flags=[flag("A", "2024-12-02")]))  # ends 2026-01-01, exclusive
    assert just["state"] == "compared"


@pytest.mark.parametrize(
    ("on", "helped"),
    [("2024-03-09", False), ("2024-03-10", True), ("2024-04-09", True), ("2024-04-10", False)],
)
def test_help_is_a_touch_from_the_flag_to_the_landmark(on: str, *, helped: bool) -> None:
    (episode,) = episodes(asked(touches=[touch("A", on)]))
    assert episode["helped"] == helped


def test_a_ticket_is_a_cry_for_help_not_help() -> None:
    ticket = touch("A", "2024-03-15") | {"type": "ticket"}
    (episode,) = episodes(asked(touches=[ticket]))
    assert not episode["helped"]
    (told,) = episodes(asked(touches=[ticket], rescue__not_help=["call"]))
    assert told["helped"]


def test_flags_within_a_year_are_one_episode() -> None:
    flags = [
        flag("A", d, f"F{n}") for n, d in enumerate(["2023-06-01", "2024-05-30", "2024-05-31"])
    ]
    assert [e["flag_id"] for e in episodes(asked(flags=flags))] == ["F0", "F2"]  # 364 and 365 days
    again = asked(flags=flags, rescue__apart_days=364)
    assert [e["flag_id"] for e in episodes(again)] == ["F0", "F1"]


def test_test_accounts_have_no_episodes() -> None:
    of = scope(book(LINES, risk_flags=FLAGS, test_customers=["A"]), "2025-12")
    assert episodes(of) == []


def test_a_missing_rate_stops() -> None:
    lines = [line("A", "2024-01-05", 100, "year", currency="EUR")]
    of = scope(book(lines, risk_flags=FLAGS, rates=[rate("EUR", "2023-01-01", "1.1")]), "2025-12")
    with pytest.raises(DataError, match="no exchange rate from EUR"):
        episodes(of)


def test_facts_are_those_of_the_day_before_the_flag() -> None:
    usage = [
        {"customer_id": "A", "period_start": day(f"{m}-01"), "metric": "calls", "quantity": q}
        for m, q in zip(
            ["2023-09", "2023-10", "2023-11", "2023-12", "2024-01", "2024-02", "2024-03"],
            [10, 10, 10, 6, 6, 6, 0],
            strict=True,
        )
    ]
    ticket = touch("A", "2024-03-09", "T2") | {"type": "ticket"}
    said = {"response_id": "R", "customer_id": "A", "asked_on": day("2024-01-01"), "kind": "nps"}
    known = facts(
        asked(
            touches=[touch("A", "2024-01-05"), ticket, touch("A", "2023-12-01", "T3")],
            usage=usage,
            surveys=[said | {"answered_on": day("2024-01-03"), "score": 6, "scale_max": 10}],
            customers=[{"customer_id": "A", "segment": "smb"}],
        )
    )
    assert known["segment"] == "smb"
    assert known["mrr"] == pytest.approx(100_00)
    assert known["grown"] == pytest.approx(0)
    assert known["revenue"] == 12 * 100_00
    assert (known["tickets"], known["helps"]) == (1, 1)
    assert known["usage_decline"] == pytest.approx(0.4)  # March, the month of the flag, is not over
    assert (known["score"], known["score_known"]) == (0.6, 1.0)
    assert known["tenure"] == pytest.approx(430 / (365.25 / 12))
    assert known["renewal"] == pytest.approx(26 / (365.25 / 12))  # until 5 April


def test_mrr_in_another_currency_is_seen_at_the_rate_of_the_flag() -> None:
    lines = monthly("A", "2023-01-05", [100] * 36, currency="EUR")
    rates = [("EUR", date(2023, 1, 1) + timedelta(days=n), 12_000_000_000) for n in range(1200)]
    of = scope(book(lines, risk_flags=FLAGS, rates=rates), "2025-12")
    assert facts(of)["mrr"] == pytest.approx(120_00)


@settings(max_examples=6)
@given(st.dates(date(2024, 3, 10), date(2024, 4, 8)), st.integers(1, 5000))
def test_nothing_that_happens_from_the_flag_on_changes_a_fact(on: date, amount: int) -> None:
    said = {"response_id": "R", "customer_id": "A", "asked_on": on, "kind": "nps", "score": 3}
    more = asked(
        [*LINES, line("A", on.isoformat(), amount), line("A", on.isoformat(), amount, "year")],
        touches=[touch("A", on.isoformat())],
        surveys=[said | {"answered_on": on}],
        usage=[{"customer_id": "A", "period_start": on, "metric": "m", "quantity": amount}],
    )
    assert facts(more) == facts(asked())


def test_a_fact_as_young_as_its_flag_is_refused() -> None:
    days = {"flagged_on": [day("2024-03-10")] * 2, "known_on": [None, day("2024-03-10")]}
    frame = pl.DataFrame({"flag_id": ["F1", "F2"], **days})
    require_before_flag(frame.head(1), ["known_on"])
    with pytest.raises(DataError, match="risk episode F2 is no older than its flag"):
        require_before_flag(frame, ["known_on"])
