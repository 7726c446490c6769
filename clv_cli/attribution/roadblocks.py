"""Roadblocks: how much revenue comes from customers who complain about what?"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.attribution.drivers import scored_answers
from clv_cli.glossary import Kind
from clv_cli.measures.revenue_facts import revenue_facts
from clv_cli.money import allocate
from clv_cli.pipeline import derived, reduction
from clv_cli.results import Column, Rows, Table

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope
    from clv_cli.results import Frames

SOURCES = {"survey": "low score", "flag": "risk flag", "ticket": "rated bad"}
COLUMNS = (
    Column("theme", Kind.TEXT, "Theme"),
    Column("told", Kind.TEXT, "Told by", labels=SOURCES),
    Column("customers", Kind.COUNT, "Customers"),
    Column("exposed", Kind.MONEY, "Revenue exposed"),
    Column("once", Kind.MONEY, "Counted once"),
)
_SCHEMA = {
    "theme": pl.String,
    "told": pl.String,
    **dict.fromkeys(("customers", "exposed", "once"), pl.Int64),
}
_THEME = {"code": pl.Int32, "theme": pl.String, "told": pl.String}
BAD = "bad"
UNHAPPY = "contact with us"


@reduction("flag_reasons")
def flag_reasons(scope: Scope) -> pl.LazyFrame:
    """Why customers were flagged in the period: `code, theme, told`."""
    flags = scope.book.table("risk_flags").filter(
        pl.col("reason").is_not_null(), _within(scope, "flagged_on")
    )
    coded = flags.join(scope.book.codes.lazy(), on="customer_id")
    return coded.select("code", theme="reason", told=pl.lit("flag")).unique()


@reduction("bad_tickets")
def bad_tickets(scope: Scope) -> pl.LazyFrame:
    """Whose touches of the period were rated bad: `code, theme, told`."""
    rated = scope.book.table("touches").filter(
        pl.col("satisfaction").str.to_lowercase() == BAD, _within(scope, "happened_on")
    )
    coded = rated.join(scope.book.codes.lazy(), on="customer_id")
    return coded.select("code", theme=pl.lit(UNHAPPY), told=pl.lit("ticket")).unique()


def _within(scope: Scope, day: str) -> pl.Expr:
    period, when = scope.period, pl.col(day)
    return (when >= period.start_day) & (when < period.end_day) & (when <= scope.as_of)


@derived("customer_themes", scored_answers, flag_reasons, bad_tickets)
def customer_themes(
    scope: Scope, answers: pl.DataFrame, flags: pl.DataFrame, tickets: pl.DataFrame
) -> pl.DataFrame:
    """Who complained about what in the period: `code, theme, told`, each once, sorted.

    A driver's latest score below `evidence.low_score` of its scale, the reason of a risk flag, or a
    touch rated bad.
    """
    recent = answers.filter(
        pl.col("kind") == "driver", pl.col("item").is_not_null(), _within(scope, "asked_on")
    )
    latest = recent.sort("asked_on").group_by("customer_id", "item", maintain_order=True).last()
    low = latest.filter(pl.col("score") < float(scope.settings.evidence.low_score))
    coded = low.join(scope.book.codes, on="customer_id").select(
        "code", theme="item", told=pl.lit("survey")
    )
    own = [frame.select(*_THEME) for frame in (coded, flags, tickets)]
    tests = scope.book.codes.filter(pl.col("customer_id").is_in(scope.book.test_customers))
    return pl.concat(own).join(tests, on="code", how="anti").unique().sort(pl.all())


def roadblocks_table(_: Scope) -> Table:
    """How much revenue of the period comes from customers who named a theme?

    Themes overlap. `once` divides each customer's revenue equally among its themes, which is the
    Shapley value of the revenue that any of them exposes, so that the column adds up to it.
    """
    title = "Roadblocks: revenue of customers who complained"
    return Table("roadblocks", title, COLUMNS, (customer_themes, revenue_facts), _finish)


def _finish(frames: Frames) -> Rows:
    period = frames.scope.period
    facts = frames[revenue_facts].filter(pl.col("month").is_between(period.first, period.end - 1))
    revenue = facts.group_by("code").agg(amount=pl.col("amount_base").cast(pl.Int128).sum())
    money = {code: int(amount) for code, amount in revenue.iter_rows()}
    themes: dict[int, list[tuple[str, str]]] = {}
    for code, theme, told in frames[customer_themes].iter_rows():
        themes.setdefault(code, []).append((theme, told))
    exposed: dict[tuple[str, str], int] = {}
    once: dict[tuple[str, str], Fraction] = {}
    count: dict[tuple[str, str], int] = {}
    for code, named in themes.items():
        worth = money.get(code, 0)
        for key in named:
            exposed[key] = exposed.get(key, 0) + worth
            once[key] = once.get(key, Fraction(0)) + Fraction(worth, len(named))
            count[key] = count.get(key, 0) + 1
    keys = sorted(exposed, key=lambda key: (-exposed[key], key))
    total = sum(money.get(code, 0) for code in themes)
    cents = _whole(total, [once[key] for key in keys])
    rows = [(*key, count[key], exposed[key], cent) for key, cent in zip(keys, cents, strict=True)]
    text = (
        f"{len(themes):,} customers named a theme; `counted once` divides the revenue of each"
        " equally among its themes and adds up to all of it. Exposed is not lost."
    )
    notes = [text] if rows else []
    return Rows(pl.DataFrame(rows, schema=_SCHEMA, orient="row"), notes=notes)


def _whole(total: int, parts: list[Fraction]) -> list[int]:
    """Exact parts as whole minor units that sum to the total; negative ones stay as they round."""
    if not parts or total <= 0 or min(parts) < 0:
        return [round(part) for part in parts]
    return allocate(total, parts)
