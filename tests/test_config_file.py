"""A config's faults come all at once, each with file, line, column, key and the likely remedy."""

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from clv_cli.config_docs import config_keys
from clv_cli.config_file import find_config, load_settings, parse_settings
from clv_cli.errors import ConfigError
from clv_cli.yaml_marks import load_marked

ROOT = Path(__file__).parents[1]


def faults(text: str) -> str:
    with pytest.raises(ConfigError) as stopped:
        parse_settings(text, "clv.yaml")
    return str(stopped.value)


def test_all_faults_are_listed_with_their_lines() -> None:
    text = faults(
        "version: 1\n"
        "base_curency: USD\n"
        "mrr: {prorations: price}\n"
        "quarantine:\n"
        "  max_share: 3\n"
        "sources:\n"
        "  - path: a.csv\n"
        "    presett: stripe-invoices\n"
    )
    assert "4 faults" in text
    assert "clv.yaml:2:1: base_curency: unknown key; did you mean base_currency?" in text
    assert "clv.yaml:3:7: mrr.prorations: unknown key; did you mean proration?" in text
    assert "clv.yaml:5:3: quarantine.max_share: input should be less than or equal to 1" in text
    assert "clv.yaml:8:5: sources.0.presett: unknown key; did you mean preset?" in text


def test_a_key_that_stands_twice_is_a_fault() -> None:
    assert "clv.yaml:3:1: period: the key stands twice" in faults(
        "version: 1\nperiod: 3m\nperiod: 6m\n"
    )


def test_what_the_world_does_not_know_is_a_fault() -> None:
    text = faults("version: 1\nbase_currency: usd\ntimezone: Mars/Olympus\n")
    assert 'clv.yaml:2:1: base_currency: "usd" is not an ISO 4217 currency' in text
    assert "clv.yaml:3:1: timezone: no time zone Mars/Olympus" in text


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("timezone", "Mars/Base"),
        ("timezone", "''"),
        ("base_currency", "usd"),
        ("base_currency", "DM"),
    ],
)
def test_a_zone_or_currency_that_does_not_exist_is_a_fault_with_its_line(
    key: str, value: str
) -> None:
    assert f"clv.yaml:2:1: {key}: " in faults(f"version: 1\n{key}: {value}\n")


def test_a_source_in_no_time_zone_is_a_fault_beside_all_others() -> None:
    text = faults("perod: 12m\nsources:\n  - {path: a.csv, table: usage, timezone: Mars/Base}\n")
    assert "2 faults" in text
    assert "sources.0.timezone: no time zone Mars/Base" in text


def test_a_preset_and_a_table_for_one_file_are_a_fault() -> None:
    text = faults("sources:\n  - {path: a.csv, preset: x, table: y}\n")
    assert "clv.yaml:2:5: sources.0: give a preset or a table, not both" in text


@pytest.mark.parametrize(
    ("text", "line"),
    [("a: [1,", "clv.yaml:"), ("- 1\n- 2\n", "clv.yaml:1:1"), ("a: b: c", "clv.yaml:1")],
)
def test_what_is_no_mapping_stops_with_its_line(text: str, line: str) -> None:
    assert line in faults(text)


def test_an_empty_config_is_all_defaults() -> None:
    settings = parse_settings("", "clv.yaml")
    assert settings.nrr.months == 12
    assert settings.mrr.interval_factor.week == Fraction(52, 12)


def test_numbers_are_exact_and_words_stay_words() -> None:
    document = load_marked(
        "a: 0.1\nb: NO\nc: 012\nd: 2026-01-02\ne: true\nf: ~\ng: '7'\nh: 7\n", "x"
    )
    assert document.value == {
        "a": Decimal("0.1"),
        "b": "NO",
        "c": "012",
        "d": "2026-01-02",
        "e": True,
        "f": None,
        "g": "7",
        "h": 7,
    }


def test_ratios_are_read_exactly() -> None:
    settings = parse_settings("mrr: {interval_factor: {week: 433/100, day: 30}}\n", "clv.yaml")
    assert settings.mrr.interval_factor.week == Fraction(433, 100)
    assert settings.mrr.interval_factor.day == 30
    assert "write a number or a ratio" in faults("mrr: {interval_factor: {week: often}}\n")


def test_one_text_stands_for_a_list_of_one() -> None:
    assert parse_settings("own_domains: example.com\n", "c").own_domains == ("example.com",)


def test_a_missing_config_names_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no config x\.yaml"):
        load_settings(tmp_path / "x.yaml")


def test_a_config_that_is_no_text_stops(tmp_path: Path) -> None:
    (tmp_path / "clv.yaml").write_bytes(b"\xff\xfe\x00v")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_settings(tmp_path / "clv.yaml")


def test_the_config_of_a_folder_above_is_found(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    assert find_config(inner) is None or tmp_path not in find_config(inner).parents  # type: ignore[union-attr]
    (tmp_path / "clv.yaml").write_text("version: 1\n")
    assert find_config(inner) == tmp_path / "clv.yaml"


def test_the_example_config_explains_every_key_and_no_other() -> None:
    text = (ROOT / "config.example.yaml").read_text()
    load_settings(ROOT / "config.example.yaml")
    for key in config_keys():
        leaf = key.rpartition(".")[2].removesuffix("[]")
        assert f"{leaf}:" in text, f"config.example.yaml does not mention {key}"


def test_every_key_has_a_description() -> None:
    for key, field in config_keys().items():
        assert field.description, key
