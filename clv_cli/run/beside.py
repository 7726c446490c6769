"""Work in a thread beside the run: while polars reads and adds up, Python's lock is free."""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from clv_cli.results import Result

_TURN = 0.001  # seconds


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """What is done for a report's output while it is computed.

    Args:
        told: hears of every table once it is known, with the report's currency.
        prepare: loads, in a thread beside, what the output will need.
    """

    told: Callable[[Result, str], None]
    prepare: Callable[[], object]


def beside(*work: Callable[[], object]) -> None:
    """Prepare what will be needed while the run goes on; nobody waits for it.

    Args:
        work: done one after the other. What fails is done, and fails, again where it is needed.
    """
    if work:
        Thread(target=_done, args=(work,), daemon=True).start()


def _done(work: Sequence[Callable[[], object]]) -> None:
    before = sys.getswitchinterval()
    # The run comes back from polars every few milliseconds, and shall not wait as long for the lock.
    sys.setswitchinterval(_TURN)
    try:
        with suppress(Exception):
            for part in work:
                part()
    finally:
        sys.setswitchinterval(before)


def load_models() -> None:
    """Import what fits models and forecasts: 0.3 CPU seconds, most of them scipy's."""
    for module in (
        "scipy.special",
        "clv_cli.measures.residual_value",
        "clv_cli.planning.forecast_tables",
    ):
        import_module(module)
