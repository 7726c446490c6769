"""`clv customers`: what each customer is worth."""

from typing import Annotated

import typer

from clv_cli.commands.delivery import show
from clv_cli.commands.options import Shared, shared


@shared
def customers(
    options: Shared,
    customer_id: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="One customer: its story.")
    ] = None,
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
    """Customers: what each brought, and is expected to bring.

    Realised margin, expected discounted future margin with its 95 % interval, their sum, and the
    chance that the customer is still there; the totals; net worth in its four parts. People see some
    of the columns; files have them all. With an ID: revenue, model, value, touches, risk flags and
    split of that one.

    Example: clv customers --where "segment = enterprise and p_alive > 0.5" --top 20
    """
    from clv_cli.run import valuing

    if customer_id is not None:
        show(valuing.customer(options.request(), customer_id), options)
        return
    show(valuing.customers(options.request(), sort, top, where, by), options)
