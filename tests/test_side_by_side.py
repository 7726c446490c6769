"""Pieces of a computation in threads."""

from __future__ import annotations

import threading

import polars as pl
import pytest

from clv_cli import side_by_side as threads
from clv_cli.side_by_side import side_by_side


def test_what_comes_back_stands_in_the_order_of_the_pieces() -> None:
    """The first piece waits for the last one to be done."""
    done = threading.Event()

    def work(piece: int) -> int:
        if piece:
            done.set()
        elif pl.thread_pool_size() > 1:
            assert done.wait(10)
        return -piece

    assert side_by_side(work, [0, 1]) == [0, -1]
    assert side_by_side(work, []) == []


def test_a_single_piece_and_a_single_thread_stay_in_the_thread_that_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def name(_: int) -> str:
        return threading.current_thread().name

    here = threading.current_thread().name
    assert side_by_side(name, [1]) == [here]
    monkeypatch.setattr(threads, "MOST", 1)
    assert side_by_side(name, [1, 2]) == [here, here]


def test_the_first_piece_that_fails_is_the_one_told_of() -> None:
    def fail(piece: int) -> int:
        raise ValueError(str(piece))

    with pytest.raises(ValueError, match="3"):
        side_by_side(fail, [3, 4, 5])
