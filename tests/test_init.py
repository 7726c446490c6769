"""`clv init` writes one file, whole or not at all, and never over another by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from clv_cli.config_file import load_settings
from clv_cli.errors import DataError, ExitCode, UsageError
from clv_cli.run.proposing import propose_config, write_config
from tests.program import clv
from tests.sources.exports import csv, write

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "invoice_id,customer_id,issued_on,amount,currency,status"
INVOICES = csv("i1,c1,2026-01-05,5.00,EUR,paid", "i2,c2,2026-01-31,5.00,EUR,open", header=HEADER)


def test_the_written_config_is_ready_for_a_report(tmp_path: Path) -> None:
    write(tmp_path, "invoices.csv", INVOICES)
    assert clv("init", "-q", cwd=tmp_path).returncode == ExitCode.DONE
    report = clv("report", "--table", "split_buckets", "-f", "csv", cwd=tmp_path)
    assert report.returncode == ExitCode.DONE, report.stderr
    assert "10.00" in report.stdout


def test_an_existing_config_stays_unless_force_is_said(tmp_path: Path) -> None:
    write(tmp_path, "invoices.csv", INVOICES)
    write(tmp_path, "clv.yaml", "version: 1\n")
    with pytest.raises(UsageError, match=r"clv\.yaml already"):
        propose_config(tmp_path, force=False)
    assert (tmp_path / "clv.yaml").read_text() == "version: 1\n"
    write_config(propose_config(tmp_path, force=True))
    assert [s.path for s in load_settings(tmp_path / "clv.yaml").sources] == ["invoices.csv"]


def test_a_dry_run_prints_the_config_that_would_be_written(tmp_path: Path) -> None:
    write(tmp_path, "invoices.csv", INVOICES)
    proposed = propose_config(tmp_path, force=False)
    printed = clv("init", "--dry-run", cwd=tmp_path)
    assert printed.stdout == proposed.text
    assert [path.name for path in tmp_path.iterdir()] == ["invoices.csv"]


def test_proposing_writes_nothing_and_is_the_same_every_time(tmp_path: Path) -> None:
    write(tmp_path, "a/invoices.csv", INVOICES)
    before = sorted(tmp_path.rglob("*"))
    assert propose_config(tmp_path, force=False).text == propose_config(tmp_path, force=False).text
    assert sorted(tmp_path.rglob("*")) == before


def test_a_config_that_cannot_be_written_is_told_in_three_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from clv_cli.run import proposing

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    write(tmp_path, "invoices.csv", INVOICES)
    proposed = propose_config(tmp_path, force=False)
    monkeypatch.setattr(proposing, "atomic_write", full)
    with pytest.raises(UsageError) as caught:
        write_config(proposed)
    assert (
        str(caught.value).splitlines()[0] == "error: cannot write clv.yaml: No space left on device"
    )
    assert len(str(caught.value).splitlines()) == 3


def test_a_folder_that_is_none_or_empty_stops(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no folder"):
        propose_config(tmp_path / "nowhere", force=False)
    with pytest.raises(DataError, match="no exports in this folder"):
        propose_config(tmp_path, force=False)


def test_what_was_recognised_comes_in_every_format(tmp_path: Path) -> None:
    write(tmp_path, "invoices.csv", INVOICES)
    printed = clv("init", "-f", "csv", "--table", "files", cwd=tmp_path)
    assert printed.stdout.splitlines() == [
        "file,rows,read_as,sure,how",
        "invoices.csv,2,invoices,certain,its column names",
    ]
