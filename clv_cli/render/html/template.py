"""The page's template: HTML and style from two files, filled in with everything escaped."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from clv_cli.render.charts.theme import HEAT, variables
from clv_cli.render.formats import safe_text

if TYPE_CHECKING:
    from jinja2 import Template

    from clv_cli.render.html.page import Page

PARTS = ("page.html.j2", "parts.html.j2")
STYLE = "style.css"


def filled(page: Page) -> str:
    """The page as HTML.

    Args:
        page: what it says; only what charts drew is taken as markup.
    """
    style = Markup(variables() + _source(STYLE))  # noqa: S704 - ours, from no export
    return template().render(page=page, style=style, steps=len(HEAT))


@cache
def template() -> Template:
    """The template, compiled."""
    sources = {name: _source(name) for name in PARTS}
    environment = Environment(
        loader=DictLoader(sources),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_harmless,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(PARTS[0])


def _source(name: str) -> str:
    return (resources.files("clv_cli.render.html") / "templates" / name).read_text("utf-8")


def _harmless(value: Any) -> Any:  # noqa: ANN401 - whatever a template prints
    """Text without control characters and direction overrides; markup of our own as it is."""
    return safe_text(value) if isinstance(value, str) and not isinstance(value, Markup) else value
