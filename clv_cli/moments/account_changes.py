"""Accounts that changed: seats, members, plan, address, country, payment method, owner."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.measures.account_changes import account_diffs
from clv_cli.measures.moment_kind import Aim, MomentKind, in_window, is_sentinel, moment_rows

if TYPE_CHECKING:
    from datetime import date

    from clv_cli.pipeline import Collected


@dataclass(frozen=True, slots=True)
class _Change:
    """What a change of some fields means."""

    kind: str
    title: str
    aim: Aim
    play: str
    owner: str
    priority: int
    fields: tuple[str, ...]
    direction: int = 0  # 1: only a larger number, -1: only a smaller one, 0: any change


_CHANGES = (
    _Change(
        "seats_added",
        "Seats or members added",
        Aim.GROW,
        "welcome the new people; offer the team terms",
        "sales",
        3,
        ("seats", "members"),
        1,
    ),
    _Change(
        "seats_removed",
        "Seats or members removed",
        Aim.KEEP,
        "ask who left and whether the rest are served",
        "success",
        2,
        ("seats", "members"),
        -1,
    ),
    _Change(
        "plan_changed",
        "Plan changed",
        Aim.THANK,
        "make sure that the new plan does what they wanted",
        "success",
        3,
        ("plan",),
    ),
    _Change(
        "moved",
        "Address or country changed",
        Aim.GROW,
        "ask what they need in the new place",
        "sales",
        3,
        ("address", "country"),
    ),
    _Change(
        "payment_method_changed",
        "Payment method changed",
        Aim.THANK,
        "confirm that the next invoice will go through",
        "support",
        4,
        ("payment_method",),
    ),
    _Change(
        "owner_changed",
        "New owner at the customer",
        Aim.KEEP,
        "introduce yourself: whoever chose you has gone",
        "success",
        2,
        ("owner",),
    ),
)


def changes(frames: Collected, since: date, rule: _Change) -> pl.DataFrame:
    """Which accounts changed in these fields (and this direction)? A change of nothing is none.

    Args:
        frames: with the changes.
        since: first day.
        rule: which fields, and what that means.
    """
    scope = frames.scope
    old, new = (
        pl.col(name).str.strip_chars().cast(pl.Decimal(20, 4), strict=False)
        for name in ("old", "new")
    )
    grew = (
        ((new - old) * rule.direction > 0).fill_null(value=False)
        if rule.direction
        else pl.lit(value=True)
    )
    found = frames[account_diffs].filter(
        pl.col("field").is_in(rule.fields),
        in_window("day", since, scope.as_of),
        ~is_sentinel("day"),
        grew,
    )
    said = [pl.col(name).fill_null("nothing") for name in ("old", "new")]
    return moment_rows(
        found,
        rule.kind,
        code="code",
        day="day",
        subject="field",
        occurrence=pl.format("{}:{}", "day", pl.col("new").fill_null("")),
        fact=pl.format("{}: {} to {}", pl.col("field").str.replace_all("_", " "), *said),
        source="source",
        row="row",
    )


KINDS = tuple(
    MomentKind(
        rule.kind,
        rule.title,
        rule.aim,
        rule.play,
        rule.owner,
        rule.priority,
        needs=(account_diffs,),
        find=partial(changes, rule=rule),
        requires=("account_changes", "account_snapshots"),
    )
    for rule in _CHANGES
)
