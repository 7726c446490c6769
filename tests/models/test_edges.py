"""Shapes at the edge of their range: what used to take minutes is exact and quick."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from clv_cli.models.beta_geometric import bg_nbd, mbg_nbd
from clv_cli.models.histories import histories
from clv_cli.models.quadrature import beta_grid

if TYPE_CHECKING:
    from types import ModuleType

    from clv_cli.models.beta_geometric import BetaGeometric

TINY = (1e-4, 1e-3, 0.05, 2.0, 50.0)


@pytest.mark.parametrize("a", TINY)
@pytest.mark.parametrize("b", TINY)
def test_a_chance_that_is_nearly_always_0_or_1_takes_few_nodes(a: float, b: float) -> None:
    chance, weight = beta_grid(a, b)
    assert len(chance) < 700
    assert weight.sum() == pytest.approx(1, abs=1e-12)
    mean = a / (a + b)
    assert weight @ chance == pytest.approx(mean, abs=1e-11)
    assert weight @ (1 - chance) == pytest.approx(1 - mean, abs=1e-11)
    assert weight @ chance**2 == pytest.approx(mean * (a + 1) / (a + b + 1), abs=1e-11)


@pytest.mark.parametrize("model", [bg_nbd, mbg_nbd])
def test_customers_who_leave_at_once_or_never_are_predicted_in_seconds(
    model: BetaGeometric | ModuleType,
) -> None:
    # a and b of 0.0003: half of all leave after the first repeat, the others never do.
    draw = np.random.default_rng(1)
    x = draw.poisson(3, 1_300) * (draw.random(1_300) < 0.3)
    age = draw.uniform(10, 200, 1_300)
    customers = histories(x, np.where(x > 0, 0.8 * age, 0), age)
    parameters = np.array([0.14, 10.9, 2.8e-4, 2.5e-4])
    # What is imported on the way is not what is timed.
    model.expected_purchases(parameters, histories(x[:1], 0.8 * age[:1], age[:1]), 52.0)
    began = time.process_time()
    expected = model.expected_purchases(parameters, customers, 52.0)
    variance = model.purchases_variance(parameters, customers, 52.0)
    assert time.process_time() - began < 2
    assert np.isfinite(expected).all()
    assert (variance >= 0).all()
    # Who is still there with so small a chance of leaving buys at the rate (r + x) / (alpha + T).
    rate = (0.14 + x) / (10.9 + age)
    bound = rate * 52.0
    assert (expected <= bound * (1 + 1e-9)).all()
    alive = model.probability_alive(parameters, customers)
    assert expected[x > 0] == pytest.approx((alive * bound)[x > 0], rel=0.02)
