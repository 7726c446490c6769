"""How often do the bands of a forecast hold the truth? Made-up businesses, the last year kept back.

`just coverage-forecast [BUSINESSES]`; the last result stands in clv_cli/ARCHITECTURE.md.
"""

from __future__ import annotations

import sys
from collections import Counter

import numpy as np

from clv_cli.planning.backtest import Backtest, backtest, origins
from clv_cli.planning.layers import FLOWS, LAYERS, SERIES, layers_at, series_of
from tests.planning.businesses import business, random_world, until

HORIZON = 12
LEVELS = (0.5, 0.8, 0.95)


def tested(seed: int) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray, Backtest]]:
    """One business: what came, every layer's forecast and the backtest, by series."""
    world = random_world(seed)
    full, contracts = business(world, seed)
    known = world.months - HORIZON
    history, seen = until(full, contracts, known)
    paths = [*layers_at(history, seen, [*origins(known), known], HORIZON).values()]
    found = {}
    for name in SERIES:
        past = {layer: np.array([p[name, layer] for p in paths[:-1]]) for layer in LAYERS}
        result = backtest(series_of(history, name), past, flow=name in FLOWS)
        assert result is not None
        forecast = paths[-1][name, result.chosen]
        found[name] = (series_of(full, name)[known:], forecast, paths[-1][name, "naive"], result)
    return found


def main(businesses: int) -> None:
    """Print coverage by level and horizon, and how the chosen layer did against naive."""
    inside = {(name, level): np.zeros(HORIZON) for name in SERIES for level in LEVELS}
    errors = {name: np.zeros((2, HORIZON)) for name in SERIES}
    chosen: Counter[tuple[str, str]] = Counter()
    for seed in range(businesses):
        for name, (actual, forecast, naive, result) in tested(seed).items():
            chosen[name, result.chosen] += 1
            errors[name] += np.abs([np.log(forecast / actual), np.log(naive / actual)])
            for level in LEVELS:
                low, high = result.best.bands.around(forecast, level)
                inside[name, level] += (low <= actual) & (actual <= high)
    print(f"{businesses} businesses")
    for (name, level), count in inside.items():
        share = count / businesses
        by = " ".join(f"{value * 100:3.0f}" for value in share)
        print(f"{name:10} {level:.0%} bands hold {share.mean() * 100:.1f} %; by horizon {by}")
    for name, sums in errors.items():
        print(f"{name:10} error to naive by horizon:", np.round(sums[0] / sums[1], 2))
    print(chosen)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
