"""What earlier runs said: handed in by `run`, read by pure computations, handed back to be kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from datetime import date

EMITTED_COLUMNS = {
    "dedupe_key": pl.String,
    "customer_id": pl.String,
    "kind": pl.String,
    "day": pl.Date,
    "emitted_as_of": pl.Date,
    "holdout": pl.Boolean,
}


@dataclass(frozen=True)
class Memory:
    """The moments that earlier runs emitted.

    Args:
        emitted: one row a moment, in `EMITTED_COLUMNS`: those of runs before the as-of day.
        last_as_of: the as-of day of the latest of these runs; None where there was none.
    """

    emitted: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=EMITTED_COLUMNS))
    last_as_of: date | None = None
