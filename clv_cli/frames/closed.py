"""What stands of closed months, whatever the exports say now, and what in them changed since."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

# One row a line of a closed month that came late, was edited or is gone; money in its own currency.
CHANGED_COLUMNS = {
    "cause": pl.String,
    "line_id": pl.String,
    "customer_id": pl.String,
    "issued_on": pl.Date,
    "currency": pl.String,
    "before": pl.Int64,
    "now": pl.Int64,
    "source": pl.String,
    "row": pl.Int64,
}
LATE, EDITED, DELETED, NEW, FX, CONFIG, VERSION = (
    "late",
    "edited",
    "deleted",
    "new",
    "fx",
    "config",
    "version",
)
CAUSES = {
    LATE: "a row of the closed month that came after it was closed",
    EDITED: "a row of the closed month that says something else now",
    DELETED: "a row of the closed month that is gone",
    NEW: "a later row decides otherwise whether this line counts",
    FX: "another exchange rate on its day",
    CONFIG: "the config counts otherwise",
    VERSION: "this version of clv counts otherwise",
}
# Marks of the lines that correct what closed months hold; a line's own id never changes.
REVERSED, BOOKED = "~reversed", "~booked"


@dataclass(frozen=True)
class Closed:
    """The closed months of a company: all months up to `last`.

    Args:
        last: the last closed month.
        read: the lines of these months as they were read when the last one was closed: the columns
            of billing_lines, `source`, `row` and `billed_base` (minor units of the base currency;
            null for a line that did not count).
        booked: the lines that stand in the books for these months: the same without `billed_base`.
        cells: their split, see `frozen.FROZEN_COLUMNS`.
        currencies: base currencies in which the months were closed.
        config_changed: whether the settings that shape figures are others than at the close.
        version_changed: whether `clv` is another one.
        changed: what became of the lines since, see `CHANGED_COLUMNS`.
    """

    last: int
    read: pl.DataFrame
    booked: pl.DataFrame
    cells: pl.DataFrame
    currencies: tuple[str, ...]
    config_changed: bool = False
    version_changed: bool = False
    changed: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=CHANGED_COLUMNS))
