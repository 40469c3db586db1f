"""Each envelope around one log; the log's answer must come out, whatever is around it."""

import json
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from conf.schema import load
from ingest.envelopes import ENVELOPES
from ingest.normalize import normalize
from ingest.qta import Normalized
from ingest.unwrap import MAX_ENVELOPES
from tests.factories import make_record

CONFIG = load()
LOG: dict[str, Any] = {"qta": 1, "question": "How wide is the weir?", "answer": "Forty metres."}
EVENT = {
    "specversion": "1.0",
    "id": "e-71",
    "source": "/gateways/north",
    "type": "chat",
    "time": "2026-02-03T04:05:06Z",
}
CE_HEADERS = tuple((f"ce_{name}", value.encode()) for name, value in EVENT.items())
SCHEMA = {"type": "struct", "fields": []}


def become(value: Any, headers: tuple[tuple[str, bytes], ...] = ()) -> Normalized:
    raw = value if isinstance(value, bytes) else orjson.dumps(value)
    return normalize(make_record(raw, headers=headers), CONFIG.ingest, CONFIG.images)


def reason_of(item: Normalized) -> str | None:
    return item.rejection.reason if item.rejection else item.empty_reason


def change(op: str, **fields: Any) -> dict[str, Any]:
    return {"before": None, "after": LOG, "source": {"ts_ms": 1767225600000}, "op": op, "ts_ms": 1767225601000} | fields


WRAPPED: dict[str, list[Any]] = {
    "cloudevents": [EVENT | {"data": LOG}, EVENT | {"data_base64": b64encode(orjson.dumps(LOG)).decode()}],
    "confluent": [b"\0\0\0\0\x07" + orjson.dumps(LOG)],
    "debezium": [
        change("c"),
        change("r"),
        change("u", before=LOG),
        change("c", after={"id": "9f1c-77aa-0d", "aggregatetype": "chat", "payload": json.dumps(LOG)}),
        change("m", message={"prefix": "chat", "content": b64encode(orjson.dumps(LOG)).decode()}),
    ],
    "connect": [{"schema": SCHEMA, "payload": LOG}, {"schema": None, "payload": json.dumps(LOG)}],
    "shipper": [
        {"@timestamp": "2026-02-03T04:05:06.789Z", "message": json.dumps(LOG), "agent": {"type": "filebeat"}},
        {"log": json.dumps(LOG) + "\n", "stream": "stdout", "time": "2026-02-03T04:05:06.1Z"},
        {"date": 1767225600.25, "log": LOG},
        {"message": json.dumps(LOG)},
    ],
    "quoted": [json.dumps(LOG), json.dumps(json.dumps(LOG))],
}
CASES = [pytest.param(name, value, id=f"{name} {at}") for name in ENVELOPES for at, value in enumerate(WRAPPED[name])]


@pytest.mark.parametrize(("name", "value"), CASES)
def test_what_is_in_an_envelope_is_read_and_the_envelope_named(name: str, value: Any) -> None:
    item = become(value)
    assert [triple.answer for triple in item.triples] == ["Forty metres."]
    assert item.because.startswith("has the key qta, in ")
    assert name in item.because


@pytest.mark.parametrize("prefix", ["ce_", "ce-", "CE_"])
def test_a_binary_event_has_its_attributes_in_headers(prefix: str) -> None:
    headers = tuple((f"{prefix}{name}", value.encode()) for name, value in EVENT.items())
    (triple,) = become(LOG, headers).triples
    assert triple.occurred_at == datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)


def test_an_event_names_and_dates_a_log_that_is_not_named_or_dated_itself() -> None:
    first, again, other = (become(EVENT | {"id": name, "data": LOG}).triples[0] for name in ("e-71", "e-71", "e-72"))
    assert first.id == again.id != other.id
    assert first.occurred_at == datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert become(LOG, CE_HEADERS).triples[0].id == first.id


def test_a_logs_own_name_and_time_go_before_its_events() -> None:
    own = LOG | {"response_id": "resp-0123456789", "occurred_at": "2025-01-01T00:00:00Z"}
    inside = become(EVENT | {"data": own}).triples[0]
    assert (inside.id, inside.occurred_at) == (become(own).triples[0].id, datetime(2025, 1, 1, tzinfo=UTC))


def test_a_batch_of_events_gives_a_triple_each() -> None:
    events = [EVENT | {"id": f"e-{at}", "data": LOG} for at in range(3)]
    content_type = (("content-type", b"application/cloudevents-batch+json"),)
    assert len(become(events, content_type).triples) == 3


def test_several_logs_in_one_event_are_told_apart() -> None:
    assert len(become(EVENT | {"data": [LOG, LOG]}).triples) == 2


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (change("d", before=LOG, after=None), "deleted"),
        (change("t", after=None), "deleted"),
        ({"schema": SCHEMA, "payload": None}, "tombstone"),
        ({"schema": SCHEMA, "payload": change("d", after=None)}, "deleted"),
        (EVENT, "no_data"),
        (EVENT | {"data": None}, "no_data"),
        (change("c", after="a row"), "malformed_debezium"),
        (change("m", message={"content": "*"}), "malformed_debezium"),
        (EVENT | {"data_base64": "*"}, "malformed_cloudevents"),
        (EVENT | {"data_base64": b64encode(b"{").decode()}, "not_json"),
        (b"\0\0\0\0\x07\x02\x06abc", "no_registry"),
        (b"\0\0\0\0\x07", "not_json"),
        (json.dumps('{"qta": 1'), "not_json"),
    ],
)
def test_an_envelope_without_a_log_has_a_reason(value: Any, reason: str) -> None:
    assert reason_of(become(value)) == reason


def nested(times: int) -> Any:
    value: Any = LOG
    for _ in range(times):
        value = {"schema": SCHEMA, "payload": value}
    return value


def test_envelopes_are_opened_one_in_another_up_to_a_bound() -> None:
    assert become(nested(MAX_ENVELOPES)).triples
    assert reason_of(become(nested(MAX_ENVELOPES + 1))) == "too_many_envelopes"


def test_a_filebeat_line_in_an_event_of_a_connector_is_read() -> None:
    line = {"@timestamp": "2026-02-03T04:05:06Z", "message": json.dumps(LOG), "host": {"name": "a"}}
    item = become({"schema": SCHEMA, "payload": EVENT | {"data": line}})
    assert item.because == "has the key qta, in shipper, in cloudevents, in connect"
    assert item.triples


LOGS = [LOG | {"response_id": f"resp-{at:012}"} for at in range(3)]


@pytest.mark.parametrize(
    "pack", [orjson.dumps, lambda logs: b"\n".join(map(orjson.dumps, logs)) + b"\n"], ids=["array", "lines"]
)
def test_arrays_and_lines_hold_a_log_each(pack: Callable[[list[Any]], bytes]) -> None:
    item = become(pack(LOGS))
    assert [triple.response_id for triple in item.triples] == [log["response_id"] for log in LOGS]
    assert item.rejection is None


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (orjson.dumps([LOGS[0], {"qta": 1, "question": 5}, LOGS[1]]), "malformed_qta"),
        (orjson.dumps([LOGS[0], {"nothing": "known"}, LOGS[1]]), "unknown_format"),
        (b"\n".join([orjson.dumps(LOGS[0]), b'{"qta": 1, "que', orjson.dumps(LOGS[1])]), "not_json"),
    ],
)
def test_logs_beside_a_bad_one_are_judged_and_the_record_is_kept(value: bytes, reason: str) -> None:
    item = become(value)
    assert len(item.triples) == 2
    assert item.rejection is not None
    assert item.rejection.reason == reason
    assert item.rejection.detail.startswith("log 2 of 3: ")


def test_the_chunks_of_one_stream_are_one_log_and_several_responses_are_several() -> None:
    def chunk(text: str, **more: Any) -> dict[str, Any]:
        choice = {"index": 0, "delta": {"content": text}} | more
        return {"id": "chatcmpl-0123456789ab", "object": "chat.completion.chunk", "choices": [choice]}

    chunks = [chunk("Forty "), chunk("metres.", finish_reason="stop")]
    for value in (orjson.dumps(chunks), b"\n".join(map(orjson.dumps, chunks))):
        assert [triple.answer for triple in become(value).triples] == ["Forty metres."]

    def response(name: str) -> dict[str, Any]:
        choice = {"index": 0, "message": {"content": name}, "finish_reason": "stop"}
        return {"id": f"chatcmpl-0123456789{name}", "object": "chat.completion", "choices": [choice]}

    assert [triple.answer for triple in become([response("one"), response("two")]).triples] == ["one", "two"]


@pytest.mark.parametrize("value", [[], [1, 2], [[LOG]], [{"role": "user", "content": "How wide?"}]])
def test_an_array_that_is_not_one_of_logs_is_refused(value: Any) -> None:
    assert reason_of(become(value)) == "unknown_format"


def test_an_array_of_more_logs_than_allowed_is_rejected_unread() -> None:
    config = load(overrides={"ingest.max_triples": "2"})
    item = normalize(make_record(orjson.dumps(LOGS)), config.ingest, config.images)
    assert reason_of(item) == "too_many_triples"
    assert not item.triples


def test_an_array_of_empty_records_is_empty() -> None:
    assert reason_of(become([None, None])) == "tombstone"
