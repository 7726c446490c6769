"""What would change? The drivers of the forecast moved by levers, with intervals from their fits.

Every outcome is the plain forecast plus the difference that the levers make in the model, so without
any lever the two are equal to the cent. An interval holds what the drivers' own errors make of that
difference (delta method, one direction of error at a time); luck and other businesses are not in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clv_cli.errors import UsageError, did_you_mean
from clv_cli.planning.cohorts import Buying, buy
from clv_cli.planning.layers import billed
from clv_cli.planning.projection import Levers, project
from clv_cli.planning.response import Z80, Curve
from clv_cli.planning.uncertainty import Model, directions

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from clv_cli.models.arrays import Array
    from clv_cli.planning.economics import Channel, Economics
    from clv_cli.settings.planning import Scenario

OUTCOMES = ("mrr", "customers", "net_revenue", "cash", "clv", "customer_net_worth")
ALL = ""


def require_names(scenario: Scenario, model: Model) -> None:
    """Refuse segments and channels that do not exist.

    Raises:
        UsageError: naming the nearest one.
    """
    channels = tuple(channel.name for channel in model.economics.channels)
    for lever, known in (("churn", model.now.segments), ("spend", channels)):
        for name in getattr(scenario, lever):
            if name != ALL and name not in known:
                what = "segment" if lever == "churn" else "channel"
                raise UsageError(
                    f'there is no {what} "{name}"',
                    where=f"{lever} of the scenario",
                    hint=did_you_mean(name, known) or f"known: {', '.join(filter(None, known))}",
                )


def refusal(scenario: Scenario, model: Model) -> str | None:
    """Why a lever on spend cannot be judged; None when every one can."""
    if scenario.cs and isinstance(model.economics.retention, str):
        return f"CS spend: {model.economics.retention}"
    for channel in model.economics.channels:
        asked = _of(scenario.spend, channel.name)
        if asked and channel.won and isinstance(channel.curve, str) and channel.spend:
            return f"spend on {channel.name or 'no channel'}: {channel.curve}"
    if scenario.spend and not any(channel.spend for channel in model.economics.channels):
        return "spend: no acquisition spend is recorded"
    return None


def outcomes(model: Model, scenario: Scenario) -> Array:
    """What each of `OUTCOMES` would be by the model, in minor units or customers.

    Where customers buy when they like there is no MRR, and customers are those who buy in the last month.
    """
    econ, horizon = model.economics, model.now.horizon
    factors = churn_factors(scenario, model)
    acquisition, spend = _acquisition(scenario, econ)
    price = 1 + float(scenario.price)
    levers = Levers(factors, price, float(scenario.expansion), acquisition)
    mrr, customers, revenue = _ahead(model, levers)
    service = econ.service + econ.success * float(scenario.cs)
    cash = revenue * econ.margin - (spend + service) * horizon
    # The segments' mean, weighted by what each loses today.
    life, usual = econ.life(_mean_factor(factors, model)), econ.life(1.0)
    worth = econ.arpa * price * econ.margin * life
    serve = econ.serve * (life / usual if usual else 1.0)
    serve *= service / econ.service if econ.service else 1.0
    cac = (econ.cac or 0.0) * (spend / econ.spend if econ.spend else 1.0)
    cac = cac / acquisition if acquisition > 0 else cac
    return np.array([mrr, customers, revenue, cash, worth, worth - cac - serve])


def _ahead(model: Model, levers: Levers) -> tuple[float, float, float]:
    """MRR and customers at the end, and what is billed on the way."""
    if isinstance(model.drivers, Buying):
        buyers, sales = buy(model.drivers, levers)
        return 0.0, float(buyers[-1]), float(sales.sum())
    path = project(model.drivers, levers, model.now.horizon)
    revenue = float(billed(model.now.history, model.now.known, path).sum())
    return float(path.mrr[-1]), float(path.customers[-1]), revenue


def churn_factors(scenario: Scenario, model: Model) -> Array:
    """The factor on each segment's churn, CS effort included."""
    curve = model.economics.retention
    effort = curve.factor(1 + float(scenario.cs)) if isinstance(curve, Curve) else 1.0
    # Without any effort the curve has no end; churn is held to ten times today's.
    relief = 1 / max(effort, 0.1)
    own = [1 + float(_of(scenario.churn, name)) for name in model.now.segments or (ALL,)]
    return np.array(own) * relief


def _of(changes: Mapping[str, Fraction], name: str) -> Fraction | int:
    return changes.get(name, changes.get(ALL, 0))


def _mean_factor(factors: Array, model: Model) -> float:
    if isinstance(model.drivers, Buying):
        return float(factors[0])
    cells, renewing = model.drivers.cells, model.drivers.renewing
    months = model.drivers.months[cells.interval]
    lost = cells.customers * renewing.churn(cells.interval, cells.number, cells.segment) / months
    weights = np.bincount(cells.segment, np.maximum(lost, 0.0), len(factors))
    if weights.sum() <= 0:
        return float(factors.mean())
    return float((factors * weights).sum() / weights.sum())


def _acquisition(scenario: Scenario, econ: Economics) -> tuple[float, float]:
    """Factor on customers won, and acquisition spend a month."""
    won = sum(channel.won for channel in econ.channels)
    changed, spend = 0.0, econ.spend
    for channel in econ.channels:
        change = float(_of(scenario.spend, channel.name))
        spend += channel.spend * change
        changed += channel.won * (_factor(channel, 1 + change) - 1)
    return 1 + changed / won if won else 1.0, spend


def _factor(channel: Channel, effort: float) -> float:
    curve = channel.curve
    return curve.factor(effort) if isinstance(curve, Curve) and effort != 1 else 1.0


def effects(model: Model, scenario: Scenario) -> tuple[Array, Array]:
    """What the levers change of each outcome, and its standard error."""
    neutral = type(scenario)()

    def effect(of: Model) -> Array:
        difference: Array = outcomes(of, scenario) - outcomes(of, neutral)
        return difference

    squares = np.zeros(len(OUTCOMES))
    for up, down in directions(model):
        squares += ((effect(up) - effect(down)) / 2) ** 2
    return effect(model), np.sqrt(squares)


def interval(effect: Array, error: Array) -> tuple[Array, Array]:
    """The 80 % interval."""
    return effect - Z80 * error, effect + Z80 * error
