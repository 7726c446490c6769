"""Charts are the same wherever they are drawn, and no process outlives the run that started it."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from clv_cli.render.charts.engine import Engine, drawn

if TYPE_CHECKING:
    from collections.abc import Iterator

BARS: dict[str, Any] = {
    "data": {"values": [{"a": "x", "b": 1.5}, {"a": "y", "b": -2}]},
    "mark": "bar",
    "encoding": {
        "x": {"field": "a", "type": "nominal"},
        "y": {"field": "b", "type": "quantitative"},
    },
}


@pytest.fixture
def started() -> Iterator[Engine]:
    """An engine with a process of its own."""
    found = Engine()
    found.start()
    yield found
    found.stop()


def pid_of(found: Engine) -> int:
    assert found._process is not None
    return found._process.pid


def test_another_process_draws_the_same_bytes_again_and_again(started: Engine) -> None:
    assert [started.draw(BARS), started.draw(BARS)] == [drawn(BARS)] * 2
    first = pid_of(started)
    started.start()  # there is one already
    assert pid_of(started) == first
    started.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)


def test_a_chart_is_drawn_here_when_the_other_process_is_gone(started: Engine) -> None:
    waiting = started.begin(BARS)
    os.kill(pid_of(started), signal.SIGKILL)
    assert [waiting(), started.draw(BARS)] == [drawn(BARS)] * 2


def test_a_fork_draws_for_itself_and_leaves_the_process_of_its_parent_alone(
    started: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "getpid", lambda: 1)
        os.kill(pid_of(started), signal.SIGSTOP)  # whoever waited for it would wait for ever
        assert started.draw(BARS) == drawn(BARS)
    os.kill(pid_of(started), 0)


def test_where_no_process_can_be_started_charts_are_drawn_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.executable", "no-such-python")
    alone = Engine()
    alone.start()
    assert alone.draw(BARS) == drawn(BARS)


def test_charts_that_are_larger_than_a_pipe_are_begun_without_waiting_and_come_in_any_order(
    started: Engine,
) -> None:
    large = {"data": {"values": [{"a": "x" * 90_000, "b": 1}]}, "mark": "bar", "encoding": {}}
    charts = [large, BARS, large]
    waiting = [started.begin(chart) for chart in charts]
    assert [wait() for wait in reversed(waiting)] == [drawn(chart) for chart in reversed(charts)]
    assert waiting[1]() == drawn(BARS)  # asked again, it is told again


def test_a_run_that_ends_waits_for_no_chart(started: Engine) -> None:
    pid = pid_of(started)
    waiting = started.begin(BARS)
    started.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert waiting() == drawn(BARS)  # whoever still asks gets it
