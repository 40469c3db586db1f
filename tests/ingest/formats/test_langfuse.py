"""Observations of one Langfuse trace that come in records of their own give what the whole trace gives."""

import time
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any

import orjson
import pytest

from conf.schema import Config, load
from ingest.exchange import Text
from ingest.formats import langfuse
from ingest.formats.envelope import open_envelope
from ingest.formats.langfuse_observations import observations_in
from ingest.formats.said import messages_in
from ingest.normalize import joiner, normalize
from ingest.privacy import Privacy
from ingest.qta import QTATriple
from tests.factories import make_record

LINES = (Path(__file__).parent / "langfuse" / "in.jsonl").read_bytes().splitlines()
TRACES = [value for line in LINES if isinstance(value := orjson.loads(line), dict) and "observations" in value]


@pytest.fixture(scope="module")
def config() -> Config:
    return load()


def whole(value: Any, config: Config) -> tuple[QTATriple, ...]:
    return normalize(make_record(orjson.dumps(value)), config.ingest, config.images, apart=True).triples


def put_together(values: list[Any], config: Config) -> tuple[QTATriple, ...]:
    """What records become whose fragments all have one key."""
    records = [make_record(orjson.dumps(value)) for value in values]
    items = [normalize(record, config.ingest, config.images, apart=True) for record in records]
    assert all(item.fragments and not item.triples for item in items)
    assert len({fragment.key for item in items for fragment in item.fragments}) == 1
    assert not any(fragment.closes for item in items for fragment in item.fragments)
    payloads = [fragment.payload for item in items for fragment in item.fragments]
    return joiner(config, Privacy())("langfuse", payloads, records[-1]).triples


def as_event(observation: dict[str, Any]) -> dict[str, Any]:
    kind = str(observation["type"]).lower()
    return {"id": f"event-{observation['id']}", "type": f"{kind}-create", "body": observation}


def trace_event(trace: dict[str, Any]) -> dict[str, Any]:
    body = {name: value for name, value in trace.items() if name != "observations"}
    return {"id": "event-trace", "type": "trace-create", "timestamp": trace["timestamp"], "body": body}


@pytest.mark.parametrize("trace", TRACES)
def test_events_in_any_order_give_what_the_export_gives(trace: dict[str, Any], config: Config) -> None:
    events = [trace_event(trace["trace"]), *map(as_event, trace["observations"])]

    assert whole(trace, config)
    for order in list(permutations(events))[:24]:
        assert put_together(list(order), config) == whole(trace, config)


@pytest.mark.parametrize("trace", TRACES)
def test_exported_observations_give_what_their_trace_gives(trace: dict[str, Any], config: Config) -> None:
    """Beside the labels, which only the trace has."""
    found = put_together(trace["observations"], config)

    want = whole(trace, config)
    assert [(one.question, one.thinking, one.answer, one.tool_calls, one.id) for one in found] == [
        (one.question, one.thinking, one.answer, one.tool_calls, one.id) for one in want
    ]


def test_a_list_of_observations_of_several_traces_is_taken_apart(config: Config) -> None:
    listed = [one for trace in TRACES[:1] for one in trace["observations"]]
    other = [{**one, "traceId": "trace-other"} for one in listed]

    item = normalize(make_record(orjson.dumps([*listed, *other])), config.ingest, config.images, apart=True)

    assert [fragment.key for fragment in item.fragments] == [listed[0]["traceId"], "trace-other"]


def test_tool_steps_of_a_graph_are_there_once(config: Config) -> None:
    graph = next(trace for trace in TRACES if "LangGraph" in str(trace["observations"]))

    (triple,) = whole(graph, config)

    assert [(call.name, call.result) for call in triple.tool_calls] == [("stock", "12")]


def test_tools_of_calls_whose_requests_are_lost_are_kept(config: Config) -> None:
    lost = next(trace for trace in TRACES if "toolu_1" in str(trace["observations"]))

    (triple,) = whole(lost, config)

    assert [(call.name, call.result) for call in triple.tool_calls] == [("count", "3 and 4")]


def test_an_observation_that_lies_in_itself_is_read(config: Config) -> None:
    circle = [{**one, "parentObservationId": one["id"]} for trace in TRACES[:1] for one in trace["observations"]]
    pair = [{**circle[0], "id": "a", "parentObservationId": "b"}, {**circle[0], "id": "b", "parentObservationId": "a"}]

    assert langfuse.depths_of([one for value in circle for one in observed(value)])
    assert set(langfuse.depths_of([one for value in pair for one in observed(value)])) == {"a", "b"}


def observed(value: Any) -> list[Any]:
    return list(observations_in([value]))


ODD = [1, 1.5, True, [], {}, [[]], [None], {"role": 3}, {"role": "user"}, {"messages": 1}, {"messages": [1, None]}]
ODD += [{"content": {"content": {"content": 1}}}, [{"event.name": 1}], {"parts": 1, "role": "user"}, '"\\"{}\\""', "["]
ODD += [
    {"choices": [{}]},
    {"contents": []},
    [{"type": "x_call"}],
    {"role": "user", "blocks": [1]},
    {"role": "odd", "content": 1},
]


@pytest.mark.parametrize("odd", ODD)
def test_odd_shapes_give_messages_or_a_rejection(odd: Any, config: Config) -> None:
    """Each is asked and answered; none may raise out of `normalize`, and none may be mistaken for another format."""
    base = {"id": "obs-odd-000001", "traceId": "trace-odd", "type": "GENERATION", "startTime": "2026-05-04T10:00:00Z"}
    for asked, said in ((odd, "Yes."), ("Why?", odd), (odd, odd)):
        record = make_record(orjson.dumps({**base, "input": asked, "output": said}))
        item = normalize(record, config.ingest, config.images)
        assert item.format == "langfuse"
        assert item.triples or item.rejection or item.empty_reason


def test_wrappers_without_end_are_looked_into_only_so_far() -> None:
    value: Any = "deep"
    for _ in range(60):
        value = {"input": value}

    assert len(messages_in(value)) == 1


def test_half_a_surrogate_pair_in_a_message_as_python_writes_it_stays_escaped() -> None:
    (message,) = messages_in(r"{'role': 'user', 'content': 'half \ud800 of it'}")
    assert message.parts == (Text(r"{'role': 'user', 'content': 'half \ud800 of it'}"),)


def test_a_record_of_scores_alone_is_not_waited_for(config: Config) -> None:
    batch = {"batch": [{"id": "e", "type": "score-create", "body": {"id": "s", "traceId": "t", "value": 1}}]}

    item = normalize(make_record(orjson.dumps(batch)), config.ingest, config.images, apart=True)

    assert (item.format, item.fragments, item.empty_reason) == ("langfuse", (), "no_model_turn")
    assert langfuse.claims(open_envelope({"type": "SPAN", "id": "x"})) is None


def test_two_ways_to_write_a_name_are_one(config: Config) -> None:
    (line,) = [line for line in LINES if b"obs-blob-1" in line]
    blob = orjson.loads(line)
    names = {"trace_id": "traceId", "start_time": "startTime", "user_id": "userId", "session_id": "sessionId"}
    camel = {names.get(name, name): value for name, value in blob.items()}

    (one,), (two,) = (
        put_together([blob], config),
        put_together([camel], config),
    )

    assert replace(one, model=two.model) == two


def test_many_calls_whose_requests_are_lost_take_time_in_proportion(config: Config) -> None:
    """4,000 calls and as many tools in one parent, none of which repeats what came before."""
    base = {"traceId": "trace-long", "parentObservationId": "root", "startTime": "2026-05-04T10:00:00Z"}
    calls = [
        {**base, "id": f"g{n}", "type": "GENERATION", "output": {"role": "assistant", "content": f"Step {n}."}}
        for n in range(4000)
    ]
    tools = [{**base, "id": f"t{n}", "type": "TOOL", "output": f"result {n}"} for n in range(4000)]
    began = time.perf_counter()

    (triple,) = whole({"trace": {"id": "trace-long"}, "observations": [*calls, *tools]}, config)

    assert time.perf_counter() - began < 10
    assert len(triple.tool_calls) == 4000
