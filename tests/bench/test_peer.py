"""The peers of the benchmark compute what `clv report` prints: else their times would say nothing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from clv_cli.glossary import Kind
from clv_cli.run import reporting
from clv_cli.run.opening import Request
from tests.bench import generate, peer, peer_pandas

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from clv_cli.results import Report

LINES = 4_000
Row = dict[str, Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The benchmark's files, small."""
    made = tmp_path_factory.mktemp("bench")
    subprocess.run([sys.executable, generate.__file__, str(LINES), str(made)], check=True)
    return made


@pytest.fixture(scope="module")
def damaged(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with lines that are none, one that stands twice, and more credits."""
    made = tmp_path_factory.mktemp("damaged")
    shutil.copytree(folder, made, dirs_exist_ok=True)
    head, *rows = (folder / "lines.csv").read_text(encoding="utf-8").splitlines()
    bought = [row for row in rows if ",insights," in row and ",2025-0" in row and ",paid" in row]
    # Several credits of one purchase, one that exceeds all that its customer bought, and one of nobody's.
    amounts = ("-7.01", "-5.03", "-11.07")
    more = [
        credit(row, 3 * nth + at, amounts[at]) for nth, row in enumerate(bought) for at in range(3)
    ]
    more += [
        credit(bought[-1], 900_000, "-99999.99"),
        credit(bought[-2], 900_001, "-12.34", "CUS-99999999"),
    ]
    # A status that there is not, and a fault in a column that no table reads.
    rows[17], quantity = rows[17].replace(",paid", ",settled"), rows[29].split(",")[6]
    rows[29] = rows[29].replace(f",{quantity},", ",many,", 1)
    text = "\n".join([head, *rows, rows[40], *more, ""])
    (made / "lines.csv").write_text(text, encoding="utf-8")
    return made


def credit(row: str, nth: int, amount: str, customer: str | None = None) -> str:
    """A line that takes something back on the day of another one."""
    cells = row.split(",")
    cells[0], cells[4], cells[8], cells[10] = f"M{nth:09}", "credit", amount, "0.00"
    cells[12:16] = [""] * 4
    cells[2] = customer or cells[2]
    return ",".join(cells)


def reported(folder: Path) -> Report:
    return reporting.report(Request(config=folder / "clv.yaml", cache=False))


@pytest.fixture(scope="module")
def ours(folder: Path) -> Report:
    return reported(folder)


@pytest.fixture(scope="module")
def database(folder: Path) -> duckdb.DuckDBPyConnection:
    return peer.computed(folder)


def same(report: Report, theirs: dict[str, list[Row]]) -> None:
    """Every table, row by row and column by column: counts and money exactly, ratios to 1e-9."""
    for result in report.results:
        name, kinds = result.table.name, {c.name: c.kind for c in result.table.columns}
        rows = result.rows.frame.select(*kinds).rows(named=True)
        assert len(rows) == len(theirs[name]), name
        for mine, row in zip(rows, theirs[name], strict=True):
            found = printed(row) if name == "kpis" else row
            for key, value in mine.items():
                wanted = pytest.approx(value, abs=1e-9) if isinstance(value, float) else value
                assert found[key] == wanted, (name, key, mine)


def printed(row: Row) -> Row:
    """A key figure as `clv` writes it, for its column holds money, counts and ratios."""

    def text(value: float | None) -> str | None:
        if value is None:
            return None
        if row["kind"] == Kind.COUNT:
            return f"{value:.0f}"
        return f"{value:.2f}" if row["kind"] == Kind.MONEY else repr(value)

    values = {name: text(row[name]) for name in ("value", "previous")}
    return {**row, **values, "series": [text(value) for value in row["series"]]}


def test_duckdb_computes_every_table_of_the_report(
    ours: Report, database: duckdb.DuckDBPyConnection
) -> None:
    assert {result.table.name for result in ours.results} <= {*peer.TABLES}
    same(ours, peer.tables(database))


def test_duckdb_sets_aside_what_does_not_fit_and_counts_what_credits_do_not_find(
    damaged: Path,
) -> None:
    report, database = reported(damaged), peer.computed(damaged)
    theirs = peer.tables(database)
    same(report, theirs)
    assert theirs["sources"][0]["quarantined"] == 2
    assert "unmatched_credits" in {row["rule"] for row in theirs["split_by_rule"]}
    assert database.table("repeated_ids").fetchall() == [("L000000040", 2)]
    assert "duplicate_line_id" in {finding.code for finding in report.findings}


def test_pandas_finds_what_duckdb_finds(folder: Path, database: duckdb.DuckDBPyConnection) -> None:
    exact = {
        "mrr_movements": "SELECT month, new, expansion, contraction, churn, reactivation FROM mrr_months",
        "retention": "SELECT month, now / base AS nrr, kept / base AS grr FROM mrr_months "
        "ASOF JOIN (SELECT month AS since, now, base, kept FROM kept_months) ON month >= since",
    }
    found = peer_pandas.tables(folder)
    for name, sql in exact.items():
        answer = database.sql(f"FROM ({sql}) ORDER BY month DESC LIMIT 12")
        wanted = [dict(zip(answer.columns, row, strict=True)) for row in answer.fetchall()]
        for row, other in zip(reversed(found[name]), wanted, strict=True):
            assert row == pytest.approx(other, rel=1e-12)
