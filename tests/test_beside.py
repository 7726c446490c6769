"""What is done beside a run: nobody waits for it, and what a run finds does not depend on it."""

from __future__ import annotations

import sys
from dataclasses import replace
from threading import Event
from typing import TYPE_CHECKING

from clv_cli import metrics
from clv_cli.run.beside import _done, beside
from clv_cli.run.finishing import finished
from tests.render.pages import company

if TYPE_CHECKING:
    import pytest

    from clv_cli.results import Frames, Result, Rows, Table


def test_nobody_waits_for_what_is_done_beside() -> None:
    hold, done = Event(), Event()
    beside(lambda: hold.wait(30), done.set)
    assert not done.is_set()
    hold.set()
    assert done.wait(30)


def test_what_fails_beside_is_told_where_it_is_needed_and_not_before() -> None:
    said = list[str]()
    _done([lambda: 1 / 0, lambda: said.append("next")])
    assert not said


def test_python_s_turns_are_as_long_afterwards_as_before() -> None:
    before, turns = sys.getswitchinterval(), list[float]()
    _done([lambda: turns.append(sys.getswitchinterval())])
    assert turns[0] < before
    assert sys.getswitchinterval() == before


def logged(table: Table, log: list[str]) -> Table:
    """A table that says when it is computed."""

    def finish(frames: Frames) -> Rows:
        log.append(f"computed {table.name}")
        return table.finish(frames)

    return replace(table, finish=finish)


def test_every_table_is_told_before_the_next_is_computed() -> None:
    of, log = company(), list[str]()
    tables = [metrics.retention_table(), metrics.mrr_movements_table(of)]

    def hear(result: Result, currency: str) -> None:
        log.append(f"told {result.table.name} in {currency}")

    finished("report", of, [logged(table, log) for table in tables], told=hear)
    assert log == [
        "computed retention",
        "told retention in USD",
        "computed mrr_movements",
        "told mrr_movements in USD",
    ]


def test_what_is_redacted_is_told_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clv_cli.run.finishing.redacted", lambda report, _: report)
    of, heard = company(), list[str]()
    redact = of.settings.redact.model_copy(update={"on": True})
    of = replace(of, settings=of.settings.model_copy(update={"redact": redact}))
    finished("report", of, [metrics.retention_table()], told=lambda *_: heard.append("told"))
    assert not heard
