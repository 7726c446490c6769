"""How tests ask for a split: a few lines and evidence in, cells out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clv_cli.attribution import split_lines
from clv_cli.results import collect_frames
from tests.books import book, day, scope

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope

Row = dict[str, Any]


def initiative(name: str = "I", start: str = "2020-01-01", **more: object) -> Row:
    """An aligned initiative that covers everything, unless told otherwise."""
    days = {key: day(str(more.pop(key))) for key in ("effective_to",) if key in more}
    return {"initiative_id": name, "aligned": True, "effective_from": day(start), **days, **more}


def touch(customer: str, on: str, name: str = "T1", team: str = "success") -> Row:
    """What Success or Support did."""
    return {"touch_id": name, "customer_id": customer, "happened_on": day(on), "team": team}


def flag(customer: str, on: str, name: str = "F1") -> Row:
    """A risk flag."""
    return {"flag_id": name, "customer_id": customer, "flagged_on": day(on)}


def referral(
    referrer: str | None, referred: str, on: str, kind: str = "referral", **more: object
) -> Row:
    """Who brought whom."""
    name = more.pop("name", "R1")
    ids = {"referral_id": name, "referrer_id": referrer, "referred_id": referred}
    return {**ids, "made_on": day(on), "kind": kind, **more}


def asked(lines: list[Row], period: tuple[str, str] = ("2025-01", "2025-12"), **more: Any) -> Scope:  # noqa: ANN401
    """A scope over lines and evidence tables; keys with `split` are settings."""
    settings = {
        key.replace("split__", "split."): more.pop(key)
        for key in list(more)
        if key.startswith("split__")
    }
    book_keys = {key: more.pop(key) for key in ("currency", "rates") if key in more}
    return scope(book(lines, **book_keys, **more), period[1], period, **settings)


def cells(of: Scope) -> dict[str, dict[str, int]]:
    """Minor units by line, then by `bucket/component/rule`; of the reported lines."""
    found: dict[str, dict[str, int]] = {}
    for row in collect_frames([split_lines], of)[split_lines].to_dicts():
        key = f"{row['bucket']}/{row['component']}/{row['rule_id']}"
        line = found.setdefault(row["line_id"], {})
        line[key] = line.get(key, 0) + row["amount"]
    return found


def evidence(of: Scope, line_id: str, bucket: str) -> list[str]:
    """The evidence of a line's cells in one bucket."""
    rows = collect_frames([split_lines], of)[split_lines].to_dicts()
    return [r["evidence"] for r in rows if r["line_id"] == line_id and r["bucket"] == bucket]
