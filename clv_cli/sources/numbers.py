"""Numbers as people and systems write them, to the one plain form `-1234.56` that is then read.

A column has one format, and text outside it becomes null: nothing is guessed per value. Signs,
brackets and currency signs mean the same in every format, so they are taken off first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping

# Digits, a minus and a point: the only form that needs no translation.
PLAIN = "plain"
# What groups digits and what begins the fraction, in the order in which equal readings are named.
FORMATS: Mapping[str, tuple[str, str]] = {
    "us": (",", "."),
    "eu": (".", ","),
    "space": (" ", ","),
    "si": (" ", "."),
    "swiss": ("'", "."),
}
_SPACES = r"[\p{Zs}\t]"
_MINUSES = r"[\x{2010}-\x{2013}\x{2212}\x{FE63}\x{FF0D}]"
_APOSTROPHES = r"[\x{2018}\x{2019}\x{02BC}\x{00B4}`]"
_BODY = r"[0-9](?:[0-9., ']*[0-9])?"
# A currency's sign or code. CR and DR have two letters, so they are none.
_SIGN = r"(?:[A-Z]{1,3}\$|[A-Z]{3}|\p{Sc}|kr)"
_MARK = r"(?i:CR|DR)$"
_POSITIVE = rf"^\+?{_SIGN}?#{_SIGN}?(?i:CR|DR)?$"
_NEGATIVE = (
    rf"^(?:-{_SIGN}?#{_SIGN}?|{_SIGN}-#|{_SIGN}?#-{_SIGN}?|{_SIGN}?#{_SIGN}-"
    rf"|\({_SIGN}?#{_SIGN}?\)|{_SIGN}\(#\))$"
)
_DOLLARS = (
    *("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "MXN", "ARS", "CLP", "COP", "BRL"),
    *("BSD", "BBD", "BMD", "BZD", "FJD", "JMD"),
)
# Which currencies a sign may stand for; a three-letter code stands for itself.
SIGNS: Mapping[str, tuple[str, ...]] = {
    "$": _DOLLARS,
    "US$": ("USD",),
    "C$": ("CAD",),
    "CA$": ("CAD",),
    "A$": ("AUD",),
    "AU$": ("AUD",),
    "NZ$": ("NZD",),
    "HK$": ("HKD",),
    "S$": ("SGD",),
    "NT$": ("TWD",),
    "MX$": ("MXN",),
    "R$": ("BRL",),
    "€": ("EUR",),
    "£": ("GBP",),
    "¥": ("JPY", "CNY"),
    "₹": ("INR",),
    "₩": ("KRW",),
    "₽": ("RUB",),
    "₺": ("TRY",),
    "₪": ("ILS",),
    "₫": ("VND",),
    "₴": ("UAH",),
    "฿": ("THB",),
    "₱": ("PHP",),
    "₦": ("NGN",),
    "kr": ("SEK", "NOK", "DKK", "ISK"),
}


def add_plain(
    frame: pl.LazyFrame, text: str, into: str, form: str, negative_mark: str | None
) -> pl.LazyFrame:
    """Add the numbers of a column as `-1234.56` to a frame; null for what is none in this format.

        1,234.56 us · 1.234,56 eu · 1 234,56 space · 1 234.56 si · 1'234.56 swiss
        (12.30) · -$5 · $-5 · 5- · EUR 5 · 5 €, with any Unicode minus; 5 CR and 5 DR with a
        negative mark

    Args:
        frame: with the texts, without surrounding blanks.
        text: their column.
        into: the new column.
        form: a key of `FORMATS`, or `plain`, which leaves the text as it is.
        negative_mark: the suffix, CR or DR, that makes an amount negative; the other one does not.
    """
    if form == PLAIN:
        return frame.with_columns(pl.col(text).alias(into))
    tidy, body, shape = (pl.col(f"{into} {part}") for part in ("tidy", "body", "shape"))
    negative = shape.str.contains(_NEGATIVE)
    legal = negative | shape.str.contains(_POSITIVE)
    if negative_mark is None:
        legal &= ~shape.str.contains(_MARK)
    else:
        negative |= shape.str.contains(rf"(?i:{negative_mark})$")
    group, point = FORMATS[form]
    grammar = rf"^(?:[0-9]+|[0-9]{{1,3}}(?:[{group}][0-9]{{3}})+)(?:[{point}][0-9]+)?$"
    bare = body.str.replace_all(group, "", literal=True).str.replace(point, ".", literal=True)
    sign = pl.when(negative).then(pl.lit("-")).otherwise(pl.lit(""))
    plain = pl.when(legal & body.str.contains(grammar)).then(pl.concat_str(sign, bare))
    # In stages: as one expression its parts would stand in it many times.
    return (
        frame.with_columns(_tidied(pl.col(text)).alias(f"{into} tidy"))
        .with_columns(
            tidy.str.extract(f"({_BODY})", 1).alias(f"{into} body"),
            _shape(tidy).alias(f"{into} shape"),
        )
        .with_columns(plain.alias(into))
        .drop(f"{into} {part}" for part in ("tidy", "body", "shape"))
    )


def _tidied(text: pl.Expr) -> pl.Expr:
    return (
        text.str.replace_all(_SPACES, " ")
        .str.replace_all(_MINUSES, "-")
        .str.replace_all(_APOSTROPHES, "'")
        .str.strip_chars()
    )


def _shape(tidy: pl.Expr) -> pl.Expr:
    """What stands around the number: `-1,234.56 EUR` is `-#EUR`."""
    return tidy.str.replace(_BODY, "#").str.replace_all(" ", "", literal=True)


def carries_mark(text: pl.Expr) -> pl.Expr:
    """Whether a number is followed by CR or DR."""
    return _shape(_tidied(text)).str.contains(rf"^{_SIGN}?#{_SIGN}?{_MARK}")


def signs_agree(text: pl.Expr, currency: pl.Expr) -> pl.Expr:
    """Whether the currency signs before and after an amount, if any, can be the row's currency.

    Args:
        text: the amount as written.
        currency: the row's ISO 4217 code, or null.
    """
    shape = _shape(_tidied(text))
    before = shape.str.extract(rf"({_SIGN})[-(]*#", 1)
    after = shape.str.extract(rf"#[-)]*({_SIGN})", 1)
    return _agrees(before, currency) & _agrees(after, currency)


def _agrees(sign: pl.Expr, currency: pl.Expr) -> pl.Expr:
    known = [(sign == name) & currency.is_in(codes) for name, codes in SIGNS.items()]
    agrees = pl.any_horizontal(sign == currency, *known).fill_null(value=False)
    return sign.is_null() | agrees
