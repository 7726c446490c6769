"""`clv moments`: whom to talk to tomorrow, and why."""

from typing import Annotated

import typer

from clv_cli.commands.delivery import show
from clv_cli.commands.options import Shared, shared

PEOPLE = ("moments", "moments_by_kind")


@shared
def moments(
    options: Shared,
    *,
    kind: Annotated[
        list[str] | None, typer.Option("--kind", help="Only this kind (repeatable).")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", help="First day; default: moments.window_days back.")
    ] = None,
    owner: Annotated[str | None, typer.Option("--owner", help="Only what this owner does.")] = None,
    top: Annotated[int | None, typer.Option("--top", min=1, help="Only so many.")] = None,
) -> None:
    """Revenue moments: whom to talk to, why, and what is at stake.

    Milestones, limits near, usage falling, terms ending, cards failing, accounts changing: each once,
    with its evidence (file:row), a play and an owner. -f csv is one row a moment, ready for a CRM.
    By --table: health, health_bands (does the score tell who leaves?), opportunities, cross_sell.

    Example: clv moments --kind declining_usage --kind payment_failed --top 10
    """
    from clv_cli.run import moments

    names = tuple(kind or ())
    show(moments.moments(options.request(), names, since, owner, top), options, PEOPLE)
