"""Every metric's name, meaning, formula and convention, as data. Imports nothing heavy.

`clv explain`, the README, the report headings and the tests all read it: a metric that is printed
anywhere has an entry, and an entry that no metric computes fails a test.
"""

from __future__ import annotations

from clv_cli.glossary.causes import CAUSES
from clv_cli.glossary.collecting import COLLECTING
from clv_cli.glossary.economics import ECONOMICS
from clv_cli.glossary.efficiency import EFFICIENCY
from clv_cli.glossary.listening import LISTENING
from clv_cli.glossary.more_rates import MORE_RATES
from clv_cli.glossary.more_revenue import MORE_REVENUE
from clv_cli.glossary.rates import RATES
from clv_cli.glossary.revenue import REVENUE
from clv_cli.glossary.term import Term
from clv_cli.kinds import Good, Kind, Window

__all__ = ["GLOSSARY", "Good", "Kind", "Term", "Window", "find_term"]

GLOSSARY: dict[str, Term] = (
    REVENUE
    | CAUSES
    | MORE_REVENUE
    | RATES
    | MORE_RATES
    | ECONOMICS
    | EFFICIENCY
    | COLLECTING
    | LISTENING
)


def find_term(name: str) -> str | None:
    """The metric's id for a name, alias or title in any case; None when unknown."""
    wanted = name.strip().casefold().replace("-", "_").replace(" ", "_")
    for key, term in GLOSSARY.items():
        names = (key, *term.aliases, term.title.casefold().replace(" ", "_"))
        if wanted in names:
            return key
    return None
