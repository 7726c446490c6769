"""`clv cohorts`: customers from their first paid month on."""

from typing import Annotated

import typer

from clv_cli.commands.delivery import show
from clv_cli.commands.options import Shared, shared


@shared
def cohorts(
    options: Shared,
    *,
    of: Annotated[str, typer.Option("--of", help="customers, revenue or margin.")] = "customers",
    by: Annotated[
        str, typer.Option("--by", help="month, quarter, channel, plan, segment or country.")
    ] = "month",
    quarterly: Annotated[bool, typer.Option("-Q", "--quarterly", help="As --by quarter.")] = False,
) -> None:
    """Cohorts: who stays, age by age.

    By the month of first payment: the share of customers still paying, of MRR, or the margin brought
    so far. What has not happened yet is blank; the last row is the weighted average.

    Example: clv cohorts --of revenue -Q -p 36m
    """
    from clv_cli.run import cutting

    report = cutting.cohorts(options.request(), of, "quarter" if quarterly else by)
    show(report, options, ("cohorts",))
