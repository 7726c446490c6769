"""The model of a plan, moved by one standard error in each direction in which it may be wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from clv_cli.planning.cohorts import Buying, mean_error
from clv_cli.planning.response import Curve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
        drivers: of MRR, or of sales where customers buy when they like.
        economics: of a customer.
    """

    now: Situation
    drivers: Drivers | Buying
    economics: Economics


Pair = tuple[Model, Model]


def directions(model: Model) -> Iterator[Pair]:
    """The model one standard error up and down, along every error that was estimated apart."""
    if isinstance(model.drivers, Buying):
        yield from _sales(model, model.drivers)
    else:
        yield from _renewals(model, model.drivers)
        yield from _drifts(model, model.drivers)
    yield from _churn(model)
    yield from _responses(model)


def _sales(model: Model, drivers: Buying) -> Iterator[Pair]:
    """What customers spend at their age, and customers won: by their spread over the last year."""
    yield _sided(model, lambda by: replace(drivers, season=drivers.season * by), drivers.error)
    won = drivers.size[YEAR]
    luck = mean_error(won) / float(won.mean()) if won.sum() else 0.0
    yield _sided(model, lambda by: replace(drivers, won=drivers.won * by), luck)


def _sided(model: Model, moved: Callable[[float], Drivers | Buying], error: float) -> Pair:
    """The model with a factor of one standard error on something, up and down."""
    up, down = (_driven(model, moved(float(np.exp(sign * error)))) for sign in (1, -1))
    return up, down


def _churn(model: Model) -> Iterator[Pair]:
    """Churn, by the count of those who left."""
    econ = model.economics
    if econ.churn:
        factor = float(np.exp(1 / np.sqrt(max(econ.lost, 1.0))))
        more, less = (replace(econ, churn=econ.churn * by) for by in (factor, 1 / factor))
        yield replace(model, economics=more), replace(model, economics=less)


def _renewals(model: Model, drivers: Drivers) -> Iterator[Pair]:
    """The fitted chances to renew: each sBG along the axes of its covariance."""
    for index, fit in enumerate(drivers.renewing.fits):
        if fit is None:
            continue
        values, axes = np.linalg.eigh(fit.search_covariance)
        for step in (axes * np.sqrt(np.maximum(values, 0.0))).T:
            up, down = (_with_fit(drivers, index, fit, sign * step) for sign in (1, -1))
            yield _driven(model, up), _driven(model, down)


def _with_fit(drivers: Drivers, index: int, fit: Fit, step: Array) -> Drivers:
    renewing = drivers.renewing
    moved = replace(fit, values=fit.values * np.exp(step))
    fits = (*renewing.fits[:index], moved, *renewing.fits[index + 1 :])
    return replace(drivers, renewing=replace(renewing, fits=fits))


def _driven(model: Model, drivers: Drivers | Buying) -> Model:
    return replace(model, drivers=drivers)


def _drifts(model: Model, drivers: Drivers) -> Iterator[Pair]:
    """Net expansion and customers won: by their spread over the last year."""
    history = model.now.history
    opening = np.maximum(history.opening[YEAR], 1.0)
    drift = mean_error((history.expansion + history.contraction)[YEAR] / opening)
    up, down = (replace(drivers, growth=drivers.growth + sign * drift) for sign in (1, -1))
    yield _driven(model, up), _driven(model, down)
    won = history.customers_won[YEAR]
    luck = mean_error(won) / float(won.mean()) if won.sum() else 0.0
    yield _sided(model, lambda by: replace(drivers, new_customers=drivers.new_customers * by), luck)


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
