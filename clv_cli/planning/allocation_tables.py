"""The tables of `clv whatif --budget N --optimise`: where money would do most, or why nobody knows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.glossary import Kind
from clv_cli.money import to_decimal
from clv_cli.planning.optimise import (
    Customers,
    Line,
    allocate_budget,
    break_even,
    worth_of,
)
from clv_cli.planning.response import Curve
from clv_cli.planning.retention import retention_needs
from clv_cli.planning.whatif_tables import model_of, plan_needs
from clv_cli.results import Column, Rows, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv_cli.pipeline import Scope
    from clv_cli.planning.economics import Economics
    from clv_cli.planning.uncertainty import Model
    from clv_cli.results import Frames

CS = "cs"
LABELS = {CS: "Customer success", "": "(no channel)", "total": "All"}
BASES = {"measured": "measured", "declared": "declared", "none": "left as it is"}


@dataclass(frozen=True, slots=True)
class Choice:
    """What may be moved.

    Args:
        channels: those with a curve.
        curves: of the channels, in order.
        retention: the line of CS; None without a curve.
        base: customers of today and their worth.
        fixed: lines that stay as they are, with their money and why.
    """

    channels: tuple[Line, ...]
    curves: tuple[Curve, ...]
    retention: Line | None
    base: Customers
    fixed: tuple[tuple[str, float, str], ...]

    @property
    def lines(self) -> tuple[Line, ...]:
        """All that may be moved, CS last."""
        return self.channels if self.retention is None else (*self.channels, self.retention)

    @property
    def today(self) -> float:
        """What they cost today."""
        return sum(line.spend for line in self.lines)

    def worth(self, spends: Sequence[float]) -> float:
        """What customers are worth under an allocation."""
        return worth_of(spends, self.channels, self.retention, self.base)


def choice_of(model: Model, scope: Scope) -> Choice:
    """What money may be moved between, over the horizon.

    Args:
        model: today's.
        scope: its bounds.
    """
    econ, months, asked = model.economics, model.now.horizon, scope.settings.planning
    bounds = float(asked.keep), float(asked.grow)

    def line(name: str, monthly: float, curve: Curve, won: float) -> Line:
        spend = monthly * months
        return Line(name, spend, curve.power, won * months, spend * bounds[0], spend * bounds[1])

    usable = [c for c in econ.channels if isinstance(c.curve, Curve) and c.won > 0]
    channels = tuple(line(c.name, c.spend, c.curve, c.won) for c in usable)  # type: ignore[arg-type]
    fixed = [
        (c.name, c.spend * months, c.curve if isinstance(c.curve, str) else "it won nobody")
        for c in econ.channels
        if c not in usable and c.spend
    ]
    retention = None
    if isinstance(econ.retention, Curve):
        retention = line(CS, econ.success, econ.retention, 0.0)
    else:
        fixed.append((CS, econ.success * months, econ.retention))
    worth = econ.arpa * econ.margin * econ.life(1.0)
    longest = econ.cap * (econ.churn or 0.0)
    now, cohorts = float(model.now.history.customers[-1]), model.now.cohorts
    if cohorts is not None:
        now = float(cohorts.buyers[:, -1].sum())
    base = Customers(now, worth, max(longest, 1.0))
    curves = tuple(c.curve for c in usable if isinstance(c.curve, Curve))
    return Choice(channels, curves, retention, base, tuple(fixed))


def refused(choice: Choice, econ: Economics) -> str | None:
    """Why nothing can be optimised; None when something can."""
    if econ.churn is None:
        return f"there is no CLV: {econ.reason}"
    if len(choice.lines) < 2:
        known = "no line of spend has" if not choice.lines else "only one line of spend has"
        return f"{known} a response to learn from, and it takes two to choose between"
    return None


def allocation_tables(scope: Scope, budget: int) -> list[Table]:
    """Where would the next money do most?

    Args:
        scope: the horizon and the bounds.
        budget: minor units to spend over the horizon, on top of what is spent today.
    """
    columns = (
        Column("line", Kind.TEXT, "Spend on", labels=LABELS, rigid=True),
        Column("today", Kind.MONEY, "Today", whole=True),
        Column("planned", Kind.MONEY, "Planned", whole=True),
        Column("difference", Kind.MONEY, "Difference", whole=True),
        Column("response", Kind.FACTOR, "% for 1 %"),
        Column("response_low", Kind.FACTOR, "80 % from"),
        Column("response_high", Kind.FACTOR, "to"),
        Column("basis", Kind.TEXT, "Response", labels=BASES),
    )

    def finish(frames: Frames) -> Rows:
        model = model_of(frames, measured=True)
        choice = choice_of(model, scope)
        reason = refused(choice, model.economics)
        spends = [line.spend for line in choice.lines]
        if reason is None:
            spends = allocate_budget(
                choice.today + budget, choice.channels, choice.retention, choice.base
            )
        rows, why = _rows(choice, model.economics, spends, refused=reason is not None)
        schema = {c.name: _type_of(c) for c in columns}
        notes = (
            [f"No plan: {reason}."]
            if reason
            else _notes(choice, model.economics, spends, scope, budget)
        )
        return Rows(pl.DataFrame(rows, schema=schema, orient="row"), why, notes=notes)

    months = scope.settings.planning.months
    title = f"Where money would do most, {months} months (estimates)"
    needs = (*plan_needs(scope), *retention_needs(scope))
    return [Table("allocation", title, columns, needs, finish)]


def _type_of(column: Column) -> type[pl.DataType]:
    if column.kind is Kind.TEXT:
        return pl.String
    return pl.Int64 if column.kind is Kind.MONEY else pl.Float64


def _rows(
    choice: Choice, econ: Economics, spends: Sequence[float], *, refused: bool
) -> tuple[list[tuple[object, ...]], list[tuple[int, str, str]]]:
    """One row a line, those that stay as they are after the others, and the total."""
    curves = [*choice.curves, econ.retention]
    rows: list[tuple[object, ...]] = []
    for line, curve, spend in zip(choice.lines, curves, spends, strict=False):
        if isinstance(curve, Curve):
            basis = "declared" if curve.declared else "measured"
            ends = (curve.power, curve.low, curve.high, basis)
            today, planned = round(line.spend), None if refused else round(spend)
            rows.append((line.name, today, planned, _less(planned, today), *ends))
    why = [(at, name, "no plan is made") for at in range(len(rows)) for name in MOVED if refused]
    for name, money, text in choice.fixed:
        why.append((len(rows), "response", text))
        rows.append((name, round(money), round(money), 0, None, None, None, "none"))
    return rows, why


MOVED = ("planned", "difference")


def _less(planned: int | None, today: int) -> int | None:
    return None if planned is None else planned - today


def _notes(
    choice: Choice, econ: Economics, spends: Sequence[float], scope: Scope, budget: int
) -> list[str]:
    """What the plan brings, what the same money spread evenly would, and where it breaks even."""
    today = [line.spend for line in choice.lines]
    even = [spend * (choice.today + budget) / choice.today for spend in today]
    now, best, spread = (choice.worth(each) for each in (today, spends, even))
    notes = [
        (
            f"Customers are worth {_text(best - now, scope)} more under the plan (CLV of those there and "
            f"those won), {_text(best - spread, scope)} more than with the same money spread as today."
        )
    ]
    low, high = (_gain(choice, econ, (today, spends), side) for side in ("low", "high"))
    notes.append(
        f"Were all responses at the low end of their intervals, it would be {_text(low, scope)} more; at "
        f"the high end, {_text(high, scope)}."
    )
    unspent = choice.today + budget - sum(spends)
    if unspent > 1:
        notes.append(f"{_text(unspent, scope)} finds no place within the bounds (planning.grow).")
    if choice.retention is not None and choice.channels and econ.churn:
        needed = break_even(choice.channels, choice.retention, choice.base)
        curve = econ.retention
        found = curve.power if isinstance(curve, Curve) else 0.0
        verdict = "it does" if found >= needed else "it does not"
        notes.append(
            "A shift from winning to keeping pays if 1 % of the retention budget lowers churn by at "
            f"least {needed:.3f} %, {econ.churn * needed:.5f} points a month; by the response "
            f"({found:.3f} %) {verdict}."
        )
    return notes


def _gain(
    choice: Choice, econ: Economics, spends: tuple[Sequence[float], Sequence[float]], side: str
) -> float:
    """What the same plan brings if every response lies at one end of its interval."""
    curves = [*choice.curves, econ.retention]
    moved = [
        replace(line, power=float(getattr(curve, side)))
        for line, curve in zip(choice.lines, curves, strict=False)
    ]
    many = len(choice.channels)
    retention = moved[many] if choice.retention is not None else None
    there = replace(choice, channels=tuple(moved[:many]), retention=retention)
    return there.worth(spends[1]) - there.worth(spends[0])


def _text(minor: float, scope: Scope) -> str:
    return f"{to_decimal(round(minor), scope.currency):,.0f} {scope.currency}"
