"""Where other implementations overflow, loop or make things up: finite, or refused with a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.special import betaln, gammaln

from clv_cli.errors import DataError
from clv_cli.models import (
    bdw,
    bg_bb,
    gamma_gamma,
    hazard,
    kaplan_meier,
    mbg_cnbd_k,
    newton,
    pareto_nbd,
    sbg,
)
from clv_cli.models.beta_geometric import bg_nbd, mbg_nbd
from clv_cli.models.histories import histories
from clv_cli.models.renewals import from_survivors, renewals
from clv_cli.models.rows import distinct

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from clv_cli.models.arrays import Array
    from clv_cli.models.beta_geometric import BetaGeometric
    from clv_cli.models.histories import Histories

BG = np.array([0.243, 4.414, 0.793, 2.426])
PARETO = np.array([0.553, 10.58, 0.606, 11.67])
TIMED = [(bg_nbd, BG), (mbg_nbd, BG), (pareto_nbd, PARETO)]


def all_finite(model: BetaGeometric | ModuleType, parameters: Array, x: float) -> None:
    rows = histories([x, x, x], [500.0, 300.0, 520.0], [520.0, 520.0, 520.0])
    value, gradient, hessian = model.likelihood(rows)(np.log(parameters))
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()
    assert np.isfinite(hessian).all()
    for found in (
        model.probability_alive(parameters, rows),
        model.expected_purchases(parameters, rows, 52.0),
        model.purchases_variance(parameters, rows, 52.0),
        model.discounted_residual(parameters, rows, 0.003, 52.0),
        model.discounted_residual(parameters, rows, 0.003),
    ):
        assert np.isfinite(found).all()
        assert (found >= 0).all()


@pytest.mark.parametrize(("model", "parameters"), TIMED)
@pytest.mark.parametrize("x", [1, 161, 5_000, 20_000])
def test_frequent_buyers_stay_finite(
    model: BetaGeometric | ModuleType, parameters: Array, x: float
) -> None:
    all_finite(model, parameters, x)


@pytest.mark.parametrize(("model", "parameters"), TIMED)
def test_one_is_a_shape_like_any_other(
    model: BetaGeometric | ModuleType, parameters: Array
) -> None:
    # a = 1 (BG) and s = 1 (Pareto) are poles of the closed forms.
    def at(shape: float) -> Array:
        moved = parameters.copy()
        moved[2] = shape
        rows = histories([0, 3, 300], [0, 30, 39], [39, 39, 39])
        found: Array = model.expected_purchases(moved, rows, 52.0)
        return found

    all_finite(model, np.array([0.5, 4.0, 1.0, 2.0]), 40)
    assert at(1.0) == pytest.approx((at(1 - 1e-7) + at(1 + 1e-7)) / 2, rel=1e-9)


@pytest.mark.parametrize(
    "parameters",
    [
        (0.55, 10.6, 0.6, 1e-3),
        (0.55, 1e-3, 0.6, 11.7),
        (0.55, 1e-5, 0.6, 1e-5),
        (3.0, 500, 2.0, 0.01),
    ],
)
@pytest.mark.parametrize("x", [0, 1, 50, 5_000])
def test_pareto_integral_where_beta_and_alpha_are_worlds_apart(
    parameters: tuple[float, ...], x: int
) -> None:
    r, alpha, s, beta = parameters
    last = 30.0 if x else 0.0
    rows = histories([x], [last], [39.0])
    found = -pareto_nbd.likelihood(rows)(np.log(np.array(parameters)))[0]
    whole = _pareto_likelihood(r, alpha, s, beta, float(x), last, 39.0)
    assert found == pytest.approx(whole, abs=1e-7, rel=1e-12)


def _pareto_likelihood(
    r: float, alpha: float, s: float, beta: float, x: float, last: float, age: float
) -> float:
    """The same formula integrated in pieces, by powers of two of the elapsed time."""

    def log_flow(t: Array) -> Array:
        flow: Array = -(r + x) * np.log(alpha + t) - (s + 1) * np.log(beta + t)
        return flow

    log_active = -(r + x) * np.log(alpha + age) - s * np.log(beta + age)
    top = max(float(log_flow(np.array(last))), log_active)
    edges = np.array([last, *(last + (age - last) * 2.0**-k for k in range(70, -1, -1))])
    whole = pieces(lambda t: np.exp(log_flow(t) - top), edges)
    constant = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    return float(constant + top + np.log(np.exp(log_active - top) + s * whole))


def pieces(function: Callable[[Array], Array], edges: Array) -> float:
    """Gauss-Legendre of 30 nodes on every piece."""
    nodes, weights = np.polynomial.legendre.leggauss(30)
    low, size = edges[:-1, None], np.diff(edges)[:, None]
    return float(((function(low + size * (nodes + 1) / 2) * size / 2) @ weights).sum())


def test_expected_purchases_of_a_very_frequent_buyer_are_exact() -> None:
    # By integration over p; a naive 2F1 with 50 digits returned 1e3007 there.
    rows = histories([20_000], [519.0], [520.0])
    alive = bg_nbd.probability_alive(BG, rows)
    found = bg_nbd.expected_purchases(BG, rows, 520.0) / alive
    direct = _bought_while_active(20_000, 520.0, 520.0)
    assert found == pytest.approx([direct], rel=1e-9)


def _bought_while_active(x: float, age: float, horizon: float) -> float:
    r, alpha, a, b = BG

    def integrand(u: Array) -> Array:
        p = np.exp(u)
        weight = np.exp(a * u + (b + x - 1) * np.log1p(-p) - betaln(a, b + x))
        bought: Array = weight * -np.expm1(-(r + x) * np.log1p(p * horizon / (alpha + age))) / p
        return bought

    return pieces(integrand, np.linspace(-60.0, -1e-9, 241))


@pytest.mark.parametrize(
    "rows",
    [
        histories([2], [30.4], [38.9]),
        histories([0] * 50, [0] * 50, [39] * 50),
        histories([0, 1, 0], [0, 4, 0], [39, 39, 39]),
    ],
    ids=["one customer", "no repeaters", "one repeater"],
)
@pytest.mark.parametrize("model", [bg_nbd, mbg_nbd, pareto_nbd])
def test_too_little_to_fit_is_refused_with_the_count(
    model: BetaGeometric | ModuleType, rows: Histories
) -> None:
    with pytest.raises(DataError, match=r"cannot be fitted: \d of \d+ customers bought again"):
        model.fit(rows)


@pytest.mark.parametrize("model", [bg_nbd, mbg_nbd, pareto_nbd])
def test_customers_who_are_all_alike_end_with_a_warning(model: BetaGeometric | ModuleType) -> None:
    draw = np.random.default_rng(2)
    x = draw.poisson(8.0, 600)
    rows = histories(x, np.where(x > 0, 39 * draw.beta(np.maximum(x, 1), 1), 0), np.full(600, 39))
    fit = model.fit(rows)
    assert np.isfinite(fit.values).all()
    assert np.isfinite(fit.log_likelihood)
    assert any("edge of its range" in warning for warning in fit.warnings)


def test_a_mean_spend_without_a_mean_is_said_to_be_infinite() -> None:
    draw = np.random.default_rng(4)
    # q = 0.8: spend so scattered between customers that its mean does not exist.
    scale = draw.gamma(0.8, 1.0, 4_000)
    x = draw.integers(1, 6, 4_000)
    fit = gamma_gamma.fit(gamma_gamma.spending(x, draw.gamma(6.0 * x, 1 / (scale * x))))
    assert fit.parameters["q"] < 1
    assert any("infinite" in warning for warning in fit.warnings)
    new = gamma_gamma.expected_spend(fit.values, gamma_gamma.spending([0], [0]))
    assert np.isinf(new).all()


@pytest.mark.parametrize(
    ("counts", "reason"),
    [
        (renewals([1, 2, 3], [9, 0, 0], [0, 0, 0]), "none of 9 customers renewed"),
        (renewals([1, 2, 3], [0, 0, 0], [9, 8, 7]), "none of 24 renewals was lost"),
        (renewals([1], [3], [7]), "only 1 renewal"),
        (renewals([], [], []), "none of 0 renewals"),
    ],
    ids=["all churned", "nobody churned", "one renewal", "nothing"],
)
def test_contracts_that_tell_nothing_are_refused(counts: object, reason: str) -> None:
    for model in (sbg, bdw):
        with pytest.raises(DataError, match=reason):
            model.fit(counts)


def test_when_all_leave_at_once_the_curve_ends_at_zero() -> None:
    curve = kaplan_meier.estimate(renewals([1, 2], [5, 5], [5, 0]))
    assert curve.survival.tolist() == [0.5, 0.0]
    assert curve.low[1] == 0.0
    assert curve.high[1] == curve.high[0]
    assert np.isfinite(curve.standard_error).all()


def test_a_curve_ends_where_a_renewal_was_not_seen() -> None:
    curve = kaplan_meier.estimate(renewals([1, 2, 5], [1, 1, 1], [9, 8, 3]))
    assert curve.number.tolist() == [1, 2]
    with pytest.raises(DataError, match="first renewal"):
        kaplan_meier.estimate(renewals([2, 3], [1, 1], [9, 8]))


def test_a_power_of_time_without_end_does_not_overflow() -> None:
    # One customer leaves at the first renewal, the other at the sixth: BdW's c runs away.
    fit = bdw.fit(renewals([1, 2, 3, 4, 5, 6], [1, 0, 0, 0, 0, 1], [1, 1, 1, 1, 1, 0]))
    assert np.isfinite(fit.values).all()
    assert np.isfinite(fit.search_covariance).all()


def test_equal_chances_end_with_a_warning() -> None:
    # A constant 20 % a year: no heterogeneity to estimate.
    fit = sbg.fit(from_survivors(100_000 * 0.8 ** np.arange(9)))
    assert any("edge of its range" in warning for warning in fit.warnings)
    assert fit.values[0] / fit.values.sum() == pytest.approx(0.2, rel=1e-3)


@pytest.mark.parametrize(
    "rows",
    [
        ([1], [5], [4]),
        ([1], [0], [4]),
        ([0], [1], [4]),
        ([1.5], [1], [4]),
        ([-1], [0], [4]),
        ([1], [np.nan], [4]),
    ],
)
def test_histories_that_cannot_be_are_refused(rows: tuple[list[float], ...]) -> None:
    with pytest.raises(DataError) as refusal:
        histories(*rows)
    assert "customer 1" in str(refusal.value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: gamma_gamma.spending([2], [-5]),
        lambda: gamma_gamma.fit(gamma_gamma.spending([2, 1], [5, 4])),
        lambda: renewals([1, 1], [1, 2], [3, 4]),
        lambda: renewals([0], [1], [3]),
        lambda: bg_bb.opportunities([3], [2], [6]),
        lambda: bg_bb.fit(bg_bb.opportunities([0, 0], [0, 0], [6, 6])),
        lambda: hazard.periods([1], [[np.nan]], [0], [1], ["size"]),
        lambda: hazard.fit(hazard.periods([1, 2], [[1], [2]], [0, 0], [5, 5], ["size"])),
        lambda: hazard.fit(hazard.periods([1, 2, 3], [[1]] * 3, [1, 1, 1], [5, 5, 5], ["size"])),
        lambda: mbg_cnbd_k.fit(histories([0], [0], [3]), 0.0, 2),
    ],
)
def test_data_without_meaning_are_refused(make: Callable[[], object]) -> None:
    with pytest.raises(DataError):
        make()


def test_a_trait_that_separates_is_named() -> None:
    traits = np.repeat([[0.0], [1.0]], 50, axis=0)
    lost = np.repeat([0.0, 4.0], 50)
    number = np.tile(np.arange(1.0, 11.0), 10)
    fit = hazard.fit(hazard.periods(number, traits, lost, np.full(100, 4.0), ["cancelled"]))
    assert np.isfinite(fit.values).all()
    assert any(warning.startswith("cancelled tells leavers") for warning in fit.warnings)


def test_newton_reports_a_search_that_has_no_end() -> None:
    def slope(point: Array) -> tuple[float, Array, Array]:
        return -float(point.sum()), -np.ones_like(point), np.zeros((len(point), len(point)))

    found = newton.minimise(slope, np.zeros(2))
    assert not found.converged
    assert np.isfinite(found.point).all()


def test_equal_rows_are_found_and_unequal_ones_kept_apart() -> None:
    draw = np.random.default_rng(6)
    columns = [draw.integers(0, 4, 5_000).astype(float) for _ in range(3)]
    groups = distinct(*columns)
    rows = np.stack(columns, axis=1)
    assert len(groups.first) == len(np.unique(rows, axis=0))
    assert (rows[groups.first][groups.member] == rows).all()
    assert groups.count(np.ones(5_000)).sum() == 5_000
    assert len(distinct(np.array([0.0, -0.0])).first) == 1
