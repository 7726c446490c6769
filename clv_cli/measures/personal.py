"""What in the data is about somebody: the texts that `--redact` replaces wherever they turn up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.frames import TABLES, Type
from clv_cli.kinds import PERSONAL
from clv_cli.pipeline import reduction

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope

# What people wrote may hold a name, or be one word from a list: only what has several words is looked
# for, or "support" and "price" would be tokens wherever they stand.
FREE_TEXT = frozenset(
    {"reason", "cancel_reason", "item", "outcome", "evidence", "prior_supplier", "type"}
)


@reduction("personal_texts")
def personal_texts(scope: Scope) -> pl.LazyFrame:
    """Every id, name, e-mail, domain and free text of the Book, each once.

    Returns:
        `text`, sorted.
    """
    columns = []
    for name, table in TABLES.items():
        for field in table.fields if scope.book.has(name) else ():
            if field.type not in {Type.ID, Type.TEXT} or field.name not in PERSONAL | FREE_TEXT:
                continue
            texts = scope.book.table(name).select(text=pl.col(field.name).cast(pl.String))
            if field.name in FREE_TEXT:
                texts = texts.filter(pl.col("text").str.contains(" ", literal=True))
            columns.append(texts.drop_nulls().unique())
    codes = scope.book.codes.lazy().select(text="customer_id")
    return pl.concat([codes, *columns]).unique().sort("text")
