"""A preset as text: how it is recognised, what it becomes, what to know of it."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from clv_cli.sources.presets import find_preset

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from clv_cli.sources.preset import Derive, Preset, Step

_INDENT = 14
_READING = ("date_format", "numbers", "zone_column", "fill_down", "totals", "footer", "empty")


def preset_lines(name: str, width: int) -> list[str]:
    """What a preset does, read from its file.

    Args:
        name: a known export, or the path of a file of the user's own.
        width: columns of the text.

    Raises:
        ConfigError: there is no such preset.
    """
    preset = find_preset(name, "clv explain", Path())
    lines = [preset.name, preset.title] if preset.title else [preset.name]
    seen = "a real export" if preset.verified else "never checked against a real export"
    facts = [
        ("table", preset.table),
        ("verified", f"{seen}: {preset.evidence}" if preset.evidence else seen),
        ("mind", preset.caveat),
        ("recognised", _signature(preset)),
        ("read", "; ".join(_reading(preset))),
    ]
    for title, text in facts:
        if text:
            lines += _wrapped(f"{title:<{_INDENT}}{text}", " " * _INDENT, width)
    lines += ["", "columns"]
    lines += [line for row in _columns(preset) for line in _wrapped(row, " " * 24, width)]
    return lines + _rules(preset, width)


def _signature(preset: Preset) -> str:
    signature = preset.signature
    parts = [f"by {_listed(signature.all)}"] if signature.all else []
    parts += [f"one of {_listed(signature.any)}"] if signature.any else []
    parts += [f"without {_listed(signature.none)}"] if signature.none else []
    styles = {"title": "in Title Case, as dashboards write", "snake": "in lower case"}
    parts += [styles[signature.style]] if signature.style else []
    return "; ".join(parts)


def _reading(preset: Preset) -> Iterator[str]:
    yield f"{preset.units} units"
    yield f"times in {preset.timezone}"
    for key in _READING:
        value = getattr(preset, key)
        if value:
            text = (
                value
                if isinstance(value, str)
                else ", ".join(item or "(no name)" for item in value)
            )
            yield f"{key} {text}"
    if preset.key:
        yield f"overlaps told apart by {', '.join(preset.key)}"


def _columns(preset: Preset) -> Iterator[str]:
    """Each canonical column with what it is read from."""
    for name, headers in preset.columns.items():
        if name not in preset.derive:
            yield f"  {name:<22}{' | '.join(header or '(no name)' for header in headers)}"
    for name, derive in preset.derive.items():
        yield f"  {name:<22}{_derived(derive)}"
    for name, value in preset.constants.items():
        yield f"  {name:<22}always {value}"


def _derived(derive: Derive) -> str:
    if derive.choose:
        return "; ".join(_step(step) for step in derive.choose)
    marks = {" - ": derive.subtract, ", else ": derive.first_of, " + ": derive.join}
    return next(mark.join(headers) for mark, headers in marks.items() if headers)


def _step(step: Step) -> str:
    tests = [f"{header} is {' or '.join(values)}" for header, values in step.when.items()]
    return f"{step.value} if {' and '.join(tests)}" if tests else f"else {step.value}"


def _rules(preset: Preset, width: int) -> list[str]:
    """Value maps and the rows that are skipped."""
    rows = [
        f"  {column:<22}{value} = {_listed(texts)}"
        for column, values in preset.values.items()
        for value, texts in values.items()
    ]
    skipped = [f"  {header}: {_listed(texts)}" for header, texts in preset.drop.items()]
    skipped += [f"  {name} is empty" for name in preset.skip_empty]
    lines: list[str] = []
    for title, items in (("values", rows), ("rows skipped, and counted", skipped)):
        if items:
            lines += ["", title]
            lines += [line for item in items for line in _wrapped(item, " " * 24, width)]
    return lines


def _listed(texts: Sequence[str]) -> str:
    return ", ".join(text or "(no name)" for text in texts)


def _wrapped(text: str, indent: str, width: int) -> list[str]:
    return textwrap.wrap(
        text,
        width,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    )
