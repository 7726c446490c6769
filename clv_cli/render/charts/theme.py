"""One look for the whole page: colours by meaning, in light and dark, and Vega's settings.

Charts are drawn in the light colours; the page's style recolours every mark by the colour it was drawn
in (`recolouring`), so that one SVG serves both modes and stands alone without the page. Hues are those
of Okabe and Ito (2008), told apart with any colour vision; greys carry what is nobody's merit. Light
colours are darkened to a contrast of 3:1 with the card, texts to 4.5:1.
"""

from __future__ import annotations

from typing import Any

# What a colour means: how it looks on a light and on a dark page. No light colour stands twice.
PALETTE: dict[str, tuple[str, str]] = {
    "page": ("#f4f5f7", "#0e1116"),
    "card": ("#ffffff", "#171b22"),
    "line": ("#dfe3e8", "#323842"),
    "ink": ("#1c2127", "#e9ecf0"),
    "muted": ("#57606b", "#a2acb8"),
    "link": ("#005f95", "#79bff0"),
    "good": ("#00629a", "#6cb9ef"),
    "bad": ("#b34700", "#ff9d5c"),
    "new": ("#0072b2", "#4ea6e6"),
    "expansion": ("#2f97d4", "#9ad0f7"),
    "reactivation": ("#008a66", "#3fc79f"),
    "contraction": ("#c98200", "#f2b84b"),
    "churn": ("#cc4f00", "#f07f3c"),
    "paused": ("#b0568a", "#dd9cc2"),
    "other": ("#8a929c", "#7b8490"),
    "cxm": ("#0071b1", "#4fa7e7"),
    "cs": ("#c67d00", "#f1b74a"),
    "sales": ("#7f8791", "#8b95a1"),
    "band": ("#c9d3de", "#3d4855"),
    "zero": ("#6b747e", "#98a2ae"),
}
# Steps of a heat map, least first. Dark mode turns them round: the most is the brightest there.
HEAT: tuple[tuple[str, str], ...] = (
    ("#eef4fa", "#16222f"),
    ("#d5e5f3", "#1b3148"),
    ("#b3d1ea", "#204566"),
    ("#86b7dd", "#265c8a"),
    ("#4b8fc4", "#2b70a9"),
    ("#23699f", "#7cb5e6"),
    ("#0d4674", "#b3d8f7"),
)
# Text on the lighter steps and on the darker ones; the two change places in dark mode.
ON_LIGHT = ("#14181d", "#f5f8fb")
ON_DARK = ("#fdfdfd", "#10151b")
FIRST_DARK = 5

WIDTH = 440
FONT = "Liberation Sans"  # the one that vl-convert carries, so that widths are the same everywhere

CONFIG: dict[str, Any] = {
    "aria": False,
    "background": "transparent",
    "font": FONT,
    "view": {"stroke": "transparent"},
    "text": {"fontSize": 12, "color": PALETTE["ink"][0]},
    "axis": {
        "domain": False,
        "ticks": False,
        "labelFontSize": 11,
        "labelColor": PALETTE["muted"][0],
        "labelPadding": 6,
        "gridColor": PALETTE["line"][0],
        "title": None,
    },
}


def ink(name: str) -> str:
    """The colour of a meaning, as it is drawn."""
    return PALETTE[name][0]


def variables() -> str:
    """The palette as CSS: variables for both modes, and marks recoloured by them. Paper is light."""
    shades = {**PALETTE, **{f"heat-{step}": pair for step, pair in enumerate(HEAT)}}
    shades |= {"on-light": ON_LIGHT, "on-dark": ON_DARK}
    light = "".join(f"--{name}:{pair[0]};" for name, pair in shades.items())
    dark = "".join(f"--{name}:{pair[1]};" for name, pair in shades.items())
    marks = "".join(_recoloured(name, pair[0]) for name, pair in shades.items())
    return (
        f":root{{color-scheme:light dark;{light}}}\n"
        f"@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n{marks}"
    )


def _recoloured(name: str, drawn: str) -> str:
    return (
        f'.chart [fill="{drawn}"]{{fill:var(--{name})}}'
        f'.chart [stroke="{drawn}"]{{stroke:var(--{name})}}\n'
    )
