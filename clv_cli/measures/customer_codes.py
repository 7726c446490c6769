"""The integer codes of customers, looked up by a hash of their ids where that is sure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from clv_cli.frames import Book
    from clv_cli.pipeline import Scope


def coded(scope: Scope, lines: pl.LazyFrame) -> pl.LazyFrame:
    """Billing lines with the `code` of their customer.

    Args:
        scope: the Book.
        lines: with `customer_id`, each of a billing customer: equal hashes are equal ids then.
    """
    known = scope.book.hashed_codes
    if known is None:
        return lines.join(scope.book.codes.lazy(), on="customer_id", how="left")
    hashed = lines.with_columns(hashed=pl.col("customer_id").hash())
    return hashed.join(known.lazy(), on="hashed", how="left").drop("hashed")


def codes_of(book: Book, ids: pl.Series) -> pl.Series:
    """The code of each id, null where it is no billing customer's."""
    known, texts = book.hashed_codes, ids.to_frame("customer_id")
    if known is None:
        joined = texts.join(book.codes, on="customer_id", how="left", maintain_order="left")
        return joined["code"]
    hashed = ids.hash().to_frame("hashed")
    code = hashed.join(known, on="hashed", how="left", maintain_order="left")["code"]
    # Codes count the sorted ids, so a code is the place of its id. A stranger may share a hash.
    same = (book.codes["customer_id"].gather(code) == ids).fill_null(value=False)
    return code if bool(same.all()) else code.set(~same, None)
