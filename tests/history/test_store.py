"""The history's file: upgraded forward, refused when newer or damaged, never half written."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import astuple, fields, replace
from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest

from clv_cli.errors import DataError, ExitCode, UsageError
from clv_cli.frames import EMITTED_COLUMNS
from clv_cli.history import (
    SCHEMA_VERSION,
    Figure,
    Flag,
    Input,
    Night,
    Restatement,
    Run,
    append_moments,
    figures_of,
    flags_of,
    inputs_of,
    last_day_before,
    moments_before,
    open_store,
    record,
    restatements_of,
    run_like,
    runs,
)
from clv_cli.history.schema import STEPS

if TYPE_CHECKING:
    from pathlib import Path

RUN = Run(
    1, "2026-10-31", "", "config", "data", "", "rules", "0.1.0", "USD",
    "2026-11-01T02:15:00+00:00", "2026-11-01T02:15:09+00:00", 9.25, 141, 4, "2026-10-31.r1",
)  # fmt: skip
NIGHT = Night(
    RUN,
    (Figure("cac", 24321, "money", None, "no spend"), Figure("mrr", 24321, "money", "1.00", None)),
    (Input("a.csv", "billing_lines", "00ff", 3, "2026-10-30", ("id", 'odd "name", 1')),),
    (Flag("MRR low", "mrr", "MRR is 1.00, below 2.00"),),
    (
        Restatement(24320, "A", "late", "L1", "2026-09-02", "USD", 0, -1500, -1500, "a.csv", 7),
    ),
)  # fmt: skip


def test_a_night_reads_back_as_it_was_written(tmp_path: Path) -> None:
    with open_store(tmp_path / "history.db") as store:
        with store.writing() as connection:
            record(connection, NIGHT)
        assert runs(store) == [RUN]
        assert tuple(figures_of(store, 1)) == NIGHT.figures
        assert tuple(inputs_of(store, 1)) == NIGHT.inputs
        assert tuple(flags_of(store, 1)) == NIGHT.flags
        assert tuple(restatements_of(store, 1)) == NIGHT.restatements
        assert run_like(store, replace(RUN, as_of="")) == RUN
        for other in (
            replace(RUN, config_hash="other"),
            replace(RUN, data_hash="other"),
            replace(RUN, closed_hash="other"),
            replace(RUN, version="other"),
        ):
            assert run_like(store, other) is None


def test_the_tables_have_the_columns_of_their_classes(tmp_path: Path) -> None:
    """Rows are written and read by place: a column in another place would be another fact."""
    with open_store(tmp_path / "history.db") as store:
        for table, kind, keys in (
            ("run", Run, 0),
            ("figure", Figure, 1),
            ("restatement", Restatement, 2),
        ):
            columns = [row["name"] for row in store.rows(f"PRAGMA table_info({table})")]
            assert columns[keys:] == [field.name for field in fields(kind)]


def test_a_transaction_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with open_store(tmp_path / "history.db") as store:
        twice = replace(NIGHT, figures=NIGHT.figures * 2)
        with pytest.raises(DataError, match="UNIQUE"), store.writing() as connection:
            record(connection, twice)
        assert runs(store) == []


def test_the_store_waits_for_the_disk_and_keeps_a_log_of_writes(tmp_path: Path) -> None:
    with open_store(tmp_path / "history.db") as store:
        (mode,) = store.rows("PRAGMA journal_mode")[0]
        (synchronous,) = store.rows("PRAGMA synchronous")[0]
        assert (mode, synchronous) == ("wal", 2), "FULL: a commit is on the disk"


def test_the_store_is_its_owners_alone(tmp_path: Path) -> None:
    with open_store(tmp_path / "history.db") as store, store.writing() as connection:
        record(connection, NIGHT)
        modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert set(modes.values()) == {0o600}, modes


def test_an_empty_file_of_a_killed_first_run_is_upgraded(tmp_path: Path) -> None:
    (tmp_path / "history.db").touch()
    with open_store(tmp_path / "history.db") as store:
        assert store.rows("PRAGMA user_version")[0][0] == SCHEMA_VERSION
        assert runs(store) == []


def test_an_older_store_takes_the_steps_it_lacks_and_keeps_its_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "history.db"
    with open_store(path) as store, store.writing() as connection:
        record(connection, NIGHT)
    step = "ALTER TABLE run ADD COLUMN note TEXT NOT NULL DEFAULT ''"
    from clv_cli.history import store as module

    monkeypatch.setattr(module, "STEPS", (*STEPS, step))
    monkeypatch.setattr(module, "SCHEMA_VERSION", SCHEMA_VERSION + 1)
    with open_store(path) as store:
        assert [tuple(row) for row in store.rows("SELECT * FROM run")] == [(*astuple(RUN), "")]
        assert store.rows("PRAGMA user_version")[0][0] == SCHEMA_VERSION + 1


def test_a_newer_store_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    with closing(sqlite3.connect(path)) as newer:
        newer.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    before = path.read_bytes()
    with pytest.raises(DataError, match="newer clv") as refused, open_store(path):
        pass
    assert refused.value.exit_code is ExitCode.DATA
    assert path.read_bytes() == before


@pytest.mark.parametrize("junk", [b"this is no database, whatever its name says" * 50, None])
def test_a_damaged_store_is_told_and_left_alone(tmp_path: Path, junk: bytes | None) -> None:
    path = tmp_path / "history.db"
    if junk is None:
        with open_store(path) as store, store.writing() as connection:
            record(connection, NIGHT)
        content = bytearray(path.read_bytes())
        content[4096:12288] = b"\xff" * 8192
        junk = bytes(content)
    path.write_bytes(junk)
    with pytest.raises(DataError, match="the history is damaged"), open_store(path) as store:
        runs(store)
    assert path.read_bytes() == junk


def test_a_store_that_cannot_be_opened_says_why(tmp_path: Path) -> None:
    (tmp_path / "history.db").mkdir()
    with pytest.raises(UsageError, match="unable to open"), open_store(tmp_path / "history.db"):
        pass


def test_a_moment_is_remembered_once_and_a_day_that_runs_again_says_it_again(
    tmp_path: Path,
) -> None:
    october, november, december = date(2026, 10, 31), date(2026, 11, 30), date(2026, 12, 31)
    milestone = ("A:orders:50", "A", "milestone", date(2026, 10, 2), october, False)
    held = ("B:renewal", "B", "renewal", november, october, True)
    later = ("C:win", "C", "win_back", date(2026, 11, 1), november, False)

    def emitted(*rows: tuple[object, ...]) -> pl.DataFrame:
        return pl.DataFrame(rows, schema=EMITTED_COLUMNS, orient="row")

    with open_store(tmp_path / "history.db") as store:
        for number, moments in ((1, [milestone]), (2, [milestone, held])):
            run = replace(RUN, run_id=number, folder=f"r{number}")
            with store.writing() as connection:
                record(connection, replace(NIGHT, run=run, emitted=emitted(*moments)))
        assert moments_before(store, october).is_empty()
        assert moments_before(store, november).equals(emitted(milestone, held))
        assert (last_day_before(store, october), last_day_before(store, november)) == (
            None,
            october,
        )
        with store.writing() as connection:
            append_moments(connection, november, emitted(milestone, later))
        assert moments_before(store, december).equals(emitted(milestone, held, later))
