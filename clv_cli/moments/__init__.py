"""The kinds of revenue moments, in the order of lists. One file a family; none leans on another."""

from __future__ import annotations

from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from clv_cli.measures.moment_kind import MomentKind

__all__ = ["MOMENTS", "require_kinds"]

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
