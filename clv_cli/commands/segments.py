"""`clv segments`: parts of the customers side by side."""

from typing import Annotated

import typer

from clv_cli.commands.delivery import show
from clv_cli.commands.options import Shared, shared


@shared
def segments(
    options: Shared,
    *,
    by: Annotated[
        str,
        typer.Option("--by", help="segment, plan, channel, country, rfm or value_tier."),
    ] = "segment",
) -> None:
    """Segments: who brings what, stays, and is worth it.

    MRR, share, NRR, GRR, CLV, net worth and LTV:CAC of each; warns when the total moves the other
    way than its parts. By rfm: groups by recency, frequency and money, and everyone's scores; by
    value_tier: tiers of customers by modelled value, and how much hangs on the largest.

    Example: clv segments --by channel -f csv
    """
    from clv_cli.run import cutting

    show(cutting.segments(options.request(), by), options)
