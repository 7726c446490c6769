"""The model of a plan, moved by one standard error in each direction in which it may be wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from clv_cli.planning.response import Curve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clv_cli.models.arrays import Array
    from clv_cli.models.fitting import Fit
    from clv_cli.planning.economics import Economics
    from clv_cli.planning.forecast import Situation
    from clv_cli.planning.projection import Drivers

YEAR = slice(-12, None)


@dataclass(frozen=True, slots=True)
class Model:
    """Everything that outcomes are computed from.

    Args:
        now: the history.
        drivers: of MRR.
        economics: of a customer.
    """

    now: Situation
    drivers: Drivers
    economics: Economics


Pair = tuple[Model, Model]


def directions(model: Model) -> Iterator[Pair]:
    """The model one standard error up and down, along every error that was estimated apart."""
    yield from _renewals(model)
    yield from _drifts(model)
    yield from _responses(model)


def _renewals(model: Model) -> Iterator[Pair]:
    """The fitted chances to renew: each sBG along the axes of its covariance."""
    for index, fit in enumerate(model.drivers.renewing.fits):
        if fit is None:
            continue
        values, axes = np.linalg.eigh(fit.search_covariance)
        for step in (axes * np.sqrt(np.maximum(values, 0.0))).T:
            yield _with_fit(model, index, fit, step), _with_fit(model, index, fit, -step)


def _with_fit(model: Model, index: int, fit: Fit, step: Array) -> Model:
    renewing = model.drivers.renewing
    moved = replace(fit, values=fit.values * np.exp(step))
    fits = (*renewing.fits[:index], moved, *renewing.fits[index + 1 :])
    return _driven(model, replace(model.drivers, renewing=replace(renewing, fits=fits)))


def _driven(model: Model, drivers: Drivers) -> Model:
    return replace(model, drivers=drivers)


def _drifts(model: Model) -> Iterator[Pair]:
    """Net expansion and customers won: by their spread over the last year; churn: by its count."""
    drivers, history, econ = model.drivers, model.now.history, model.economics
    opening = np.maximum(history.opening[YEAR], 1.0)
    drift = _mean_error((history.expansion + history.contraction)[YEAR] / opening)
    up, down = (replace(drivers, growth=drivers.growth + sign * drift) for sign in (1, -1))
    yield _driven(model, up), _driven(model, down)
    won = history.customers_won[YEAR]
    luck = _mean_error(won) / float(won.mean()) if won.sum() else 0.0
    up, down = (
        replace(drivers, new_customers=drivers.new_customers * np.exp(sign * luck))
        for sign in (1, -1)
    )
    yield _driven(model, up), _driven(model, down)
    if econ.churn:
        factor = float(np.exp(1 / np.sqrt(max(econ.lost, 1.0))))
        more, less = (replace(econ, churn=econ.churn * by) for by in (factor, 1 / factor))
        yield replace(model, economics=more), replace(model, economics=less)


def _mean_error(values: Array) -> float:
    """The standard error of a mean of months."""
    return float(values.std(ddof=1)) / float(np.sqrt(len(values))) if len(values) > 1 else 0.0


def _responses(model: Model) -> Iterator[Pair]:
    """What money brings: each curve by itself."""
    econ = model.economics
    if isinstance(econ.retention, Curve):
        up, down = (replace(econ, retention=curve) for curve in _sides(econ.retention))
        yield replace(model, economics=up), replace(model, economics=down)
    for index, channel in enumerate(econ.channels):
        if isinstance(channel.curve, Curve):
            steep, flat = _sides(channel.curve)
            yield _with_curve(model, index, steep), _with_curve(model, index, flat)


def _sides(curve: Curve) -> tuple[Curve, Curve]:
    return curve.at(curve.power + curve.error), curve.at(curve.power - curve.error)


def _with_curve(model: Model, index: int, curve: Curve) -> Model:
    channels = model.economics.channels
    moved = replace(channels[index], curve=curve)
    changed = (*channels[:index], moved, *channels[index + 1 :])
    return replace(model, economics=replace(model.economics, channels=changed))
