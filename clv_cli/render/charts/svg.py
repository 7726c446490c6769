"""A Vega-Lite chart to an SVG that stands in a page: small, accessible, without script or reference."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from clv_cli.render.charts.engine import ENGINE
from clv_cli.render.charts.theme import CONFIG
from clv_cli.render.formats import safe_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_SVG = "{http://www.w3.org/2000/svg}"
_LONG = re.compile(r"-?\d+\.\d{3,}(?:e-?\d+)?")
# The two that no XML may hold and that are no control characters.
_NO_CHARACTERS = dict.fromkeys((0xFFFE, 0xFFFF), "\ufffd")
# What Vega writes on every mark although it is the default, or only a browser with script needs.
_IDLE = {"class", "pointer-events", "aria-hidden", "font-family", "version", "stroke-miterlimit"}
_DEFAULTS = {
    ("opacity", "1"),
    ("stroke-width", "1"),
    ("fill-opacity", "1"),
    ("transform", "translate(0,0)"),
}


def begin(spec: Mapping[str, Any], *, name: str, title: str, sentence: str) -> Callable[[], str]:
    """Have a chart drawn meanwhile; what comes back waits for it as one `<svg>` element.

    Args:
        spec: Vega-Lite, with its data inside; paddings are fixed, so that charts line up.
        name: unique on the page; ids are made of it.
        title: as a heading would say.
        sentence: what the chart shows, in its numbers.
    """
    names: dict[str, str] = {}
    whole = {**_without_names(spec, names), "config": CONFIG, "autosize": {"type": "none"}}
    drawn = ENGINE.begin(whole)
    return lambda: _dressed(drawn(), names, name=name, title=title, sentence=sentence)


def _dressed(drawn: str, names: dict[str, str], *, name: str, title: str, sentence: str) -> str:
    """The SVG as the page has it: small, named, described."""
    root = ET.fromstring(drawn)  # noqa: S314 - made here, not read
    _slim(root)
    for element in root.iter("text"):
        element.text = _harmless(names.get(element.text or "", element.text or ""))
    size = root.get("viewBox", "")
    root.attrib.clear()
    root.attrib |= {"class": "chart", "viewBox": size, "role": "img"}
    root.attrib["aria-labelledby"] = f"{name}-title {name}-desc"
    for tag, told in (("desc", sentence), ("title", title)):
        element = ET.Element(tag, {"id": f"{name}-{tag}"})
        element.text = _harmless(told)
        root.insert(0, element)
    return ET.tostring(root, encoding="unicode")


def _without_names(part: Any, names: dict[str, str], key: str = "") -> Any:  # noqa: ANN401 - any part
    """A chart with a token for every `name` and every text beyond ASCII, which go into `names`.

    Such texts come from exports, and some letters end the process inside vl-convert. It never sees one.
    """
    if isinstance(part, list):
        return [_without_names(item, names) for item in part]
    if isinstance(part, dict):
        return {word: _without_names(value, names, word) for word, value in part.items()}
    if isinstance(part, str) and (key == "name" or not part.isascii()):
        token = f"name-{len(names)}"
        names[token] = part
        return token
    return part


def _harmless(text: str) -> str:
    return safe_text(text).translate(_NO_CHARACTERS)


def _slim(element: ET.Element) -> None:
    """Drop what draws nothing, and digits beyond a hundredth of a pixel."""
    element.tag = element.tag.removeprefix(_SVG)
    for child in list(element):
        _slim(child)
        if _draws_nothing(child):
            element.remove(child)
    for key, value in list(element.attrib.items()):
        if key in _IDLE or key.startswith("aria-") or key == "role" or (key, value) in _DEFAULTS:
            del element.attrib[key]
        elif key not in {"fill", "stroke"}:
            element.set(key, _LONG.sub(_rounded, value))


def _draws_nothing(element: ET.Element) -> bool:
    if element.tag == "g":
        return len(element) == 0
    if element.tag == "path":
        shape = element.get("d", "")
        seen = element.get("fill", "none") != "none" or element.get("stroke", "none") != "none"
        return not shape or not seen or element.get("display") == "none"
    return element.tag == "rect" and element.get("fill", "none") in {"none", "transparent"}


def _rounded(match: re.Match[str]) -> str:
    return f"{float(match[0]):.2f}".rstrip("0").rstrip(".")
