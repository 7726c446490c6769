"""`python -m tests.bench.peer FOLDER`: every table of `clv report` over a folder of `generate.py`, in DuckDB SQL.

`peer/*.sql` run in the order of their names. Left out is what is no table (findings, checks, notes) and
what these files do not hold: other currencies, credits that name a line, deals, pauses, bridged gaps, two
rules on one part of a purchase. `test_peer` holds every row against ours.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb

SQL = sorted(Path(__file__).with_name("peer").glob("*.sql"))
# Run once a turn; see there.
CELLS = "6_cells"
TABLES = (
    "kpis",
    "mrr_movements",
    "retention",
    "cohorts",
    "split",
    "split_buckets",
    "split_claims",
    "split_by_rule",
    "moments",
    "reconciliation",
    "sources",
    "revenue_months",
)
# The settings that the statements name: `split.cs_window_days` and `split.base_min_months`.
DEFAULTS = {"days": 365, "least": 3}


def computed(folder: Path) -> duckdb.DuckDBPyConnection:
    """All tables of the folder, in a database in memory."""
    import duckdb

    database = duckdb.connect()
    values = {"folder": str(folder), **DEFAULTS}
    for file in SQL:
        statements = duckdb.extract_statements(file.read_text(encoding="utf-8"))
        for turn in turns(database) if file.stem == CELLS else [0]:
            for statement in statements:
                named = {
                    name: {**values, "turn": turn}[name] for name in statement.named_parameters
                }
                database.execute(statement, named)
    return database


def turns(database: duckdb.DuckDBPyConnection) -> range:
    """The turns in which cells are cut: purchases, and as many as a purchase has credits at most."""
    (last,) = database.execute("SELECT coalesce(max(nth), -1) FROM takings").fetchall()[0]
    return range(-1, last + 1)


def tables(database: duckdb.DuckDBPyConnection) -> dict[str, list[dict[str, Any]]]:
    """What the peer prints: rows by table."""
    found = {}
    for name in TABLES:
        answer = database.table(name)
        found[name] = [dict(zip(answer.columns, row, strict=True)) for row in answer.fetchall()]
    return found


if __name__ == "__main__":
    json.dump(tables(computed(Path(sys.argv[1]))), sys.stdout, default=str)
