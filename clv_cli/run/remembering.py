"""What the history knows that a computation needs: the closed months, and the moments told."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from clv_cli import __version__
from clv_cli.frames import Memory
from clv_cli.history import closed_book, last_day_before, moments_before, open_store
from clv_cli.periods import month_end
from clv_cli.run.finishing import conventions
from clv_cli.run.night_store import HISTORY

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from clv_cli.frames import Closed
    from clv_cli.settings import Settings


def rules_hash(settings: Settings) -> str:
    """A hash of the settings that shape figures."""
    rules = conventions(settings, measured=True)
    rules["own_domains"] = " ".join(sorted(settings.own_domains))
    return hashlib.sha256(repr(sorted(rules.items())).encode()).hexdigest()


def closed_in(folder: Path, settings: Settings) -> Closed | None:
    """The closed months of the history in a folder; None where there are none.

    Raises:
        DataError: the history is damaged, or of a newer `clv`.
        UsageError: it cannot be opened.
    """
    path = folder / HISTORY
    if not path.is_file():
        return None
    with open_store(path) as store:
        return closed_book(store, rules_hash(settings), __version__)


def memory_in(folder: Path, as_of: date) -> Memory | None:
    """What nights before a day told people, by the history in a folder; None where there is none.

    Raises:
        DataError: the history is damaged, or of a newer `clv`.
        UsageError: it cannot be opened.
    """
    path = folder / HISTORY
    if not path.is_file():
        return None
    with open_store(path) as store:
        return Memory(moments_before(store, as_of), last_day_before(store, as_of))


def closed_until(closed: Closed, last: int) -> Closed | None:
    """The closed months as if those after a month were open.

    Args:
        closed: all of them.
        last: the last month that stays closed.
    """
    if last >= closed.last:
        return closed
    within = pl.col("issued_on") <= month_end(last)
    booked = closed.booked.filter(within)
    if booked.is_empty():
        return None
    return replace(
        closed,
        last=last,
        read=closed.read.filter(within),
        booked=booked,
        cells=closed.cells.filter(pl.col("month") <= last),
    )
