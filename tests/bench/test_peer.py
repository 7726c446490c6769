"""The peers of the benchmark compute what `clv report` prints: else their times would say nothing."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from clv_cli import run
from clv_cli.money import MRR_UNITS
from clv_cli.run import Request
from tests.bench import generate, peer, peer_pandas

if TYPE_CHECKING:
    from pathlib import Path

    from clv_cli.results import Report

MOVES = ("new", "expansion", "contraction", "churn", "reactivation")
LINES = 4_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The benchmark's files, small."""
    made = tmp_path_factory.mktemp("bench")
    subprocess.run([sys.executable, generate.__file__, str(LINES), str(made)], check=True)
    return made


@pytest.fixture(scope="module")
def ours(folder: Path) -> Report:
    return run.report(Request(config=folder / "clv.yaml", cache=False), ledgers=True)


@pytest.fixture(scope="module")
def theirs(folder: Path) -> dict[str, list[dict[str, Any]]]:
    return peer.tables(folder)


def rows(report: Report, name: str) -> pl.DataFrame:
    return next(result.rows.frame for result in report.results if result.table.name == name)


def test_duckdb_ties_lines_and_money_as_we_do(
    ours: Report, theirs: dict[str, list[dict[str, Any]]]
) -> None:
    expected = {row["item"]: (row["lines"], row["amount"]) for row in theirs["reconciliation"]}
    found = {item: tuple(more) for item, *more in rows(ours, "reconciliation").iter_rows()}
    assert {item: found[item] for item in expected} == expected


def test_duckdb_finds_the_same_mrr_movements_to_the_cent(
    ours: Report, theirs: dict[str, list[dict[str, Any]]]
) -> None:
    names = ("opening", *MOVES, "closing")
    assert len(theirs["mrr_movements"]) == 12
    for mine, row in zip(
        rows(ours, "mrr_movements").iter_rows(named=True), theirs["mrr_movements"], strict=True
    ):
        # Two roundings of one exact number of units may differ only in the last cent.
        assert all(abs(mine[name] - row[name] / MRR_UNITS) < 1 for name in names), mine["month"]


def test_duckdb_finds_the_same_retention(
    ours: Report, theirs: dict[str, list[dict[str, Any]]]
) -> None:
    mine = rows(ours, "retention").select("month", "nrr", "grr").rows()
    expected = [(row["month"], row["nrr"], row["grr"]) for row in theirs["retention"]]
    assert [row[0] for row in mine] == [row[0] for row in expected]
    for (_, *found), (_, *wanted) in zip(mine, expected, strict=True):
        assert found == pytest.approx(wanted, abs=1e-6)


def test_duckdb_finds_the_same_cohorts(
    ours: Report, theirs: dict[str, list[dict[str, Any]]]
) -> None:
    mine = rows(ours, "cohorts").drop_nulls("customers").rows(named=True)
    for row in theirs["cohorts"]:
        cohort = f"{row['cohort'] // 12}-{row['cohort'] % 12 + 1:02}"
        found = next(line for line in mine if line["cohort"] == cohort)
        assert round(found[f"m{row['age']}"] * found["customers"]) == row["active"]


def test_duckdb_gives_purchases_to_the_same_buckets(
    ours: Report, theirs: dict[str, list[dict[str, Any]]]
) -> None:
    cells = rows(ours, "split_by_line").filter(pl.col("amount") >= 0)
    sums = cells.group_by("bucket", "component").agg(pl.col("amount").sum()).iter_rows()
    found = {f"{bucket}_{component}": amount for bucket, component, amount in sums}
    expected = theirs["split"][0]
    assert sum(found.values()) == round(sum(expected.values()))
    for name, amount in expected.items():
        # Ours are whole cents, line by line, within a unit a bucket and month of the exact share.
        assert abs(found.get(name, 0) - amount) < 2 * 12, name


def test_pandas_finds_what_duckdb_finds(
    folder: Path, theirs: dict[str, list[dict[str, Any]]]
) -> None:
    found = peer_pandas.tables(folder)
    for name in ("mrr_movements", "retention"):
        for row, wanted in zip(found[name], theirs[name], strict=True):
            assert {key: wanted[key] for key in row} == pytest.approx(row, rel=1e-12)
