"""What a column's values say about it: days and their order, amounts, ids, words of a closed set."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from clv_cli.errors import ClvError
from clv_cli.frames import Type
from clv_cli.money import exponent
from clv_cli.sources.headers import fold
from clv_cli.sources.proposal.words import VALUES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clv_cli.frames import Field

_FORMS = (
    ("iso", re.compile(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}.*)?")),
    ("%Y-%m", re.compile(r"\d{4}-\d{2}")),
    ("epoch", re.compile(r"\d{10}")),
    ("epoch_ms", re.compile(r"\d{13}")),
    ("ymd", re.compile(r"\d{4}/\d{1,2}/\d{1,2}( .*)?")),
)
_TWO_FIRST = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{2})( .*)?")
_AMOUNT = re.compile(r"[-+(]?\s*[^\w\s.,()+-]{0,3}\s*-?\d[\d.,'\s]*\)?-?")
_TRUTH = {"true", "false", "yes", "no", "1", "0"}
UNDECIDED = "dmy or mdy"


def day_format(values: Sequence[str]) -> str | None:
    """The one format that all values have; `UNDECIDED` when it is day or month first, or None.

    Args:
        values: cells that are not empty.
    """
    if not values:
        return "iso"
    for name, form in _FORMS:
        if all(map(form.fullmatch, values)):
            return name
    found = [match for match in map(_TWO_FIRST.fullmatch, values) if match]
    if len(found) < len(values):
        return None
    day_first = any(int(match[1]) > 12 for match in found)
    month_first = any(int(match[2]) > 12 for match in found)
    if day_first and month_first:
        return None
    if day_first or month_first:
        return "dmy" if day_first else "mdy"
    return UNDECIDED


def fits(field: Field, values: Sequence[str]) -> bool:
    """Whether values may be of a column's type; words of a closed set are judged by `choices`."""
    match field.type:
        case Type.DATE:
            return day_format(values) is not None
        case Type.MONEY | Type.NUMBER | Type.RATE | Type.WEIGHT:
            return all(map(_AMOUNT.fullmatch, values))
        case Type.CURRENCY:
            return all(map(is_currency, set(values)))
        case Type.BOOL:
            return all(value.casefold() in _TRUTH for value in values)
        case _:
            return True


def is_currency(text: str) -> bool:
    """Whether a text is an ISO 4217 code, in upper or lower case."""
    try:
        exponent(text.upper())
    except ClvError:
        return False
    return True


def choices(
    field: Field, values: Sequence[str]
) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
    """The value map that a column of a closed set needs, and the values that nothing explains.

    Args:
        field: the canonical column.
        values: cells that are not empty.

    Returns:
        Canonical value to the file's values, for those that differ from it; the unknown values.
    """
    known = {choice.casefold() for choice in field.choices}
    others: Mapping[str, tuple[str, ...]] = VALUES.get(field.name, {})
    meaning = {
        word: choice
        for choice, words in others.items()
        if choice in field.choices
        for word in words
    }
    meaning |= {choice.replace("_", " "): choice for choice in field.choices}
    mapped: dict[str, list[str]] = {}
    unknown: list[str] = []
    for value in sorted({value for value in values if value.casefold() not in known}):
        choice = meaning.get(fold(value))
        if choice is None:
            unknown.append(value)
        else:
            mapped.setdefault(choice, []).append(value)
    return {choice: tuple(mapped[choice]) for choice in sorted(mapped)}, tuple(unknown)


def unique(values: Sequence[str], rows: int) -> bool:
    """Whether every row has a value, and each another one."""
    return 0 < rows == len(values) == len(set(values))


def never_negative(values: Sequence[str]) -> bool:
    """Whether no amount carries a minus or brackets."""
    return bool(values) and not any("-" in value or "(" in value for value in values)


def look_minor(values: Sequence[str]) -> bool:
    """Whether amounts look like cents: whole numbers all, of three digits and more for the most."""
    whole = [value.lstrip("-") for value in values]
    large = sum(len(value) > 3 for value in whole)
    return bool(whole) and all(map(str.isdecimal, whole)) and 2 * large > len(whole)
