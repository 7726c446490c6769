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
    """The code of each id, null where it is no billing customer's.

    By binary search, so that a look-up of few costs little: rows are coded part by part.
    """
    known, customers = book.hashed_codes, book.codes["customer_id"]
    if known is None:
        code = customers.search_sorted(ids).cast(pl.Int32)
    else:
        place = known["hashed"].search_sorted(ids.hash())
        code = known["code"].gather(place.clip(upper_bound=known.height - 1))
    # Codes count the sorted ids, so a code is the place of its id. A stranger may share a hash.
    code = code.clip(upper_bound=customers.len() - 1)
    same = customers.gather(code) == ids
    return code if bool(same.all()) else code.set(~same, None)
