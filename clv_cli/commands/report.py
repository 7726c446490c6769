"""`clv report`: the main job."""

from clv_cli.commands.options import Shared, drawing, shared, show

PEOPLE = ("kpis", "split_buckets", "mrr_movements", "moments")


@shared
def report(options: Shared) -> None:
    """Key figures, MRR movements, split, moments; all tied.

    In a terminal or pipe the main tables; -f html is the whole page with charts, -f json holds all.

    Example: clv report -p 12m -o report.html
    """
    from clv_cli import run

    report = run.report(
        options.request(),
        ledgers=options.whole_workbook(),
        modelled=options.whole_page(),
        told=drawing(options),
    )
    show(report, options, PEOPLE, page=())
