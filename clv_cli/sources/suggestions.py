"""Accounts whose names are like an unmatched customer's: for a person to look at, never applied."""

from __future__ import annotations

import re
from importlib.util import find_spec
from typing import TYPE_CHECKING, TypedDict

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clv_cli.frames import Book

# The longest lists of two systems still compare in seconds; the largest customers come first.
MAX_CUSTOMERS = 1000
BEST = 3
_FORMS = re.compile(
    r"\b(inc|incorporated|llc|llp|ltd|limited|plc|corp|corporation|co|company|gmbh|ag|kg|ug|sa|sas|"
    r"sarl|srl|spa|bv|nv|ab|as|oy|aps|pty|group|holding|holdings)\b\.?"
)


class Suggestion(TypedDict):
    """One account that a customer may be."""

    customer_id: str
    name: str
    account_id: str
    account_name: str
    score: int


def can_suggest() -> bool:
    """Whether the extra `match` is installed."""
    return find_spec("rapidfuzz") is not None


def plain_name(name: str) -> str:
    """A company's name without case, punctuation and legal form."""
    words = re.sub(r"[^\w]+", " ", name.casefold().replace("&", " and "))
    return re.sub(r"\s+", " ", _FORMS.sub(" ", words)).strip()


def suggested_names(book: Book, least: int) -> list[Suggestion]:
    """The most alike account names of each billed customer without an account, at most three.

    Args:
        book: matches, accounts and lines.
        least: likeness in percent from which an account is named.
    """
    if book.matches is None or not can_suggest():
        return []
    named = book.table("accounts").select("account_id", "name").drop_nulls().sort("account_id")
    accounts = list(named.unique("account_id", keep="first", maintain_order=True).collect().rows())
    lost = book.matches.filter(
        pl.col("billed"), pl.col("account_id").is_null(), pl.col("name").is_not_null()
    )
    ranked = lost.join(_lines(book), on="customer_id", how="left")
    chosen = ranked.sort("lines", "customer_id", descending=[True, False]).head(MAX_CUSTOMERS)
    found = _alike(chosen.select("customer_id", "name").rows(), accounts, least)
    return sorted(found, key=lambda row: (-row["score"], row["customer_id"], row["account_id"]))


def _lines(book: Book) -> pl.DataFrame:
    counts = book.table("billing_lines").group_by("customer_id").agg(pl.len().alias("lines"))
    return counts.collect()


def _alike(
    customers: list[tuple[str, str]], accounts: list[tuple[str, str]], least: int
) -> Iterator[Suggestion]:
    from rapidfuzz import fuzz, process  # noqa: PLC0415 - an extra, which may be missing

    names = [plain_name(name) for _, name in accounts]
    for customer_id, name in customers:
        plain = plain_name(name)
        if not plain:
            continue
        best = process.extract(
            plain, names, scorer=fuzz.token_sort_ratio, limit=BEST, score_cutoff=least
        )
        for _, score, at in best:
            account_id, account_name = accounts[at]
            yield Suggestion(
                customer_id=customer_id,
                name=name,
                account_id=account_id,
                account_name=account_name,
                score=int(score),
            )
