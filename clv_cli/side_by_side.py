"""Independent pieces of one computation, worked on by several threads.

polars and numpy let go of Python's lock while they compute, so threads are enough. What comes back stands
in the order of the pieces, and pieces must not depend on the number of threads: then no result does.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Piece = TypeVar("Piece")
Found = TypeVar("Found")
# Every thread holds what its piece is made of: with more of them memory would grow for little time.
MOST = 8


def side_by_side(work: Callable[[Piece], Found], pieces: Iterable[Piece]) -> list[Found]:
    """What some work makes of each piece, in their order.

    Args:
        work: a function of the piece alone.
        pieces: what is worked on; a single one needs no thread.

    Raises:
        Exception: what the work raised of the first piece that failed.
    """
    waiting = list(pieces)
    threads = min(MOST, pl.thread_pool_size(), len(waiting))
    if threads <= 1:
        return [work(piece) for piece in waiting]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, waiting))
