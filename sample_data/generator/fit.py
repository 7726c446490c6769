"""A small maximum-likelihood fit of the shifted beta-geometric model, for the planted-truth file."""

from __future__ import annotations

from math import exp, log

Counts = tuple[list[int], list[int]]  # lost and renewed at each renewal


def log_likelihood(counts: Counts, a: float, b: float) -> float:
    """Return the log-likelihood; the chance of leaving at renewal k (from 0) is a / (a + b + k)."""
    total = 0.0
    for k, (lost, renewed) in enumerate(zip(*counts, strict=True)):
        total += lost * log(a / (a + b + k)) + renewed * log((b + k) / (a + b + k))
    return total


def fit_sbg(counts: Counts) -> tuple[float, float]:
    """Maximise the likelihood by a shrinking pattern search on log a and log b."""
    x, y, step = 0.0, 2.0, 1.0
    best = log_likelihood(counts, exp(x), exp(y))
    while step > 1e-5:
        moves = [(x + i * step, y + j * step) for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j]
        value, p, q = max((log_likelihood(counts, exp(p), exp(q)), p, q) for p, q in moves)
        if value > best + 1e-12:
            best, x, y = value, p, q
        else:
            step /= 2
    return round(exp(x), 3), round(exp(y), 3)
