"""Other people's text made harmless: one function for each thing that would take it for a command.

A customer's name may hold an escape sequence, a formula or a link. `safe_text` is for terminals and
everything that people read, `markdown` for Markdown, `spreadsheet` for the text cells of CSV,
`json_safe` for JSON. Numbers pass through none of them.
"""

from __future__ import annotations

import re

# Controls, format characters (directions, zero width, tags), halves of surrogate pairs, line and
# paragraph separators, code points that are no characters (XML forbids them), and letters that
# draw nothing (Hangul fillers, the joiner of graphemes).
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2"
    "\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ud800-\udfff\ufdd0-\ufdef\ufeff\uffa0\ufff9-\ufffb\ufffe\uffff\U000110bd\U000110cd\U00013430-\U0001343f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f]"
)
# The same for polars, whose expressions know the classes by name.
HIDDEN = r"[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u{34f}\u{115f}\u{1160}\u{17b4}\u{17b5}\u{3164}\u{ffa0}\u{fdd0}-\u{fdef}\u{fffe}\u{ffff}]"

# What a spreadsheet takes for a formula, its full-width forms too.
_LEADS = "=+\\-@\uff1d\uff0b\uff0d\uff20"
# A formula at the start, behind blanks or quotes, or behind what other locales separate cells by.
FORMULA = rf"((?:^|;)[\s'\"]*)([{_LEADS}])"
# A signed number is a number, in a text column too: -3.20, -1/3, 5e-7, -12 %.
NUMBER = r"^[+-]?[0-9][0-9.,]*(/[0-9]+)?([eE][+-]?[0-9]+)?( ?%)?$"
_FORMULA, _NUMBER = re.compile(FORMULA), re.compile(NUMBER)

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#|~!$&@^])")
_LIST = re.compile(r"^([-+=]|\d+(?=[.)]))")


def safe_text(text: str) -> str:
    r"""Text whose control, direction and zero-width characters are written out: `\x1b`, `\u202e`.

    Terminals then see neither escape sequences nor line breaks, and readers see what is there.
    """
    return _HIDDEN.sub(_visible, text)


def is_hidden(text: str) -> bool:
    """Whether a text holds characters that readers do not see or terminals obey."""
    return _HIDDEN.search(text) is not None


def _visible(found: re.Match[str]) -> str:
    code = ord(found.group())
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def markdown(text: str, *, opens_line: bool = True) -> str:
    """Text that Markdown shows as it is: no table cell, link, picture, HTML, emphasis or list.

    Args:
        text: any text; blanks around it go.
        opens_line: whether it stands where a list or heading could begin, as no table cell does.
    """
    plain = _MARKDOWN.sub(r"\\\1", safe_text(text).strip())
    if opens_line:
        plain = _LIST.sub(_escaped_start, plain)
    # Renderers make links of bare addresses; a backslash within stops them.
    return re.sub(r"(?i)(https?|ftp|mailto|xmpp|javascript|data|file):", r"\1\\:", plain).replace(
        "www.", "www\\."
    )


def _escaped_start(found: re.Match[str]) -> str:
    start = found.group(1)
    # A number is escaped behind its digits, where the point would make it a list.
    return f"\\{start}" if not start.isdigit() else f"{start}\\"


def spreadsheet(text: str) -> str:
    """Text that no spreadsheet takes for a formula: an apostrophe before what begins like one.

    Control characters are written out as by `safe_text`. A plain signed number stays as it is. Applied
    twice it does nothing more.
    """
    if _NUMBER.fullmatch(text):
        return text
    safe = safe_text(text)
    return _FORMULA.sub(_quoted, safe)


def _quoted(found: re.Match[str]) -> str:
    before, lead = found.groups()
    return f"{before}{lead}" if before.endswith("'") else f"{before}'{lead}"


def json_safe(document: str) -> str:
    r"""JSON whose hidden characters are `\u` escapes: the same values, and nothing for a terminal.

    Args:
        document: JSON as `json.dumps` writes it; line feeds between values stay.
    """
    return _HIDDEN.sub(_json_escape, document)


def _json_escape(found: re.Match[str]) -> str:
    char = found.group()
    if char == "\n":
        return char
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))
