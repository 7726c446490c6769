"""The tables of `clv models`: candidates, parameters, survival, and the naive figure beside ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from clv_cli.glossary import Kind
from clv_cli.measures.costs import service_costs
from clv_cli.measures.customer_margin import margin_rate
from clv_cli.measures.customer_revenue import customer_revenue
from clv_cli.measures.customer_value import customer_value
from clv_cli.measures.lifetime_models import lifetime_models
from clv_cli.measures.renewal_opportunities import renewal_counts
from clv_cli.measures.unit_economics import CLV_NEEDS, lifetime
from clv_cli.measures.without_help import NEEDED, models_without_help
from clv_cli.metrics.tables.customer_list import terms
from clv_cli.metrics.tables.holdout_tables import holdout_tables
from clv_cli.money import MRR_UNITS
from clv_cli.results import Column, Rows, Table

if TYPE_CHECKING:
    from clv_cli.pipeline import Measure, Scope
    from clv_cli.results import Frames

WORLDS = {"happened": "as it happened", "without_help": "without help"}
ASSUMED = (
    "Without help holds if the facts recorded before a flag are all that decided on help; its standard "
    "errors are by customer."
)
Z95 = 1.959964


def models_tables(scope: Scope) -> list[Table]:
    """Which models were fitted, how did they do on unseen months, and what does the naive one miss?

    Args:
        scope: the Book; with risk flags and touches also how customers would stay without help.
    """
    unhelped = (models_without_help,) if all(map(scope.book.has, NEEDED)) else ()
    return [_choice(), *holdout_tables(), _parameters(unhelped), _survival(unhelped), _naive()]


def _choice() -> Table:
    columns = (
        Column("population", Kind.TEXT, "Population"),
        Column("model", Kind.TEXT, "Model", rigid=True),
        Column("chosen", Kind.TEXT, "Used"),
        Column("log_likelihood", Kind.FACTOR, "LL"),
        Column("bic", Kind.FACTOR, "BIC", people=False),
        Column("n", Kind.COUNT, "n", people=False),
        Column("holdout_n", Kind.COUNT, "Holdout n", people=False),
        Column("holdout_actual", Kind.COUNT, "Seen"),
        Column("holdout_expected", Kind.FACTOR, "Expected"),
        Column("tracking_error", Kind.CHANGE, "Off by"),
        Column("holdout_low", Kind.FACTOR, "95 % from"),
        Column("holdout_high", Kind.FACTOR, "to"),
        Column("covered", Kind.TEXT, "Covered", people=False),
        Column("holdout_loss", Kind.FACTOR, "Loss", people=False),
        Column("loss_against_naive", Kind.CHANGE, "Loss to naive"),
        Column("reason", Kind.TEXT, "Reason", people=False),
    )
    return Table("models", "Models: fitted, tested, chosen", columns, (lifetime_models,), _choices)


def _choices(frames: Frames) -> Rows:
    rows = frames[lifetime_models]
    seen, expected = pl.col("holdout_actual"), pl.col("holdout_expected")
    inside = seen.is_between(pl.col("holdout_low"), pl.col("holdout_high"))
    naive = pl.col("holdout_loss").filter("naive").first().over("population")
    frame = rows.with_columns(
        loss_against_naive=(pl.col("holdout_loss") / naive - 1).round(6),
        chosen=pl.when("chosen").then(pl.lit("yes")).otherwise(pl.lit("no")),
        n=pl.col("n").cast(pl.Int64),
        tracking_error=pl.when(seen > 0).then(expected / seen - 1).round(6),
        covered=pl.when(inside).then(pl.lit("yes")).when(~inside).then(pl.lit("no")),
    )
    notes = [
        f"{row['population']}, {row['model']}: {row['reason'].removeprefix(row['model'] + ' ')}."
        for row in rows.iter_rows(named=True)
    ]
    months = frames.scope.settings.models.holdout_months
    notes.append(
        f"Holdout: the last {months} months, unseen by the fit tested there. Seen and expected are "
        "renewals lost, or purchases made; loss is the mean log loss, or absolute error of a customer."
    )
    return Rows(frame, notes=[*notes, *terms(frames.scope)])


def _parameters(unhelped: tuple[Measure, ...]) -> Table:
    columns = (
        Column("population", Kind.TEXT, "Population"),
        Column("model", Kind.TEXT, "Model"),
        Column("world", Kind.TEXT, "World", labels=WORLDS),
        Column("parameter", Kind.TEXT, "Parameter"),
        Column("value", Kind.FACTOR, "Value"),
        Column("standard_error", Kind.FACTOR, "SE"),
        Column("low_95", Kind.FACTOR, "95 % from"),
        Column("high_95", Kind.FACTOR, "to"),
    )

    def finish(frames: Frames) -> Rows:
        others = {row["population"]: row for row in _unhelped(frames, unhelped)}
        rows = []
        for row in frames[lifetime_models].filter("chosen").to_dicts():
            rows += _parameter_rows(row, "happened")
            other = others.get(row["population"], {})
            rows += _parameter_rows(other, "without_help") if other.get("names") else []
        schema = {c.name: pl.String if c.kind is Kind.TEXT else pl.Float64 for c in columns}
        notes = ["Standard errors from the observed information; intervals on the log scale."]
        notes += [_about_help(row) for row in others.values()]
        notes += [ASSUMED] * bool(others)
        return Rows(pl.DataFrame(rows, schema=schema, orient="row"), notes=notes)

    needs = (lifetime_models, *unhelped)
    return Table("parameters", "Parameters of the models used", columns, needs, finish)


def _unhelped(frames: Frames, unhelped: tuple[Measure, ...]) -> list[dict[str, Any]]:
    return [row for measure in unhelped for row in frames[measure].to_dicts()]


def _parameter_rows(row: dict[str, Any], world: str) -> list[tuple[object, ...]]:
    """Each parameter with its standard error and interval."""
    import numpy as np  # noqa: PLC0415 - with the models, only when asked

    size = len(row["names"])
    relative = np.sqrt(np.diag(np.reshape(row["covariance"], (size, size)))).tolist()
    own = (row["population"], row["model"], world)
    return [
        (*own, name, value, value * error, value / np.exp(Z95 * error), value * np.exp(Z95 * error))
        for name, value, error in zip(row["names"], row["parameters"], relative, strict=True)
    ]


def _about_help(row: dict[str, Any]) -> str:
    if not row["names"]:
        return f"{row['population']}, without help: no fit, {row['reason']}."
    return (
        f"{row['population']}, without help: {row['helped']:,} helped customers count up to their "
        f"risk episode's landmark, {row['unhelped']:,} unhelped ones stand for those of like facts "
        f"(largest weight {row['largest_weight']:.1f})."
    )


def _survival(unhelped: tuple[Measure, ...]) -> Table:
    columns = (
        Column("population", Kind.TEXT, "Population"),
        Column("number", Kind.COUNT, "Renewal"),
        Column("at_risk", Kind.COUNT, "Asked"),
        Column("lost", Kind.COUNT, "Lost"),
        Column("kaplan_meier", Kind.RATIO, "Left (KM)"),
        Column("low_95", Kind.RATIO, "95 % from"),
        Column("high_95", Kind.RATIO, "to"),
        Column("model", Kind.RATIO, "Model"),
        *((Column("without_help", Kind.RATIO, "No help"),) if unhelped else ()),
    )

    def finish(frames: Frames) -> Rows:
        from clv_cli.measures.calibration import survival_rows  # noqa: PLC0415 - scipy

        others = _unhelped(frames, unhelped)
        rows = survival_rows(frames[lifetime_models], frames[renewal_counts], others)
        notes = [
            "Kaplan-Meier with Greenwood's band, to the last renewal seen; the model goes on beyond."
        ]
        notes += ["No help: the model of a world without help; see parameters."] * bool(unhelped)
        return Rows(rows.select([column.name for column in columns]), notes=notes)

    needs = (lifetime_models, renewal_counts, *unhelped)
    title = "Share left after each renewal"
    return Table("survival", title, columns, needs, finish, people_rows=24)


def _naive() -> Table:
    columns = (
        Column("estimate", Kind.TEXT, "Future margin of customers under contract"),
        Column("amount", Kind.MONEY, "Amount", whole=True),
        Column("off", Kind.CHANGE, "Against the models"),
    )
    needs = (customer_value, lifetime_models, customer_revenue, *CLV_NEEDS)
    return Table("naive", "What ARPA / churn would say", columns, needs, _against)


def _against(frames: Frames) -> Rows:
    from clv_cli.measures.calibration import with_one_rate  # noqa: PLC0415 - scipy

    scope = frames.scope
    under = frames[customer_value].filter("active")
    rate = margin_rate(scope, frames[customer_revenue], frames[service_costs])
    monthly = rate * float(under["mrr"].cast(pl.Int128).sum()) / MRR_UNITS
    life = lifetime(frames, scope.closing)
    lost = next((put.value for put in life.inputs if put.key == "lost"), None)
    risk = next((put.value for put in life.inputs if put.key == "at_risk"), None)
    churn = float(lost) / float(risk) if lost and risk else None
    ours = with_one_rate(scope, frames[customer_value], frames[lifetime_models], rate, None)
    schema = {"estimate": pl.String, "amount": pl.Int64, "off": pl.Float64}
    found: list[tuple[str, float | None]] = [("the models", ours)]
    if churn:
        same = with_one_rate(scope, frames[customer_value], frames[lifetime_models], rate, churn)
        found.append(("one churn rate, same horizon and discount", same))
        found.append(("ARPA x margin / churn, no end, no discount", monthly / churn))
    rows = [
        (
            name,
            None if amount is None else round(amount),
            amount / ours - 1 if ours and amount else None,
        )
        for name, amount in found
    ]
    notes = [] if churn else [f"ARPA / churn has no value: {life.reason or 'no churn'}."]
    if churn:
        notes.append(f"The naive figures use the pooled churn of {churn:.2%} a month for everyone.")
    return Rows(pl.DataFrame(rows, schema=schema, orient="row"), notes=notes)
