"""Which model describes how long customers stay, how often they buy, and what they spend?"""

from __future__ import annotations

import polars as pl

from clv_cli.measures.holdout import held_out, log_gaps
from clv_cli.measures.renewal_opportunities import renewal_opportunities
from clv_cli.measures.rfm import purchase_days, rfm_free_choice
from clv_cli.pipeline import Scope, derived


@derived("lifetime_models", renewal_opportunities, purchase_days, rfm_free_choice)
def lifetime_models(
    scope: Scope, asked: pl.DataFrame, days: pl.DataFrame, rfm: pl.DataFrame
) -> pl.DataFrame:
    """Every candidate, fitted, tested on the last `models.holdout_months`, and judged.

    Contracts: a constant rate (naive), sBG and BdW for each plan interval, all plans together. Free
    choice (usage, one-off): a constant rate (naive), BG/NBD, MBG/NBD, MBG/CNBD-k with the regularity k
    that is most likely, and Pareto/NBD; Gamma-Gamma for spend. Of each population at most one is `chosen`.

    Returns:
        `population, interval, interval_count, model, naive, chosen, reason, names, parameters,
        covariance` (of the logarithms of the parameters, row by row)`, log_likelihood, bic, n`,
        `holdout_n, holdout_actual, holdout_expected, holdout_low, holdout_high, holdout_loss`; see
        `model_rows.Holdout`. Times of purchases are in weeks, those of renewals in intervals.
    """
    from clv_cli.measures.model_fitting import (  # noqa: PLC0415 - scipy, only when asked
        purchase_rows,
        renewal_rows,
    )
    from clv_cli.measures.model_rows import SCHEMA  # noqa: PLC0415

    held = held_out(scope, days)
    rows = renewal_rows(asked, held.cut)
    rows += purchase_rows(rfm, held.tested, held.weeks, log_gaps(days))
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")
