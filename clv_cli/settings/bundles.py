"""Conventions as settings: which bundle a name means, and how it gives way to what is set."""

from __future__ import annotations

from typing import Any

from clv_cli.conventions import CONVENTIONS, SWITCHES, as_keys, as_tree
from clv_cli.errors import did_you_mean

_ALLOWED = tuple(key for keys in SWITCHES.values() for key in keys)


def bundle_of(name: object, own: dict[str, Any]) -> dict[str, Any]:
    """The settings of a convention, nested.

    Args:
        name: a vendor's, `clv`, or one of the config's own.
        own: the config's own bundles.

    Raises:
        ValueError: there is no such convention.
    """
    if name in own:
        return dict(own[name])
    if isinstance(name, str) and name in CONVENTIONS:
        return as_tree(CONVENTIONS[name].keys)
    known = [*CONVENTIONS, *own]
    guess = did_you_mean(str(name), known) or f"known are {', '.join(known)}"
    raise ValueError(f'convention: there is no convention "{name}"; {guess}')


def checked_bundles(own: object, known: set[str]) -> None:
    """Refuse a bundle that takes a vendor's name or sets what is no switch.

    Raises:
        ValueError: naming the bundle and the key.
    """
    if not isinstance(own, dict):
        return  # its type is reported where the key stands
    for name, bundle in own.items():
        if name in CONVENTIONS:
            raise ValueError(f"conventions.{name}: the name is taken")
        if not isinstance(bundle, dict):
            raise ValueError(f"conventions.{name}: write the switches it sets, such as mrr: {{}}")  # noqa: TRY004
        for key in as_keys(bundle):
            if key not in _ALLOWED:
                guess = (
                    did_you_mean(key, _ALLOWED) or f"they start with {', '.join(_starts(known))}"
                )
                raise ValueError(f"conventions.{name}.{key}: no switch of a convention; {guess}")


def merged(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Two nested mappings as one; where both speak, the second one wins."""
    both = dict(under)
    for key, value in over.items():
        below = both.get(key)
        if isinstance(below, dict) and isinstance(value, dict):
            both[key] = merged(below, value)
        else:
            both[key] = value
    return both


def _starts(known: set[str]) -> list[str]:
    return sorted({key.partition(".")[0] for key in _ALLOWED} & known)
