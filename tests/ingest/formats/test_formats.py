"""Every format's cases: a line of `<format>/in.jsonl` must become what `<format>/want.json` has at the same place.

A want names only the fields that its case is about; images are [origin, media type or reason], guards
[guard, stage, verdict, categories, score].
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conf.schema import Config, load
from ingest.doctor import examine
from ingest.formats import FORMATS
from ingest.normalize import normalize
from ingest.qta import ImageFailure, Normalized, QTATriple
from tests.factories import make_record

HERE = Path(__file__).parent


def cases() -> list[Any]:
    rows = []
    for name in FORMATS:
        lines = (HERE / name / "in.jsonl").read_bytes().splitlines()
        wants = json.loads((HERE / name / "want.json").read_text(encoding="utf-8"))
        rows += [
            pytest.param(name, line, want, id=f"{name}: {want['case']}")
            for line, want in zip(lines, wants, strict=True)
        ]
    return rows


@pytest.fixture(scope="module")
def config() -> Config:
    return load()


@pytest.mark.parametrize(("name", "line", "want"), cases())
def test_case(name: str, line: bytes, want: dict[str, Any], config: Config) -> None:
    item = normalize(make_record(line), config.ingest, config.images)
    (examined,) = examine([item])

    assert (examined.outcome.state, examined.outcome.reason) == (want["state"], want["reason"])
    assert item.format == name or want["reason"] == "unknown_format"
    assert len(item.triples) == len(want["triples"])
    for triple, fields in zip(item.triples, want["triples"], strict=True):
        assert {field: shown(triple, field) for field in fields} == fields


def shown(triple: QTATriple, field: str) -> Any:
    """A field as want.json has it."""
    value = getattr(triple, field)
    if field == "images":
        found = [(image, image.reason if isinstance(image, ImageFailure) else image.media_type) for image in value]
        return [[image.origin, what] for image, what in found]
    if field == "guards":
        return [[signal.guard, signal.stage, signal.verdict, list(signal.categories), signal.score] for signal in value]
    if field == "tool_calls":
        return [{name: getattr(call, name) for name in call.__slots__} for call in value]
    return list(value) if isinstance(value, tuple) else value


def test_ids_do_not_depend_on_where_a_record_was_read(config: Config) -> None:
    def ids(item: Normalized) -> list[str]:
        return [triple.id for triple in item.triples]

    for row in cases():
        line = row.values[1]
        here = normalize(make_record(line), config.ingest, config.images)
        there = normalize(make_record(line, offset=9, source="kafka:c/mirror"), config.ingest, config.images)
        assert ids(here) == ids(there)


def test_no_two_cases_share_an_id(config: Config) -> None:
    """Each case is another interaction, so that equal ids would be a loss."""
    ids = [t.id for row in cases() for t in normalize(make_record(row.values[1]), config.ingest, config.images).triples]
    assert len(ids) == len(set(ids))


PAIRED = ("openai_chat", "anthropic_messages", "openai_responses", "gemini", "bedrock_converse")
AROUND: dict[str, Callable[[dict[str, Any], dict[str, Any]], Any]] = {
    "a proxy's exchange": lambda asked, said: {
        "request": {"method": "POST", "url": "https://example.org/", "headers": {}, "body": json.dumps(asked)},
        "response": {"status": 200, "headers": {}, "body": json.dumps(said)},
    },
    "bodies as text": lambda asked, said: {"request_body": json.dumps(asked), "response_body": json.dumps(said)},
    "the whole as text": lambda asked, said: json.dumps({"request": asked, "response": said}),
    "bodies in bodies": lambda asked, said: {"request": {"payload": {"body": asked}}, "response": {"json": said}},
    "a call's arguments and what came back": lambda asked, said: {"input": {"kwargs": asked}, "output": said},
    "a warehouse's row": lambda asked, said: {"full_request": json.dumps(asked), "full_response": said},
    "a row of Vertex AI's own log": lambda asked, said: {
        "request_payload": [json.dumps(asked)],
        "response_payload": [json.dumps(said)],
    },
    "the response beside the request's fields": lambda asked, said: {**asked, "response": said},
    "both in one object": lambda asked, said: {**asked, **said},
}


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("name", PAIRED)
def test_a_pair_is_found_in_whatever_a_gateway_puts_around_it(name: str, around: str, config: Config) -> None:
    line = json.loads((HERE / name / "in.jsonl").read_bytes().splitlines()[0])
    asked, said = line["request"], line["response"]
    record = json.dumps(AROUND[around](asked, said)).encode()
    (triple,) = normalize(make_record(record), config.ingest, config.images).triples
    (plain,) = normalize(make_record(json.dumps(line).encode()), config.ingest, config.images).triples
    assert (triple.format, triple.question, triple.thinking) == (name, plain.question, plain.thinking)
    assert (triple.answer, triple.status, triple.system_prompt) == (plain.answer, plain.status, plain.system_prompt)
