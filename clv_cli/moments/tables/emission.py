"""From moments found to moments said: once, not to the wrong customer, and with money at stake."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.frames import EMITTED_COLUMNS
from clv_cli.measures.account_owners import account_owners
from clv_cli.measures.moment_kind import ROWS, Aim
from clv_cli.measures.paying_now import paying_now
from clv_cli.pipeline import Measure
from clv_cli.results import Frames
from clv_cli.side_by_side import side_by_side

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from fractions import Fraction

    from clv_cli.measures.moment_kind import MomentKind
    from clv_cli.pipeline import Scope

ALARM = 1  # moments that keep a customer, of this priority, are alarms
_PARTS = 10**6


@dataclass(frozen=True)
class Emission:
    """What is said now, and what is not.

    Args:
        rows: the moments to act on, first things first: `customer_id, code, kind, title, aim, day,
            fact, value` (Int64 minor units of the base currency; null with a `basis` that says why),
            `basis, play, owner, priority, key, evidence`.
        remember: all that this run emits, held-out ones included, in `EMITTED_COLUMNS`.
        since: the first day looked at.
        said: how many were said by earlier runs.
        cooling: how many followed too soon after the last of their kind and subject.
        quiet: how many offers were held back because the customer gave alarm.
        held: how many are of customers in the holdout group.
    """

    rows: pl.DataFrame
    remember: pl.DataFrame
    since: date
    said: int
    cooling: int
    quiet: int
    held: int


def looked_for(scope: Scope, kinds: Mapping[str, MomentKind]) -> list[MomentKind]:
    """The kinds that are not switched off, and for which there are data."""
    return [
        kind
        for kind in kinds.values()
        if kind.name not in scope.settings.moments.off
        and (not kind.requires or any(scope.book.has(table) for table in kind.requires))
    ]


def first_day(scope: Scope, since: date | None = None) -> date:
    """The first day looked at: as asked; else the window's, or the day after the last run if earlier.

    So a run that comes after missed nights says what they would have said, however many they were.
    """
    if since is not None:
        return since
    window = scope.as_of - timedelta(days=scope.settings.moments.window_days - 1)
    memory = scope.book.memory
    if memory is None or memory.last_as_of is None:
        return window
    return min(window, memory.last_as_of + timedelta(days=1))


def found_moments(scope: Scope, kinds: Sequence[MomentKind], since: date) -> Measure:
    """All moments of some kinds from a day on, with those before that decide what is silent now."""
    rules = scope.settings.moments
    earlier = since - timedelta(days=max(rules.cool_down_days, rules.quiet_days))
    needs = tuple(dict.fromkeys(need for kind in kinds for need in kind.needs))

    def compute(of: Scope, *inputs: pl.DataFrame) -> pl.DataFrame:
        frames = Frames(of, {n.name: frame for n, frame in zip(needs, inputs, strict=True)})

        def find(kind: MomentKind) -> pl.DataFrame:
            # What happened before only matters of kinds that cool, and of alarms.
            return kind.find(frames, earlier if kind.cools or kind.aim is Aim.KEEP else since)

        # Most steps of a kind use one core, and no kind leans on another.
        found = pl.concat([pl.DataFrame(schema=ROWS), *side_by_side(find, kinds)])
        return found.sort("code", "kind", "subject", "day", "occurrence")

    return Measure(f"moments_since_{since.isoformat()}", needs=needs, compute=compute)


EMISSION_NEEDS = (paying_now, account_owners)


def emission(
    frames: Frames, found: pl.DataFrame, kinds: Sequence[MomentKind], since: date
) -> Emission:
    """What is to be said of the moments found?

    In this order: within the window; not too soon after the last of its kind and subject; not said
    by an earlier run; no offer to a customer who gave alarm (such an offer is not remembered, so it
    comes when the alarm is over and the window still holds it); not of the holdout group.

    Args:
        frames: with `EMISSION_NEEDS`.
        found: of `found_moments`.
        kinds: those looked for.
        since: the first day.
    """
    scope = frames.scope
    marked = _marked(scope, found, kinds)
    fresh = marked.filter(pl.col("day") >= since)
    warm = _keyed(scope, fresh.filter(~pl.col("cooling")))
    new = warm.filter(~pl.col("said"))
    open_ = new.filter(~(pl.col("alarmed") & (pl.col("aim") == Aim.GROW)))
    held = _held_out(scope, open_["customer_id"])
    every = open_.with_columns(holdout=held)
    shown = _completed(frames, every.filter(~pl.col("holdout")), kinds)
    return Emission(
        rows=shown,
        remember=_to_remember(scope, every),
        since=since,
        said=warm.height - new.height,
        cooling=fresh.height - warm.height,
        quiet=new.height - open_.height,
        held=int(held.sum()),
    )


def _marked(scope: Scope, found: pl.DataFrame, kinds: Sequence[MomentKind]) -> pl.DataFrame:
    """The moments with what may silence them, whatever was said before."""
    rules = scope.settings.moments
    known = pl.DataFrame(
        [(k.name, k.aim.value, _priority(scope, k), k.cools) for k in kinds],
        schema={"kind": pl.String, "aim": pl.String, "priority": pl.Int64, "cools": pl.Boolean},
        orient="row",
    )
    named = found.join(known, on="kind", how="left", maintain_order="left")
    same = pl.all_horizontal(
        pl.col(name) == pl.col(name).shift(1) for name in ("code", "kind", "subject")
    )
    since_last = (pl.col("day") - pl.col("day").shift(1)).dt.total_days()
    soon = same & (since_last < rules.cool_down_days) & pl.col("cools")
    return named.with_columns(
        cooling=soon.fill_null(value=False),
        alarmed=pl.col("code").is_in(_alarms(scope, named).implode()),
    )


def _keyed(scope: Scope, rows: pl.DataFrame) -> pl.DataFrame:
    """The moments with the customer's id and a key, and whether an earlier run said them."""
    memory = scope.book.memory
    said = memory.emitted["dedupe_key"] if memory else pl.Series(dtype=pl.String)
    key = pl.format("{}:{}:{}:{}", "kind", "customer_id", "subject", "occurrence")
    named = rows.join(scope.book.codes, on="code", how="left", maintain_order="left")
    return named.with_columns(key=key).with_columns(said=pl.col("key").is_in(said.implode()))


def _alarms(scope: Scope, named: pl.DataFrame) -> pl.Series:
    """The codes of customers who gave alarm within the quiet days, said already or not."""
    first = scope.as_of - timedelta(days=scope.settings.moments.quiet_days)
    alarm = (pl.col("aim") == Aim.KEEP) & (pl.col("priority") <= ALARM) & (pl.col("day") > first)
    return named.filter(alarm)["code"].unique().sort()


def _held_out(scope: Scope, customers: pl.Series) -> pl.Series:
    """Whether each customer is in the holdout group."""
    rules = scope.settings.moments
    if not rules.holdout:
        return pl.Series("holdout", [False]).new_from_index(0, customers.len())
    drawn = {
        customer: in_holdout(str(customer), rules.holdout, rules.holdout_salt)
        for customer in customers.unique()
    }
    return pl.Series("holdout", [drawn.get(c, False) for c in customers], dtype=pl.Boolean)


def in_holdout(customer_id: str, share: Fraction, salt: str) -> bool:
    """Whether a customer is left alone: by the hash of its id, so the same in every run and machine.

    Args:
        customer_id: billing customer.
        share: of all customers, 0 to 1.
        salt: another one draws another group.
    """
    digest = hashlib.sha256(f"{salt}:{customer_id}".encode()).digest()
    return int.from_bytes(digest[:8]) % _PARTS < share * _PARTS


def _completed(frames: Frames, rows: pl.DataFrame, kinds: Sequence[MomentKind]) -> pl.DataFrame:
    """The moments with money, play, owner and evidence, first things first."""
    rules = frames.scope.settings.moments
    about = pl.DataFrame(
        [
            (k.name, k.title, rules.plays.get(k.name, k.play), rules.owners.get(k.name), k.owner)
            for k in kinds
        ],
        schema=dict.fromkeys(("kind", "title", "play", "set_owner", "team"), pl.String),
        orient="row",
    )
    joined = (
        rows.join(about, on="kind", how="left")
        .join(frames[paying_now].select("code", "yearly"), on="code", how="left")
        .join(frames[account_owners], on="code", how="left")
    )
    own = pl.col("basis").is_not_null()
    pays = pl.col("yearly").is_not_null()
    basis = pl.when(own).then(pl.col("basis")).when(pays).then(pl.lit("12 x MRR"))
    where = pl.when(pl.col("source").is_not_null()).then(pl.format("{}:{}", "source", "row"))
    return joined.select(
        "customer_id",
        "code",
        "kind",
        "title",
        "aim",
        "day",
        "fact",
        "play",
        "priority",
        "key",
        value=pl.when(own).then(pl.col("amount")).otherwise(pl.col("yearly")),
        basis=basis.otherwise(pl.lit("pays nothing now")),
        owner=pl.coalesce("set_owner", "owner", "team"),
        evidence=where,
    ).sort(
        ["priority", "value", "day", "customer_id", "key"],
        descending=[False, True, True, False, False],
        nulls_last=True,
    )


def _to_remember(scope: Scope, rows: pl.DataFrame) -> pl.DataFrame:
    return (
        rows.select(
            "customer_id",
            "kind",
            "day",
            "holdout",
            dedupe_key="key",
            emitted_as_of=pl.lit(scope.as_of),
        )
        .select(*EMITTED_COLUMNS)
        .sort("dedupe_key")
    )


def _priority(scope: Scope, kind: MomentKind) -> int:
    return scope.settings.moments.priorities.get(kind.name, kind.priority)
