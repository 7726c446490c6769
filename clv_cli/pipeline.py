"""What a pipeline is: `(Book, Scope) -> Table`, pure; and the measures that pipelines share.

A measure is either a *reduction*, a lazy plan over the Book's tables, or *derived* from other
measures once they are collected. Each reduction of a report runs once, before anything is derived.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from clv_cli.glossary import GLOSSARY, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date
    from fractions import Fraction

    import polars as pl

    from clv_cli.frames import Book
    from clv_cli.objects import Reader
    from clv_cli.periods import Period
    from clv_cli.ranges import Aside, Passing
    from clv_cli.settings import Settings


@dataclass(frozen=True, slots=True)
class Facts:
    """A reduction that is nothing but a group-by over the lines.

    What a line is worth is decided row by row, in the rows. What sees many rows at once is a sum of whole
    numbers, whose order cannot matter: any engine may add them up, and all come to the same.

    Args:
        rows: a lazy plan that looks at one row at a time (joins to small tables included).
        keys: what is grouped by; a group may be null.
        sums: Int64 columns that are summed; nulls count as nothing.
        finish: the last steps on the few rows that come back, ending in a total sort.
        count: the name for how many rows a group has; None where nobody asks.
        mins: Int64 columns of which the smallest is kept; nulls count as nothing.
        sparse: whether `finish` leaves out what sums to 0, so that nobody need keep it before.
        recode: keys that hold codes of customers, written with others: (found, the new code of
            each old one) to the same rows. Codes keep their order.
    """

    rows: pl.LazyFrame
    keys: tuple[str, ...]
    sums: tuple[str, ...]
    finish: Callable[[pl.LazyFrame], pl.LazyFrame]
    count: str | None = None
    mins: tuple[str, ...] = ()
    sparse: bool = False
    recode: Callable[[pl.DataFrame, pl.Series], pl.DataFrame] | None = None


class Engine(Protocol):
    """What adds up the lines in place of polars on this machine; see `engines`."""

    @property
    def objects(self) -> Reader:
        """The files that the engine sees, and this machine need not."""
        ...

    def summed(self, name: str, facts: Facts) -> pl.DataFrame:
        """The facts of a measure, grouped and summed, in any order."""
        ...


class Kept(Protocol):
    """Facts of single files that earlier runs added up; see `sources.kept_facts`."""

    def find(self, *follows_from: str) -> pl.DataFrame | None:
        """The facts that follow from these names; None where there are none."""
        ...

    def keep(self, facts: pl.DataFrame, *follows_from: str) -> None:
        """Keep facts for later runs, where that is possible."""
        ...


@dataclass(frozen=True)
class Scope:
    """What is asked: of which book, as of which day, over which period, under which settings.

    Args:
        book: the data.
        as_of: the last day that counts; nothing later is seen.
        period: the months reported, never beyond the month of `as_of`.
        settings: the conventions.
        engine: what adds up the lines; None: polars, here.
        kept: facts of files that earlier runs added up; None to add up all of them.
        aside: where rows wait that are too many for memory; None to hold them all.
    """

    book: Book
    as_of: date
    period: Period
    settings: Settings
    engine: Engine | None = field(default=None, compare=False)
    kept: Kept | None = field(default=None, compare=False)
    aside: Aside | None = field(default=None, compare=False)

    @property
    def currency(self) -> str:
        """The currency of all totals."""
        return self.book.currency

    @property
    def closing(self) -> int:
        """The month of `as_of`."""
        return self.as_of.year * 12 + self.as_of.month - 1


@dataclass(frozen=True, slots=True)
class Measure:
    """A typed frame that several pipelines share.

    Exactly one of `plan` (a reduction over the Book) and `compute` (from collected measures, in the
    order of `needs`) is given.

    Args:
        name: unique.
        needs: measures that `compute` reads.
        plan: lazy plan over the Book of the scope.
        facts: the same as a group-by that any engine can run; None in a scope where it is none.
        compute: pure function of the scope and the needed frames.
        passing: too large to be held: run when it is read, and handed to the one who reads it as
            `Passing`.
        by_customer: `compute` looks at no two customers together, so that the frame of some stands
            before that of those with larger codes; of many lines, it is made of some at a time.
    """

    name: str
    needs: tuple[Measure, ...] = ()
    plan: Callable[[Scope], pl.LazyFrame] | None = None
    compute: Callable[..., pl.DataFrame] | None = None
    facts: Callable[[Scope], Facts | None] | None = None
    passing: bool = False
    by_customer: bool = False

    def derive(self, scope: Scope, *inputs: pl.DataFrame | Passing) -> pl.DataFrame:
        """The frame, from the frames it needs."""
        if self.compute is None:
            raise LookupError(f"the reduction {self.name} was not collected")
        return self.compute(scope, *inputs)


def reduction(
    name: str,
    facts: Callable[[Scope], Facts | None] | None = None,
    *,
    passing: bool = False,
) -> Callable[[Callable[[Scope], pl.LazyFrame]], Measure]:
    """Make a lazy plan a measure; `facts` where it may be a group-by that any engine can run."""

    def make(plan: Callable[[Scope], pl.LazyFrame]) -> Measure:
        return Measure(name, plan=plan, facts=facts, passing=passing)

    return make


def derived(
    name: str, *needs: Measure, by_customer: bool = False
) -> Callable[[Callable[..., pl.DataFrame]], Measure]:
    """Make a pure function of collected measures a measure; `by_customer` as `Measure` has it."""

    def make(compute: Callable[..., pl.DataFrame]) -> Measure:
        return Measure(name, needs=needs, compute=compute, by_customer=by_customer)

    return make


class Over(StrEnum):
    """What an input is over several months: a quarter's rate is computed from these, never averaged."""

    FIRST = "first"  # an opening stock
    SUM = "sum"  # a flow
    LAST = "last"  # a closing stock, or the sum of a window that ends there


@dataclass(frozen=True, slots=True)
class Input:
    """A number put into a formula: `opening MRR 496,210.00`.

    Args:
        label: as readers see it.
        kind: meaning of the value.
        value: exact; money in minor units.
        key: its name in the glossary's `calc`; empty for numbers that only inform.
        over: what it is over several months.
        rows: the ledger rows that sum to it: `customer_id, note, units` (Int64, `unit` of them
            make one of the value); None where it is a setting, not a sum.
        unit: how many units of the rows make one of the value.
    """

    label: str
    kind: Kind
    value: int | Fraction | None
    key: str = ""
    over: Over = Over.LAST
    rows: Callable[[], pl.DataFrame] | None = field(default=None, compare=False, repr=False)
    unit: int = 1


@dataclass(frozen=True, slots=True)
class Interval:
    """Where the true value lies, in the unit of the figure: `level` of such intervals hold it."""

    low: float
    high: float
    level: float
    method: str


@dataclass(frozen=True, slots=True)
class Figure:
    """One metric at one month.

    Args:
        month: the month it is about.
        value: minor units for money, a count, or an exact ratio; None when it cannot be estimated.
        reason: why there is no value; never both.
        inputs: the numbers put into the formula, in its order.
        n: how many customers (or rows) it rests on.
        interval: its uncertainty, for shares of a sample and scores.
    """

    month: int
    value: int | Fraction | None
    reason: str | None = None
    inputs: tuple[Input, ...] = ()
    n: int | None = None
    interval: Interval | None = None


class Collected:
    """What a metric reads: the collected measures by value. See `results.Frames`."""

    scope: Scope

    def __getitem__(self, measure: Measure) -> pl.DataFrame:
        """The frame of a measure."""
        raise KeyError(measure.name)


@dataclass(frozen=True, slots=True)
class Metric:
    """A named number with a definition in the glossary, computed for every month asked.

    Args:
        name: key in the glossary.
        needs: the measures it reads.
        figures: (frames, months) to one figure a month, in order; months without data give None
            with a reason, never 0.
        requires: tables of the Book without which it is skipped, and says so.
        contributors: (frames, month) to the customers behind the figure, most important first:
            `customer_id`, `value` (minor units, or a count), `note`. None where customers are not
            what it is made of.
        evidence: (scope, month) to the source rows behind it: `table, customer_id, line_id, day,
            kind, amount (minor units), currency, source, row`.
        behind: measures that only `contributors` and the ledger rows read, so that a report does not
            compute them.
        whole: why it cannot be cut by customer (segment, plan, channel, country); None when it can.
        interval: the uncertainty of a figure, from its inputs by key.
    """

    name: str
    needs: tuple[Measure, ...]
    figures: Callable[[Collected, Sequence[int]], list[Figure]]
    requires: tuple[str, ...] = ()
    contributors: Callable[[Collected, int], pl.DataFrame] | None = None
    evidence: Callable[[Scope, int], pl.LazyFrame] | None = None
    behind: tuple[Measure, ...] = ()
    whole: str | None = None
    interval: Callable[[Mapping[str, int | Fraction]], Interval | None] | None = None

    @property
    def kind(self) -> Kind:
        """What its values mean."""
        return GLOSSARY[self.name].kind
