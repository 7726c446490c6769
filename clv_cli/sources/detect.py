"""Which preset a file is, by its header alone: exactly one, or none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from clv_cli.errors import ConfigError
from clv_cli.frames import Finding, Severity
from clv_cli.sources.presets import load_presets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv_cli.sources.headers import Header
    from clv_cli.sources.preset import Preset

_NEAREST = 2


@dataclass(frozen=True, slots=True)
class Miss:
    """A preset that a header nearly matches.

    Args:
        preset: its name.
        reason: what keeps it from matching.
        share: how much of its signature is not there.
    """

    preset: str
    reason: str
    share: float


def matches(preset: Preset, header: Header) -> bool:
    """Whether a header carries the preset's signature.

    The style tells a dashboard's decimals from an API's cents, which carry the same names.
    """
    signature = preset.signature
    return (
        bool(signature.all)
        and not missing(preset, header)
        and header.first(signature.none) is None
        and signature.style in {None, header.style}
    )


def missing(preset: Preset, header: Header) -> list[str]:
    """The headers of the signature that are not there."""
    signature = preset.signature
    lacking = [name for name in signature.all if header.find(name) is None]
    if signature.any and header.first(signature.any) is None:
        lacking.append(" or ".join(signature.any))
    return lacking


def candidates(headers: Sequence[Header]) -> dict[str, Header]:
    """Every preset that a file may be, with the header that says so.

    Args:
        headers: the file's header under each delimiter, best first.
    """
    presets = load_presets().values()
    return {p.name: h for h in reversed(headers) for p in presets if matches(p, h)}


def nearest(headers: Sequence[Header]) -> list[Miss]:
    """The presets that a file lacks least of, and what; the best first.

    Only presets of which at least half is there: the others would be noise.

    Args:
        headers: the file's header under each delimiter.
    """
    best: dict[str, Miss] = {}
    for header in headers:
        for preset in load_presets().values():
            miss = _miss(preset, header)
            if miss.preset not in best or miss.share < best[miss.preset].share:
                best[miss.preset] = miss
    ranked = sorted(best.values(), key=lambda miss: (miss.share, miss.preset))
    return [miss for miss in ranked if miss.share <= 0.5][:_NEAREST]


def _miss(preset: Preset, header: Header) -> Miss:
    signature, lacks = preset.signature, missing(preset, header)
    parts = len(signature.all) + bool(signature.any)
    if lacks:
        return Miss(preset.name, f"lacks {', '.join(lacks)}", len(lacks) / parts)
    if header.first(signature.none) is not None:
        return Miss(preset.name, f"has {' or '.join(signature.none)}, which that has not", 0)
    # Title Case dashboards write 15.00 where snake_case dumps write 1500.
    return Miss(preset.name, "the style of its headers differs, and with it the units", 0)


def detect(headers: Sequence[Header], name: str, where: str) -> tuple[Preset, Finding]:
    """The only preset whose signature matches, and a note that says so.

    Args:
        headers: the file's header under each delimiter.
        name: the file.
        where: the config's key, for errors.

    Raises:
        ConfigError: no preset matches, or several do; nothing is guessed.
    """
    found = candidates(headers)
    if len(found) != 1:
        raise _undecided(headers, sorted(found), name, where)
    ((chosen, header),) = found.items()
    preset = load_presets()[chosen]
    delimiter = {"\t": "tab"}.get(header.delimiter, header.delimiter)
    note = Finding(
        Severity.NOTE,
        "preset_detected",
        f"read as {chosen} ({preset.title}): header in line {header.row}, delimiter {delimiter}, "
        f"{preset.units} units, times in {preset.timezone}",
        source=name,
        remedy=f"write preset: {chosen} at {where} to pin it",
    )
    return preset, note


def preset_notes(preset: Preset, name: str) -> list[Finding]:
    """What a reader must know about a preset whenever it is used.

    Args:
        preset: of the file.
        name: the file.
    """
    notes = []
    if not preset.verified:
        message = (
            f"the preset {preset.name} was never checked against a real export ({preset.evidence})"
        )
        remedy = "compare the sums of clv check with the system's own"
        notes.append(Finding(Severity.NOTE, "preset_unverified", message, name, remedy=remedy))
    if preset.caveat:
        notes.append(Finding(Severity.NOTE, "preset_caveat", preset.caveat, name))
    return notes


def _undecided(
    headers: Sequence[Header], found: Sequence[str], name: str, where: str
) -> ConfigError:
    if found:
        return ConfigError(
            f"{name} could be {' or '.join(found)}", where=where, hint="name the preset"
        )
    near = "; ".join(f"{miss.preset} ({miss.reason})" for miss in nearest(headers))
    return ConfigError(
        f"{name} is no known export" + (f"; nearest: {near}" if near else ""),
        where=where,
        hint="name a preset (clv explain presets), or a table with columns; clv init proposes one",
    )
