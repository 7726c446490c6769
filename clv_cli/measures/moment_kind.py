"""What a kind of moment is, and what a found moment consists of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from clv_cli.pipeline import Collected, Measure

ROWS = {
    "code": pl.Int32,
    "kind": pl.String,
    "day": pl.Date,
    "subject": pl.String,
    "occurrence": pl.String,
    "fact": pl.String,
    "amount": pl.Int64,
    "basis": pl.String,
    "source": pl.String,
    "row": pl.Int64,
}
# Days that systems write where they know none: an anniversary of 1970-01-01 is everybody's.
SENTINELS = ("0001-01-01", "1899-12-30", "1900-01-01", "1970-01-01", "9999-12-31", "2999-12-31")


class Aim(StrEnum):
    """What talking to the customer is for. Who raised the alarm is not offered more."""

    KEEP = "keep"  # money may be lost
    GROW = "grow"  # more may be sold
    THANK = "thank"  # nothing is asked for


@dataclass(frozen=True, slots=True)
class MomentKind:
    """A kind of moment: how it is found, and what to do about it.

    Args:
        name: stable, as in configs and keys.
        title: as people read it.
        aim: what talking is for; `KEEP` is an alarm.
        play: what to do, unless `moments.plays` says otherwise.
        owner: who acts where the account has no owner of its own.
        priority: 1 comes first.
        needs: the measures that `find` reads.
        find: (frames, first day) to the moments from that day up to `as_of`, in the columns of
            `ROWS`: `occurrence` tells moments of one customer, kind and subject apart for ever;
            `amount` is money at stake in minor units of the base currency where the kind knows it,
            `basis` how it was computed; without both, a year of the customer's MRR is at stake.
        requires: tables of the Book without which it is not looked for, and says so; any of them.
        cools: whether it is silent for a while after the last of its subject: states that come and go.
    """

    name: str
    title: str
    aim: Aim
    play: str
    owner: str
    priority: int
    needs: tuple[Measure, ...]
    find: Callable[[Collected, date], pl.DataFrame]
    requires: tuple[str, ...] = ()
    cools: bool = False


def moment_rows(found: pl.DataFrame, kind: str, **columns: pl.Expr | str) -> pl.DataFrame:
    """Rows of one kind in the columns of `ROWS`; what is not named is empty.

    Args:
        found: one row a moment.
        kind: its kind.
        columns: expressions, or names of columns of `found`.
    """
    given: dict[str, pl.Expr] = {
        name: pl.col(value) if isinstance(value, str) else value for name, value in columns.items()
    }
    given["kind"] = pl.lit(kind)
    return found.select(
        given.get(name, pl.lit(None)).cast(dtype).alias(name) for name, dtype in ROWS.items()
    )


def no_moments() -> pl.DataFrame:
    """No row, in the columns of `ROWS`."""
    return pl.DataFrame(schema=ROWS)


def in_window(day: str, since: date, until: date) -> pl.Expr:
    """Whether a day lies within what is asked for; both ends count."""
    return pl.col(day).is_between(since, until)


def is_sentinel(day: str) -> pl.Expr:
    """Whether a day only says that nobody knew one."""
    return pl.col(day).cast(pl.String).is_in(SENTINELS)
