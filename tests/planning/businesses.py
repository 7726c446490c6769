"""Made-up businesses whose months to come are known: what a forecast says is held against them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from clv_cli.planning.contracts import Contracts
from clv_cli.planning.history import History

if TYPE_CHECKING:
    from clv_cli.models.arrays import Array

FIRST = 2022 * 12


@dataclass(frozen=True)
class World:
    """What customers of a made-up business do.

    Args:
        months: months of history and of what comes after.
        won: customers won a month in the beginning.
        growth: by how much that grows a month.
        season: how strongly winning swings over the year.
        alpha: of each customer's own chance to leave a monthly plan.
        beta: likewise.
        yearly: share of customers on annual plans.
        expansion: how much whoever stays pays more each month.
        noise: spread of the customers won, beyond luck.
        usage: share of MRR that is billed on top of it, month by month, with luck.
    """

    months: int = 54
    won: float = 20.0
    growth: float = 0.01
    season: float = 0.0
    alpha: float = 1.0
    beta: float = 25.0
    yearly: float = 0.4
    expansion: float = 0.003
    noise: float = 0.15
    usage: float = 0.0


def random_world(seed: int) -> World:
    """A business of random size, growth, season and churn."""
    draw = np.random.default_rng([seed, 1])
    return World(
        won=float(draw.uniform(8, 60)),
        growth=float(draw.uniform(-0.04, 0.04)),
        season=float(draw.choice([0.0, 0.0, 0.3, 0.6])),
        alpha=float(draw.uniform(0.7, 2.5)),
        beta=float(draw.uniform(10, 60)),
        yearly=float(draw.uniform(0, 0.8)),
        expansion=float(draw.uniform(-0.004, 0.01)),
        noise=float(draw.uniform(0.05, 0.35)),
        usage=float(draw.choice([0.0, 0.1, 0.3])),
    )


@dataclass
class _Grown:
    """Rows of all customers while the months pass; flows: won, lost, more and less MRR, billed."""

    terms: list[tuple[int, int, int, int, int, int]]
    moves: list[tuple[int, int, float]]
    flows: Array
    code: int = 0


def business(world: World, seed: int) -> tuple[History, Contracts]:
    """What happened in a world, to its last month."""
    draw = np.random.default_rng([seed, 2])
    grown = _Grown([], [], np.zeros((world.months, 7)))
    for month in range(world.months):
        swing = 1 + world.season * np.sin(2 * np.pi * month / 12)
        rate = world.won * (1 + world.growth) ** month * swing
        rate *= draw.lognormal(-(world.noise**2) / 2, world.noise)
        for _ in range(draw.poisson(rate)):
            _customer(world, grown, draw, month)
    return _history(world, grown, seed), _contracts(grown)


def _customer(world: World, grown: _Grown, draw: np.random.Generator, joined: int) -> None:
    """One customer's stay: terms of one plan until it leaves."""
    flows, code = grown.flows, grown.code
    grown.code += 1
    yearly = draw.random() < world.yearly
    length = 12 if yearly else 1
    chance = draw.beta(world.alpha, world.beta)
    # Who commits for a year is asked once, and then leaves likelier than in one month.
    leave = 1 - (1 - chance) ** 6 if yearly else chance
    pays = draw.lognormal(5.0, 0.8) * 100
    flows[joined, :2] += pays, 1
    grown.moves.append((code, joined, pays))
    begins, number = joined, 1
    while True:
        due = begins + length
        # A term is billed when it begins, and what changes within it for the rest of it.
        flows[begins, 6] += pays * length
        for month in range(begins + 1, min(due, world.months)):
            before = pays
            pays = _expand(world, grown, draw, (code, month, pays))
            flows[month, 6] += (pays - before) * (due - month)
        if due >= world.months:
            grown.terms.append((code, yearly, number, begins, due, 2))
            return
        lost = draw.random() < leave
        grown.terms.append((code, yearly, number, begins, due, int(lost)))
        if lost:
            flows[due, 2:4] += -pays, 1
            grown.moves.append((code, due, -pays))
            return
        pays = _expand(world, grown, draw, (code, due, pays))
        begins, number = due, number + 1


def _expand(
    world: World, grown: _Grown, draw: np.random.Generator, at: tuple[int, int, float]
) -> float:
    """Now and then a customer pays more, or less."""
    code, month, pays = at
    if draw.random() >= 0.05:
        return pays
    more = pays * draw.normal(world.expansion * 20, 0.05)
    grown.moves.append((code, month, more))
    grown.flows[month, 4 if more > 0 else 5] += more
    return pays + more


def _history(world: World, grown: _Grown, seed: int) -> History:
    new, won, churn, lost, up, down, billed = grown.flows.T
    mrr, customers = np.cumsum(new + churn + up + down), np.cumsum(won - lost)
    # Luck of its own, so that the customers of a seed are the same with and without usage.
    luck = np.random.default_rng([seed, 3]).lognormal(-0.02, 0.2, world.months)
    none = np.zeros(world.months)
    return History(
        first=FIRST,
        mrr=mrr,
        customers=customers,
        revenue=billed + world.usage * mrr * luck,
        opening=np.append(0.0, mrr[:-1]),
        new=new,
        expansion=up,
        contraction=down,
        reactivation=none,
        customers_opening=np.append(0.0, customers[:-1]),
        customers_won=won,
        customers_lost=lost,
    )


def _contracts(grown: _Grown) -> Contracts:
    code, yearly, number, begins, due, outcome = np.array(grown.terms, dtype=np.intp).T
    moved = np.array(grown.moves)
    return Contracts(
        code=code,
        interval=yearly,
        number=number.astype(np.float64),
        begins=begins + FIRST,
        due=due + FIRST,
        lost=(outcome == 1).astype(np.intp),
        decided=(outcome < 2).astype(np.intp),
        months=np.array([1.0, 12.0]),
        segment=np.zeros(grown.code, dtype=np.intp),
        moved_code=moved[:, 0].astype(np.intp),
        moved_month=moved[:, 1].astype(np.intp) + FIRST,
        moved=moved[:, 2],
        segments=1,
    )


def until(history: History, contracts: Contracts, known: int) -> tuple[History, Contracts]:
    """The same business, seen some months after its beginning."""
    cut = {name: getattr(history, name)[:known] for name in History.__slots__ if name != "first"}
    # Terms and movements are cut by month where they are read.
    return History(history.first, **cut), contracts
