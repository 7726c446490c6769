"""Monthly rows as a metric reads them: one figure a month, and a reason where there is none."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from clv_cli.measures.mrr_months import mrr_months
from clv_cli.money import MRR_UNITS
from clv_cli.periods import month_of, month_text
from clv_cli.pipeline import Figure, Input

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from clv_cli.pipeline import Collected, Scope

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Estimate:
    """An exact value, or why there is none, with the numbers put in.

    Args:
        value: exact; money in minor units of the base currency.
        inputs: the numbers put into the formula, in its order.
        n: how many customers or rows it rests on.
        reason: why there is no value.
    """

    value: Fraction | None
    inputs: tuple[Input, ...] = ()
    n: int | None = None
    reason: str | None = None


def roll_forward(frames: Collected) -> dict[int, Row]:
    """The rows of `mrr_months` by month."""
    return {row["month"]: row for row in frames[mrr_months].iter_rows(named=True)}


def minor(units: int) -> Fraction:
    """MRR units as exact minor units."""
    return Fraction(units, MRR_UNITS)


def no_data(scope: Scope, month: int) -> str | None:
    """Why a month can have no figure at all; None when it can."""
    if not scope.book.lines.rows:
        return "there are no billing lines"
    first = month_of(scope.book.lines.first_issued)
    if month < first:
        return f"the data begin in {month_text(first)}"
    if month > scope.closing:
        return f"the data are seen as of {scope.as_of.isoformat()}"
    return None


def exact(
    frames: Collected, months: Sequence[int], estimate: Callable[[int], Estimate]
) -> list[Figure]:
    """One figure a month, its value as it is.

    Args:
        frames: the collected measures.
        months: the months asked.
        estimate: the value of a month that has data.
    """
    return [_figure(frames, month, estimate, whole=False) for month in months]


def rounded(
    frames: Collected, months: Sequence[int], estimate: Callable[[int], Estimate]
) -> list[Figure]:
    """One figure a month, its value rounded once to whole minor units or counts, half to even."""
    return [_figure(frames, month, estimate, whole=True) for month in months]


def _figure(
    frames: Collected, month: int, estimate: Callable[[int], Estimate], *, whole: bool
) -> Figure:
    missing = no_data(frames.scope, month)
    if missing:
        return Figure(month, None, missing)
    found = estimate(month)
    value = round(found.value) if whole and found.value is not None else found.value
    return Figure(month, value, found.reason, found.inputs, found.n)
