"""Likelihoods that sum over what cannot be seen: logarithm, gradient and curvature of the sum."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from clv_cli.models.arrays import Array


def blend(logs: Array) -> tuple[Array, Array]:
    """The logarithm of the sum over the last axis, and each term's share of it."""
    top = logs.max(axis=-1, keepdims=True)
    terms = np.exp(logs - top)
    whole = terms.sum(axis=-1, keepdims=True)
    return (np.log(whole) + top)[..., 0], terms / whole


def scores(shares: Array, derivatives: Array, counts: Array) -> tuple[Array, Array]:
    """Gradient of the summed logarithms, and the terms' covariance, which is part of the Hessian.

        (ln sum e^c)'' = E[c''] + E[c' c'^T] - E[c'] E[c']^T,  E over the terms' shares

    Args:
        shares: of the terms, rows x terms.
        derivatives: of the terms' logarithms, parameters x rows x terms.
        counts: weight of each row.
    """
    means = np.einsum("nm,knm->kn", shares, derivatives)
    apart = derivatives - means[:, :, None]
    weighted = apart * (shares * counts[:, None])
    spread: Array = np.einsum("anm,bnm->ab", weighted, apart)
    return means @ counts, spread


def inner(weights: Array, values: Array) -> float:
    """Sum of the products of two tables, one of which may have fewer columns or rows of one value.

    Not np.vdot: its threads cost more than they save on products of this size.
    """
    return float(np.einsum("nm,nm->", weights, np.broadcast_to(values, weights.shape)))
