"""`just coverage-models [BASES]`: do 95 % intervals hold the truth in 95 of 100 simulated bases?

For every base of customers with known parameters: the fitted parameters, the expected purchases of
all customers together at the true parameters (the estimate's interval), what was then really bought
(the interval with noise), and a customer chosen by chance. With `--write` the table goes into
`clv_cli/ARCHITECTURE.md`.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from clv_cli.measures.model_fitting import purchase_model
from clv_cli.models import gamma_gamma, sbg
from clv_cli.models.intervals import delta
from tests.bench.recorded import record
from tests.models import simulate

if TYPE_CHECKING:
    from collections.abc import Callable

    from clv_cli.models.fitting import Fit

CUSTOMERS = 4_000
TRUTH = {
    "bg_nbd": np.array([0.6, 5.0, 0.8, 2.4]),
    "mbg_nbd": np.array([0.8, 5.0, 0.8, 2.4]),
    "pareto_nbd": np.array([0.7, 8.0, 0.7, 12.0]),
    "gamma_gamma": np.array([6.0, 4.0, 15.0]),
    "sbg": np.array([0.9, 3.4]),
}
Z95 = 1.959964


class Outcome(NamedTuple):
    """Whether each interval of one base held its truth."""

    parameters: list[bool]
    total: bool
    outcome: bool | None
    customer: bool


def within(bounds: tuple[np.ndarray, np.ndarray], truth: float, at: int = 0) -> bool:
    """Whether a bound pair holds a value."""
    return bool(bounds[0][at] <= truth <= bounds[1][at])


def parameters_held(fit: Fit, truth: np.ndarray) -> list[bool]:
    """Whether each parameter's interval, on the scale of the search, holds the truth."""
    away = np.abs(np.log(fit.values / truth))
    reach = Z95 * np.sqrt(np.diag(fit.search_covariance))
    return [bool(held) for held in away <= reach]


def purchases(name: str, seed: int, customers: int) -> Outcome:
    """One base of a buy-till-you-die model: 40 weeks seen, 30 predicted."""
    draw, truth = np.random.default_rng(seed), TRUTH[name]
    model = purchase_model(name)
    age = draw.uniform(20.0, 40.0, customers).round(1)
    lived = (
        simulate.pareto(draw, truth, age, 30.0)
        if name == "pareto_nbd"
        else simulate.beta_geometric(draw, truth, age, 30.0, first=int(name == "mbg_nbd"))
    )
    stats, later = simulate.observed(*lived, age)
    fit = model.fit(stats)
    estimate = delta(lambda p: model.expected_purchases(p, stats, 30.0), fit)
    true = model.expected_purchases(truth, stats, 30.0)
    noise = float(model.purchases_variance(fit.values, stats, 30.0).sum())
    one = int(draw.integers(customers))
    return Outcome(
        parameters_held(fit, truth),
        within(estimate.total().interval(), true.sum()),
        within(estimate.total().interval(noise=noise), float(later.sum())),
        within(estimate.interval(), true[one], one),
    )


def spend(seed: int, customers: int) -> Outcome:
    """One base of Gamma-Gamma: the mean spend of all who may come back."""
    draw, truth = np.random.default_rng(seed), TRUTH["gamma_gamma"]
    p, q, gamma = truth
    x = draw.geometric(0.3, customers).astype(float)
    scale = draw.gamma(q, 1 / gamma, customers)
    stats = gamma_gamma.spending(x, draw.gamma(p * x, 1 / (scale * x)))
    fit = gamma_gamma.fit(stats)
    estimate = delta(lambda v: gamma_gamma.expected_spend(v, stats), fit)
    true = gamma_gamma.expected_spend(truth, stats)
    one = int(draw.integers(customers))
    return Outcome(
        parameters_held(fit, truth),
        within(estimate.total().interval(), true.sum()),
        None,
        within(estimate.interval(), true[one], one),
    )


def contracts(seed: int, customers: int) -> Outcome:
    """One base of sBG: six yearly cohorts, and the discounted residual lifetime of one tenure."""
    draw, truth = np.random.default_rng(seed), TRUTH["sbg"]
    fit = sbg.fit(simulate.stays(draw, float(truth[0]), float(truth[1]), [customers // 6] * 6))
    made = np.arange(6.0)
    estimate = delta(lambda v: sbg.discounted_residual(v, made, 0.1), fit)
    true = sbg.discounted_residual(truth, made, 0.1)
    one = int(draw.integers(6))
    return Outcome(
        parameters_held(fit, truth),
        within(estimate.total().interval(), true.sum()),
        None,
        within(estimate.interval(), true[one], one),
    )


BASES: dict[str, Callable[[int, int], Outcome]] = {
    "bg_nbd": lambda seed, n: purchases("bg_nbd", seed, n),
    "mbg_nbd": lambda seed, n: purchases("mbg_nbd", seed, n),
    "pareto_nbd": lambda seed, n: purchases("pareto_nbd", seed, n),
    "gamma_gamma": spend,
    "sbg": contracts,
}


def row(name: str, outcomes: list[Outcome]) -> str:
    """The shares of one model as a row of the table."""
    parameters = np.mean([o.parameters for o in outcomes], axis=0)
    seen = [o.outcome for o in outcomes if o.outcome is not None]
    shares = [
        float(np.mean([o.total for o in outcomes])),
        *([float(np.mean(seen))] if seen else []),
        float(np.mean([o.customer for o in outcomes])),
    ]
    texts = [f"{100 * share:.1f}" for share in shares]
    if not seen:
        texts.insert(1, "")
    each = ", ".join(f"{100 * share:.1f}" for share in parameters)
    return f"| {name} | {len(outcomes)} | {each} | {' | '.join(texts)} |"


def main() -> None:
    """Simulate, print the table, and write it where asked."""
    bases = int(next((text for text in sys.argv[1:] if text.isdigit()), "200"))
    rows = [
        "| model | bases | each parameter % | expected total % | seen total % | one customer % |",
        "|---|--:|---|--:|--:|--:|",
    ]
    for name, base in BASES.items():
        rows.append(row(name, [base(seed, CUSTOMERS) for seed in range(bases)]))
        print(rows[-1], flush=True)
    if "--write" in sys.argv:
        record("coverage", "\n".join(rows))


if __name__ == "__main__":
    main()
