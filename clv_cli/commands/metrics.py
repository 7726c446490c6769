"""`clv metrics`: figures by month, quarter or year."""

from typing import Annotated

import typer

from clv_cli.commands.delivery import show
from clv_cli.commands.options import Shared, shared
from clv_cli.errors import UsageError

Monthly = Annotated[bool, typer.Option("-M", "--monthly", help="One row a month (the default).")]
Quarterly = Annotated[bool, typer.Option("-Q", "--quarterly", help="One row a quarter.")]
Yearly = Annotated[bool, typer.Option("-Y", "--yearly", help="One row a year.")]


@shared
def metrics(
    options: Shared,
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Metrics, such as mrr nrr cac; default: the main ones."),
    ] = None,
    *,
    by: Annotated[
        str | None, typer.Option("--by", help="segment, plan, channel or country.")
    ] = None,
    monthly: Monthly = False,
    quarterly: Quarterly = False,
    yearly: Yearly = False,
    convention: Annotated[
        str | None,
        typer.Option("--convention", help="Count as chartmogul, stripe, recurly … do."),
    ] = None,
    compare: Annotated[
        str | None,
        typer.Option("--compare", help="Conventions side by side: clv,chartmogul,stripe."),
    ] = None,
) -> None:
    """Metrics by month, quarter or year.

    Stocks are those of the end, movements are summed, rates are computed from their parts, never
    averaged. MRR, NRR, CAC, CLV, DSO, NPS and the others: clv explain lists them.

    --convention counts by a vendor's documented rules, --compare explains the difference between
    several, switch by switch: clv explain conventions lists them.

    Example: clv metrics mrr nrr --by segment -Q -p 2026 -f csv
    """
    from clv_cli.run import comparing, reporting

    if compare is not None:
        conventions = [name.strip() for name in compare.split(",") if name.strip()]
        show(comparing.compare(options.request(), names or (), conventions), options)
        return
    grain = one_grain(monthly=monthly, quarterly=quarterly, yearly=yearly)
    report = reporting.metrics_by_month(options.request(), names or (), convention, grain, by)
    show(report, options, ("metrics",))


def one_grain(*, monthly: bool, quarterly: bool, yearly: bool) -> str:
    """The grain that was asked for; month when none was.

    Raises:
        UsageError: more than one was.
    """
    asked = {"month": monthly, "quarter": quarterly, "year": yearly}
    chosen = [grain for grain, wanted in asked.items() if wanted]
    if len(chosen) > 1:
        raise UsageError("choose one of -M, -Q and -Y", where="clv metrics")
    return chosen[0] if chosen else "month"
