"""`clv forecast` on small books: what is contracted, what is due, and what is said about too little."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from clv_cli.planning.forecast_tables import forecast_tables
from clv_cli.results import Result, collect
from tests.books import book, line, monthly, scope

LINES = [
    *monthly("A", "2024-01-05", [100] * 24),
    *monthly("B", "2024-01-05", [50] * 10),
    line("C", "2025-03-01", 1200, "year"),
    line("C", "2024-03-01", 1200, "year"),
    *(row for n in range(20) for row in monthly(f"N{n}", f"2024-{n % 12 + 1:02}-03", [20] * 9)),
]


@cache
def results(as_of: str = "2025-12", months: int = 4) -> dict[str, Result]:
    of = scope(book(LINES), as_of, planning__months=months)
    return {result.table.name: result for result in collect(forecast_tables(of), of)}


def rows(name: str, **keys: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    return results(**keys)[name].records()


def test_contracted_is_what_is_paid_for_beyond_the_month() -> None:
    layers = rows("layers")
    # A is asked in January; C's year runs to March: 100 a month.
    assert [row["contracted"] for row in layers] == [10000, 10000, 0, 0]
    assert [row["due"] for row in layers] == [10000, 0, 10000, 0]


def test_naive_is_the_mrr_of_today() -> None:
    assert {row["naive"] for row in rows("layers")} == {20000}


def test_every_series_is_forecast_for_every_month_with_nested_bands() -> None:
    found = rows("forecast")
    assert [row["series"] for row in found] == ["mrr"] * 4 + ["net_revenue"] * 4 + ["customers"] * 4
    for row in found:
        ends = ["low_95", "low_80", "low_50", "value", "high_50", "high_80", "high_95"]
        values = [float(row[name]) for name in ends]
        assert values == sorted(values), row


def test_the_forecast_is_the_path_of_the_layer_that_the_backtest_chose() -> None:
    (used,) = [r["layer"] for r in rows("backtest") if r["used"] == "yes" and r["series"] == "mrr"]
    path = [row[used] for row in rows("layers")]
    said = [round(float(r["value"]) * 100) for r in rows("forecast") if r["series"] == "mrr"]
    assert said == path


def test_a_layer_that_loses_to_naive_is_not_used_and_it_is_said() -> None:
    by = {(r["series"], r["used"]): r for r in rows("backtest")}
    for series in ("mrr", "net_revenue", "customers"):
        assert by[series, "yes"]["against_naive"] <= 1
    notes = results()["forecast"].rows.notes
    assert any("naive" in note for note in notes)


def test_too_short_a_history_has_no_bands_but_a_reason() -> None:
    short = results("2024-09")
    first = short["forecast"].records()[0]
    assert first["low_80"] is None
    assert "18 months" in short["forecast"].rows.reasons[0][2]
    assert not short["backtest"].records()


@pytest.mark.parametrize("lines", [[line("A", "2025-03-01", 500)]])
def test_without_mrr_nothing_breaks(lines: list[dict[str, Any]]) -> None:
    of = scope(book(lines), "2025-12")
    found = collect(forecast_tables(of), of)
    assert found[0].records()


def test_a_forecast_waits_for_no_import_that_it_does_not_need() -> None:
    code = (
        "import sys\n"
        "from tests.planning.test_forecast import results\n"
        "assert results()['forecast'].records()\n"
        "ours = ('planning.optimise', 'planning.whatif', 'measures.model_fitting')\n"
        "loaded = {'scipy', 'numpy.ma', *('clv_cli.' + name for name in ours)} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
    )
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True)
