"""The methods that claim by stratum, beside the declared rules: one line each.

`--method NAME` puts the claims of `CLAIM_SOURCES[NAME]` among the matches of the waterfall in place
of the CS rules that it replaces. Nothing of a method is computed unless it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.attribution import cs
from clv_cli.attribution.claims import CLAIM, ClaimSource, when_asked
from clv_cli.attribution.counterfactual import COUNTERFACTUAL
from clv_cli.attribution.survey import SURVEY_METHOD
from clv_cli.pipeline import derived

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope

CLAIM_SOURCES: dict[str, ClaimSource] = {
    "survey": SURVEY_METHOD,
    "counterfactual": COUNTERFACTUAL,
}
COMPONENTS_OF = {
    cs.AT_RISK: ("retained", "expanded"),
    cs.REFERRAL: ("referral",),
    cs.NO_GRIPES: ("no_gripes",),
}
_ASKED = [when_asked(source.claims, name) for name, source in CLAIM_SOURCES.items()]


def source_of(scope: Scope) -> ClaimSource | None:
    """The claim source that the settings choose; None for the declared rules and the worksheet."""
    return CLAIM_SOURCES.get(scope.settings.split.method)


def reaches_everyone(scope: Scope) -> bool:
    """Whether the method may claim any purchase, of customers without evidence too."""
    source = source_of(scope)
    return source is not None and source.everyone


def replaced(scope: Scope) -> set[tuple[str, str]]:
    """The buckets and components whose rules give way to the method: they are no zeros, but not asked."""
    source = source_of(scope)
    rules = source.replaces if source is not None else frozenset()
    return {("cs", component) for rule in rules for component in COMPONENTS_OF[rule]}


@derived("split_method_claims", *_ASKED)
def split_method_claims(_: Scope, *found: pl.DataFrame) -> pl.DataFrame:
    """The claims of the method asked for; empty where rules alone decide."""
    claims = [frame.select(*CLAIM) for frame in found if frame.width]
    return pl.concat([pl.DataFrame(schema=CLAIM), *claims])
