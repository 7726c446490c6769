"""`clv report`: the main job."""

from clv_cli.commands.options import Shared, shared, show

PEOPLE = ("kpis", "split_buckets", "mrr_movements")


@shared
def report(options: Shared) -> None:
    """Key figures, MRR movements, revenue split, reconciliation.

    In a terminal or pipe the main tables; -f json holds all of them.

    Example: clv report -p 12m -o report.md
    """
    from clv_cli import run

    show(run.report(options.request(), ledgers=options.whole_workbook()), options, PEOPLE)
