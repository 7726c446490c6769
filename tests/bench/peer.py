"""`python -m tests.bench.peer FOLDER`: the tables of `peer.sql` over a folder of `generate.py`, as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb

SQL = Path(__file__).with_name("peer.sql")
TABLES = ("reconciliation", "revenue_months", "mrr_movements", "retention", "cohorts", "split")
# The settings that the statements name: `split.cs_window_days` and `split.base_min_months`.
DEFAULTS = {"days": 365, "least": 3}


def computed(folder: Path) -> duckdb.DuckDBPyConnection:
    """All tables of the folder, in a database in memory."""
    import duckdb

    database = duckdb.connect()
    values = {"folder": str(folder), **DEFAULTS}
    for statement in duckdb.extract_statements(SQL.read_text(encoding="utf-8")):
        named = {name: values[name] for name in statement.named_parameters}
        database.execute(statement, named)
    return database


def tables(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """What the peer prints: rows by table."""
    database = computed(folder)
    found = {}
    for name in TABLES:
        answer = database.table(name)
        found[name] = [dict(zip(answer.columns, row, strict=True)) for row in answer.fetchall()]
    return found


if __name__ == "__main__":
    json.dump(tables(Path(sys.argv[1])), sys.stdout, default=str)
