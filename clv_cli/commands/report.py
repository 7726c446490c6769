"""`clv report`: the main job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv_cli.commands.options import Shared, shared, show

if TYPE_CHECKING:
    from collections.abc import Callable

    from clv_cli.results import Result

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


def drawing(options: Shared) -> Callable[[Result, str], None] | None:
    """Who has a table's chart drawn while the next tables are computed; nobody without charts."""
    if not options.whole_page():
        return None
    from clv_cli.render.charts import GALLERY

    def begin(result: Result, currency: str) -> None:
        if not options.table or result.table.name in options.table:
            GALLERY.begin(result, currency)

    return begin
