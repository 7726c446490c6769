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
) -> None:
    """Metrics by month.

    MRR, ARR, churn, NRR, GRR, CAC, CLV, net worth and the others: clv explain lists them.

    Example: clv metrics mrr nrr -p 2026 -f csv
    """
    from clv_cli import run

    show(run.metrics_by_month(options.request(), names or ()), options)
