"""Which customers: comparisons joined by `and` and `or`, read by hand and never evaluated as code.

    condition  = all ("or" all)*          all = comparison ("and" comparison)*
    comparison = column (= | != | < | <= | > | >=) value

A value is a number (money in major units), a word, or a text in quotes.
"""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.errors import DataError, UsageError, did_you_mean
from clv_cli.glossary import Kind
from clv_cli.money import from_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_TOKEN = re.compile(
    r"""\s*(?:(?P<sign><=|>=|!=|=|<|>)|(?P<text>"[^"]*"|'[^']*')|(?P<word>[^\s<>=!"']+))"""
)
_SIGNS: dict[str, Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison: column, sign and value as written."""

    column: str
    kind: Kind
    sign: str
    value: str
    position: int


Condition = tuple[tuple[Comparison, ...], ...]  # any of these, each all of those


def parse(text: str, columns: Mapping[str, Kind]) -> Condition:
    """Read a condition.

    Args:
        text: as typed.
        columns: what may be compared, and what its values mean.

    Raises:
        UsageError: it cannot be read; says at which character.
    """
    tokens = _tokens(text)
    groups: list[tuple[Comparison, ...]] = []
    current: list[Comparison] = []
    at = 0
    while True:
        current.append(_comparison(text, tokens[at : at + 3], columns))
        at += 3
        if at == len(tokens):
            return (*groups, tuple(current))
        joint, position = tokens[at]
        if joint.casefold() == "or":
            groups.append(tuple(current))
            current = []
        elif joint.casefold() != "and":
            raise _fault(f'"{joint}" is neither and nor or', text, position)
        at += 1


def where(condition: Condition, currency: str) -> pl.Expr:
    """The condition as an expression over the compared columns; money is in minor units.

    Raises:
        UsageError: an amount with more digits than the currency has.
    """
    groups = [
        reduce(operator.and_, [_expression(item, currency) for item in group])
        for group in condition
    ]
    return reduce(operator.or_, groups)


def _expression(item: Comparison, currency: str) -> pl.Expr:
    column = pl.col(item.column)
    if item.kind is Kind.TEXT:
        value = pl.lit(item.value)
    elif item.kind is Kind.MONEY:
        try:
            value = pl.lit(from_text(item.value, currency), pl.Int64)
        except DataError as error:
            raise UsageError(error.what, where=f"--where: {item.value}", hint=error.hint) from error
    else:
        value = pl.lit(float(item.value))
    return _SIGNS[item.sign](column, value).fill_null(value=False)


def _tokens(text: str) -> list[tuple[str, int]]:
    found, at = [], 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise _fault("a character that begins nothing", text, at)
        found.append((match[0].strip(), match.end() - len(match[0].strip())))
        at = match.end()
    return found


def _comparison(
    text: str, tokens: list[tuple[str, int]], columns: Mapping[str, Kind]
) -> Comparison:
    if len(tokens) < 3:
        raise _fault("a comparison needs a column, a sign and a value", text, len(text))
    (column, begin), (sign, middle), (value, end) = tokens
    if column not in columns:
        raise _fault(f'there is no column "{column}"', text, begin, did_you_mean(column, columns))
    if sign not in _SIGNS:
        raise _fault(f'"{sign}" is no comparison', text, middle, f"one of {', '.join(_SIGNS)}")
    kind, plain = columns[column], value.strip("\"'")
    if value in _SIGNS:
        raise _fault("a value is missing", text, end)
    if kind is not Kind.TEXT and not re.fullmatch(r"-?\d+(\.\d+)?", plain):
        raise _fault(f'{column} is a number, "{plain}" is not', text, end)
    return Comparison(column, kind, sign, plain, end)


def _fault(what: str, text: str, position: int, hint: str | None = None) -> UsageError:
    return UsageError(
        what,
        where=f"--where, character {position + 1} of: {text}",
        hint=hint or "such as: segment = enterprise and mrr >= 500",
    )
