"""The tables of `clv customers`: each one's value, and the four parts of net worth."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.errors import UsageError, did_you_mean
from clv_cli.glossary import Kind
from clv_cli.measures.customer_value import customer_value
from clv_cli.measures.dimensions import DIMENSIONS, NONE, customer_names, dimension
from clv_cli.measures.lifetime_models import lifetime_models
from clv_cli.measures.unit_economics import (
    CAC_NEEDS,
    CLV_NEEDS,
    cac,
    cost_to_serve,
    has_service_costs,
)
from clv_cli.metrics.tables.conditions import Condition, parse, where
from clv_cli.money import MRR_UNITS
from clv_cli.results import Check, Column, Rows, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clv_cli.pipeline import Scope
    from clv_cli.results import Frames

NUMBERS = {
    "mrr": Kind.MONEY,
    "billed": Kind.MONEY,
    "realised": Kind.MONEY,
    "future": Kind.MONEY,
    "low_80": Kind.MONEY,
    "high_80": Kind.MONEY,
    "low_95": Kind.MONEY,
    "high_95": Kind.MONEY,
    "value": Kind.MONEY,
    "p_alive": Kind.RATIO,
    "renewals": Kind.FACTOR,
    "purchases": Kind.FACTOR,
}
TEXTS = ("customer_id", "name", *DIMENSIONS, "contract_model", "purchase_model", "reason")
# What nothing is known of where no model covers a customer.
MODELLED = (
    *("future", "low_80", "high_80", "low_95", "high_95"),
    *("p_alive", "renewals", "purchases"),
)
FIELDS: dict[str, Kind] = {**dict.fromkeys(TEXTS, Kind.TEXT), **NUMBERS}
HEADINGS = {
    "customer_id": "ID",
    "mrr": "MRR",
    "low_95": "95 % from",
    "high_95": "to",
    "low_80": "80 % from",
    "high_80": "to (80 %)",
    "p_alive": "P(alive)",
    "realised": "Realised",
    "future": "Future (est.)",
    "value": "Value (est.)",
}
PEOPLE = ("customer_id", "name", "future", "low_95", "high_95", "value", "p_alive")
NEEDS = (customer_value, lifetime_models, customer_names, *(dimension(name) for name in DIMENSIONS))
TOP = 20


def require_field(name: str) -> str:
    """The name itself, when customers can be sorted by it.

    Raises:
        UsageError: they cannot.
    """
    if name not in FIELDS:
        raise UsageError(
            f'customers have no column "{name}"',
            where="--sort",
            hint=did_you_mean(name, FIELDS) or f"one of {', '.join(FIELDS)}",
        )
    return name


def customers_tables(
    scope: Scope, sort: str, top: int | None, condition: str | None
) -> list[Table]:
    """What is each customer worth, and what are all of them?

    Args:
        scope: the Book and day.
        sort: a column; numbers fall, texts rise.
        top: how many rows; None for all.
        condition: which customers, in the grammar of `conditions`; None for all.

    Raises:
        UsageError: no such column, or a condition that cannot be read.
    """
    asked = parse(condition, FIELDS) if condition else None
    columns = tuple(_column(name) for name in FIELDS)

    def finish(frames: Frames) -> Rows:
        rows = _chosen(frames, asked)
        falling = require_field(sort) in NUMBERS
        ordered = rows.sort([sort, "customer_id"], descending=[falling, False], nulls_last=True)
        return Rows(
            ordered.head(top or rows.height).select(*FIELDS),
            notes=(_counted(rows.height, sort), *uncovered(rows), *terms(scope)),
            people_rows=None if top else TOP,
        )

    listed = Table("customers", "Customers by value", columns, NEEDS, finish)
    return [listed, _totals_table(asked), _net_worth_table(scope)]


def _column(name: str) -> Column:
    heading = HEADINGS.get(name, name.replace("_", " ").capitalize())
    people = name in PEOPLE
    return Column(
        name,
        FIELDS[name],
        heading,
        whole=True,
        people=people,
        rigid=name == "customer_id",
        blank=name == "name",
    )


def _counted(customers: int, sort: str) -> str:
    return f"{customers:,} customer{'' if customers == 1 else 's'}; sorted by {sort}."


def uncovered(rows: pl.DataFrame) -> list[str]:
    """How many customers have a future that no model covers, and why."""
    reasons = (
        rows["reason"].drop_nulls().value_counts(name="n").sort("n", "reason", descending=True)
    )
    if reasons.is_empty():
        return []
    told = "; ".join(f"{reason} ({n:,})" for reason, n in reasons.iter_rows())
    total = f"{reasons['n'].sum():,} of {rows.height:,} customers"
    return [f"Some or all of the future of {total} is in no model and counts as nothing: {told}."]


def listed(frames: Frames) -> pl.DataFrame:
    """`customer_value` with id, name and dimensions, MRR in minor units; one row a customer, by `code`.

    Of whom no model covers nothing is expected either: what it would say is null, and `reason` says why.
    """
    rows = frames[customer_value].join(frames.scope.book.codes, on="code", how="left")
    rows = rows.join(frames[customer_names], on="code", how="left")
    for name in DIMENSIONS:
        rows = rows.join(frames[dimension(name)].select("code", name), on="code", how="left")
    units = pl.lit(MRR_UNITS, pl.Int64)
    # Half up: never negative, and shown only; sums of MRR are those of the metric.
    minor = (pl.col("mrr") + units // 2) // units
    models = pl.coalesce("contract_model", "purchase_model")
    modelled = pl.col("reason").is_null() | models.is_not_null()
    return rows.with_columns(
        minor.alias("mrr"),
        pl.col(DIMENSIONS).fill_null(NONE),
        *(pl.when(modelled | (pl.col(name) != 0)).then(name).alias(name) for name in MODELLED),
    ).sort("code")


def _chosen(frames: Frames, asked: Condition | None) -> pl.DataFrame:
    rows = listed(frames)
    return rows if asked is None else rows.filter(where(asked, frames.scope.currency))


def terms(scope: Scope) -> tuple[str, ...]:
    """The conventions that every modelled figure states."""
    models = scope.settings.models
    text = (
        f"Estimates: payments due within {models.horizon_months} months of "
        f"{scope.as_of.isoformat()}, discounted {float(models.discount):.1%} a year; time in plan "
        "intervals (contracts) and weeks (free choice); intervals are about the expectation."
    )
    return (text,)


def _totals_table(asked: Condition | None, by: str | None = None) -> Table:
    """Sums of the customers shown, with the interval of the sum."""
    names = ("billed", "realised", "future", "low_80", "high_80", "low_95", "high_95", "value")
    key = by or "customers"
    columns = (
        Column(key, Kind.TEXT, key.capitalize(), labels={NONE: f"(no {by})"}, rigid=True),
        Column("n", Kind.COUNT, "n"),
        *(
            Column(
                n,
                Kind.MONEY,
                HEADINGS.get(n, n.capitalize()),
                whole=True,
                people=n not in {"low_80", "high_80", "billed"},
            )
            for n in names
        ),
    )

    def finish(frames: Frames) -> Rows:
        rows = _chosen(frames, asked)
        groups = sorted(rows.group_by(by)) if by else []
        found = [_sums(frames, {key: str(name[0])}, mine) for name, mine in groups]
        total = _sums(frames, {key: "All"}, rows)
        checks = [
            Check(
                f"{name}_by_{by}",
                sum(int(str(r[name] or 0)) for r in found),
                int(str(total[name] or 0)),
                f"{name} by {by} = {name}",
            )
            for name in ("realised", "future")
            if by
        ]
        schema = {key: pl.String, **dict.fromkeys(("n", *names), pl.Int64)}
        frame = pl.DataFrame([*found, total], schema=schema, orient="row")
        unknown = frame.with_row_index().filter(pl.col("future").is_null())["index"]
        reasons = [(at, "future", "no model covers any of these customers") for at in unknown]
        notes = [*uncovered(rows), *terms(frames.scope)] if by else []
        return Rows(frame, reasons, checks=checks, notes=notes)

    title = f"Value by {by}" if by else "All of them together"
    return Table("customer_totals", title, columns, NEEDS, finish)


def customers_by_table(by: str) -> Table:
    """What are the customers of each segment (plan, channel, country) worth together?"""
    return _totals_table(None, by)


def _sums(frames: Frames, key: Mapping[str, str], rows: pl.DataFrame) -> dict[str, object]:
    from clv_cli.measures.residual_value import summed  # noqa: PLC0415 - scipy, only when asked

    sums: dict[str, object] = {**summed(rows, frames[lifetime_models])}
    if _in_no_model(rows):
        sums |= dict.fromkeys(("future", "low_80", "high_80", "low_95", "high_95"))
    return {**key, "n": rows.height, **sums}


def _in_no_model(rows: pl.DataFrame) -> bool:
    """Whether there are customers, and nothing is known of the future of any."""
    return rows.height > 0 and rows["future"].null_count() == rows.height


def _net_worth_table(scope: Scope) -> Table:
    """Net worth of the average customer from the modelled value: four parts and their sum."""
    columns = (
        Column("part", Kind.TEXT, "Net worth per customer"),
        Column("amount", Kind.MONEY, "Amount"),
        Column("basis", Kind.TEXT, "Basis"),
    )
    needs = tuple(
        dict.fromkeys((*NEEDS, *CLV_NEEDS, *(CAC_NEEDS if scope.book.has("spend") else ())))
    )
    return Table("net_worth", "Net worth, by the modelled value", columns, needs, _net_worth)


def _net_worth(frames: Frames) -> Rows:
    scope, values = frames.scope, listed(frames)
    count = max(values.height, 1)
    expected = None if _in_no_model(values) else _mean(values, "future", count)
    basis = "no model covers any customer" if expected is None else "mean of the same; estimate"
    parts: list[tuple[str, Fraction | None, str]] = [
        ("realised margin", _mean(values, "realised", count), "mean of customers ever billed"),
        ("expected future margin", expected, basis),
    ]
    won = cac(frames, scope.closing) if scope.book.has("spend") else None
    served = (
        cost_to_serve(frames, scope.closing) if has_service_costs(frames, scope.closing) else None
    )
    for name, found, missing in (
        ("CAC", won, "no spend data: nothing"),
        ("cost to serve", served, "no cost data: nothing"),
    ):
        value = found.value if found else Fraction(0)
        basis = missing if found is None else (found.reason or "as the metric of that name")
        parts.append((name, None if value is None else -value, basis))
    amounts = [None if value is None else round(value) for _, value, _ in parts]
    known = [amount for amount in amounts if amount is not None]
    total = sum(known) if len(known) == len(amounts) else None
    rows = [
        {"part": name, "amount": amount, "basis": basis}
        for (name, _, basis), amount in zip(parts, amounts, strict=True)
    ]
    told = "sum; with clv_model, not clv" if total is not None else "a part of it is not known"
    rows.append({"part": "net worth", "amount": total, "basis": told})
    reasons = [(i, "amount", str(r["basis"])) for i, r in enumerate(rows) if r["amount"] is None]
    schema = {"part": pl.String, "amount": pl.Int64, "basis": pl.String}
    note = "The metric customer_net_worth of the report is built on the articles' clv instead."
    return Rows(pl.DataFrame(rows, schema=schema, orient="row"), reasons, notes=(note,))


def _mean(values: pl.DataFrame, name: str, count: int) -> Fraction:
    return Fraction(int(values[name].cast(pl.Int128).sum()), count)
