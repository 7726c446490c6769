"""Which preset a file is, by its header alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv_cli.errors import ConfigError
from clv_cli.frames import Finding, Severity
from clv_cli.sources.presets import load_presets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv_cli.sources.headers import Header
    from clv_cli.sources.preset import Preset


def matches(preset: Preset, header: Header) -> bool:
    """Whether a header carries the preset's signature.

    The style tells a dashboard's decimals from an API's cents, which carry the same names.
    """
    signature = preset.signature
    return (
        not missing(preset, header)
        and (not signature.any or header.first(signature.any) is not None)
        and signature.style in {None, header.style}
    )


def missing(preset: Preset, header: Header) -> list[str]:
    """The headers of the signature that are not there."""
    return [name for name in preset.signature.all if header.find(name) is None]


def detect(headers: Sequence[Header], name: str, where: str) -> tuple[Preset, Finding]:
    """The only preset whose signature matches, and a note that says so.

    Args:
        headers: the file's header under each delimiter.
        name: the file.
        where: the config's key, for errors.

    Raises:
        ConfigError: no preset matches, or several do; nothing is guessed.
    """
    presets = load_presets()
    found = {p.name: h for h in reversed(headers) for p in presets.values() if matches(p, h)}
    if len(found) != 1:
        raise _undecided(headers, sorted(found), name, where)
    ((chosen, header),) = found.items()
    preset = presets[chosen]
    delimiter = {"\t": "tab"}.get(header.delimiter, header.delimiter)
    note = Finding(
        Severity.NOTE,
        "preset_detected",
        f"read as {chosen} ({preset.title}): delimiter {delimiter}, {preset.units} units, "
        f"times in {preset.timezone}",
        source=name,
        remedy=f"write preset: {chosen} at {where} to pin it",
    )
    return preset, note


def _undecided(
    headers: Sequence[Header], found: Sequence[str], name: str, where: str
) -> ConfigError:
    if found:
        return ConfigError(
            f"{name} could be {' or '.join(found)}", where=where, hint="name the preset"
        )
    presets = load_presets().values()
    nearest, header = min(
        ((preset, header) for header in headers for preset in presets),
        key=lambda pair: len(missing(*pair)) / len(pair[0].signature.all),
    )
    lacks = missing(nearest, header)
    reason = f"lacks {', '.join(lacks)}" if lacks else "differs in the style of its headers"
    return ConfigError(
        f"{name} is no known export; nearest is {nearest.name}, of which it {reason}",
        where=where,
        hint="name a preset, or a table with columns",
    )
