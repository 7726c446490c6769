"""What every group of settings is made of: the frozen model and the checked text types."""

from __future__ import annotations

import codecs
from decimal import Decimal
from fractions import Fraction
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from clv_cli.errors import DataError
from clv_cli.money import exponent


def _one_or_many(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _fraction(value: object) -> object:
    """`52/12`, `4` or `4.33` as an exact rational."""
    if isinstance(value, int | str | Decimal) and not isinstance(value, bool):
        try:
            return Fraction(str(value))
        except (ValueError, ZeroDivisionError) as error:
            raise ValueError("write a number or a ratio such as 52/12") from error
    return value


def _zone(value: str) -> str:
    """A time zone that exists."""
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"no time zone {value}") from error
    return value


def _encoding(value: str) -> str:
    """A text encoding that Python knows."""
    try:
        return codecs.lookup(value).name
    except LookupError as error:
        raise ValueError(f"no text encoding {value}; write utf-8, utf-16 or cp1252") from error


def _currency(value: str) -> str:
    """An ISO 4217 currency."""
    try:
        exponent(value)
    except DataError as error:
        raise ValueError(f"{error.what}; {error.hint}") from error
    return value


Zone = Annotated[str, AfterValidator(_zone)]


Encoding = Annotated[str, AfterValidator(_encoding)]


Currency = Annotated[str, AfterValidator(_currency)]


Names = Annotated[tuple[str, ...], BeforeValidator(_one_or_many)]


Ratio = Annotated[Fraction, BeforeValidator(_fraction)]


class Model(BaseModel):
    """Frozen, and no unknown key."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)
