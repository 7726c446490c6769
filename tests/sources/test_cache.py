"""The cache: an unchanged file is only hashed, and nothing about the cache can change a figure."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
import time
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest

from clv_cli.errors import DataError
from clv_cli.frames import Finding, Severity
from clv_cli.settings import Settings
from clv_cli.sources import LineStore, PartCache, cached, load_book, user_cache
from clv_cli.sources.cache import INDEX, KEPT_DAYS, ROWS, key_of, reader_version
from clv_cli.sources.codec import Encoder, decode
from tests.sources.exports import HEADER, LINE, csv, write

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from clv_cli.frames import Book
    from clv_cli.sources.part import Part

LINES = {"path": "lines*.csv", "table": "billing_lines"}
ROOT = Path(__file__).parents[2]


class Desk:
    """Loads a folder again and again with one cache, and counts what is parsed."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.cache = PartCache(folder / "cache")
        self.parsed: list[str] = []
        self.runs = 0
        read: Callable[..., Part] = cached._read

        def spy(*arguments: object) -> Part:
            self.parsed.append(str(arguments[1]))
            return read(*arguments)

        monkeypatch.setattr(cached, "_read", spy)

    def load(self, *sources: Mapping[str, object], **settings: object) -> Book:
        self.parsed.clear()
        self.runs += 1
        whole = Settings.model_validate({"sources": list(sources or [LINES]), **settings})
        return load_book(whole, self.folder, LineStore(self.folder / f"run{self.runs}", self.cache))

    def entries(self) -> list[Path]:
        return [path for path in self.cache.folder.iterdir() if not path.name.startswith(".")]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path, monkeypatch)


def content(book: Book) -> list[object]:
    """Everything a report could show of a Book."""
    tables = {name: frame.sort("source", "row").collect() for name, frame in book.tables.items()}
    return [
        {name: (frame.schema, frame.rows()) for name, frame in tables.items()},
        *(book.sources, book.findings, book.lines, book.currency, book.test_customers),
        *(book.quarantined.rows(), book.codes.rows(), book.replaced.rows()),
    ]


def test_an_unchanged_file_is_not_parsed_again_and_gives_the_same_book(desk: Desk) -> None:
    rows = [LINE, LINE.replace("100.00", "x"), LINE.replace("paid", "void") + ",", ""]
    write(desk.folder, "lines_a.csv", csv(*rows))
    write(desk.folder, "lines_b.csv", csv(LINE.replace("C1", "A0")))
    bearing = {"quarantine": {"max_share": "1"}}
    cold = content(desk.load(**bearing))
    assert desk.parsed == ["lines_a.csv", "lines_b.csv"]
    warm = content(desk.load(**bearing))
    assert desk.parsed == []
    assert warm == cold


@pytest.mark.parametrize(
    ("codec", "line_end"), [("utf-8", "\n"), ("utf-8", "\r"), ("utf-16", "\n")]
)
def test_a_warm_run_unpacks_no_more_of_an_archive_than_a_look_at_its_header_takes(
    desk: Desk, codec: str, line_end: str
) -> None:
    header = "id,Amount Due,Billing,Currency,Customer,Date (UTC),Subtotal,Tax,Total,Status"
    rows = [
        f"in_{n},1.00,{'x' * 200},usd,cus_{n % 9},2026-01-31,1.00,,1.00,paid" for n in range(9000)
    ]
    text = csv(*rows, header=header).replace("\n", line_end)
    (desk.folder / "lines.csv.gz").write_bytes(gzip.compress(text.encode(codec), 1))
    source = {"path": "lines.csv.gz"}
    cold = desk.load(source)
    assert cold.lines.rows == len(rows)
    warm = desk.load(source)
    assert desk.parsed == []
    assert content(warm) == content(cold)
    scratch = desk.folder / f"run{desk.runs}" / "scratch"
    sizes = [path.stat().st_size for path in scratch.iterdir()]
    # What is in another encoding is decoded whole.
    assert (max(sizes) <= 1 << 20) is (codec == "utf-8")


def test_every_file_of_the_sample_is_found_again(desk: Desk) -> None:
    from clv_cli.config_file import load_settings

    sample = ROOT / "sample_data"
    settings = load_settings(sample / "clv.yaml")
    books = [
        load_book(settings, sample, LineStore(desk.folder / name, desk.cache)) for name in "ab"
    ]
    assert len(desk.parsed) == len(books[0].sources)
    assert content(books[0]) == content(books[1])


def test_only_the_file_that_changed_is_parsed(desk: Desk) -> None:
    write(desk.folder, "lines_a.csv", csv(LINE))
    write(desk.folder, "lines_b.csv", csv(LINE.replace("C1", "C2")))
    desk.load()
    # The new customer sorts first, so every code moves: codes are never part of an entry.
    write(desk.folder, "lines_b.csv", csv(LINE.replace("C1", "A0")))
    book = desk.load()
    assert desk.parsed == ["lines_b.csv"]
    assert book.codes.rows() == [("A0", 0), ("C1", 1)]


def test_a_file_with_other_bytes_of_the_same_size_and_time_is_parsed(desk: Desk) -> None:
    path = write(desk.folder, "lines.csv", csv(LINE))
    before = path.stat()
    desk.load()
    path.write_text(csv(LINE.replace("100.00", "200.00")))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert desk.load().sources[0].loaded.money == {"USD": 20000}
    assert desk.parsed == ["lines.csv"]


def test_another_mapping_zone_or_currency_is_another_entry(desk: Desk) -> None:
    write(desk.folder, "lines.csv", csv(LINE))
    desk.load()
    desk.load(LINES | {"negate": "amount"})
    desk.load(timezone="Asia/Tokyo")
    desk.load(base_currency="USD")
    assert len(desk.entries()) == 4
    desk.load(period="3m", own_domains="example.com")
    assert desk.parsed == []


def test_reading_looks_at_no_setting_that_the_key_leaves_out(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: set[str] = set()
    plain = Settings.__getattribute__

    def spy(settings: Settings, name: str) -> object:
        if name in Settings.model_fields:
            seen.add(name)
        return plain(settings, name)

    read = cached._read

    def watched(*arguments: object) -> Part:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Settings, "__getattribute__", spy)
            return read(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(cached, "_read", watched)
    dated = csv(LINE.replace("2026-01-05", "2026-01-05T23:00:00Z"), LINE.replace("100.00", "x"))
    write(desk.folder, "lines.csv", dated)
    desk.load(quarantine={"max_share": "1"})
    assert "timezone" in seen
    assert seen <= set(cached.READING)


def test_new_code_finds_no_old_entry(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    write(desk.folder, "lines.csv", csv(LINE))
    desk.load()
    monkeypatch.setattr("clv_cli.sources.cache.reader_version", lambda: "another")
    desk.load()
    assert desk.parsed == ["lines.csv"]
    assert len(reader_version()) == 64


@pytest.mark.parametrize("name", [ROWS, INDEX, "frame-0.arrow"])
@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "gone"])
def test_a_damaged_entry_is_noticed_and_made_again(desk: Desk, name: str, damage: str) -> None:
    write(desk.folder, "lines.csv", csv(LINE))
    cold = content(desk.load())
    path = desk.entries()[0] / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    if damage == "gone":
        path.unlink()
    else:
        kept = {"flip": data, "cut": data[: len(data) // 2], "empty": bytearray()}[damage]
        path.write_bytes(kept)
    assert content(desk.load()) == cold
    assert desk.parsed == ["lines.csv"]
    assert content(desk.load()) == cold
    if damage != "gone":
        assert desk.parsed == []


def test_a_run_outlives_the_deletion_of_its_cache(desk: Desk) -> None:
    write(desk.folder, "lines.csv", csv(LINE))
    cold = content(desk.load())
    warm = desk.load()
    shutil.rmtree(desk.cache.folder)
    assert content(warm) == cold
    assert content(desk.load()) == cold
    assert desk.parsed == ["lines.csv"]


def test_a_cache_that_cannot_be_written_changes_nothing(desk: Desk) -> None:
    write(desk.folder, "lines.csv", csv(LINE))
    desk.cache = PartCache(write(desk.folder, "no_folder", "a file stands here"))
    assert desk.load().lines.rows == 1
    assert desk.load().lines.rows == 1
    assert desk.parsed == ["lines.csv"]


def test_a_full_disk_leaves_no_half_entry(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    write(desk.folder, "lines.csv", csv(LINE))
    with monkeypatch.context() as patch:
        patch.setattr("clv_cli.sources.cache.shutil.copyfile", full)
        desk.load()
    assert list(desk.cache.folder.iterdir()) == []


def test_a_file_that_changes_while_it_is_read_is_refused_and_not_kept(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(desk.folder, "lines.csv", csv(LINE))
    read = cached._read

    def meanwhile(*arguments: object) -> Part:
        part = read(*arguments)  # type: ignore[arg-type]
        with path.open("a") as file:
            file.write(LINE + "\n")
        return part

    monkeypatch.setattr(cached, "_read", meanwhile)
    with pytest.raises(DataError, match="changed while it was read"):
        desk.load()
    assert not desk.cache.folder.exists()


def test_unused_entries_go_after_thirty_days_and_the_oldest_when_there_are_too_many(
    desk: Desk,
) -> None:
    for name in "abc":
        write(desk.folder, f"lines_{name}.csv", csv(LINE.replace("C1", name)))
        desk.load({**LINES, "path": f"lines_{name}.csv"})
    by_name = {
        json.loads((path / INDEX).read_text().partition("\n")[2])["value"]["fields"]["name"]: path
        for path in desk.entries()
    }
    now = time.time()
    for name, days in (("lines_a.csv", KEPT_DAYS + 1), ("lines_b.csv", 2), ("lines_c.csv", 1)):
        os.utime(by_name[name] / INDEX, (now - days * 86400,) * 2)
    abandoned = desk.cache.folder / ".new-killed"
    abandoned.mkdir()
    os.utime(abandoned, (now - 2 * 86400,) * 2)
    write(desk.folder, "lines_d.csv", csv(LINE))
    desk.load({**LINES, "path": "lines_d.csv"})
    assert not by_name["lines_a.csv"].exists()
    assert by_name["lines_b.csv"].exists()
    assert not abandoned.exists()
    one = sum(file.stat().st_size for file in by_name["lines_c.csv"].iterdir())
    desk.cache.max_bytes = one * 5 // 2
    write(desk.folder, "lines_e.csv", csv(LINE.replace("C1", "e")))
    desk.load({**LINES, "path": "lines_e.csv"})
    assert len(desk.entries()) == 2
    assert not by_name["lines_b.csv"].exists()


def test_what_is_used_is_not_the_oldest(desk: Desk) -> None:
    write(desk.folder, "lines.csv", csv(LINE))
    desk.load()
    index = desk.entries()[0] / INDEX
    os.utime(index, (0, 0))
    desk.load()
    assert time.time() - index.stat().st_mtime < 3600


def clv(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("CLV_")}
    return subprocess.Popen(
        [sys.executable, "-m", "clv_cli", *arguments],
        cwd=ROOT,
        env=kept | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def printed(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, "")
    return out


def test_runs_at_once_on_an_empty_cache_succeed_and_print_what_a_run_without_one_prints(
    tmp_path: Path,
) -> None:
    """Three start together; meanwhile the cache is deleted under them, again and again."""
    for name in "abcdef":
        write(tmp_path, f"lines_{name}.csv", csv(LINE.replace("C1", name)))
    write(tmp_path, "clv.yaml", "sources: [{path: 'lines*.csv', table: billing_lines}]\n")
    report = ("report", "-c", str(tmp_path / "clv.yaml"), "-f", "json")
    cache = tmp_path / "cache"
    runs = [clv(*report, CLV_CACHE_DIR=str(cache)) for _ in range(2)]
    runs.append(clv(*report, "--no-cache", CLV_CACHE_DIR=str(tmp_path / "unused")))
    first, second, without = map(printed, runs)
    assert first == second == without
    assert not (tmp_path / "unused").exists()
    entries = {path.name for path in (cache / "parts").iterdir()}
    assert len(entries) == 6
    assert not {name for name in entries if name.startswith(".")}
    again = clv(*report, CLV_CACHE_DIR=str(cache))
    while again.poll() is None:
        shutil.rmtree(cache, ignore_errors=True)
        time.sleep(0.01)
    assert printed(again) == first


def test_without_a_home_or_with_one_that_cannot_be_written_a_run_goes_on(tmp_path: Path) -> None:
    file = write(tmp_path, "file", "no folder")
    write(tmp_path, "lines.csv", csv(LINE))
    config = write(tmp_path, "clv.yaml", "sources: [{path: lines.csv, table: billing_lines}]\n")
    environment = {"HOME": str(file), "XDG_CACHE_HOME": "", "LOCALAPPDATA": ""}
    assert printed(clv("check", "-c", str(config), "-q", **environment)) == ""


def test_the_cache_lies_where_the_platform_keeps_caches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert user_cache() == tmp_path / "clv"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert user_cache() == tmp_path / ".cache" / "clv"
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert user_cache() == tmp_path / "Library" / "Caches" / "clv"
    monkeypatch.setenv("CLV_CACHE_DIR", str(tmp_path / "mine"))
    assert user_cache() == tmp_path / "mine"

    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("CLV_CACHE_DIR")
    monkeypatch.setattr(Path, "home", homeless)
    assert user_cache() is None


def test_the_codec_gives_back_what_it_was_given() -> None:
    finding = Finding(Severity.NOTE, "code", "text", row=3)
    frame = pl.DataFrame({"money": pl.Series([2**100], dtype=pl.Int128)})
    known = object()
    value = [finding, (1, None, True), {("a", 1): frozenset({"y", "x"})}, date(2026, 1, 31)]
    value += [Fraction(52, 12), frame, known, Severity.ERROR]
    encoder = Encoder({"known": known})
    text = json.dumps(encoder.encode(value))
    back = decode(json.loads(text), {"known": known}, encoder.frames)
    assert back[:5] == value[:5]
    assert back[5].equals(frame)
    assert back[6] is known
    assert back[7] is Severity.ERROR


def test_the_codec_makes_nothing_but_our_own_types() -> None:
    for path in ("subprocess:Popen", "clv_cli.sources.load:load_book", "clv_cli.errors:DataError"):
        for kind in ("dataclass", "enum", "model"):
            tampered: dict[str, object] = {
                "is": kind,
                "type": path,
                "fields": {},
                "value": 1,
                "data": "{}",
            }
            with pytest.raises(ValueError, match="none of ours"):
                decode(tampered, {}, [])
    with pytest.raises(TypeError, match="no code for complex"):
        Encoder({}).encode(1j)


def test_keys_are_the_same_in_every_process() -> None:
    """Sets and dictionaries have another order in each; the key must not."""
    code = (
        "from clv_cli.sources.cache import key_of; from clv_cli.sources.preset import spec_of; "
        "from clv_cli.settings import Source; "
        "s = Source(path='x', table='billing_lines', columns={c: c for c in "
        "('invoice_id', 'amount', 'status', 'kind')}); print(key_of(spec_of(s, None, 'w')))"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1]
    assert key_of(HEADER) != key_of(LINE)
