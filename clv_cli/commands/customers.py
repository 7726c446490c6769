"""`clv customers`: what each customer is worth."""

from typing import Annotated

import typer

from clv_cli.commands.options import Shared, shared, show


@shared
def customers(
    options: Shared,
    *,
    sort: Annotated[str, typer.Option("--sort", help="Column to sort by.")] = "value",
    top: Annotated[int | None, typer.Option("--top", min=1, help="Only so many rows.")] = None,
    where: Annotated[
        str | None, typer.Option("--where", help='Such as "mrr >= 500 and segment = smb".')
    ] = None,
    by: Annotated[
        str | None, typer.Option("--by", help="Sums by segment, plan, channel or country.")
    ] = None,
) -> None:
    """Customers: what each has brought, and what the models expect of it.

    Realised margin, expected discounted future margin with its 95 % interval, their sum, and the
    chance that the customer is still there; the totals; net worth in its four parts.

    Example: clv customers --where "segment = enterprise and p_alive > 0.5" --top 20
    """
    from clv_cli import run

    show(run.customers(options.request(), sort, top, where, by), options)
