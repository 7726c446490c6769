"""What fits do where there are many rows: few nodes, a start from a sample. Neither moves a result."""

from __future__ import annotations

import numpy as np
import pytest

from clv_cli.models import pareto_nbd
from clv_cli.models.beta_geometric import bg_nbd
from clv_cli.models.histories import Histories, histories
from tests.models import cdnow


def spread_out(count: int) -> Histories:
    """Histories of all shapes: rare and frequent buyers, seen lately and long ago."""
    draw = np.random.default_rng(9)
    age = draw.uniform(0.2, 104.0, count)
    x = np.floor(draw.gamma(0.4, 8.0, count))
    t_x = np.where(x > 0, age * draw.beta(1.5, 0.7, count), 0.0)
    return histories(x, t_x, age, np.floor(draw.gamma(0.5, 20, count)) + 1)


@pytest.mark.parametrize(
    "parameters", [(0.5, 11, 0.7, 25), (1.2, 30, 0.2, 3), (0.1, 2, 3, 90), (5, 0.5, 5, 0.5)]
)
def test_few_nodes_are_as_good_as_many(parameters: tuple[float, ...]) -> None:
    values, rows = np.array(parameters, dtype=np.float64), spread_out(3_000)
    order = np.argsort(pareto_nbd._steepness(values, rows))
    used = set()
    for at in range(0, len(rows), 100):
        block = rows.rows(order[at : at + 100])
        count = pareto_nbd._nodes_for(values, block)
        used.add(count)
        found = pareto_nbd._left(values, block, count).log
        assert np.allclose(found, pareto_nbd._left(values, block, 64).log, rtol=0, atol=4e-10)
    assert len(used) > 1


def test_a_sample_stands_for_all_customers() -> None:
    rows = spread_out(20_000)
    some = rows.sample()
    assert len(some) < 0.6 * len(rows)
    assert some.customers == pytest.approx(rows.customers, rel=0.02)
    assert some.counts @ some.age == pytest.approx(rows.counts @ rows.age, rel=0.03)


@pytest.mark.parametrize("model", [bg_nbd, pareto_nbd], ids=["bg_nbd", "pareto_nbd"])
def test_a_start_from_a_sample_ends_at_the_same_optimum(
    model: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = bg_nbd if model is bg_nbd else pareto_nbd
    plain = module.fit(cdnow.raw())
    for place in ("clv_cli.models.beta_geometric", "clv_cli.models.pareto_nbd"):
        monkeypatch.setattr(f"{place}.MANY", 100)
    again = module.fit(cdnow.raw())
    assert again.converged
    assert again.log_likelihood == pytest.approx(plain.log_likelihood, abs=1e-6)
    # The search ends within 1e-4 standard errors of the optimum, from wherever it comes.
    errors = np.array(list(plain.standard_errors.values()))
    assert (np.abs(again.values - plain.values) < 3e-4 * errors).all()
