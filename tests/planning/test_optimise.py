"""Where money goes: near the true optimum where the curves can be learnt, and a refusal where not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from clv_cli.planning.optimise import Customers, Line, allocate_budget, break_even, worth_of
from clv_cli.planning.response import Curve, fitted_curve

BASE = Customers(800, 500_000)


def planted(seed: int, months: int = 48) -> tuple[list[Line], list[Line]]:
    """Channels as they are, and as 48 months of their history show them."""
    draw = np.random.default_rng(seed)
    true, learnt = [], []
    for name in ("search", "events", "partner"):
        power, scale = draw.uniform(0.25, 0.75), draw.uniform(8, 40)
        money = 1e6 * draw.uniform(0.5, 2)
        effort = money * draw.lognormal(0, 0.5, months)
        won = draw.poisson(scale * (effort / money) ** power).astype(float)
        curve = fitted_curve(effort, won)
        assert isinstance(curve, Curve), curve
        bounds = (money * 6, money * 24)
        true.append(Line(name, money * 12, power, scale * 12, *bounds))
        learnt.append(Line(name, money * 12, curve.power, won.mean() * 12, *bounds))
    return true, learnt


def best(total: float, channels: list[Line], retention: Line) -> float:
    """What the true optimum is worth, by scipy."""
    lines = [*channels, retention]
    found = minimize(
        lambda x: -worth_of(x * total, channels, retention, BASE) / 1e9,
        np.array([line.spend for line in lines]) / sum(line.spend for line in lines),
        bounds=[(line.low / total, line.high / total) for line in lines],
        constraints={"type": "eq", "fun": lambda x: x.sum() - 1},
        method="SLSQP",
        options={"ftol": 1e-12, "maxiter": 500},
    )
    return -float(found.fun) * 1e9


@pytest.mark.parametrize("seed", range(6))
def test_the_allocation_is_worth_nearly_what_the_true_optimum_is(seed: int) -> None:
    true, learnt = planted(seed)
    retention = Line("cs", 12e6, 0.08, 0.0, 6e6, 24e6)
    total = sum(line.spend for line in true) + 12e6 + 5e6
    spends = allocate_budget(total, learnt, retention, BASE)
    now = worth_of([*(line.spend for line in true), 12e6], true, retention, BASE)
    ours, optimum = worth_of(spends, true, retention, BASE), best(total, true, retention)
    assert ours <= optimum * (1 + 1e-6)
    assert ours >= 0.95 * optimum
    # The whole forgives much: of what there is to gain, most is gained too.
    assert optimum - ours <= 0.5 * (optimum - now)


def test_with_the_true_curves_the_allocation_is_the_optimum() -> None:
    true, _ = planted(1)
    retention = Line("cs", 12e6, 0.2, 0.0, 6e6, 24e6)
    total = sum(line.spend for line in true) + 12e6
    spends = allocate_budget(total, true, retention, BASE)
    found = worth_of(spends, true, retention, BASE)
    assert found == pytest.approx(best(total, true, retention), rel=1e-6)


def test_flat_spend_teaches_nothing() -> None:
    won = np.random.default_rng(1).poisson(20, 36).astype(float)
    reason = fitted_curve(np.full(36, 1e6), won)
    assert isinstance(reason, str)
    assert "hardly varied" in reason


def test_spend_that_only_grew_with_the_business_teaches_nothing() -> None:
    effort = 1e6 * 1.03 ** np.arange(36.0)
    won = np.random.default_rng(1).poisson(20 * 1.03 ** np.arange(36)).astype(float)
    assert "hardly varied" in str(fitted_curve(effort, won))


@pytest.mark.parametrize("seed", range(5))
def test_a_flat_response_is_refused(seed: int) -> None:
    draw = np.random.default_rng(seed)
    reason = fitted_curve(1e6 * draw.lognormal(0, 0.3, 48), draw.poisson(10, 48).astype(float))
    assert "chance" in str(reason)


def test_too_few_months_or_customers_are_refused() -> None:
    assert "it takes 12" in str(fitted_curve(np.ones(8), np.ones(8)))
    effort = np.random.default_rng(0).lognormal(0, 1, 24)
    assert "were won" in str(fitted_curve(effort, np.zeros(24)))


def test_intervals_of_curves_hold_the_planted_power() -> None:
    inside, tried = 0, 200
    for seed in range(tried):
        draw = np.random.default_rng([seed, 9])
        effort = draw.lognormal(0, 0.6, 48)
        curve = fitted_curve(effort, draw.poisson(30 * effort**0.6).astype(float))
        assert isinstance(curve, Curve)
        inside += curve.low <= 0.6 <= curve.high
    assert 0.72 <= inside / tried <= 0.88


LINES = st.builds(
    lambda spend, power, won: Line("x", spend, power, won, spend / 2, spend * 2),
    st.floats(1e5, 1e8),
    st.floats(0, 0.95),
    st.floats(0.5, 1e4),
)


@given(st.lists(LINES, min_size=1, max_size=5), st.floats(0, 1), st.booleans(), st.floats(0, 4))
def test_bounds_hold_money_is_spent_and_nothing_is_lost(
    channels: list[Line],
    power: float,
    keeps: bool,  # noqa: FBT001
    more: float,
) -> None:
    retention = Line("cs", 1e6, power, 0.0, 5e5, 2e6) if keeps else None
    lines = [*channels, retention] if retention else channels
    today = [line.spend for line in lines]
    total = sum(today) * more
    spends = allocate_budget(total, channels, retention, BASE)
    for line, money in zip(lines, spends, strict=True):
        assert line.low * (1 - 1e-6) <= money <= line.high * (1 + 1e-6)
    room = min(max(total, sum(ln.low for ln in lines)), sum(ln.high for ln in lines))
    assert sum(spends) == pytest.approx(room, rel=1e-6)
    if total >= sum(today):
        before = worth_of(today, channels, retention, BASE)
        assert worth_of(spends, channels, retention, BASE) >= before * (1 - 1e-6)


def test_at_the_break_even_a_shift_neither_pays_nor_costs() -> None:
    channels = [Line("a", 2e6, 0.5, 100, 1e6, 4e6), Line("b", 1e6, 0.3, 20, 5e5, 2e6)]
    cs = Line("cs", 1e6, 0.0, 0.0, 5e5, 2e6)
    needed = break_even(channels, cs, BASE)
    step = 10.0
    for power, sign in ((needed * 1.01, 1), (needed * 0.99, -1)):
        there = Line("cs", 1e6, power, 0.0, 5e5, 2e6)
        shares = [line.spend - step * line.spend / 3e6 for line in channels]
        before = worth_of([2e6, 1e6, 1e6], channels, there, BASE)
        after = worth_of([*shares, 1e6 + step], channels, there, BASE)
        assert (after - before) * sign > 0
