"""Traces whose parts come in several records, in any order, give what they give together."""

import itertools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ingest.formats import FORMATS
from ingest.formats.envelope import open_envelope
from ingest.qta import Fragment

HERE = Path(__file__).parent
GROUPS = {"resourceSpans": ("scopeSpans", "spans"), "resourceLogs": ("scopeLogs", "logRecords")}


def read(name: str, line: Any) -> tuple[Fragment, ...]:
    fragments = FORMATS[name].fragments
    assert fragments is not None
    return fragments(open_envelope(line))


def joined(name: str, fragments: list[Fragment]) -> list[Any]:
    """The exchanges of all traces."""
    join = FORMATS[name].join
    assert join is not None
    keys = dict.fromkeys(fragment.key for fragment in fragments)
    return [exchange for key in keys for exchange in join([part.payload for part in fragments if part.key == key])]


def apart(line: dict[str, Any]) -> list[dict[str, Any]]:
    """A record for each span and log record."""
    parts = []
    for root, (scopes, items) in GROUPS.items():
        for group in line.get(root, ()):
            for scope in group[scopes]:
                parts += [{root: [{**group, scopes: [{**scope, items: [item]}]}]} for item in scope[items]]
    return parts


def lines() -> list[Any]:
    rows = []
    for name in ("otel_genai", "openinference"):
        wants = json.loads((HERE / name / "want.json").read_bytes())
        for line, want in zip((HERE / name / "in.jsonl").read_bytes().splitlines(), wants, strict=True):
            value = json.loads(line)
            if want["reason"] != f"malformed_{name}" and len(apart(value)) > 1:
                rows.append(pytest.param(name, value, id=f"{name}: {want['case']}"))
    return rows


@pytest.mark.parametrize(("name", "line"), lines())
def test_parts_in_any_order_give_what_they_give_together(name: str, line: dict[str, Any]) -> None:
    whole = joined(name, list(read(name, line)))
    parts = apart(line)
    for order in itertools.chain(itertools.islice(itertools.permutations(parts), 24), [parts[::-1]]):
        found = [fragment for part in order for fragment in read(name, part)]
        assert sorted(map(repr, joined(name, found))) == sorted(map(repr, whole))


@pytest.mark.parametrize(("name", "line"), lines())
def test_parts_that_are_sent_twice_count_once(name: str, line: dict[str, Any]) -> None:
    found = list(read(name, line))
    assert joined(name, [*found, *found]) == joined(name, found)


def span(number: int, parent: int = 0, attributes: Mapping[str, str] = {}) -> dict[str, Any]:
    return {
        "traceId": f"{1:032x}",
        "spanId": f"{number:016x}",
        "parentSpanId": f"{parent:016x}" if parent else "",
        "startTimeUnixNano": number,
        "attributes": attributes,
    }


CALL = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m"}
SAID = {**CALL, "gen_ai.input.messages": "[]", "gen_ai.output.messages": "[]"}


@pytest.mark.parametrize(
    ("spans", "closes"),
    [
        ([span(2, 1, SAID)], [False]),
        ([span(2, 1, SAID), span(1)], [True]),
        ([span(1, 0, SAID)], [True]),
        ([span(1, 0, CALL)], [False]),
        ([span(1)], []),
    ],
    ids=["the root is elsewhere", "the root is here", "the call is the root", "its content may follow", "no call"],
)
def test_a_trace_closes_with_its_root(spans: list[dict[str, Any]], closes: list[bool]) -> None:
    line = {"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}
    assert [fragment.closes for fragment in read("otel_genai", line)] == closes
