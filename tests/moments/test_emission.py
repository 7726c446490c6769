"""What is said of the moments found: once, first things first, not to the wrong customer."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clv_cli import moments
from clv_cli.errors import UsageError
from clv_cli.frames import EMITTED_COLUMNS, Memory
from clv_cli.measures.moment_kind import ROWS
from clv_cli.moments import MOMENTS, Asked, emitted, moments_tables, require_kinds
from clv_cli.moments.tables.emission import emission, first_day, in_holdout
from clv_cli.results import Frames, collect
from tests.books import day, monthly, scope
from tests.moments.asking import usage_book, used

if TYPE_CHECKING:
    from clv_cli.frames import Book
    from clv_cli.moments.tables.emission import Emission

FLAT = [100] * 10
ONLY_USE = sorted(
    set(MOMENTS)
    - {"quota_near", "quota_reached", "quota_exceeded", "declining_usage", "usage_alert"}
)


def said(of: Book, as_of: str, memory: Memory | None = None, **keys: object) -> Emission:
    asked = scope(replace(of, memory=memory), as_of, None, **{"moments.off": ONLY_USE, **keys})
    return emitted(asked)


def remembering(*emissions: Emission, last: str) -> Memory:
    """What history hands to the next run."""
    frames = [pl.DataFrame(schema=EMITTED_COLUMNS), *(e.remember for e in emissions)]
    return Memory(pl.concat(frames), day(last))


def keys_of(emission: Emission) -> list[str]:
    return emission.rows["key"].to_list()


NEAR = "quota_near:A:calls:2025-11"


def test_a_second_run_over_the_same_history_says_nothing_twice() -> None:
    of = usage_book(used("A", "2025-10", [50, 85]))
    first = said(of, "2025-11-30")
    assert keys_of(first) == [NEAR]
    second = said(of, "2025-12-01", remembering(first, last="2025-11-30"))
    assert keys_of(second) == []
    assert second.said == 1
    assert second.remember.height == 0


def test_a_run_missed_for_three_nights_catches_up() -> None:
    # Daily use: 80 is reached on 28 November, the nights of the 28th to the 30th were missed.
    rows = [
        {
            "customer_id": "A",
            "period_start": date(2025, 11, n),
            "metric": "calls",
            "quantity": 20,
            "quota": 100,
        }
        for n in (25, 26, 27, 28)
    ]
    of = usage_book(rows)
    before = said(of, "2025-11-27")
    assert keys_of(before) == []
    after = said(of, "2025-12-01", remembering(before, last="2025-11-27"))
    assert keys_of(after) == [NEAR]


def test_a_run_missed_for_longer_than_the_window_catches_up_too() -> None:
    of = usage_book(used("A", "2025-07", [50, 85, 50]))
    before = said(of, "2025-08-30")
    assert keys_of(before) == ["quota_near:A:calls:2025-08"]  # 85 of the month that is not over
    unseen = Memory(last_as_of=day("2025-08-30"))
    assert keys_of(said(of, "2025-12-15", unseen)) == ["quota_near:A:calls:2025-08"]
    assert keys_of(said(of, "2025-12-15")) == []


SAID_KINDS = ("quota_near", "usage_alert", "nth_purchase")
MOMENT_ROWS = st.lists(
    st.tuples(st.integers(0, 1), st.sampled_from(SAID_KINDS), st.integers(0, 59)),
    max_size=12,
    unique=True,
)


@settings(max_examples=12)
@given(MOMENT_ROWS, st.lists(st.integers(1, 20), min_size=3, max_size=8))
def test_nights_however_spaced_say_each_moment_once_and_none_less(
    rows: list[tuple[int, str, int]], gaps: list[int]
) -> None:
    start = day("2025-10-31")
    found = _moments(start, rows)
    nights = [start + timedelta(days=sum(gaps[: n + 1])) for n in range(len(gaps))]
    whole = _night(found, nights[-1], Memory(last_as_of=start))
    memory, told = Memory(last_as_of=start), []
    for night in nights:
        run = _night(found, night, memory)
        told += run.remember["dedupe_key"].to_list()
        memory = Memory(pl.concat([memory.emitted, run.remember]), night)
    assert len(told) == len(set(told))
    assert set(whole.remember["dedupe_key"]) <= set(told)


TWO = usage_book(used("A", "2025-10", [50]) + used("B", "2025-10", [50]))
# An offer that an alarm silences for longer than the window is stale, and left unsaid.
PLAIN = scope(TWO, "2025-10-31", None, **{"moments.quiet_days": 0})


def _moments(start: date, rows: list[tuple[int, str, int]]) -> pl.DataFrame:
    """Moments from the day after a day on, each with an occurrence of its own."""
    full = [
        {
            **dict.fromkeys(ROWS),
            "code": code,
            "kind": kind,
            "day": start + timedelta(days=after + 1),
            "subject": "x",
            "occurrence": str(after),
        }
        for code, kind, after in rows
    ]
    return pl.DataFrame(full, schema=ROWS).sort("code", "kind", "subject", "day", "occurrence")


def _night(found: pl.DataFrame, as_of: date, memory: Memory) -> Emission:
    """What a run on a day says of the moments up to it."""
    asked = replace(PLAIN, book=replace(TWO, memory=memory), as_of=as_of)
    kinds = [MOMENTS[name] for name in SAID_KINDS]
    none = {
        "paying_now": pl.DataFrame(schema={"code": pl.Int32, "yearly": pl.Int64}),
        "account_owners": pl.DataFrame(schema={"code": pl.Int32, "owner": pl.String}),
    }
    seen = found.filter(pl.col("day") <= as_of)
    return emission(Frames(asked, none), seen, kinds, first_day(asked))


def test_a_moment_follows_the_last_of_its_kind_and_subject_only_after_the_cool_down() -> None:
    rows = used("A", "2025-08", [85, 50, 85])
    of = usage_book(rows)
    run = said(of, "2025-10-31")
    assert (keys_of(run), run.cooling) == ([], 1)  # 61 days after 31 August
    assert keys_of(said(of, "2025-10-31", None, **{"moments.cool_down_days": 61})) == [
        "quota_near:A:calls:2025-10"
    ]


def test_milestones_know_no_cool_down() -> None:
    lines = monthly("A", "2025-12-01", ["999.99"]) + monthly("A", "2025-12-02", [9_000.01])
    from tests.books import book

    off = sorted(set(MOMENTS) - {"spend_reached"})
    assert emitted(scope(book(lines), "2025-12", None, **{"moments.off": off})).rows.height == 2


def test_no_offer_to_a_customer_who_gives_alarm_and_it_comes_when_the_alarm_is_over() -> None:
    calls = used("A", "2024-11", [*FLAT, 90, 50], quota=None)
    seats = used("A", "2025-09", [50, 90], quota=100, metric="seats")
    of = usage_book([*calls, *seats])
    run = said(of, "2025-10-31")
    assert keys_of(run) == ["declining_usage:A:calls:2025-10", "usage_alert:A:calls:2025-10"]
    assert run.quiet == 1
    later = said(of, "2025-11-30", remembering(run, last="2025-10-31"))
    assert keys_of(later) == ["quota_near:A:seats:2025-10"]


def test_the_holdout_group_is_left_alone_remembered_and_the_same_every_night() -> None:
    customers = [f"C{n:03}" for n in range(40)]
    of = usage_book([row for c in customers for row in used(c, "2025-10", [50, 85])])
    held = {"moments.holdout": "0.25"}
    run = said(of, "2025-11-30", None, **held)
    assert 0 < run.held < 40
    assert run.rows.height == 40 - run.held
    assert run.remember.filter("holdout").height == run.held
    again = said(of, "2025-11-30", None, **held)
    assert keys_of(again) == keys_of(run)
    assert keys_of(said(of, "2025-12-01", remembering(run, last="2025-11-30"), **held)) == []
    other = said(of, "2025-11-30", None, **held, **{"moments.holdout_salt": "another"})
    assert keys_of(other) != keys_of(run)


def test_the_holdout_group_has_the_size_asked_for() -> None:
    drawn = sum(in_holdout(f"customer {n}", Fraction(1, 10), "clv") for n in range(20_000))
    assert abs(drawn - 2000) < 4 * (20_000 * 0.1 * 0.9) ** 0.5
    assert not any(in_holdout(str(n), Fraction(0), "clv") for n in range(100))


def test_a_year_of_mrr_is_at_stake_and_the_words_of_the_config_count() -> None:
    of = usage_book(used("A", "2024-11", [*FLAT, 90, 78], quota=None))
    words: dict[str, object] = {
        "moments.plays": {"declining_usage": "call"},
        "moments.owners": {"declining_usage": "Ann"},
        "moments.priorities": {"declining_usage": 7},
    }
    row = said(of, "2025-10-31", None, **words).rows.to_dicts()[0]
    assert (row["value"], row["basis"]) == (120_000, "12 x MRR")
    assert (row["play"], row["owner"], row["priority"]) == ("call", "Ann", 7)
    assert row["evidence"] == "usage.csv:13"


def test_an_accounts_owner_acts_where_the_crm_knows_one() -> None:
    of = usage_book(
        used("A", "2025-10", [50, 85]) + used("B", "2025-10", [50, 85]),
        accounts=[{"account_id": "1", "owner": "Uma"}],
        account_map=[{"customer_id": "A", "account_id": "1"}],
    )
    rows = said(of, "2025-11-30").rows
    assert dict(rows.select("customer_id", "owner").iter_rows()) == {"A": "Uma", "B": "sales"}


def test_a_kind_that_does_not_exist_is_told_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="declining") as error:
        require_kinds(("declining_usge",))
    assert error.value.hint == "did you mean declining_usage?"


def test_the_list_is_cut_by_kind_owner_and_top_and_says_how_many_there_are() -> None:
    rows = [row for c in "ABC" for row in used(c, "2025-10", [50, 85])]
    asked = scope(usage_book(rows), "2025-11-30", None, **{"moments.off": ONLY_USE})
    result = collect(
        moments_tables(asked, Asked(kinds=("quota_near",), owner="SALES", top=2)), asked
    )
    listed, by_kind = result[:2]
    assert listed.rows.frame["customer_id"].to_list() == ["A", "B"]
    assert listed.rows.notes[0] == "3 moments from 2025-10-31 to 2025-11-30."
    assert by_kind.rows.frame["n"].to_list() == [3]
    nobody = collect(moments_tables(asked, Asked(owner="nobody")), asked)
    assert [r.rows.frame.height for r in nobody[:2]] == [0, 0]


def test_every_module_of_moments_is_registered() -> None:
    folder = Path(str(moments.__file__)).parent
    names = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    kinds = [kind for name in names for kind in import_module(f"clv_cli.moments.{name}").KINDS]
    assert {kind.name for kind in kinds} == set(MOMENTS)


def test_every_kind_is_registered_under_its_name_with_a_title_of_its_own() -> None:
    assert all(name == kind.name for name, kind in MOMENTS.items())
    assert len({kind.title for kind in MOMENTS.values()}) == len(MOMENTS)
