"""How many of the sample's planted declines and quota crossings `clv moments` finds.

`python -m tests.recipes.planted_moments [FOLDER] [--write]`: a folder with another sample (made with
another seed) shows how the same settings do on a company they were not chosen on.
"""

from __future__ import annotations

import csv
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from clv_cli.measures.paying_now import paying_now
from clv_cli.measures.usage_months import usage_days
from clv_cli.measures.usage_trend import is_falling, usage_trend
from clv_cli.moments import MOMENTS
from clv_cli.results import Frames, collect_frames
from clv_cli.run.opening import Request, opened
from tests.bench.recorded import record

SAMPLE = Path(__file__).parents[2] / "sample_data"
LONG_AGO = date(2000, 1, 1)
Found = set[tuple[str, ...]]


@dataclass(frozen=True)
class Match:
    """What was planted and what was found."""

    name: str
    planted: Found
    found: Found

    @property
    def both(self) -> int:
        """Planted and found."""
        return len(self.planted & self.found)

    @property
    def precision(self) -> float:
        """The share of what was found that was planted."""
        return self.both / len(self.found)

    @property
    def recall(self) -> float:
        """The share of what was planted that was found."""
        return self.both / len(self.planted)


def matches(folder: Path = SAMPLE) -> list[Match]:
    """Declines that stand on the last day, and first quota crossings, against the truths."""
    kinds = [MOMENTS[name] for name in ("declining_usage", "quota_exceeded")]
    with opened(Request(folder / "clv.yaml")) as scope:
        needs = [need for kind in kinds for need in kind.needs]
        frames = collect_frames([*needs, usage_days, paying_now], scope)
        crossed = (
            MOMENTS["quota_exceeded"]
            .find(frames, LONG_AGO)
            .sort("day")
            .unique(["code", "subject"], keep="first", maintain_order=True)
        )
        return [
            Match("declining usage", _planted(folder, "declining_usage", 2), _standing(frames)),
            Match(
                "quota crossings",
                _planted(folder, "quota_crossings", 3),
                _named(frames, crossed, "subject", "occurrence"),
            ),
        ]


def _standing(frames: Frames) -> Found:
    """The accounts whose use is down at the as-of day, as `declining_usage` judges each month."""
    scope = frames.scope
    watch = scope.settings.moments.decline.watch
    down = frames[usage_trend].with_columns(down=is_falling(scope, watch)).filter("down")
    last = down.filter(pl.col("month") == scope.closing).with_columns(
        pl.col("metric").cast(pl.String)
    )
    paying = last.join(frames[paying_now], on="code", how="semi")
    told = MOMENTS["declining_usage"].find(frames, LONG_AGO)
    said = paying.join(told, left_on=["code", "metric"], right_on=["code", "subject"], how="semi")
    return _named(frames, said, "metric")


def _named(frames: Frames, rows: pl.DataFrame, *columns: str) -> Found:
    return set(
        rows.join(frames.scope.book.codes, on="code").select("customer_id", *columns).iter_rows()
    )


def _planted(folder: Path, name: str, columns: int) -> Found:
    """The first columns of a file of truths, months as `2026-10`."""
    with (folder / "truths" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    return {(*row[:2], *(text[:7] for text in row[2:columns])) for row in rows}


def table(found: list[Match]) -> str:
    """The figures as the sample's README has them."""
    lines = ["| | planted | found | both | precision | recall |", "|---|--:|--:|--:|--:|--:|"]
    lines += [
        f"| {m.name} | {len(m.planted)} | {len(m.found)} | {m.both} "
        f"| {m.precision:.3f} | {m.recall:.3f} |"
        for m in found
    ]
    return "\n".join(lines)


def main(arguments: list[str]) -> None:
    """Print the table; with `--write` put it into the sample's README."""
    folders = [Path(text) for text in arguments if not text.startswith("--")]
    text = table(matches(*folders[:1]))
    print(text)
    if "--write" in arguments:
        record("moments", text, SAMPLE / "README.md")


if __name__ == "__main__":
    main(sys.argv[1:])
