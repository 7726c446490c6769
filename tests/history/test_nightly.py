"""The unattended run: what it writes, when it is silent, when it asks for a person."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from clv_cli.commands.nightly import _mail
from clv_cli.config_file import parse_settings
from clv_cli.errors import ConfigError, DataError, ExitCode, UsageError
from clv_cli.run import history
from clv_cli.run.logbook import LogBook
from tests.history.nights import CONFIG, HEADER, LINES, NOW, company, night, said, write_lines

if TYPE_CHECKING:
    from pathlib import Path

    from clv_cli.results import Result
    from clv_cli.run.unattended import Outcome

ALERTS = (
    CONFIG
    + """\
  formats: [json]
  metrics: [mrr]
  mail_to: [finance@pocket.example]
alerts:
  - {name: MRR low, metric: mrr, min: 250}
  - {name: MRR fine, metric: mrr, min: 100.50, max: 5000, max_change: 50%}
  - {name: MRR jumps, metric: mrr, max_change: 10%, against: last_night}
  - {name: churn, metric: customer churn, max: 1.8%}
  - {name: unknowable, metric: cac, max: 900}
"""
)


def flags(outcome: Outcome) -> list[tuple[str, str]]:
    return [(flag.name, flag.message) for flag in outcome.night.flags]


def table(outcome: Outcome, name: str) -> Result:
    return next(item for item in outcome.report.results if item.table.name == name)


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Outcome, list[str]]:
    """A first night in which nothing needs a person; its log."""
    folder = tmp_path_factory.mktemp("quiet") / "company"
    lines: list[str] = []
    log = LogBook(lines.append, as_json=True)
    return folder, night(company(folder), log=log), lines


def test_a_night_leaves_reports_history_latest_and_a_heartbeat(
    quiet: tuple[Path, Outcome, list[str]],
) -> None:
    folder, outcome, _ = quiet
    assert (outcome.exit_code, flags(outcome)) == (ExitCode.DONE, [])
    nights = folder / "nightly"
    assert sorted(path.name for path in nights.iterdir()) == [
        ".clv.lock", "2025-03-31.r1", "history.db", "latest", "status.json"
    ]  # fmt: skip
    assert str((nights / "latest").readlink()) == "2025-03-31.r1"
    assert sorted(path.name for path in (nights / "latest").iterdir()) == [
        "mail.txt", "report.json", "report.md"
    ]  # fmt: skip
    status = json.loads((nights / "status.json").read_text())
    assert (status["ok"], status["exit"], status["flags"]) == (True, 0, [])
    assert status["last_good"]["as_of"] == "2025-03-31"
    kept = {
        figure.metric: figure.value for figure in outcome.night.figures if figure.month == 24302
    }
    assert (kept["mrr"], kept["customers"], kept["net_revenue"]) == ("200.00", "2", "200.00")


def test_every_step_is_one_json_line_with_its_time(
    quiet: tuple[Path, Outcome, list[str]],
) -> None:
    _, _, lines = quiet
    steps = [json.loads(line) for line in lines]
    assert [step["event"] for step in steps] == [
        "locked", "hashed", "computed", "written", "recorded", "done"
    ]  # fmt: skip
    assert all({"ts", "run_id", "level", "ms"} <= set(step) for step in steps)
    assert (steps[0]["run_id"], steps[-1]["run_id"]) == (None, 1)


def test_the_same_night_again_computes_nothing_and_says_the_same(
    quiet: tuple[Path, Outcome, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, first, _ = quiet
    before = said(folder / "nightly")

    def never(*_: object) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr("clv_cli.run.unattended.night_computed", never)
    again = night(folder / "clv.yaml")
    assert again.again
    assert said(folder / "nightly") == before
    assert again.report.results[0].records() == first.report.results[0].records()
    # Asked for by its day, it is the same night too.
    assert night(folder / "clv.yaml", as_of="2025-03").again


def test_data_that_no_longer_grow_are_told_though_nothing_is_computed(
    quiet: tuple[Path, Outcome, list[str]],
) -> None:
    folder, _, _ = quiet
    config = folder / "watched.yaml"
    config.write_text(CONFIG.replace("{stale_days: {}}", "{stale_days: {billing_lines: 20}}"))
    assert flags(night(config)) == []
    late = night(config, now=NOW + timedelta(days=30))
    assert late.again
    assert late.exit_code is ExitCode.BREACHED
    assert flags(late) == [
        ("inputs.stale", "the newest row is of 2025-03-31, 31 days old; allowed are 20")
    ]


def test_a_breached_threshold_is_named_with_value_and_limit(tmp_path: Path) -> None:
    config = company(tmp_path / "company", config=ALERTS)
    first = night(config)
    no_cac = "CAC has no value: skipped: needs spend"
    assert flags(first) == [("MRR low", "MRR is 200.00, below 250.00"), ("unknowable", no_cac)]
    assert (first.exit_code, first.night.run.exit) == (ExitCode.BREACHED, 4)
    # B leaves, C comes large: the same day seen again, so last night's 200.00 is the base.
    leaving = "L6,I6,C,2025-03-31,recurring,500.00,USD,month,1,2025-03-31,2025-04-30,paid,"
    write_lines(tmp_path / "company/lines.csv", *LINES[:3], *LINES[4:5], leaving)
    second = night(config)
    jump = "MRR changed by +210.0 % since last night, from 200.00 to 620.00; allowed is +10.0 %"
    grown = "MRR changed by +416.7 % since last month, from 120.00 to 620.00; allowed is +50.0 %"
    assert ("MRR jumps", jump) in flags(second)
    assert ("MRR fine", grown) in flags(second)
    with closing(sqlite3.connect(tmp_path / "company/nightly/history.db")) as store:
        superseded = store.execute("SELECT run_id, superseded FROM run").fetchall()
    assert superseded == [(1, 1), (2, 0)]
    text = _mail(second)
    assert text.startswith("Subject: clv: Pocket Ltd, 2025-03-31, MRR fine, MRR jumps")
    assert "\nTo: finance@pocket.example\n" in text
    assert jump in text


def test_lost_rows_files_and_columns_are_flagged_against_last_night(tmp_path: Path) -> None:
    folder = tmp_path / "company"
    config = company(folder, *LINES[:3])
    write_lines(folder / "lines-2.csv", *LINES[3:])
    night(config)
    (folder / "lines-2.csv").unlink()
    header = HEADER.replace("original_line_id", "memo")
    write_lines(folder / "lines.csv", *LINES[:3], header=header)
    outcome = night(config)
    assert flags(outcome) == [
        ("inputs.shrunken", "3 rows, 50.0 % of last night's 6"),
        ("inputs.missing", "the file is gone; last night it held 3 rows"),
        ("inputs.columns", "columns gone: original_line_id; new columns: memo"),
    ]
    assert night(config).exit_code is ExitCode.BREACHED, "until it is mended, or the night is over"


def test_what_moved_in_earlier_months_is_listed_with_both_values(tmp_path: Path) -> None:
    config = company(tmp_path / "company")
    night(config)
    more = "L0,I0,A,2025-01-09,one_off,7.00,USD,,,,,paid,"
    write_lines(tmp_path / "company/lines.csv", *LINES, more)
    outcome = night(config)
    rows = table(outcome, "moved").records()
    revenue = [r for r in rows if r["metric"] == "net_revenue"]
    assert [(r["month"], r["previous"], r["value"]) for r in revenue] == [
        (24300, "100.00", "107.00")
    ]
    assert flags(outcome) == [], "an open month may move"


def test_a_failed_night_leaves_the_last_one_and_says_so_in_the_heartbeat(tmp_path: Path) -> None:
    folder = tmp_path / "company"
    config = company(folder)
    night(config)
    before = said(folder / "nightly")
    (folder / "lines.csv").write_text(HEADER + "\n")
    steps: list[str] = []
    with pytest.raises(DataError):
        night(config, log=LogBook(steps.append))
    assert said(folder / "nightly") == before
    status = json.loads((folder / "nightly/status.json").read_text())
    assert (status["ok"], status["exit"]) == (False, 3)
    assert status["last_good"]["run_id"] == 1
    assert " error failed " in steps[-1]


def test_a_bug_is_in_the_heartbeat_too(
    quiet: tuple[Path, Outcome, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("clv_cli.run.unattended.night_computed", broken)
    heartbeat = quiet[0] / "nightly/status.json"
    good = json.loads(heartbeat.read_text())["last_good"]
    with pytest.raises(ZeroDivisionError):
        night(quiet[0] / "clv.yaml", force=True)
    status = json.loads(heartbeat.read_text())
    assert (status["exit"], status["error"]) == (1, "unexpected ZeroDivisionError")
    assert status["last_good"] == good


def test_old_folders_go_and_their_history_stays(tmp_path: Path) -> None:
    config = company(tmp_path / "company", config=CONFIG + "  keep: 1\n  formats: [md]\n")
    for _ in range(2):
        night(config, force=True)
    nights = tmp_path / "company/nightly"
    assert [path.name for path in nights.glob("2025*")] == ["2025-03-31.r2"]
    with closing(sqlite3.connect(nights / "history.db")) as store:
        assert store.execute("SELECT count(*) FROM run").fetchone() == (2,)


def test_a_folder_that_cannot_be_made_is_told_with_its_reason(tmp_path: Path) -> None:
    config = company(tmp_path / "company")
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="Not a directory") as refused:
        night(config, out=tmp_path / "file/nights")
    assert str(tmp_path / "file") in str(refused.value.where)


def test_a_format_that_does_not_exist_is_told_before_anything_is_read(tmp_path: Path) -> None:
    config = company(tmp_path / "company", config=CONFIG + "  formats: [jsn]\n")
    with pytest.raises(ConfigError, match='no format "jsn"') as refused:
        night(config)
    assert refused.value.hint == "did you mean json?"
    assert not (tmp_path / "company/nightly").exists()


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ("alerts: [{name: x, metric: mmr, max: 1}]", 'there is no metric "mmr"'),
        ("alerts: [{name: x, metric: mrr}]", "give at least one of min, max"),
        ("alerts: [{name: x, metric: mrr, max: much}]", "write a number or a ratio"),
        ("nightly: {metrics: [nothing]}", 'there is no metric "nothing"'),
    ],
)
def test_a_threshold_that_means_nothing_is_a_fault_of_the_config(lines: str, fault: str) -> None:
    with pytest.raises(ConfigError, match="fault") as refused:
        parse_settings(f"version: 1\n{lines}\n", "clv.yaml")
    assert fault in str(refused.value.where)


def test_the_last_good_night_is_too_old_when_the_heartbeat_says_so(
    quiet: tuple[Path, Outcome, list[str]], tmp_path: Path
) -> None:
    nights = quiet[0] / "nightly"
    finished = json.loads((nights / "status.json").read_text())["last_good"]["finished_at"]
    then = NOW.fromisoformat(finished)
    assert history.last_good(nights, "26h", then + timedelta(hours=25))[1]
    sentence, well = history.last_good(nights, "26h", then + timedelta(hours=27))
    assert not well
    assert "27.0 hours ago; allowed are 26h" in sentence
    assert not history.last_good(tmp_path, "3d", then)[1]
    with pytest.raises(UsageError, match="is no age"):
        history.last_good(nights, "long", then)


def test_what_a_night_writes_is_not_for_everybody(
    quiet: tuple[Path, Outcome, list[str]],
) -> None:
    latest = quiet[0] / "nightly" / "latest"
    assert latest.resolve().stat().st_mode & 0o027 == 0
    assert {path.stat().st_mode & 0o137 for path in latest.iterdir()} == {0}
