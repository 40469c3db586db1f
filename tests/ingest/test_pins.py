from pathlib import Path
from typing import Any

import orjson
import pytest

from conf.errors import ConfigError
from conf.schema import Config, load
from ingest.normalize import normalizer
from ingest.pins import pins_of
from ingest.qta import Normalized
from tests.factories import make_record

ROWS = {"messages": [{"role": "user", "content": "How wide?"}, {"role": "assistant", "content": "Forty."}]}
MAPPING = '[fields]\nquestion = "ask"\nanswer = "say"\n'


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "house.toml").write_text(MAPPING, encoding="utf-8")
    pins = tmp_path / "pins.toml"
    pins.write_text(
        f"""
        [topics."train-*"]
        format = "sharegpt"
        [topics."train-quay"]
        format = "sharegpt"
        tenant = "quay"
        [topics."house"]
        mapping = "{tmp_path}/house.toml"
        [topics."late/*.jsonl"]
        tenant = "late"
        """,
        encoding="utf-8",
    )
    return load([pins])


def become(config: Config, source: str, value: Any, **changes: Any) -> Normalized:
    return normalizer(config)(make_record(orjson.dumps(value), source=source, **changes))


def test_a_topics_records_are_of_the_format_that_it_is_pinned_to(config: Config) -> None:
    item = become(config, "kafka:c/train-a", ROWS)
    assert (item.format, item.because) == ("sharegpt", "pinned for train-*")
    unpinned = become(config, "kafka:c/other", ROWS)
    assert unpinned.rejection is not None


def test_an_exact_name_goes_before_a_glob_that_stands_first(config: Config) -> None:
    assert become(config, "kafka:c/train-quay", ROWS).triples[0].tenant == "quay"


def test_the_tenant_is_the_records_then_the_headers_then_the_pins(config: Config) -> None:
    row = {"qta": 1, "question": "How?", "answer": "So."}
    source = "file:/logs/late/a.jsonl"
    headers = (("tenant", b"header"),)
    assert become(config, source, row).triples[0].tenant == "late"
    assert become(config, source, row, headers=headers).triples[0].tenant == "header"
    assert become(config, source, row | {"tenant": "own"}, headers=headers).triples[0].tenant == "own"
    assert become(config, "file:/logs/early/a.jsonl", row).triples[0].tenant == "default"


def test_a_topic_may_have_a_mapping_of_its_own(config: Config) -> None:
    value = {"ask": "How wide?", "say": "Forty."}
    assert become(config, "kafka:c/house", value).triples[0].answer == "Forty."
    assert become(config, "kafka:c/other", value).rejection is not None


def test_an_array_in_a_pinned_topic_is_taken_apart_like_any_other(config: Config) -> None:
    assert len(become(config, "kafka:c/train-a", [ROWS, ROWS | {"id": "row-0123456789"}]).triples) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[topics."a"]\nformat = "openai"', r'topics\."a"\.format = \'openai\': allowed here: qta, '),
        ('[topics."a"]\nmapping = "/nowhere.toml"', "/nowhere.toml: No such file"),
        ('[topics."a"]\nformt = "qta"', r"topics\.a\.formt: unknown key; allowed here: format, mapping, tenant"),
    ],
)
def test_a_wrong_pin_is_told_before_anything_is_read(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        pins_of(load([file]))
