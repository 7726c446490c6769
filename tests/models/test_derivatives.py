"""Exact gradients and Hessians against differences, at random parameters and on random data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from clv_cli.models import bdw, bg_bb, gamma_gamma, hazard, mbg_cnbd_k, pareto_nbd, sbg
from clv_cli.models.beta_geometric import bg_nbd, mbg_nbd
from clv_cli.models.histories import Histories, histories
from clv_cli.models.renewals import renewals

if TYPE_CHECKING:
    from clv_cli.models.arrays import Array
    from clv_cli.models.newton import Objective

logs = st.floats(-2.0, 2.5)
points = st.lists(logs, min_size=4, max_size=4).map(np.array)
STEP = 1e-5


def differences_agree(objective: Objective, point: Array) -> None:
    value, gradient, hessian = objective(point)
    axes = np.eye(len(point)) * STEP
    above, below = [[objective(point + sign * axis) for axis in axes] for sign in (1, -1)]
    slopes = [(a[0] - b[0]) / (2 * STEP) for a, b in zip(above, below, strict=True)]
    bends = [(a[1] - b[1]) / (2 * STEP) for a, b in zip(above, below, strict=True)]
    # The rounding of the values limits what their differences can tell.
    noise = 1e-9 * max(abs(value), 1.0)
    assert np.allclose(gradient, slopes, rtol=1e-5, atol=noise * 10)
    size = max(float(np.abs(hessian).max()), float(np.abs(gradient).max()), 1.0)
    assert np.allclose(hessian, bends, rtol=1e-5, atol=1e-8 * size)
    assert np.allclose(hessian, hessian.T)


@st.composite
def purchases(draw: st.DrawFn) -> Histories:
    rows = draw(
        st.lists(
            st.tuples(st.integers(0, 30), st.floats(0.01, 1.0), st.floats(0.5, 60.0)),
            min_size=1,
            max_size=8,
        )
    )
    x = np.array([row[0] for row in rows])
    age = np.array([row[2] for row in rows])
    recency = np.where(x > 0, age * [row[1] for row in rows], 0.0)
    return histories(x, recency, age, np.arange(1, len(rows) + 1))


@given(purchases(), points)
def test_bg_nbd(stats: Histories, point: Array) -> None:
    differences_agree(bg_nbd.likelihood(stats), point)


@given(purchases(), points)
def test_mbg_nbd(stats: Histories, point: Array) -> None:
    differences_agree(mbg_nbd.likelihood(stats), point)


@given(purchases(), points)
def test_pareto_nbd(stats: Histories, point: Array) -> None:
    differences_agree(pareto_nbd.likelihood(stats), point)


@given(purchases(), points, st.integers(1, 4))
def test_mbg_cnbd_k(stats: Histories, point: Array, k: int) -> None:
    differences_agree(mbg_cnbd_k.likelihood(stats, k), point)


@given(
    st.lists(st.tuples(st.integers(1, 40), st.floats(0.1, 500)), min_size=1, max_size=8),
    points,
)
def test_gamma_gamma(rows: list[tuple[int, float]], point: Array) -> None:
    stats = gamma_gamma.spending(*zip(*rows, strict=True))
    differences_agree(gamma_gamma.likelihood(stats), point[:3])


@given(st.lists(st.tuples(*[st.integers(0, 6)] * 3), min_size=1, max_size=8), points)
def test_bg_bb(rows: list[tuple[int, int, int]], point: Array) -> None:
    ordered = [sorted(row) for row in rows]
    valid = [(x if t else 0, t if x else 0, n) for x, t, n in ordered]
    differences_agree(bg_bb.likelihood(bg_bb.opportunities(*zip(*valid, strict=True))), point)


@given(st.lists(st.tuples(*[st.integers(0, 50)] * 2), min_size=3, max_size=9), points)
def test_sbg_and_bdw(rows: list[tuple[int, int]], point: Array) -> None:
    stats = renewals(np.arange(1, len(rows) + 1), *zip(*rows, strict=True))
    differences_agree(sbg.likelihood(stats), point[:2])
    differences_agree(bdw.likelihood(stats), np.append(point[:2], np.clip(point[2], -1, 0.7)))


@settings(max_examples=10)
@given(st.integers(0, 2**32), points)
def test_hazard(seed: int, point: Array) -> None:
    draw = np.random.default_rng(seed)
    asked = draw.integers(1, 9, 20)
    stats = hazard.periods(
        draw.integers(1, 12, 20),
        draw.normal(size=(20, 2)),
        draw.binomial(asked, 0.3),
        asked,
        ["size", "age"],
    )
    differences_agree(hazard.likelihood(stats), point)
