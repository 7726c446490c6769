"""What in the data is about somebody: the texts that `--redact` replaces wherever they turn up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.frames import TABLES, Type
from clv_cli.kinds import PERSONAL
from clv_cli.pipeline import reduction

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope

# What people wrote: a field of a table that may hold a name, beside the fields named everywhere.
FREE_TEXT = {"risk_flags": ("reason",), "subscriptions": ("cancel_reason",), "surveys": ("item",)}


@reduction("personal_texts")
def personal_texts(scope: Scope) -> pl.LazyFrame:
    """Every id, name, e-mail, domain and free text of the Book, each once.

    Returns:
        `text`, sorted.
    """
    columns = [
        scope.book.table(name).select(text=pl.col(field.name).cast(pl.String)).drop_nulls().unique()
        for name, table in TABLES.items()
        for field in table.fields
        if field.type in {Type.ID, Type.TEXT}
        and (field.name in PERSONAL or field.name in FREE_TEXT.get(name, ()))
        and scope.book.has(name)
    ]
    codes = scope.book.codes.lazy().select(text="customer_id")
    return pl.concat([codes, *columns]).unique().sort("text")
