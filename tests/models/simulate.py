"""Customers who live by the models: histories, renewals and spend with known parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clv_cli.models.histories import Histories, histories
from clv_cli.models.renewals import Renewals, renewals

if TYPE_CHECKING:
    from numpy.random import Generator

    from clv_cli.models.arrays import Array, Index


def beta_geometric(
    draw: Generator, parameters: Array, age: Array, until: float, *, first: int, k: int = 1
) -> tuple[Array, Index]:
    """Times of repeat purchases, and the customer of each, up to an end that is the same for all.

    Args:
        draw: the luck.
        parameters: r, alpha, a, b.
        age: of each customer at the end of observation; purchases run on `until` beyond it.
        until: time after the end of observation.
        first: 1 if the first purchase can be the last.
        k: events of the process for one purchase.
    """
    r, alpha, a, b = parameters
    rate = draw.gamma(r, 1 / alpha, len(age))
    chance = draw.beta(a, b, len(age))
    active = draw.random(len(age)) >= chance if first else np.ones(len(age), dtype=bool)
    at, who = np.zeros(len(age)), np.arange(len(age))
    times, customers = [], []
    who = who[active]
    while len(who):
        at[who] += draw.gamma(k, 1 / rate[who])
        who = who[at[who] <= age[who] + until]
        times.append(at[who])
        customers.append(who)
        who = who[draw.random(len(who)) >= chance[who]]
    return np.concatenate([*times, []]), np.concatenate([*customers, []]).astype(np.intp)


def pareto(draw: Generator, parameters: Array, age: Array, until: float) -> tuple[Array, Index]:
    """The same when leaving may happen at any time; parameters r, alpha, s, beta."""
    r, alpha, s, beta = parameters
    rate = draw.gamma(r, 1 / alpha, len(age))
    leaving = draw.exponential(1 / draw.gamma(s, 1 / beta, len(age)))
    span = np.minimum(leaving, age + until)
    number = draw.poisson(rate * span)
    who = np.repeat(np.arange(len(age)), number)
    return draw.random(len(who)) * span[who], who


def observed(times: Array, who: Index, age: Array) -> tuple[Histories, Index]:
    """Histories up to the end of observation, and the purchases of each customer after it."""
    seen = times <= age[who]
    x = np.bincount(who[seen], minlength=len(age))
    last = np.zeros(len(age))
    np.maximum.at(last, who[seen], times[seen])
    return histories(x, last, age), np.bincount(who[~seen], minlength=len(age))


def log_gaps(times: Array, who: Index, age: Array) -> float:
    """The summed logarithms of the times between purchases, from the first on."""
    seen = times <= age[who]
    order = np.lexsort((times[seen], who[seen]))
    at, customer = times[seen][order], who[seen][order]
    before = np.where(np.diff(customer, prepend=-1) == 0, np.roll(at, 1), 0.0)
    return float(np.log(at - before).sum())


def stays(draw: Generator, alpha: float, beta: float, cohorts: list[int]) -> Renewals:
    """Renewal counts of cohorts that have each seen one renewal more than the next."""
    lost, kept = np.zeros(len(cohorts)), np.zeros(len(cohorts))
    for seen, size in enumerate(cohorts, start=1):
        theta = draw.beta(alpha, beta, size)
        for k in range(seen):
            stay = draw.random(len(theta)) >= theta
            lost[k] += (~stay).sum()
            kept[k] += stay.sum()
            theta = theta[stay]
    return renewals(np.arange(1, len(cohorts) + 1), lost, kept)
