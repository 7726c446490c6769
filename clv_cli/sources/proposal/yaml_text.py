"""A text as YAML that reads back as the same text."""

from __future__ import annotations

import re

# What no YAML reader takes for anything but text.
_PLAIN = re.compile(r"[A-Za-z_][\w./ ()%+-]*[\w)%+]|[A-Za-z_]", re.ASCII)
_RESERVED = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}


def scalar(text: str) -> str:
    """Plain where that is safe, else in double quotes.

    Args:
        text: any text.
    """
    plain = _PLAIN.fullmatch(text) and text.casefold() not in _RESERVED
    return text if plain else f'"{"".join(map(_escaped, text))}"'


def _escaped(char: str) -> str:
    if char in {'"', "\\"}:
        return f"\\{char}"
    return char if char.isprintable() else f"\\U{ord(char):08x}"
