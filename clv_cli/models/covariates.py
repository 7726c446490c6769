"""Covariates as the causal models read them: tamed, squared, standardised."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv_cli.models.estimate import Flags, Floats

WINSOR = (0.005, 0.995)
ALIKE = 0.999999  # columns correlated more than this say the same


class Scale(Enum):
    """What a covariate measures, which decides how it enters."""

    MONEY = "money"  # skewed: its logarithm, winsorised, and the square
    NUMBER = "number"  # winsorised, and the square
    FLAG = "flag"  # 0 or 1, as it is


@dataclass(frozen=True, slots=True)
class Covariate:
    """A fact about every unit that was known before it could be treated.

    Args:
        name: as readers know it.
        values: one a unit, never missing.
        scale: what it measures.
    """

    name: str
    values: Floats
    scale: Scale = Scale.NUMBER


@dataclass(frozen=True, slots=True)
class Design:
    """Standardised columns, and the covariate that each stands for.

    Args:
        matrix: one row a unit, mean 0, standard deviation 1.
        names: of the columns; a square has the name of its covariate and `²`.
    """

    matrix: Floats
    names: tuple[str, ...]

    @property
    def first_order(self) -> list[int]:
        """The columns that are no squares."""
        return [place for place, name in enumerate(self.names) if not name.endswith("²")]


def design(covariates: Sequence[Covariate], rows: Flags | None = None) -> Design:
    """The covariates as columns of a regression.

    Money enters as log(1 + x), numbers as they are, both winsorised at 0.5 and 99.5 % and with
    their squares: one large customer must not draw the line, and a missed curve biases every method.
    Columns that do not vary, or repeat another, are left out.

    Args:
        covariates: at least one row.
        rows: the units that take part; none: all.
    """
    columns: list[Floats] = []
    names: list[str] = []
    for covariate in covariates:
        values = covariate.values if rows is None else covariate.values[rows]
        for column, name in _columns(covariate, values.astype(np.float64)):
            spread = column.std()
            if spread <= 1e-12:
                continue
            standard = (column - column.mean()) / spread
            # Two covariates that say the same would share one coefficient between them.
            if all(abs(float((standard * other).mean())) < ALIKE for other in columns):
                columns.append(standard)
                names.append(name)
    size = len(covariates[0].values) if rows is None else int(rows.sum())
    matrix = np.column_stack(columns) if columns else np.empty((size, 0))
    return Design(matrix, tuple(names))


def _columns(covariate: Covariate, values: Floats) -> list[tuple[Floats, str]]:
    if covariate.scale is Scale.FLAG:
        return [(values, covariate.name)]
    tame = np.log1p(np.maximum(values, 0)) if covariate.scale is Scale.MONEY else values
    low, high = np.quantile(tame, WINSOR)
    tame = np.clip(tame, low, high)
    centred = tame - tame.mean()
    return [(tame, covariate.name), (centred**2, f"{covariate.name}²")]
