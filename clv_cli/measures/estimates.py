"""Metrics that are nothing but their formula: the parts come in, the glossary says what to do."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from clv_cli.glossary import GLOSSARY, Kind
from clv_cli.measures.formulas import evaluate
from clv_cli.measures.series import Estimate, exact, rounded
from clv_cli.pipeline import Metric

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from fractions import Fraction

    import polars as pl

    from clv_cli.pipeline import Collected, Figure, Input, Interval, Measure, Scope

    Estimator = Callable[[Collected, int], Estimate]

WHOLE = {Kind.MONEY, Kind.COUNT}


def estimated(
    name: str,
    inputs: Sequence[Input],
    n: int | None = None,
    none: str = "nothing to divide by",
) -> Estimate:
    """The value of a metric's formula with its parts put in.

    Args:
        name: key in the glossary.
        inputs: with every key of its `calc`.
        n: how many customers or rows it rests on.
        none: the reason where a divisor is 0.
    """
    values = {put.key: put.value for put in inputs if put.key and put.value is not None}
    try:
        value = evaluate(GLOSSARY[name].calc, values)
    except ZeroDivisionError:
        return Estimate(None, tuple(inputs), n, none)
    return Estimate(value, tuple(inputs), n)


@dataclass(frozen=True, slots=True)
class Backing:
    """What stands behind a metric beside its formula.

    Args:
        requires: tables of the Book without which it has no value.
        behind: measures that only its ledger rows read.
        evidence: (scope, month) to the source rows.
        whole: why it cannot be cut by customer.
        interval: the uncertainty of a figure, from its inputs by key.
    """

    requires: tuple[str, ...] = ()
    behind: tuple[Measure, ...] = ()
    evidence: Callable[[Scope, int], pl.LazyFrame] | None = None
    whole: str | None = None
    interval: Callable[[Mapping[str, int | Fraction]], Interval | None] | None = None


def formula_metric(
    name: str, estimate: Estimator, needs: tuple[Measure, ...], backing: Backing | None = None
) -> Metric:
    """A metric from the estimate of one month.

    Args:
        name: key in the glossary.
        estimate: (frames, month) to the estimate; only called for months with data.
        needs: the measures it reads.
        backing: what stands behind it.
    """
    each = rounded if GLOSSARY[name].kind in WHOLE else exact
    by = backing or Backing()

    def figures(frames: Collected, months: Sequence[int]) -> list[Figure]:
        return each(frames, months, partial(estimate, frames))

    return Metric(
        name,
        needs,
        figures,
        requires=by.requires,
        evidence=by.evidence,
        behind=by.behind,
        whole=by.whole,
        interval=by.interval,
    )
