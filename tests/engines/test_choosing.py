"""An engine is used where it is there; where it is not, three lines say what to do."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from clv_cli.engines import choosing, spark
from clv_cli.errors import UsageError
from clv_cli.run.opening import Request, opened
from clv_cli.run.reporting import report
from clv_cli.settings import EngineSettings

if TYPE_CHECKING:
    from clv_cli.engines.spark import SparkEngine
    from clv_cli.pipeline import Scope


def chosen(tmp_path: Path, **keys: str) -> None:
    with choosing.chosen_engine(EngineSettings.model_validate(keys), tmp_path):
        raise AssertionError("an engine was found")


def test_polars_needs_no_engine(tmp_path: Path) -> None:
    with choosing.chosen_engine(EngineSettings(), tmp_path) as engine:
        assert engine is None


def test_a_missing_extra_is_told_with_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choosing, "find_spec", lambda name: None if name == "pyspark" else name)
    with pytest.raises(UsageError, match="not installed: pyspark") as told:
        chosen(tmp_path, kind="sail")
    assert "clv-cli[cluster]" in str(told.value.hint)


def test_spark_needs_an_address(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="needs the address"):
        chosen(tmp_path, kind="spark")


@pytest.mark.parametrize("url", ["http://host:1", "sc://", "sc://host:99999", "15002"])
def test_what_is_no_address_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no address"):
        chosen(tmp_path, kind="spark", url=url)


def test_a_server_that_is_not_there_is_told_at_once(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"sc://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(UsageError, match="does not answer: Connection refused") as told:
        chosen(tmp_path, kind="spark", url=url)
    assert told.value.where == f"engine.url {url}"


def test_a_server_of_another_kind_is_told_within_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spark, "PATIENCE_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"sc://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(UsageError, match="no Spark Connect"):
            chosen(tmp_path, kind="spark", url=url)


def test_a_folder_that_is_not_there_is_told(server: str) -> None:
    with pytest.raises(UsageError, match="there is no folder"):
        chosen(Path(), kind="spark", url=server, folder="nowhere")


def test_a_server_that_cannot_read_the_rows_is_told(
    scope: Scope, sail: SparkEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from clv_cli.measures.revenue_facts import revenue_month_sums

    facts = revenue_month_sums.facts(scope) if revenue_month_sums.facts else None
    assert facts is not None
    # As if the server were another machine: what is written here is not there.
    monkeypatch.setattr("polars.LazyFrame.sink_parquet", lambda *_, **__: None)
    with pytest.raises(UsageError, match="the engine failed") as told:
        sail.summed("unseen", facts)
    assert "engine.folder" in str(told.value.hint)


def test_a_typo_in_the_option_is_answered(folder: Path) -> None:
    request = Request(config=folder / "clv.yaml", engine="sial")
    with pytest.raises(UsageError, match="no engine sial") as told, opened(request):
        pass
    assert told.value.hint == "did you mean sail?"


def test_a_report_by_sail_is_the_report_by_polars(folder: Path) -> None:
    config = folder / "clv.yaml"
    here, there = (
        report(Request(config=config, cache=False, engine=engine)) for engine in (None, "sail")
    )
    assert [result.records() for result in there.results] == [
        result.records() for result in here.results
    ]
