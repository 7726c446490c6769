"""The kinds of revenue moments, in the order of lists. One file a family; none leans on another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv_cli.attribution.moments_effect import effect_table
from clv_cli.errors import UsageError, did_you_mean
from clv_cli.moments import (
    account_changes,
    declining_usage,
    milestones,
    payments,
    quota,
    referrals,
    renewals,
    second_product,
    under_quota,
    win_back,
)
from clv_cli.moments.tables import health, listing, opportunities
from clv_cli.moments.tables.listing import Asked
from clv_cli.results import collect_frames

if TYPE_CHECKING:
    from clv_cli.measures.moment_kind import MomentKind
    from clv_cli.moments.tables.emission import Emission
    from clv_cli.pipeline import Scope
    from clv_cli.results import Table

__all__ = [
    "MOMENTS",
    "Asked",
    "customer_moments_table",
    "emitted",
    "moments_tables",
    "report_moments_table",
    "require_kinds",
]

MOMENTS: dict[str, MomentKind] = {
    kind.name: kind
    for module in (
        declining_usage,
        payments,
        renewals,
        under_quota,
        quota,
        win_back,
        account_changes,
        second_product,
        referrals,
        milestones,
    )
    for kind in module.KINDS
}


def require_kinds(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names themselves, when all are kinds of moments.

    Raises:
        UsageError: one is not.
    """
    for name in names:
        if name not in MOMENTS:
            raise UsageError(
                f'there is no kind of moment "{name}"',
                where="--kind",
                hint=did_you_mean(name, MOMENTS) or f"one of {', '.join(MOMENTS)}",
            )
    return names


def moments_tables(scope: Scope, asked: Asked) -> list[Table]:
    """Whom to talk to, why, what is at stake, what to do; and how healthy customers are."""
    require_kinds(asked.kinds)
    return [
        *listing.moments_tables(scope, MOMENTS, asked),
        health.health_table(),
        health.health_bands_table(scope),
        opportunities.opportunities_table(scope),
        opportunities.cross_sell_table(),
        *([effect_table()] if scope.book.memory else []),
    ]


def customer_moments_table(scope: Scope, customer_id: str) -> Table:
    """The moments of one customer in the period reported."""
    return listing.customer_moments_table(scope, MOMENTS, customer_id)


def report_moments_table(scope: Scope, top: int = 10) -> Table:
    """The first moments of the list, for a report."""
    return listing.report_table(scope, MOMENTS, top)


def emitted(scope: Scope) -> Emission:
    """What a run says, and what is to be remembered of it (`Emission.remember`).

    What earlier runs said is in `scope.book.memory`.
    """
    return listing.emitted(collect_frames(listing.emission_needs(scope, MOMENTS), scope), MOMENTS)
