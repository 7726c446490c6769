"""Overlapping exports: of a document that stands in several files, only the newest version counts.

A version is all rows of one key in one file, whatever became of them: an invoice that the newest
export holds as void, and a rule skips, must not live on in an older one. And a version replaces
another whole: a line that was taken off an invoice is in no newer row.

    newest = latest `updated` of its rows, where every version has one
             else the latest date in the file's name, where every file has one
    equal or unknown order: the versions must be the same, or the run stops

Rows of one file are never compared with each other: two alike are two.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.errors import DataError
from clv_cli.frames import REPLACED_COLUMNS, Type
from clv_cli.sources.account import Sums, sums_of
from clv_cli.sources.columns import UPDATED
from clv_cli.sources.judging import LOADED, REPLACED, SKIPPED
from clv_cli.sources.upsert_findings import findings_of, unknown_overlap
from clv_cli.sources.versions import date_in_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv_cli.frames import Finding
    from clv_cli.sources.part import Part
    from clv_cli.sources.store import LineStore

_AT, _CODE, _DATED, _ORDER = "at", "code", "dated", ("updated", "dated")


@dataclass(frozen=True, slots=True)
class Upserted:
    """Parts of which every document is in one file only.

    Args:
        parts: in the order they were given.
        replaced: documents whose amount changed, as in `REPLACED_COLUMNS`.
        findings: what was replaced, and what could not be compared.
    """

    parts: list[Part]
    replaced: pl.DataFrame
    findings: list[Finding]


def upsert(parts: Sequence[Part], store: LineStore) -> Upserted:
    """Keep the newest version of every document, file by file of one table, preset and key.

    Where nothing overlaps this costs one pass over the keys, and 8 bytes for each.

    Args:
        parts: all parts of a run, with their columns complete.
        store: where rewritten parts go.

    Raises:
        DataError: two versions differ and none is known to be newer.
    """
    groups: dict[tuple[str, str, tuple[str, ...]], list[int]] = defaultdict(list)
    for at, part in enumerate(parts):
        _assert_updated(part)
        spec = part.binding.spec
        groups[part.table, spec.preset or "", spec.key].append(at)
    kept = list(parts)
    changes, findings = [pl.DataFrame(schema=REPLACED_COLUMNS)], []
    for (_, _, key), places in groups.items():
        if len(places) < 2:
            continue
        group = [parts[at] for at in places]
        if not _comparable(group, key):
            findings += _blind(group)
            continue
        done = _upsert_group(group, key, store)
        for at, part in zip(places, done.parts, strict=True):
            kept[at] = part
        changes.append(done.replaced)
        findings += done.findings
    return Upserted(kept, pl.concat(changes), findings)


def _comparable(group: Sequence[Part], key: Sequence[str]) -> bool:
    return bool(key) and all(set(key) <= set(part.typed().collect_schema()) for part in group)


def _blind(group: Sequence[Part]) -> list[Finding]:
    preset = group[0].binding.spec.preset
    return unknown_overlap(group) if preset is not None else []


def _upsert_group(group: Sequence[Part], key: tuple[str, ...], store: LineStore) -> Upserted:
    suspects = _suspects(group, key)
    if suspects.is_empty():
        return Upserted(list(group), pl.DataFrame(schema=REPLACED_COLUMNS), [])
    versions = _ranked(_versions(group, key, suspects), group)
    _assert_decided(versions, group, key)
    old = versions.filter(pl.col("place") > 0)
    parts = [
        _without(part, old.filter(pl.col(_AT) == at), key, store) for at, part in enumerate(group)
    ]
    replaced = _changes(_differing(versions), group, key)
    return Upserted(parts, replaced, findings_of(group, parts, replaced))


def _assert_updated(part: Part) -> None:
    spec = part.binding.spec
    if spec.forced_updated and part.binding.header.find(str(spec.updated)) is None:
        raise DataError(
            f'the file has no column "{spec.updated}", by which versions are told',
            where=f"{part.name} (columns: {part.binding.header.listed()})",
            hint=f"correct updated at {spec.where}",
        )


def _hash(key: Sequence[str]) -> pl.Expr:
    return pl.struct(key).hash() if len(key) > 1 else pl.col(key[0]).hash()


def _keyed(part: Part, key: Sequence[str]) -> pl.LazyFrame:
    """The rows that have a key; rows without one are never compared."""
    return part.typed().filter(pl.all_horizontal(pl.col(name).is_not_null() for name in key))


def _suspects(group: Sequence[Part], key: Sequence[str]) -> pl.Series:
    """Hashes of keys that may stand in two files: the one pass that every run pays."""
    hashes = [_keyed(part, key).select(_hash(key).unique()).collect().to_series() for part in group]
    every = pl.concat([found.alias("hash") for found in hashes]).sort()
    return every.filter(every == every.shift(1)).unique()


def _versions(group: Sequence[Part], key: Sequence[str], suspects: pl.Series) -> pl.DataFrame:
    """One row a key and file: what it holds, and when it was changed."""
    wanted = _hash(key).is_in(suspects.implode())
    frames = []
    for at, part in enumerate(group):
        rows = _keyed(part, key).filter(wanted)
        updated = pl.col(UPDATED) if UPDATED in rows.collect_schema() else pl.lit(None, pl.Int64)
        frames.append(
            rows.select(*key, "row", "state", updated.alias("updated"), _content(part))
            .group_by(key)
            .agg(
                # A sum of hashes: the same rows in another order are the same version.
                pl.col("content").sum(),
                pl.len().alias("rows"),
                (pl.col("state") == LOADED).sum().alias("loaded"),
                pl.col("row").min(),
                # A version of which one row is undated has no time of its own.
                pl.when(~pl.col("updated").has_nulls()).then(pl.col("updated").max()),
            )
            .with_columns(pl.lit(at, pl.Int32).alias(_AT))
            .collect()
        )
    found = pl.concat(frames)
    # One integer a key: what follows compares versions of a key many times.
    several = found.group_by(key).agg(pl.len(), pl.col("loaded").sum().alias("live"))
    chosen = several.filter((pl.col("len") > 1) & (pl.col("live") > 0)).select(key)
    return found.join(chosen.sort(key).with_row_index(_CODE), on=key)


def _content(part: Part) -> pl.Expr:
    """A hash of all canonical columns of a row, and of whether it is loaded."""
    there = set(part.typed().collect_schema())
    line_id = part.binding.spec.table.field("line_id")
    made = line_id is not None and not part.binding.given(line_id)
    columns = []
    for field in part.binding.spec.table.fields:
        if field.name not in there or (field.name == "line_id" and made):
            column: pl.Expr = pl.lit(None, pl.String)
        elif field.type is Type.LIST:
            column = pl.col(field.name).list.join("\0")
        else:
            column = pl.col(field.name)
        columns.append(column.alias(field.name))
    state = pl.col("state").clip(upper_bound=SKIPPED).alias("state")
    return pl.struct(*columns, state).hash().alias("content")


def _ranked(versions: pl.DataFrame, group: Sequence[Part]) -> pl.DataFrame:
    """The versions of each key, the newest first: `place` 0."""
    dates = pl.DataFrame(
        {_AT: range(len(group)), _DATED: [date_in_name(part.name) for part in group]},
        schema={_AT: pl.Int32, _DATED: pl.Datetime("us")},
    )
    # A time that only some versions have orders none of them.
    dated = versions.join(dates, on=_AT, how="left")
    told = [
        pl.when(~pl.col(name).has_nulls().over(_CODE)).then(pl.col(name)).alias(name)
        for name in _ORDER
        if 0 < dated[name].null_count() < dated.height
    ]
    ranked = dated.with_columns(told)
    newest_first = [False, True, True, False]
    ranked = ranked.sort(_CODE, *_ORDER, _AT, descending=newest_first, nulls_last=True)
    # Sorted, so a version's place is its distance from the first row of its key.
    at, first = pl.int_range(pl.len()), pl.col(_CODE) != pl.col(_CODE).shift(1)
    start = pl.when(first.fill_null(value=True)).then(at).forward_fill()
    return ranked.with_columns((at - start).alias("place"))


def _assert_decided(versions: pl.DataFrame, group: Sequence[Part], key: Sequence[str]) -> None:
    """Stop where the newest version is a matter of chance and the choice matters."""
    same_time = pl.all_horizontal(pl.col(name).eq_missing(pl.col(f"{name}_new")) for name in _ORDER)
    other = pl.any_horizontal(pl.col(name) != pl.col(f"{name}_new") for name in ("content", "rows"))
    newest = versions.filter(pl.col("place") == 0)
    compared = versions.join(
        newest.select(_CODE, *_ORDER, "content", "rows"), on=_CODE, suffix="_new"
    )
    rivals = compared.filter(same_time & other).sort(_CODE, _AT)
    if rivals.is_empty():
        return
    rival = rivals.row(0, named=True)
    first = newest.filter(pl.col(_CODE) == rival[_CODE]).row(0, named=True)
    places = [f"{group[row[_AT]].name}:{row['row']}" for row in (first, rival)]
    ids = " ".join(f'{name} "{rival[name]}"' for name in key)
    raise DataError(
        f"{ids} differs in two files, and neither is known to be newer ({rivals.height} such)",
        where=", ".join(sorted(places)),
        hint="put the day of export in the file names (export_2026-10-31.csv), or set updated: "
        f"to the column with the time of last change at {group[rival[_AT]].binding.spec.where}",
    )


def _without(part: Part, old: pl.DataFrame, key: tuple[str, ...], store: LineStore) -> Part:
    """The part without its replaced rows; they stay in its account."""
    if old.is_empty():
        return part
    marks = old.lazy().select(*key, pl.lit(value=True).alias("old"))
    rows = part.typed().join(marks, on=key, how="left", maintain_order="left")
    gone = pl.col("old").is_not_null() & (pl.col("state") == LOADED)
    state = pl.when(gone).then(pl.lit(REPLACED, pl.UInt8)).otherwise(pl.col("state"))
    marked = rows.with_columns(state.alias("state")).drop("old")
    sums = Sums(sums_of(marked, part.binding).collect())
    path = store.new_part()
    store.write(marked.filter(pl.col("state") == LOADED), path)
    if sums.tally() != part.sums.tally():
        raise DataError(
            "rows were lost or doubled where newer ones replaced them",
            where=part.name,
            hint="this is a bug: please report it",
        )
    return replace(part, path=path, held=None, sums=sums)


def _differing(versions: pl.DataFrame) -> pl.DataFrame:
    """The versions of documents that are not the same in every file."""
    several = versions.group_by(_CODE).agg(
        pl.any_horizontal(pl.col("content", "rows").n_unique() > 1).alias("differ")
    )
    return versions.join(several.filter("differ").select(_CODE), on=_CODE)


def _changes(versions: pl.DataFrame, group: Sequence[Part], key: tuple[str, ...]) -> pl.DataFrame:
    """The replaced documents whose sum changed, with file and first row of both versions."""
    amount = group[0].binding.spec.table.field("amount")
    if versions.is_empty() or amount is None or amount.type is not Type.MONEY:
        return pl.DataFrame(schema=REPLACED_COLUMNS)
    names = pl.DataFrame({_AT: range(len(group)), "source": [part.name for part in group]})
    placed = versions.select(*key, _AT, "row", "place").join(
        names.cast({_AT: pl.Int32}), on=_AT, how="left"
    )
    worth = _worth(group, key, versions.select(_hash(key).unique()).to_series())
    # Each currency of either version is one line: a document may change its currency.
    new = placed.filter(pl.col("place") == 0).drop("place")
    old = placed.filter(pl.col("place") > 0).drop("place")
    pairs = old.join(new, on=key, suffix="_new").rename({f"{_AT}_new": "at_new"})
    seen = worth.select(*key, "currency").unique()
    both = (
        pairs.join(seen, on=key)
        .join(worth, on=[*key, "currency", _AT], how="left")
        .join(
            worth.rename({_AT: "at_new", "amount": "amount_new"}),
            on=[*key, "currency", "at_new"],
            how="left",
        )
        .with_columns(pl.col("amount", "amount_new").fill_null(0))
        .filter(pl.col("amount") != pl.col("amount_new"))
    )
    ids = pl.concat_str(key, separator=" ")
    return both.select(
        pl.lit(group[0].table).alias("table"),
        ids.alias("key"),
        pl.col("source_new").alias("source"),
        pl.col("row_new").alias("row"),
        pl.col("amount_new").cast(pl.Int64).alias("amount"),
        "currency",
        pl.col("source").alias("old_source"),
        pl.col("row").alias("old_row"),
        pl.col("amount").cast(pl.Int64).alias("old_amount"),
    ).sort("key", "source", "row", "old_source", "old_row", "currency")


def _worth(group: Sequence[Part], key: tuple[str, ...], hashes: pl.Series) -> pl.DataFrame:
    """What each version's loaded rows sum to, by currency."""
    wanted = _hash(key).is_in(hashes.implode()) & (pl.col("state") == LOADED)
    frames = []
    for at, part in enumerate(group):
        there = set(part.typed().collect_schema())
        currency = (
            pl.col("currency")
            if "currency" in there
            else pl.lit(part.binding.base_currency, pl.String).alias("currency")
        )
        amount = pl.col("amount") if "amount" in there else pl.lit(0)
        frames.append(
            _keyed(part, key)
            .filter(wanted)
            .select(*key, currency, amount.cast(pl.Int128).alias("amount"))
            .group_by(*key, "currency")
            .agg(pl.col("amount").sum())
            .with_columns(pl.lit(at, pl.Int32).alias(_AT))
            .collect()
        )
    return pl.concat(frames)
