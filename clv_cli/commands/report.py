"""`clv report`: the main job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv_cli.commands.delivery import show
from clv_cli.commands.options import Shared, shared

if TYPE_CHECKING:
    from clv_cli.results import Result
    from clv_cli.run.beside import Meanwhile

PEOPLE = ("kpis", "split_buckets", "mrr_movements", "moments")


@shared
def report(options: Shared) -> None:
    """Key figures, MRR movements, split, moments; all tied.

    In a terminal or pipe the main tables; -f html is the whole page with charts, -f json holds all.

    Example: clv report -p 12m -o report.html
    """
    from clv_cli.run import reporting

    report = reporting.report(
        options.request(),
        ledgers=options.whole_workbook(),
        modelled=options.whole_page(),
        meanwhile=meanwhile(options),
    )
    show(report, options, PEOPLE, page=())


def meanwhile(options: Shared) -> Meanwhile | None:
    """What a page has done while its tables are computed: its charts drawn, its template loaded."""
    if not options.whole_page():
        return None
    from clv_cli.render.charts import GALLERY
    from clv_cli.run.beside import Meanwhile

    def begin(result: Result, currency: str) -> None:
        if not options.table or result.table.name in options.table:
            GALLERY.begin(result, currency)

    return Meanwhile(begin, _load_page)


def _load_page() -> None:
    from clv_cli.render import as_html

    as_html.load()
