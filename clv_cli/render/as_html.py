"""HTML: one page that stands alone. No script, no reference, nothing that a network would be asked for.

The same report gives the same bytes: no clock, no random id. Text of exports passes one choke point:
every expression of the template is made harmless (`safe_text`) and escaped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv_cli.render.html.page import page_of
from clv_cli.render.html.template import filled, template

if TYPE_CHECKING:
    from clv_cli.render.layout import View
    from clv_cli.results import Report


def render(report: Report, view: View) -> str:
    """The report as one HTML page."""
    return filled(page_of(report, view))


def load() -> None:
    """Have ready what every page needs, whatever it says."""
    template()
