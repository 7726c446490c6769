"""Use cases without a terminal: config, Book, tables, results. `commands` call these and render.

`opening` reads what a request names, `finishing` computes and ties; one file a family of use cases between.
"""

from clv_cli.run.closing import Close, close_months
from clv_cli.run.comparing import compare
from clv_cli.run.cutting import cohorts, segments
from clv_cli.run.driving import drivers
from clv_cli.run.environment import environment
from clv_cli.run.explaining import explain_line, explain_metric
from clv_cli.run.finishing import conventions, finished
from clv_cli.run.forecasting import forecast
from clv_cli.run.history import (
    history_diff,
    history_export,
    history_folder,
    last_good,
    metric_history,
    nights,
)
from clv_cli.run.logbook import LogBook
from clv_cli.run.moments import moments
from clv_cli.run.opening import Request, locate_config, opened, sample_config
from clv_cli.run.planning import allocation, whatif
from clv_cli.run.proposing import Proposed, propose_config, write_config
from clv_cli.run.reconciling import reconcile
from clv_cli.run.reporting import check, metrics_by_month, report
from clv_cli.run.splitting import split, split_journal
from clv_cli.run.unattended import Outcome, Unattended, nightly
from clv_cli.run.valuing import customer, customers, models

__all__ = [
    "Close",
    "LogBook",
    "Outcome",
    "Proposed",
    "Request",
    "Unattended",
    "allocation",
    "check",
    "close_months",
    "cohorts",
    "compare",
    "conventions",
    "customer",
    "customers",
    "drivers",
    "environment",
    "explain_line",
    "explain_metric",
    "finished",
    "forecast",
    "history_diff",
    "history_export",
    "history_folder",
    "last_good",
    "locate_config",
    "metric_history",
    "metrics_by_month",
    "models",
    "moments",
    "nightly",
    "nights",
    "opened",
    "propose_config",
    "reconcile",
    "report",
    "sample_config",
    "segments",
    "split",
    "split_journal",
    "whatif",
    "write_config",
]
