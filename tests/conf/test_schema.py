"""The configuration: what loads, and what is refused with the key's name and what is allowed."""

import re
from pathlib import Path

import pytest

from conf.errors import ConfigError
from conf.schema import DEFAULT_FILE, Config, load

CONF = DEFAULT_FILE.parent


@pytest.mark.parametrize(
    "file",
    sorted(set(CONF.rglob("*.toml")) - set(CONF.glob("train/*.toml"))),
    ids=lambda path: str(path.relative_to(CONF)),
)
def test_each_file_in_conf_loads(file: Path) -> None:
    assert isinstance(load([file]), Config)


def test_each_knob_has_a_comment_that_says_what_it_trades() -> None:
    knobs = [line for line in DEFAULT_FILE.read_text().splitlines() if re.match(r"\w+ *=", line)]
    assert len(knobs) == sum(len(section) for section in load().model_dump().values())
    assert [line for line in knobs if not re.search(r"  # \S.{15}", line)] == []


def test_later_files_win_and_overrides_win_over_files(tmp_path: Path) -> None:
    first, second = tmp_path / "a.toml", tmp_path / "b.toml"
    first.write_text("[golden]\nmin_agreement = 0.3\nmax_drift = 0.25\n")
    second.write_text("[golden]\nmin_agreement = 0.4\n")
    golden = load([first, second], {"golden.min_agreement": "0.6"}).golden
    assert (golden.max_drift, golden.min_agreement) == (0.25, 0.6)


def test_a_value_that_is_no_toml_is_the_text_it_is() -> None:
    assert load(overrides={"auditor.backend": "scripted"}).auditor.backend == "scripted"
    assert load(overrides={"auditor.backend": '"scripted"'}).auditor.backend == "scripted"


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("polcy.file", "a", r"polcy: unknown key; allowed here: .*policy"),
        ("policy.treshold", "0.5", r"policy\.treshold: unknown key; allowed here: file"),
        ("auditor.cascade_low", "1.5", r"auditor\.cascade_low = 1\.5: .*less than or equal to 1"),
        ("auditor.cascade_low", "nan", r"auditor\.cascade_low = nan"),
        ("kafka.poll_records", "0", r"kafka\.poll_records = 0: .*greater than or equal to 1"),
        ("kafka.start", "middle", r"kafka\.start = 'middle': .*'earliest' or 'latest'"),
        ("auditor.backend", "gpu", r"auditor\.backend = 'gpu': .*'transformers'"),
        ("images.max_pixels", "many", r"images\.max_pixels = 'many': .*integer"),
        ("policy", "0.5", r"--set policy: write it as section\.key=value"),
    ],
)
def test_a_wrong_value_is_refused_with_its_name_and_what_is_allowed(key: str, value: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        load(overrides={key: value})


def test_all_wrong_keys_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        load(overrides={"auditor.cascade_low": "2", "kafka.poll_records": "0"})
    assert len(str(caught.value).splitlines()) == 2


def test_a_file_that_is_no_toml_is_named_with_the_line(tmp_path: Path) -> None:
    broken = tmp_path / "mine.toml"
    broken.write_text("[policy]\nescalate = = 1\n")
    with pytest.raises(ConfigError, match=r"mine\.toml: .*line 2"):
        load([broken])
    with pytest.raises(ConfigError, match=r"none\.toml: No such file"):
        load([tmp_path / "none.toml"])
