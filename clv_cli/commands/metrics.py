"""`clv metrics`: figures by month."""

from typing import Annotated

import typer

from clv_cli.commands.options import Shared, shared, show


@shared
def metrics(
    options: Shared,
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Metrics, such as mrr nrr cac; default: the main ones."),
    ] = None,
    convention: Annotated[
        str | None,
        typer.Option("--convention", help="Count as chartmogul, stripe, recurly … do."),
    ] = None,
    compare: Annotated[
        str | None,
        typer.Option("--compare", help="Conventions side by side: clv,chartmogul,stripe."),
    ] = None,
) -> None:
    """Metrics by month.

    MRR, ARR, churn, NRR, GRR, CAC, CLV, net worth and the others: clv explain lists them.

    --convention counts by a vendor's documented rules, --compare explains the difference between
    several, switch by switch: clv explain conventions lists them.

    Example: clv metrics mrr nrr -p 2026 -f csv
    """
    from clv_cli import run

    if compare is not None:
        conventions = [name.strip() for name in compare.split(",") if name.strip()]
        show(run.compare(options.request(), names or (), conventions), options)
        return
    show(run.metrics_by_month(options.request(), names or (), convention), options)
