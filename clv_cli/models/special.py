"""Special functions, typed, and loaded when first called: importing a model costs no scipy."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from clv_cli.models.arrays import Array


# scipy.special is imported inside each function: a cached import costs a fraction of a microsecond.


def log_gamma(x: ArrayLike) -> Array:
    """The logarithm of Gamma(x)."""
    from scipy.special import gammaln  # noqa: PLC0415

    return cast("Array", gammaln(x))


def log_beta(a: ArrayLike, b: ArrayLike) -> Array:
    """The logarithm of B(a, b)."""
    from scipy.special import betaln  # noqa: PLC0415

    return cast("Array", betaln(a, b))


def digamma(x: ArrayLike) -> Array:
    """The first derivative of ln Gamma."""
    from scipy.special import psi  # noqa: PLC0415

    return cast("Array", psi(x))


def trigamma(x: ArrayLike) -> Array:
    """The second derivative of ln Gamma, as Hurwitz' zeta(2, x), which is what it is."""
    from scipy.special import zeta  # noqa: PLC0415

    return cast("Array", zeta(2.0, x))


def logistic(x: ArrayLike) -> Array:
    """1 / (1 + exp(-x)), without overflow."""
    from scipy.special import expit  # noqa: PLC0415

    return cast("Array", expit(x))


def incomplete_beta(a: ArrayLike, b: ArrayLike, x: ArrayLike) -> Array:
    """The regularised incomplete beta function I_x(a, b)."""
    from scipy.special import betainc  # noqa: PLC0415

    return cast("Array", betainc(a, b, x))


def relative_exponential(x: ArrayLike) -> Array:
    """(exp(x) - 1) / x, and 1 at 0."""
    from scipy.special import exprel  # noqa: PLC0415

    return cast("Array", exprel(x))


def normal_quantile(probability: float) -> float:
    """The standard normal quantile."""
    from scipy.special import ndtri  # noqa: PLC0415

    return float(ndtri(probability))
