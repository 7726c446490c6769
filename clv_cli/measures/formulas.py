"""A metric's formula as arithmetic of its inputs: computed exactly, taken apart, written out.

The glossary keeps it as one line (`(new + expansion) / -churn`), so that the definition, the figure,
the quarter made of months and the line that `clv explain` prints cannot disagree.
"""

from __future__ import annotations

import ast
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_SIGNS: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "x",
    ast.Div: "/",
}
_ROOT_DIGITS = 12


def evaluate(calc: str, values: Mapping[str, Fraction | int]) -> Fraction:
    """The value of a formula.

    Args:
        calc: sums, differences, products, quotients, `min`, `root(x, n)` of keys and whole numbers.
        values: the inputs by key.

    Raises:
        ZeroDivisionError: a divisor is 0.
        KeyError: a key has no value.
    """
    return _value(_parsed(calc), values)


def terms(calc: str) -> tuple[str, str | None]:
    """Numerator and denominator of a formula that is one quotient; else the whole, and None."""
    node = _parsed(calc)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        return ast.unparse(node.left), ast.unparse(node.right)
    return calc, None


def additive(calc: str) -> bool:
    """Whether the values of parts sum to that of the whole: sums of keys, times whole numbers."""
    return _linear(_parsed(calc))


def keys(calc: str) -> list[str]:
    """The inputs that a formula names, each once, in its order."""
    functions = {"min", "root"}
    found = [node.id for node in ast.walk(_parsed(calc)) if isinstance(node, ast.Name)]
    return sorted(set(found) - functions, key=calc.index)


def written(calc: str, text: Callable[[str], str]) -> str:
    """The formula with each key replaced: by a label, or by its number."""
    return _text(_parsed(calc), text)


def _linear(node: ast.expr) -> bool:
    match node:
        case ast.Name():
            return True
        case ast.UnaryOp(operand=inner):
            return _linear(inner)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=right):
            return _linear(left) and _linear(right)
        case ast.BinOp(left=ast.Constant(), op=ast.Mult(), right=right):
            return _linear(right)
    return False


@cache
def _parsed(calc: str) -> ast.expr:
    return ast.parse(calc, mode="eval").body


def _value(node: ast.expr, values: Mapping[str, Fraction | int]) -> Fraction:
    match node:
        case ast.Name(id=key):
            return Fraction(values[key])
        case ast.Constant(value=int(number)):
            return Fraction(number)
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -_value(inner, values)
        case ast.Call(func=ast.Name(id="min"), args=[*inner]):
            return min(_value(each, values) for each in inner)
        case ast.Call(func=ast.Name(id="root"), args=[base, degree]):
            return _root(_value(base, values), int(_value(degree, values)))
        case ast.BinOp(left=left, op=op, right=right):
            return _combined(op, _value(left, values), _value(right, values))
    raise TypeError(f"no formula: {ast.unparse(node)}")


def _combined(op: ast.operator, left: Fraction, right: Fraction) -> Fraction:
    match op:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
    return left / right


def _root(base: Fraction, degree: int) -> Fraction:
    """A root is irrational: twelve digits of it, of a rate that money is never made of."""
    if base < 0:
        raise ZeroDivisionError("a root of a negative number")
    return Fraction(str(round(float(base) ** (1 / degree), _ROOT_DIGITS)))


def _text(node: ast.expr, text: Callable[[str], str]) -> str:
    match node:
        case ast.Name(id=key):
            return text(key)
        case ast.UnaryOp(operand=inner):
            return f"-{_inside(inner, text)}"
        case ast.Call(func=ast.Name(id=name), args=[*inner]):
            return f"{name}({', '.join(_text(each, text) for each in inner)})"
        case ast.BinOp(left=left, op=op, right=right):
            loose = isinstance(op, ast.Add | ast.Sub)
            first = _text(left, text) if loose else _inside(left, text, product=True)
            second = _inside(right, text, product=isinstance(op, ast.Mult))
            plain = isinstance(op, ast.Add) and isinstance(right, ast.BinOp)
            return f"{first} {_SIGNS[type(op)]} {_text(right, text) if plain else second}"
    return ast.unparse(node)


def _inside(node: ast.expr, text: Callable[[str], str], *, product: bool = False) -> str:
    """In brackets, unless it is one term (or a product inside a product)."""
    inner = _text(node, text)
    bare = not isinstance(node, ast.BinOp) or (product and isinstance(node.op, ast.Mult | ast.Div))
    return inner if bare else f"({inner})"
