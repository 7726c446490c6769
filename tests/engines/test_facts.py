"""Facts from polars, polars and DuckDB through narwhals, and Sail: sorted and hashed, they are the same."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import duckdb
import narwhals as nw
import polars as pl
import pytest

from clv_cli.attribution import cs
from clv_cli.attribution.lines import history
from clv_cli.engines.portable import summed
from clv_cli.facts import planned, typed
from clv_cli.measures.billed_lines import excluded_lines
from clv_cli.measures.customer_revenue import customer_revenue
from clv_cli.measures.mrr_deltas import mrr_deltas
from clv_cli.measures.revenue_facts import revenue_month_sums, revenue_sums
from clv_cli.pipeline import Facts
from clv_cli.results import collect_frames
from tests.engines.attribution import FACT_KEYS, latest_touch, rescued_facts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from clv_cli.engines.spark import SparkEngine
    from clv_cli.pipeline import Measure, Scope

MEASURES = (revenue_sums, revenue_month_sums, customer_revenue, mrr_deltas)
ENGINES = ("polars", "duckdb", "sail")


@pytest.fixture
def read(sail: SparkEngine) -> dict[str, Callable[[Path], Any]]:
    """How each engine opens Parquet."""
    return {
        "polars": pl.scan_parquet,
        "duckdb": lambda path: duckdb.read_parquet(str(path)),
        "sail": lambda path: sail.session.read.parquet(str(path)),
    }


def hashed(frame: pl.DataFrame) -> str:
    """One number for all rows, whatever their order."""
    return hashlib.sha256(frame.sort(pl.all()).write_csv().encode()).hexdigest()


def collected(frame: nw.LazyFrame[Any]) -> pl.DataFrame:
    found: pl.DataFrame = frame.collect(backend="polars").to_native()
    return found


def facts_of(measure: Measure, scope: Scope) -> Facts:
    facts = measure.facts(scope) if measure.facts else None
    assert facts is not None
    return facts


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.name)
def test_every_engine_finds_the_facts_that_polars_finds(
    measure: Measure, scope: Scope, tmp_path: Path, read: dict[str, Callable[[Path], Any]]
) -> None:
    facts, path = facts_of(measure, scope), tmp_path / "rows.parquet"
    facts.rows.select(*facts.keys, *facts.sums).sink_parquet(path)
    native = planned(facts).collect()
    assert native.height > 12
    hashes = {
        engine: hashed(
            facts.finish(
                typed(
                    facts,
                    collected(summed(nw.from_native(read[engine](path)).lazy(), facts)).lazy(),
                )
            ).collect()
        )
        for engine in ENGINES
    }
    assert hashes == dict.fromkeys(ENGINES, hashed(native))


@pytest.mark.parametrize("measure", [*MEASURES, excluded_lines], ids=lambda measure: measure.name)
def test_a_run_with_an_engine_collects_the_same_frame_in_the_same_order(
    measure: Measure, scope: Scope, sail: SparkEngine
) -> None:
    here = collect_frames([measure], scope)[measure]
    there = collect_frames([measure], replace(scope, engine=sail))[measure]
    assert here.height > 0
    assert there.equals(here)
    assert there.schema == here.schema


def test_rows_are_taken_away_again(scope: Scope, sail: SparkEngine) -> None:
    collect_frames([revenue_month_sums], replace(scope, engine=sail))
    assert not list(sail.folder.iterdir())


def made_up(values: list[int | None]) -> Facts:
    """Amounts of customers 1 and none."""
    rows = pl.LazyFrame(
        {"code": [1, None] * (len(values) // 2), "amount": values},
        schema={"code": pl.Int32, "amount": pl.Int64},
    )
    return Facts(rows, ("code",), ("amount",), lambda found: found.sort("code"), "lines")


def test_a_group_may_be_null_and_nulls_sum_to_nothing(sail: SparkEngine) -> None:
    facts = made_up([None, 3, None, 4])
    expected = [(None, 2, 7), (1, 2, 0)]
    assert planned(facts).collect().rows() == expected
    assert (
        facts.finish(typed(facts, sail.summed("nulls", facts).lazy())).collect().rows() == expected
    )


def test_the_smallest_of_a_group_is_the_same_on_every_engine(sail: SparkEngine) -> None:
    rows = made_up([None, 3, None, 4]).rows.with_columns(row=pl.Series([None, 9, 5, None]))
    facts = replace(made_up([None, 3, None, 4]), rows=rows, mins=("row",))
    expected = [(None, 2, 7, 9), (1, 2, 0, 5)]
    assert planned(facts).collect().rows() == expected
    found = facts.finish(typed(facts, sail.summed("smallest", facts).lazy())).collect()
    assert found.rows() == expected


def test_a_sum_beyond_64_bits_stops_on_every_engine_instead_of_wrapping(sail: SparkEngine) -> None:
    facts = made_up([2**62, 1, 2**62, 1])
    for found in (planned(facts), typed(facts, sail.summed("large", facts).lazy())):
        with pytest.raises(pl.exceptions.InvalidOperationError):
            found.collect()


def attributed(scope: Scope) -> tuple[pl.LazyFrame, pl.DataFrame, int]:
    """Purchases, interventions, and the window."""
    lines = history(scope).filter(pl.col("amount") > 0)
    helped = collect_frames([cs.split_interventions], scope)[cs.split_interventions]
    return lines, helped, cs.window_days(scope)


def test_lines_follow_the_same_touch_without_an_as_of_join(
    scope: Scope, tmp_path: Path, read: dict[str, Callable[[Path], Any]]
) -> None:
    lines, helped, days = attributed(scope)
    bought = lines.select("line_id", "code", "issued_on", "month", "amount").collect()
    by_asof = cs.after(bought, helped, days)
    assert 100 < by_asof.height < bought.height
    bought.rename({"issued_on": "day"}).write_parquet(tmp_path / "lines.parquet")
    until = (pl.col("happened_on") + timedelta(days=days)).alias("until")
    touches = helped.select("code", "touch_id", until, day="happened_on")
    touches.write_parquet(tmp_path / "touches.parquet")
    marked = bought.join(by_asof.select("line_id", "touch_id"), on="line_id", how="left")
    expected = marked.select("line_id", "touch_id")
    sums = marked.with_columns(touched=pl.col("touch_id").is_not_null()).group_by(FACT_KEYS)
    facts = sums.agg(pl.col("amount").sum(), lines=pl.len().cast(pl.Int64))
    for engine in ENGINES:
        both = [
            nw.from_native(read[engine](tmp_path / f"{name}.parquet")).lazy()
            for name in ("lines", "touches")
        ]
        found = collected(latest_touch(*both)).select("line_id", "touch_id")
        assert hashed(found) == hashed(expected), engine
        summed_up = collected(rescued_facts(*both)).cast(dict(facts.schema))  # type: ignore[arg-type]
        assert hashed(summed_up.select(facts.columns)) == hashed(facts), engine
