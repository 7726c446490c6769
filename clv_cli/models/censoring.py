"""How customers would stay had some not been helped: inverse probability of censoring weights.

Whoever was helped is observed up to then and no further. Those who were as likely to be helped and
were not stand for them, with weight 1 / (1 - chance of help). Where the chance depends on nothing
but what it was fitted to, the weighted counts are those of a world without help. Robins and
Finkelstein (2000), Correcting for noncompliance and dependent censoring, Biometrics 56(3).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from clv_cli.models.covariates import design
from clv_cli.models.ridge import fit_logistic

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from clv_cli.models.arrays import Array, Index
    from clv_cli.models.covariates import Covariate
    from clv_cli.models.estimate import Flags
    from clv_cli.models.fitting import Fit

    Retention = Callable[[Array, Array], Array]  # parameters, renewal numbers

_SHIFT = 1e-5  # of a parameter, for derivatives by its logarithm


def weights(covariates: Sequence[Covariate], helped: Flags) -> Array:
    """What does each unit at risk count in a world without help?

    Args:
        covariates: what may have decided on help.
        helped: whether each unit was; both kinds must be there.

    Returns:
        0 for the helped, 1 / (1 - chance of help) for the others.
    """
    chance = fit_logistic(design(covariates).matrix, helped).probability
    counted: Array = np.where(helped, 0.0, 1 / (1 - chance))
    return counted


def robust(  # noqa: PLR0913, PLR0917 - the columns of one table
    fit: Fit, retention: Retention, number: Array, lost: Array, weight: Array, customer: Index
) -> Fit:
    """A fit to weighted renewals with the covariance that weights deserve.

    The inverse information would count a customer of weight 3 as three. The sandwich V S V sums each
    customer's scores instead. It takes the weights as known, which makes it too wide rather than too
    narrow. White (1982), Maximum likelihood estimation of misspecified models, Econometrica 50(1).

    Args:
        fit: to the weighted counts.
        retention: which share makes the k-th renewal, by parameters and k.
        number: k of each renewal.
        lost: 1 where the customer left, else 0.
        weight: of each renewal.
        customer: whose it was, as small whole numbers.
    """
    k, at = np.unique(number, return_inverse=True)
    stay = retention(fit.values, k)
    scores = np.empty((len(fit.values), len(number)))
    for index, parameter in enumerate(fit.values):
        moved = fit.values.copy()
        moved[index] = parameter * np.exp(_SHIFT)
        slope = (retention(moved, k) - stay) / _SHIFT
        scores[index] = weight * np.where(lost > 0, -slope[at] / (1 - stay[at]), (slope / stay)[at])
    sums = np.stack([np.bincount(customer, score) for score in scores])
    bread = fit.search_covariance
    return replace(fit, search_covariance=bread @ (sums @ sums.T) @ bread)
