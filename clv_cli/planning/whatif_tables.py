"""The tables of `clv whatif`: each outcome as it is and as it would be, and what matters most."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from clv_cli.errors import DataError
from clv_cli.glossary import Kind
from clv_cli.metrics.tables.parts import canonical
from clv_cli.planning.business import business_of
from clv_cli.planning.cohorts import Buying, buying_at, first_purchases
from clv_cli.planning.economics import ECONOMIC_NEEDS, economics, of_buyers
from clv_cli.planning.forecast import forecasts, needs_of, situation
from clv_cli.planning.projection import drivers_at
from clv_cli.planning.response import Curve
from clv_cli.planning.retention import retention_curve, retention_needs
from clv_cli.planning.uncertainty import Model
from clv_cli.planning.whatif import (
    ALL,
    OUTCOMES,
    effects,
    interval,
    outcomes,
    refusal,
    require_names,
)
from clv_cli.results import Column, Rows, Table
from clv_cli.settings.planning import Scenario

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv_cli.models.arrays import Array
    from clv_cli.pipeline import Measure, Scope
    from clv_cli.planning.forecast import Situation
    from clv_cli.planning.projection import Drivers
    from clv_cli.results import Frames

LABELS = {
    "mrr": "MRR at the end",
    "customers": "Customers at the end",
    "net_revenue": "Revenue",
    "cash": "Cash: margin less spend",
    "clv": "CLV",
    "customer_net_worth": "Net worth per customer",
}
LABELS_OF_BUYERS = {**LABELS, "customers": "Buyers in the last month"}
KINDS = {name: Kind.COUNT if name == "customers" else Kind.MONEY for name in OUTCOMES}
NOT_ASKED = "measured only where it is asked for: --cs +10%, or --budget"
TENTH = Fraction(1, 10)
TRIED = {
    "churn": ("Churn", -TENTH, TENTH),
    "price": ("Price", TENTH, -TENTH),
    "expansion": ("Net expansion a month, points", Fraction(1, 1000), Fraction(-1, 1000)),
    "spend": ("Acquisition spend", TENTH, -TENTH),
    "cs": ("CS spend", TENTH, -TENTH),
}
NO_REACTION = (
    "Price: nobody is taken to leave for it; add what churn you expect, such as --churn +2%."
)
INTERVALS = (
    "Effects are the model's, on top of the plain forecast. Intervals (80 %) hold the errors of the "
    "drivers' fits, not luck nor what nobody tried."
)


def plan_needs(scope: Scope) -> tuple[Measure, ...]:
    """The measures of a plan, by the kind of business."""
    own = () if business_of(scope).under_contract else (first_purchases,)
    needs = (*needs_of(scope), *ECONOMIC_NEEDS, *own)
    return tuple({measure.name: measure for measure in needs}.values())


def model_of(frames: Frames, *, measured: bool) -> Model:
    """The model that levers move.

    Args:
        frames: with `plan_needs`, and `retention_needs` where `measured`.
        measured: whether the response to CS effort is estimated; it takes a while.

    Raises:
        DataError: there is no MRR, and nothing billed.
    """
    now = situation(frames.scope, *(frames[need] for need in needs_of(frames.scope)[1:]))
    drivers = _drivers(now)
    if drivers is None:
        raise DataError("there is no MRR to plan with", hint="clv whatif needs recurring lines")
    declared = frames.scope.settings.planning.cs_response is not None
    retention = retention_curve(frames) if measured or declared else NOT_ASKED
    econ = economics(frames, now, retention)
    return Model(now, drivers, of_buyers(econ, drivers) if isinstance(drivers, Buying) else econ)


def _drivers(now: Situation) -> Drivers | Buying | None:
    """What moves MRR, or sales; None where there is neither."""
    if now.known and now.cohorts is not None:
        return buying_at(now.cohorts, now.known, now.horizon)
    if now.known and now.contracts is not None:
        return drivers_at(now.history, now.contracts, now.known, now.horizon)
    return None


def plain(frames: Frames, model: Model) -> list[int | None]:
    """Every outcome without any lever, rounded once: the plain forecast, and CLV as it is printed."""
    found, customers = forecasts(frames), business_of(frames.scope).customers
    econ, neutral = model.economics, outcomes(model, Scenario())
    revenue = [round(value) for value in found["net_revenue"].path.tolist()]
    costs = (econ.spend + econ.service) * model.now.horizon
    worth = [None if econ.churn is None else round(value) for value in neutral[4:].tolist()]
    return [
        round(float(found["mrr"].path[-1])) if "mrr" in found else None,
        round(float(found[customers].path[-1])),
        sum(revenue),
        round(sum(revenue) * econ.margin - costs),
        worth[0],
        worth[1] if econ.cac is not None else None,
    ]


def whatif_tables(scenarios: Sequence[Scenario], scope: Scope) -> list[Table]:
    """What each scenario changes, side by side, and which lever moves most.

    Args:
        scenarios: at least one.
        scope: the horizon and the industry.
    """
    several = [_side_by_side(scenarios, scope)] if len(scenarios) > 1 else []
    return [*several, whatif_table(scenarios, scope), sensitivities_table(scenarios, scope)]


def whatif_table(scenarios: Sequence[Scenario], scope: Scope) -> Table:
    """Each outcome plain and planned, with the difference and its interval."""
    several = len(scenarios) > 1
    columns = (
        Column("scenario", Kind.TEXT, "Scenario", people=several),
        Column("metric", Kind.TEXT, "Outcome", labels=_labels(scope), rigid=True),
        Column("kind", Kind.TEXT, "Kind", people=False),
        Column("plain", Kind.BY_ROW, "Forecast", whole=True),
        Column("planned", Kind.BY_ROW, "Planned", whole=True),
        Column("change", Kind.CHANGE, "Change"),
        Column("effect", Kind.BY_ROW, "Effect", whole=True),
        Column("low_80", Kind.BY_ROW, "80 % from", whole=True),
        Column("high_80", Kind.BY_ROW, "to", whole=True),
    )

    def finish(frames: Frames) -> Rows:
        model = model_of(frames, measured=_asks_cs(scenarios))
        base = plain(frames, model)
        rows = [row for one in scenarios for row in _outcomes(one, model, base, scope)]
        schema = {c.name: pl.Float64 if c.kind is Kind.CHANGE else pl.String for c in columns}
        reasons = [
            (index, "plain", model.economics.reason or "CAC is not known")
            for index, row in enumerate(rows)
            if row[3] is None
        ]
        notes = [_asked(one) for one in scenarios]
        frame = pl.DataFrame(rows, schema=schema, orient="row")
        return Rows(frame, reasons, notes=[*notes, *_assumed(model, scenarios), INTERVALS])

    title = f"What if, in {scope.settings.planning.months} months (estimates)"
    return Table("whatif", title, columns, _needs(scenarios, scope), finish)


def _outcomes(
    one: Scenario, model: Model, base: Sequence[int | None], scope: Scope
) -> list[tuple[object, ...]]:
    """The rows of one scenario."""
    require_names(one, model)
    if reason := refusal(one, model):
        raise DataError(
            f"a lever cannot be judged: {reason}",
            where=one.name or "the levers asked for",
            hint="leave it out, or declare a response: planning.spend_response, planning.cs_response",
        )
    effect, error = effects(model, one)
    sides = interval(effect, error)
    return [
        (one.name or "planned", name, kind.value, *_cells(kind, scope.currency, start, deltas))
        for name, kind, start, deltas in zip(
            OUTCOMES, KINDS.values(), base, np.array([effect, *sides]).T, strict=True
        )
        if name != "mrr" or business_of(scope).under_contract
    ]


def _labels(scope: Scope) -> dict[str, str]:
    return LABELS if business_of(scope).under_contract else LABELS_OF_BUYERS


def _cells(kind: Kind, currency: str, start: int | None, deltas: Array) -> tuple[object, ...]:
    if start is None:
        return (None,) * 6
    effect, low, high = (round(value) for value in deltas.tolist())
    texts = [canonical(value, kind, currency) for value in (start, start + effect)]
    change = effect / abs(start) if start else None
    return (*texts, change, *(canonical(value, kind, currency) for value in (effect, low, high)))


def _asked(one: Scenario) -> str:
    """The levers of a scenario in words."""
    said = [
        f"{lever}{f' of {name}' if name != ALL else ''} {_percent(change)}"
        for lever in ("churn", "spend")
        for name, change in getattr(one, lever).items()
    ]
    said += [
        f"{lever} {_percent(getattr(one, lever))}"
        for lever in ("price", "expansion", "cs")
        if getattr(one, lever)
    ]
    return f"{one.name or 'Planned'}: {', '.join(said) or 'no lever is moved'}."


def _percent(change: Fraction | float) -> str:
    return f"{float(change) * 100:+g} %"


def _assumed(model: Model, scenarios: Sequence[Scenario]) -> list[str]:
    """What a reader must know of margin and declared responses."""
    econ = model.economics
    notes = [] if econ.costs_known else ["No cost data: the margin counts as 100 %."]
    notes += [NO_REACTION] * any(one.price and not one.churn for one in scenarios)
    if _asks_cs(scenarios) and isinstance(econ.retention, Curve):
        curve = econ.retention
        notes.append(
            f"1 % more CS effort lowers churn by {curve.power:.2f} % ({curve.low:.2f} to "
            f"{curve.high:.2f}), by what help of customers at risk brought."
            if not curve.declared
            else f"1 % more CS effort is declared to lower churn by {curve.power:.2f} %."
        )
    curves = [econ.retention, *(channel.curve for channel in econ.channels)]
    if any(isinstance(curve, Curve) and curve.declared for curve in curves):
        notes.append("Some responses are declared in the config, not measured.")
    return notes


def _side_by_side(scenarios: Sequence[Scenario], scope: Scope) -> Table:
    """One column a scenario."""
    names = [f"scenario_{index}" for index in range(1, len(scenarios) + 1)]
    titles = [one.name or name for one, name in zip(scenarios, names, strict=True)]
    columns = (
        Column("metric", Kind.TEXT, "Outcome", labels=_labels(scope), rigid=True),
        Column("kind", Kind.TEXT, "Kind", people=False),
        Column("plain", Kind.BY_ROW, "Forecast", whole=True),
        *(
            Column(name, Kind.BY_ROW, title, whole=True)
            for name, title in zip(names, titles, strict=True)
        ),
    )

    def finish(frames: Frames) -> Rows:
        model = model_of(frames, measured=_asks_cs(scenarios))
        base = plain(frames, model)
        planned = [_outcomes(one, model, base, scope) for one in scenarios]
        rows = [
            (first[0][1], first[0][2], first[0][3], *(row[4] for row in first))
            for first in zip(*planned, strict=True)
        ]
        schema = {column.name: pl.String for column in columns}
        return Rows(pl.DataFrame(rows, schema=schema, orient="row"))

    return Table(
        "scenarios", "Scenarios side by side (estimates)", columns, _needs(scenarios, scope), finish
    )


def _needs(scenarios: Sequence[Scenario], scope: Scope) -> tuple[Measure, ...]:
    return (*plan_needs(scope), *(retention_needs(scope) if _asks_cs(scenarios) else ()))


def _asks_cs(scenarios: Sequence[Scenario]) -> bool:
    return any(one.cs for one in scenarios)


def sensitivities_table(scenarios: Sequence[Scenario], scope: Scope) -> Table:
    """Which lever moves MRR, or sales, most? Each a tenth up and down; the longest first."""
    business = business_of(scope)
    name, heading = ("mrr", "MRR at the end") if business.under_contract else ("sales", "Revenue")
    place = OUTCOMES.index("mrr" if business.under_contract else "net_revenue")
    columns = (
        Column("lever", Kind.TEXT, "Lever"),
        Column("better", Kind.TEXT, "For the better", rigid=True),
        Column(f"{name}_better", Kind.MONEY, heading, whole=True),
        Column("worse", Kind.TEXT, "For the worse", rigid=True),
        Column(f"{name}_worse", Kind.MONEY, f"{heading} ", whole=True),
        Column("net_worth", Kind.MONEY, "Net worth, better", whole=True),
    )

    def finish(frames: Frames) -> Rows:
        model = model_of(frames, measured=_asks_cs(scenarios))
        none, found, notes = outcomes(model, Scenario()), [], []
        for lever in business.levers:
            title, up, down = TRIED[lever]
            better, worse = (Scenario.model_validate({lever: str(by)}) for by in (up, down))
            if reason := refusal(better, model):
                notes.append(f"Not judged: {reason}.")
                continue
            rise, fall = outcomes(model, better) - none, outcomes(model, worse) - none
            worth = None if model.economics.churn is None else round(float(rise[5]))
            found.append(
                (title, _percent(up), round(rise[place]), _percent(down), round(fall[place]), worth)
            )
        found.sort(key=lambda row: (-abs(row[2]), row[0]))
        schema = {c.name: pl.String if c.kind is Kind.TEXT else pl.Int64 for c in columns}
        return Rows(pl.DataFrame(found, schema=schema, orient="row"), notes=notes)

    return Table(
        "sensitivities", "What matters most (estimates)", columns, _needs(scenarios, scope), finish
    )
