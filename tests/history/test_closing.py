"""Closed months stand; what changes in them is told with its cause and booked in the open month."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from clv_cli.errors import DataError, UsageError
from clv_cli.frames import Closed
from clv_cli.frames.frozen import FROZEN_COLUMNS
from clv_cli.main import app
from clv_cli.measures.closed_months import adjusting_lines, restatements
from clv_cli.measures.closing import lines_booked, lines_read
from clv_cli.measures.mrr_months import mrr_months
from clv_cli.measures.revenue_facts import revenue_facts
from clv_cli.measures.suspect_lines import suspect_lines
from clv_cli.pipeline import Scope
from clv_cli.results import collect_frames
from clv_cli.run import history, reporting
from clv_cli.run.closing import Close, close_months
from clv_cli.run.opening import Request
from clv_cli.sources import LineStore, with_closed
from tests.books import book, line, month, rate, scope
from tests.history.nights import CONFIG, LINES, company, night, write_lines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from clv_cli.frames import Book
    from clv_cli.results import Frames

Row = dict[str, Any]
CREDIT = "CN1,I1,A,2025-02-20,credit,-15.00,USD,,,,,paid,L2"
REDUCTIONS = [revenue_facts, adjusting_lines, restatements, mrr_months, suspect_lines]
JUNE = month("2025-06")


def close(config: Path, period: str, *, restate: bool = False) -> list[Row]:
    report = close_months(Request(config, cache=False), Close(period, restate), None)
    return report.results[0].records()


def metric(config: Path, *names: str) -> dict[str, tuple[object, ...]]:
    """Some metrics by month, as `clv metrics` gives them."""
    report = reporting.metrics_by_month(Request(config, cache=False), names)
    return {
        f"{row['month'] // 12}-{row['month'] % 12 + 1:02}": tuple(row[name] for name in names)
        for row in report.results[0].records()
    }


@pytest.fixture(scope="module")
def credited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """February is closed; then a credit note of 20 February comes in."""
    config = company(tmp_path_factory.mktemp("closed") / "company")
    night(config)
    close(config, "2025-02")
    write_lines(config.parent / "lines.csv", *LINES, CREDIT)
    return config


def test_a_back_dated_credit_note_is_reported_the_next_night_with_customer_line_and_amount(
    credited: Path,
) -> None:
    outcome = night(credited)
    told = "A: line CN1 of 2025-02-20 (late) changes 2025-02 by -15.00 USD (lines.csv:8)"
    assert [(flag.name, flag.message) for flag in outcome.night.flags] == [
        ("closed month changed", told)
    ]
    found = next(r for r in outcome.report.results if r.table.name == "restatements")
    assert found.rows.notes == ["late: a row of the closed month that came after it was closed."]
    (row,) = found.records()
    assert (row["customer"], row["cause"], row["difference"]) == ("A", "late", -1500)
    assert told in (credited.parent / "nightly/latest/mail.txt").read_text()


def test_the_closed_month_stands_and_the_open_one_bears_the_change(credited: Path) -> None:
    names = ("net_revenue", "prior_period_adjustment", "mrr")
    assert metric(credited, *names) == {
        "2025-01": (10000, 0, 10000),
        "2025-02": (25000, 0, 20000),
        "2025-03": (18500, -1500, 20000),
    }


def test_every_report_says_through_which_month_the_books_are_closed(credited: Path) -> None:
    report = reporting.metrics_by_month(Request(credited, cache=False), ["mrr"])
    assert report.conventions["closed through"] == "2025-02"
    assert report.conventions["closing.changes"] == "adjust"
    (told,) = (f for f in report.findings if f.code == "closed_months_changed")
    assert "first CN1 of A (late); booked in 2025-03" in told.message


def test_reported_only_the_figures_follow_the_data(credited: Path) -> None:
    config = credited.with_name("report.yaml")
    config.write_text(CONFIG + "closing: {changes: report}\n")
    revenue = metric(config, "net_revenue", "prior_period_adjustment")
    assert revenue["2025-02"] == (23500, None)
    assert revenue["2025-03"] == (20000, None)


def test_a_month_is_closed_once_and_only_when_it_is_over(credited: Path) -> None:
    for period, reason in (("2025-02", "closed already"), ("2025-04", "not over"), ("x", "no")):
        with pytest.raises(UsageError, match=reason if reason != "no" else "is not a period"):
            close(credited, period)
    with pytest.raises(UsageError, match="nothing to restate"):
        close(credited, "2025-03", restate=True)


def test_closed_months_of_another_base_currency_stop_the_run_until_they_are_restated(
    tmp_path: Path,
) -> None:
    """Cents of two currencies would foot to the minor unit, and mean nothing."""
    config = company(tmp_path / "company")
    close(config, "2025-02")
    rates = [f"2025-0{number}-01,USD,0.5" for number in (1, 2, 3)]
    (config.parent / "fx.csv").write_text("\n".join(["day,currency,rate", *rates]) + "\n")
    source = '  - {path: "fx.csv", table: fx_rates}\n'
    euros = CONFIG.replace(
        "nightly:", f"{source}base_currency: EUR\nfx: {{max_age_days: 31}}\nnightly:"
    )
    config.write_text(euros)
    told = "the months up to 2025-02 were closed in USD, and totals are in EUR now"
    with pytest.raises(DataError, match=told) as caught:
        metric(config, "net_revenue")
    assert caught.value.where == "base_currency"
    again = "clv history close 2025-01..2025-02 --restate"
    assert caught.value.hint == f"set base_currency: USD, or {again}"
    restated = close(config, "2025-01..2025-02", restate=True)
    assert [row["billed"] for row in restated] == [5000, 12500]
    assert metric(config, "net_revenue")["2025-02"] == (12500,)


def test_closing_the_next_month_takes_the_change_in_and_restating_takes_it_back(
    tmp_path: Path,
) -> None:
    """March's books hold the correction of February for good, until February is restated."""
    config = company(tmp_path / "company")
    first = close(config, "2025-02")
    assert [(r["billed"], r["sales"], r["lines"]) for r in first] == [
        (10000, 10000, 1),
        (25000, 25000, 3),
    ]
    write_lines(config.parent / "lines.csv", *LINES, CREDIT)
    (march,) = close(config, "2025-03")
    assert (march["billed"], march["lines"]) == (18500, 3)
    assert night(config).night.flags == (), "what is in the books is no news"
    assert metric(config, "prior_period_adjustment")["2025-03"] == (-1500,)
    restated = close(config, "2025-02", restate=True)
    assert [(r["before"], r["billed"]) for r in restated] == [(25000, 23500), (18500, 20000)]
    assert metric(config, "net_revenue", "prior_period_adjustment")["2025-02"] == (23500, 0)


def test_a_damaged_closed_month_stops_the_run(tmp_path: Path) -> None:
    config = company(tmp_path / "company")
    close(config, "2025-01")
    with closing(sqlite3.connect(tmp_path / "company/nightly/history.db")) as store, store:
        store.execute("UPDATE closed_month SET booked = read")
    with pytest.raises(DataError, match="closed month 2025-01 is damaged"):
        metric(config, "mrr")


def test_the_history_lists_follows_compares_and_exports(credited: Path) -> None:
    nights = credited.parent / "nightly"
    night(credited)
    listed, closed = history.nights(nights).results
    assert [(r["run"], r["flags"]) for r in listed.records()] == [(1, 0), (2, 1)]
    assert [r["billed"] for r in closed.records()] == [10000, 25000]
    causes, moved = history.history_diff(nights, None, None).results
    assert [(r["what"], r["name"], r["before"], r["now"]) for r in causes.records()][1:] == [
        ("export changed", "lines.csv", "6 rows", "7 rows")
    ]
    assert causes.records()[0]["what"] == "closed months"
    moves = {(r["metric"], r["month"]): (r["previous"], r["value"]) for r in moved.records()}
    assert moves["net_revenue", 24302] == ("200.00", "185.00")
    assert [r["value"] for r in history.metric_history(nights, "mrr").results[0].records()] == [
        "200.00"
    ]
    assert history.history_export(nights).results[0].rows.frame.height == 2 * moved_months(nights)
    with pytest.raises(UsageError, match='no night "9"'):
        history.history_diff(nights, "9", None)
    with pytest.raises(UsageError, match='no metric "mmr"'):
        history.metric_history(nights, "mmr")
    with pytest.raises(DataError, match="no history yet"):
        history.nights(nights / "elsewhere")


def test_the_command_shows_nights_and_asks_which_months_to_close(
    credited: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    night(credited)
    for arguments, heading in (
        ([], "Nights"),
        (["diff"], "Figures that moved"),
        (["mrr"], "MRR, "),
    ):
        app(["history", *arguments, "-c", str(credited)], standalone_mode=False)
        assert heading in capsys.readouterr().out
    with pytest.raises(UsageError, match="which months"):
        app(["history", "close", "-c", str(credited)], standalone_mode=False)


def moved_months(nights: Path) -> int:
    with closing(sqlite3.connect(nights / "history.db")) as store:
        found: int = store.execute("SELECT count(*) FROM figure WHERE run_id = 1").fetchone()[0]
    return found


# --- The same on Books, without files -----------------------------------------------------------------


def closed_as(of: Book, last: int) -> Closed:
    """What closing a Book's months up to `last` keeps, split aside."""
    asked = scope(of, "2025-12", ("2025-01", "2025-06"))
    assert asked.period.end == last + 1
    frames = collect_frames([lines_read, lines_booked], asked)
    cells = pl.DataFrame(schema=FROZEN_COLUMNS)
    return Closed(last, frames[lines_read], frames[lines_booked], cells, (of.currency,))


def later(of: Book, closed: Closed, folder: Path, as_of: str = "2025-12") -> Frames:
    """The figures of a Book that is read after months of it were closed."""
    asked = scope(of, as_of)
    opened = with_closed(of, closed, "adjust", LineStore(folder))
    return collect_frames(REDUCTIONS, Scope(opened, asked.as_of, asked.period, asked.settings))


def by_month(frames: Frames) -> dict[int, int]:
    sums = frames[revenue_facts].group_by("month").agg(pl.col("amount_base").sum())
    return {key: value for key, value in sums.iter_rows() if value}


def causes(frames: Frames) -> list[tuple[str, str, int]]:
    columns = ("line_id", "cause", "difference")
    return list(frames[restatements].select(columns).iter_rows())


AMOUNTS = st.integers(min_value=-50_000, max_value=90_000).filter(bool)
DAYS = st.tuples(st.integers(1, 12), st.integers(1, 28)).map(lambda d: f"2025-{d[0]:02}-{d[1]:02}")
BILLS = st.lists(st.tuples(st.sampled_from("ABC"), DAYS, AMOUNTS), min_size=2, max_size=8)


def bills(rows: Mapping[str, tuple[str, str, int]]) -> list[Row]:
    return [
        line(who, on, f"{minor / 100:.2f}", issued=on, line_id=name)
        for name, (who, on, minor) in rows.items()
    ]


@examples(max_examples=10)
@given(
    then=BILLS,
    late=BILLS,
    gone=st.sets(st.integers(0, 7)),
    other=st.dictionaries(st.integers(0, 7), AMOUNTS),
)
def test_whatever_changes_closed_months_stand_and_all_money_is_booked(
    tmp_path_factory: pytest.TempPathFactory,
    then: Sequence[tuple[str, str, int]],
    late: Sequence[tuple[str, str, int]],
    gone: set[int],
    other: Mapping[int, int],
) -> None:
    """Revenue of closed months is what it was; all months together are what the exports say now."""
    before = {f"L{at}": bill for at, bill in enumerate(then)}
    now = {
        f"L{at}": (who, on, other.get(at, minor))
        for at, (who, on, minor) in enumerate(then)
        if at not in gone
    } | {f"N{at}": bill for at, bill in enumerate(late)}
    was = book(bills(before))
    frames = later(book(bills(now)), closed_as(was, JUNE), tmp_path_factory.mktemp("parts"))
    old = by_month(collect_frames([revenue_facts], scope(was, "2025-12")))
    new = by_month(frames)
    assert {m: v for m, v in new.items() if m <= JUNE} == {
        m: v for m, v in old.items() if m <= JUNE
    }
    assert sum(new.values()) == sum(minor for _, _, minor in now.values())
    booked = frames[adjusting_lines]
    told = frames[restatements]["difference"].sum()
    assert booked["amount_base"].sum() == told
    assert set(booked["month"]) <= {JUNE + 1}


PLAN: Row = {"kind": "recurring", "line_id": "P"}


def test_mrr_of_closed_months_stands_and_moves_in_the_open_one(tmp_path: Path) -> None:
    """An annual plan of 120 is found to cost 240: MRR is 10 to June, and 20 from July on."""
    was = book([line("A", "2025-03-01", 120, "year", **PLAN)])
    now = book([line("A", "2025-03-01", 240, "year", **PLAN)])
    frames = later(now, closed_as(was, JUNE), tmp_path)
    levels = {r["month"]: r["closing"] // 55_440 for r in frames[mrr_months].iter_rows(named=True)}
    assert [levels[m] for m in range(JUNE - 1, JUNE + 3)] == [1000, 1000, 2000, 2000]
    assert causes(frames) == [("P", "edited", 12000)]


REFUND: Row = {
    "kind": "refund",
    "line_id": "covered",
    "invoice_id": "4",
    "original_line_id": "gone",
}


def test_the_cause_of_a_change_is_told(tmp_path: Path) -> None:
    rows = [
        line("A", "2025-02-03", 100, line_id="edited", invoice_id="1"),
        line("A", "2025-02-04", 100, line_id="voided", invoice_id="2"),
        line("B", "2025-02-05", 100, line_id="gone", invoice_id="3"),
        line("B", "2025-02-06", -40, **REFUND),
        line("C", "2025-02-07", 100, currency="EUR", line_id="rated", invoice_id="5"),
    ]
    rates = [rate("EUR", f"2025-{m:02}-{d:02}", "1.1") for m in range(1, 13) for d in range(1, 29)]
    was = book(rows, rates=rates)
    kept = closed_as(was, JUNE)
    changed = [
        rows[0] | {"amount": 9000},
        rows[1] | {"status": "void"},
        rows[3],
        rows[4],
        line("D", "2025-05-01", 7, line_id="late"),
        line("B", "2025-08-01", -40, kind="credit", line_id="credit", original_line_id="gone"),
    ]
    dearer = [(currency, day, value * 2) for currency, day, value in rates]
    frames = later(book(changed, rates=dearer), kept, tmp_path)
    assert causes(frames) == [
        ("edited", "edited", -1000),
        ("voided", "edited", -10000),
        ("covered", "new", 4000),
        ("gone", "deleted", -10000),
        ("rated", "fx", 11000),
        ("late", "late", 700),
    ]


def test_a_change_is_told_at_once_and_booked_when_the_open_month_begins(tmp_path: Path) -> None:
    sold = line("A", "2025-06-01", 120, line_id="L")
    late = line("B", "2025-06-30", 30, line_id="late")
    frames = later(book([sold, late]), closed_as(book([sold]), JUNE), tmp_path, as_of="2025-06")
    assert causes(frames) == [("late", "late", 3000)]
    assert by_month(frames) == {JUNE: 12000}


def test_a_late_line_whose_service_is_over_is_booked_without_mrr_and_without_a_warning(
    tmp_path: Path,
) -> None:
    plan = line("A", "2025-01-01", 120, "year", line_id="P")
    late = line("B", "2025-02-01", 30, "month", line_id="late")
    frames = later(book([plan, late]), closed_as(book([plan]), JUNE), tmp_path)
    assert by_month(frames) == {month("2025-01"): 12000, JUNE + 1: 3000}
    assert {row["closing"] for row in frames[mrr_months].to_dicts()} == {1000 * 55_440}
    assert frames[suspect_lines].is_empty()


@pytest.mark.parametrize(
    ("flags", "cause"),
    [({"config_changed": True}, "config"), ({"version_changed": True}, "version"), ({}, "new")],
)
def test_rows_that_count_otherwise_though_none_changed_name_config_or_version(
    tmp_path: Path, flags: dict[str, bool], cause: str
) -> None:
    """The same rows, but A is a test account now."""
    rows = [line("A", "2025-02-03", 100, line_id="L"), line("B", "2025-02-03", 5, line_id="M")]
    kept = replace(closed_as(book(rows), JUNE), **flags)  # type: ignore[arg-type]
    frames = later(book(rows, test_customers=["A"]), kept, tmp_path)
    assert causes(frames) == [("L", cause, -10000)]
