"""Cohorts: customers by the time they first paid (or by channel, plan, segment), age by age."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.glossary import Kind
from clv_cli.measures.cohorts import cohort_months, cohort_revenue
from clv_cli.measures.costs import service_costs
from clv_cli.measures.dimensions import NONE, dimension
from clv_cli.measures.revenue_facts import revenue_months
from clv_cli.measures.unit_economics import COST_OF_REVENUE
from clv_cli.metrics.tables.parts import canonical, number
from clv_cli.metrics.tables.spans import Grain, span_label
from clv_cli.money import MRR_UNITS
from clv_cli.results import Column, Rows, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clv_cli.pipeline import Measure, Scope
    from clv_cli.results import Frames

    Cells = Mapping[tuple[str, int], tuple[Fraction, Fraction]]

OF = {
    "customers": "share of customers still paying",
    "revenue": "MRR as a share of the first month's, in constant rates",
    "margin": "cumulative margin per customer",
}
TIMES = ("month", "quarter")
BY = (*TIMES, "channel", "plan", "segment", "country")
AVERAGE = "average"
_SEEN = {"month": (0, 1, 2, 3, 6, 9, 12, 18, 24), "quarter": (0, 1, 2, 3, 4, 8)}
_SEEN_MONEY = (0, 1, 3, 6, 9, 12)
_PEOPLE_COLUMNS = 6


@dataclass(frozen=True, slots=True)
class Triangle:
    """Which cohort table is asked for.

    Args:
        of: customers, revenue or margin.
        by: month, quarter, or what customers are cut by.
    """

    of: str = "customers"
    by: str = "month"

    @property
    def step(self) -> int:
        """Months from one age to the next."""
        return 3 if self.by == "quarter" else 1

    @property
    def kind(self) -> Kind:
        """What a cell means."""
        return Kind.MONEY if self.of == "margin" else Kind.RATIO


def cohort_tables(scope: Scope, asked: Triangle) -> list[Table]:
    """How do cohorts hold? One row a cohort, one column an age, and the same as one row a cell.

    A cell beyond the as-of month is empty, never 0. The last row is the average weighted by what
    the cohorts began with, of the cohorts that have reached the age. Customers who first paid in the
    period are in exactly one cohort.

    Args:
        scope: the Book, day and period.
        asked: which.
    """
    ages = range(_last_age(scope, asked) + 1)
    needs: list[Measure] = [cohort_months]
    needs += [] if asked.by in TIMES else [dimension(asked.by)]
    if asked.of == "margin":
        needs += [cohort_revenue, revenue_months, service_costs]
    labels = {AVERAGE: "Average", NONE: f"(no {asked.by})"}
    seen = _seen(asked, len(ages))
    letter = "q" if asked.by == "quarter" else "m"
    columns = (
        Column("cohort", Kind.TEXT, "Cohort", labels=labels, rigid=True),
        Column("customers", Kind.COUNT, "n"),
        *(
            Column(f"{letter}{k}", asked.kind, f"{letter}{k}", people=k in seen, blank=True)
            for k in ages
        ),
    )
    title = f"Cohorts by {asked.by}: {OF[asked.of]}"
    wide = Table("cohorts", title, columns, tuple(needs), lambda f: _wide(f, asked, len(ages)))
    return [wide, _long_table(asked, tuple(needs), len(ages))]


def _last_age(scope: Scope, asked: Triangle) -> int:
    first = scope.period.first - scope.period.first % asked.step
    return (scope.closing - first) // asked.step


def _seen(asked: Triangle, count: int) -> set[int]:
    """The ages that people see: as many as fit eighty columns."""
    wanted = (
        _SEEN_MONEY if asked.of == "margin" else _SEEN["quarter" if asked.step == 3 else "month"]
    )
    return {age for age in wanted if age < count} if count > _PEOPLE_COLUMNS else set(range(count))


def _members(frames: Frames, asked: Triangle) -> pl.DataFrame:
    """`code, first, cohort` of everyone who first paid in the period."""
    period = frames.scope.period
    first = frames[cohort_months].filter(pl.col("age") == 0).select("code", "first")
    mine = first.filter(pl.col("first").is_between(period.first, period.end, closed="left"))
    if asked.by not in TIMES:
        labels = frames[dimension(asked.by)].select("code", cohort=asked.by)
        return mine.join(labels, on="code", how="left").with_columns(
            pl.col("cohort").fill_null(NONE)
        )
    grain = Grain(asked.by)
    starts = [month - month % asked.step for month in mine["first"]]
    names = [span_label(grain, start) for start in starts]
    return mine.with_columns(cohort=pl.Series(names, dtype=pl.String))


def _cells(frames: Frames, asked: Triangle) -> tuple[dict[str, int], Cells]:
    """The customers of each cohort, and numerator and denominator of every closed cell."""
    members = _members(frames, asked)
    sizes = {str(name): int(n) for name, n in members.group_by("cohort").len().iter_rows()}
    rows = frames[cohort_months].join(members.select("code", "cohort"), on="code", how="inner")
    if asked.by == "quarter":
        # Quarters are seen at their last month, so a cell is the same for early and late joiners.
        ends = pl.col("month") % 3 == 2
        age = pl.col("month") // 3 - pl.col("first") // 3
        rows = rows.filter(ends).with_columns(age=age)
    if asked.of == "margin":
        return sizes, _margins(frames, rows)
    above, below, unit = ("mrr", "base", MRR_UNITS)
    if asked.of == "customers":
        rows = rows.with_columns(one=pl.lit(1, pl.Int64))
        above, below, unit = ("alive", "one", 1)
    sums = rows.group_by("cohort", "age").agg(pl.col(above, below).cast(pl.Int128).sum())
    return sizes, {
        (str(name), int(age)): (Fraction(int(top), unit), Fraction(int(base), unit))
        for name, age, top, base in sums.iter_rows()
    }


def _margins(frames: Frames, rows: pl.DataFrame) -> Cells:
    """Cumulative margin of the customers that have reached an age, and how many they are."""
    rates = _margin_rates(frames)
    billed = frames[cohort_revenue].rename({"month": "at"}).select("code", "at", "amount_base")
    # Of each customer, everything billed up to the month of the cell.
    reached = rows.select("code", "cohort", "age", "month")
    before = reached.join(billed, on="code", how="inner").filter(pl.col("at") <= pl.col("month"))
    sums = before.group_by("cohort", "age", "at").agg(pl.col("amount_base").cast(pl.Int128).sum())
    totals: dict[tuple[str, int], Fraction] = defaultdict(Fraction)
    for name, age, at, amount in sums.iter_rows():
        totals[str(name), int(age)] += int(amount) * rates.get(at, Fraction(1))
    counts = reached.group_by("cohort", "age").len()
    return {
        (str(name), int(age)): (totals[str(name), int(age)], Fraction(int(n)))
        for name, age, n in counts.iter_rows()
    }


def _margin_rates(frames: Frames) -> dict[int, Fraction]:
    """The gross margin of each month: what is left of its billed revenue after delivering it."""
    costs = frames[service_costs].filter(pl.col("category").is_in(COST_OF_REVENUE))
    spent = dict(
        costs.group_by("month").agg(pl.col("amount_base").cast(pl.Int128).sum()).iter_rows()
    )
    revenue = dict(frames[revenue_months].select("month", "amount_base").iter_rows())
    return {
        month: Fraction(int(amount) - int(spent.get(month, 0)), int(amount))
        for month, amount in revenue.items()
        if amount > 0
    }


def _ordered(sizes: Mapping[str, int]) -> list[str]:
    return sorted(sizes, key=lambda name: (name == NONE, name))


def _averages(cells: Cells, count: int) -> dict[int, tuple[Fraction, Fraction]]:
    """By age, the sums over all cohorts that have reached it."""
    sums = {age: (Fraction(0), Fraction(0)) for age in range(count)}
    for (_, age), (above, below) in cells.items():
        top, base = sums[age]
        sums[age] = (top + above, base + below)
    return sums


def _wide(frames: Frames, asked: Triangle, count: int) -> Rows:
    sizes, cells = _cells(frames, asked)
    letter = "q" if asked.by == "quarter" else "m"
    rows = [
        {"cohort": name, "customers": sizes[name]}
        | {f"{letter}{k}": _value(asked, cells.get((name, k))) for k in range(count)}
        for name in _ordered(sizes)
    ]
    if rows:
        sums = _averages(cells, count)
        average = {f"{letter}{k}": _value(asked, sums[k]) for k in range(count)}
        rows.append({"cohort": AVERAGE, "customers": sum(sizes.values())} | average)
    cell = pl.Int64 if asked.kind is Kind.MONEY else pl.Float64
    schema = {"cohort": pl.String, "customers": pl.Int64}
    schema |= {f"{letter}{k}": cell for k in range(count)}
    notes = ["Cells after the as-of month are empty; the average is weighted by how cohorts began."]
    if asked.by not in TIMES:
        notes.append("Each age counts the customers who have reached it.")
    return Rows(pl.DataFrame(rows, schema=schema, orient="row"), notes=notes)


def _value(asked: Triangle, cell: tuple[Fraction, Fraction] | None) -> int | float | None:
    if cell is None or cell[1] <= 0:
        return None
    value = cell[0] / cell[1]
    return round(value) if asked.kind is Kind.MONEY else number(value)


def _long_table(asked: Triangle, needs: tuple[Measure, ...], count: int) -> Table:
    """One row a closed cell with what it is made of, for machines."""
    parts = Kind.COUNT if asked.of == "customers" else Kind.MONEY
    below = Kind.COUNT if asked.of == "margin" else parts
    columns = (
        Column("cohort", Kind.TEXT, "Cohort"),
        Column("age", Kind.COUNT, "Age"),
        Column("kind", Kind.TEXT, "Kind"),
        Column("value", Kind.BY_ROW, "Value"),
        Column("numerator", parts, "Numerator"),
        Column("denominator", below, "Denominator"),
    )

    def finish(frames: Frames) -> Rows:
        sizes, cells = _cells(frames, asked)
        order = {name: index for index, name in enumerate(_ordered(sizes))}
        keys = sorted((key for key in cells if key[1] < count), key=lambda k: (order[k[0]], k[1]))
        rows = [_long(asked, key, cells[key], frames.scope.currency) for key in keys]
        text = dict.fromkeys(("cohort", "age", "kind", "value", "numerator", "denominator"))
        schema = dict.fromkeys(text, pl.String) | dict.fromkeys(
            ("age", "numerator", "denominator"), pl.Int64
        )
        return Rows(pl.DataFrame(rows, schema=schema, orient="row"))

    return Table("cohort_cells", "Every cell", columns, needs, finish)


def _long(
    asked: Triangle, key: tuple[str, int], cell: tuple[Fraction, Fraction], currency: str
) -> dict[str, object]:
    above, below = cell
    value = above / below if below > 0 else None
    return {
        "cohort": key[0],
        "age": key[1],
        "kind": asked.kind.value,
        "value": canonical(value, asked.kind, currency),
        "numerator": round(above),
        "denominator": round(below),
    }
