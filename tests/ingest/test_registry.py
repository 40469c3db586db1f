"""Avro with a real registry; and a server that misbehaves as no real one can be asked to."""

import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fastavro
import orjson
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from auditor.__main__ import main
from conf.errors import ConfigError
from conf.schema import Config, load
from ingest import avro
from ingest.envelopes.confluent import Schema, behind_indexes
from ingest.errors import RegistryUnavailable
from ingest.normalize import normalizer
from ingest.payload import Unreadable
from ingest.qta import Normalized
from ingest.registry import Registry
from tests.factories import make_record

if TYPE_CHECKING:
    from tests.registry import RunningRegistry

CALL: dict[str, Any] = {
    "type": "record",
    "name": "Call",
    "fields": [
        {"name": "qta", "type": "int"},
        {"name": "question", "type": "string"},
        {"name": "answer", "type": ["null", "string"]},
        {"name": "response_id", "type": "string"},
        {"name": "occurred_at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    ],
}
ROW: dict[str, Any] = {
    "qta": 1,
    "question": "How wide is the weir?",
    "answer": "Forty metres.",
    "response_id": "resp-avro-000001",
    "occurred_at": 1767225600123,
}


def framed(schema_id: int, body: bytes) -> bytes:
    return b"\0" + schema_id.to_bytes(4) + body


def written(schema: Any, row: Any) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), row)
    return out.getvalue()


def configured(url: str, **changes: str) -> Config:
    return load(overrides={"registry.url": url, **{f"registry.{key}": value for key, value in changes.items()}})


def become(url: str, value: bytes, **changes: Any) -> Normalized:
    return normalizer(configured(url))(make_record(value, **changes))


def reason_of(item: Normalized) -> str | None:
    return item.rejection.reason if item.rejection else item.empty_reason


@pytest.mark.kafka
def test_avro_is_read_with_the_schema_that_it_names(registry: "RunningRegistry") -> None:
    schema_id = registry.register("calls-value", CALL)
    (triple,) = become(registry.url, framed(schema_id, written(CALL, ROW))).triples
    assert (triple.question, triple.answer) == ("How wide is the weir?", "Forty metres.")
    assert triple.occurred_at is not None
    assert triple.occurred_at.isoformat() == "2026-01-01T00:00:00.123000+00:00"


@pytest.mark.kafka
def test_a_schema_that_refers_to_another_is_read(registry: "RunningRegistry") -> None:
    registry.register("turn", CALL)
    others = [{"name": "op", "type": "string"}, {"name": "ts_ms", "type": "long"}]
    outer = {"type": "record", "name": "Kept", "fields": [{"name": "after", "type": "Call"}, *others]}
    references = [{"name": "Call", "subject": "turn", "version": 1}]
    schema_id = registry.register("kept-value", outer, references=references)
    whole = {**outer, "fields": [{"name": "after", "type": CALL}, *others]}
    item = become(registry.url, framed(schema_id, written(whole, {"after": ROW, "op": "c", "ts_ms": 1767225600123})))
    assert item.because == "has the key qta, in debezium, in confluent"


@pytest.mark.kafka
def test_what_a_registry_knows_decides_what_becomes_of_a_record(registry: "RunningRegistry") -> None:
    avro_id = registry.register("call2-value", CALL)
    proto_id = registry.register("proto-value", 'syntax = "proto3"; message A { string b = 1; }', "PROTOBUF")
    body = written(CALL, ROW)
    cases = {
        framed(999_999, body): "unknown_schema_id",
        framed(avro_id, body[:-3]): "malformed_avro",
        framed(avro_id, body + b"!"): "malformed_avro",
        framed(avro_id, b"\xff" * 40): "malformed_avro",
        framed(proto_id, b"\0\x0a\x03abc"): "protobuf_not_supported",
        framed(proto_id, b""): "not_json",
    }
    assert {value: reason_of(become(registry.url, value)) for value in cases} == cases


@pytest.mark.kafka
def test_otlp_in_protobuf_of_a_registry_is_read_as_otlp(registry: "RunningRegistry") -> None:
    proto_id = registry.register("otlp-value", 'syntax = "proto3"; message T { bytes spans = 1; }', "PROTOBUF")
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add(trace_id=b"t" * 16, span_id=b"s" * 8, name="chat")
    span.attributes.add(key="gen_ai.operation.name").value.string_value = "chat"
    item = become(registry.url, framed(proto_id, b"\0" + request.SerializeToString()))
    plain = become(registry.url, request.SerializeToString())
    assert reason_of(item) == ("protobuf_not_supported" if reason_of(plain) == "not_json" else reason_of(plain))


@pytest.mark.kafka
def test_json_needs_no_registry_and_a_guid_that_is_not_known_is_unknown(registry: "RunningRegistry") -> None:
    value = orjson.dumps(ROW | {"occurred_at": "2026-01-01T00:00:00Z"})
    assert become("http://127.0.0.1:9", framed(5, value)).triples
    guid = (("__value_schema_id", b"\x01" + bytes(range(16))),)
    assert reason_of(become(registry.url, written(CALL, ROW), headers=guid)) == "unknown_schema_id"
    number = (("__value_schema_id", b"\0" + registry.register("call3-value", CALL).to_bytes(4)),)
    assert become(registry.url, written(CALL, ROW), headers=number).triples


@pytest.mark.kafka
def test_a_registry_that_is_away_stops_the_run_and_nothing_is_lost(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from tests.registry import RunningRegistry

    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "a.jsonl").write_bytes(orjson.dumps(ROW | {"occurred_at": None}) + b"\n")
    (folder / "b.avro").write_bytes(framed(1, written(CALL, ROW | {"response_id": "resp-avro-000002"})))
    own = RunningRegistry(tmp_path)
    command = ["run", str(folder), "--db", str(tmp_path / "a.duckdb"), "--backend", "scripted", "--json"]
    command += ["--set", f"registry.url={own.url}"]

    assert main(command) == 1
    told = capfd.readouterr()
    assert told.out == ""
    assert f"traceaudit: schema registry at {own.url}: " in told.err
    assert "Traceback" not in told.err
    own.start()
    try:
        assert own.register("late-value", CALL) == 1
        assert main(command) == 0
    finally:
        own.kill()
    assert json.loads(capfd.readouterr().out)["states"] == {"scored": 2}


Answer = Callable[[BaseHTTPRequestHandler], None]


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], str]]:
    """Makes a server whose GET is the given function; gives back its URL."""
    servers = []

    def started(answer: Answer) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer(self)

            def log_message(self, *args: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield started
    for server in servers:
        server.shutdown()
        server.server_close()


def reply(status: int, body: bytes, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def drip(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    try:
        for _ in range(100):
            handler.wfile.write(b" ")
            time.sleep(0.1)
    except OSError:
        pass


SCHEMA = orjson.dumps({"schema": json.dumps(CALL)})


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (reply(500, b"{}"), "HTTP 500"),
        (reply(401, b"{}"), "TRACEAUDIT_REGISTRY_AUTH"),
        (reply(404, b'{"error_code": 404, "message": "HTTP 404 Not Found"}'), "is registry.url right"),
        (reply(404, b"<html>"), "unexpected character"),
        (reply(200, b"[]"), "HTTP 200"),
        (reply(302, b"", Location="http://127.0.0.1:1/"), "HTTP 302"),
        (reply(200, b" " * 2_000_000), "registry.max_bytes"),
        (drip, "within 0.5 s"),
    ],
    ids=["error", "refused", "no such path", "no registry", "no schema", "redirect", "too long", "too slow"],
)
def test_an_answer_that_is_none_is_a_registry_that_is_away(serve: Any, answer: Answer, told: str) -> None:
    settings = configured(serve(answer), timeout_s="0.5").registry
    with pytest.raises(RegistryUnavailable, match=told):
        Registry(settings).schema(7)


def test_a_schema_is_asked_for_once_and_an_unknown_one_again_after_a_while(serve: Any) -> None:
    asked, now = [], [0.0]

    def answer(handler: BaseHTTPRequestHandler) -> None:
        asked.append((handler.path, handler.headers["Authorization"]))
        found = handler.path.endswith("/7")
        reply(200 if found else 404, SCHEMA if found else b'{"error_code": 40403}')(handler)

    registry = Registry(configured(serve(answer) + "/api/").registry, lambda: now[0])
    assert [registry.schema(7) for _ in range(3)] == [Schema("AVRO", json.dumps(CALL))] * 3
    assert [registry.schema(8), registry.schema(8)] == [None, None]
    now[0] = 31.0
    assert registry.schema(8) is None
    paths = ["/api/schemas/ids/7", "/api/schemas/ids/8", "/api/schemas/ids/8"]
    assert asked == [(path, None) for path in paths]


def test_name_and_password_come_from_the_environment(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.headers["Authorization"])
        reply(200, SCHEMA)(handler)

    monkeypatch.setenv("TRACEAUDIT_REGISTRY_AUTH", "ada:tide")
    assert Registry(configured(serve(answer)).registry).schema(7)
    assert asked == ["Basic YWRhOnRpZGU="]


@pytest.mark.parametrize("url", ["127.0.0.1:8081", "ftp://a", "http://ada:tide@127.0.0.1:8081", "http://"])
def test_a_url_that_is_none_is_told_before_anything_is_read(url: str) -> None:
    with pytest.raises(ConfigError, match=r"registry\.url"):
        normalizer(configured(url))


def test_a_schema_that_contains_itself_cannot_be_made_to_break_the_process() -> None:
    schema = Schema("AVRO", '{"type":"record","name":"N","fields":[{"name":"n","type":["null","N"]}]}')
    ready = avro.readable(schema)
    assert isinstance(ready, avro.Readable)
    assert avro.decode(b"\2\2\0", ready) == {"n": {"n": {"n": None}}}
    assert avro.decode(b"\2" * 1_000_000 + b"\0", ready) == Unreadable("malformed_avro", "RecursionError")


@pytest.mark.parametrize(
    "items", ['"null"', '{"type":"record","name":"E","fields":[]}', '{"type":"fixed","name":"F","size":0}']
)
def test_arrays_that_cost_no_bytes_are_refused(items: str) -> None:
    schema = Schema(
        "AVRO", f'{{"type":"record","name":"N","fields":[{{"name":"n","type":{{"type":"array","items":{items}}}}}]}}'
    )
    ready = avro.readable(schema)
    assert isinstance(ready, avro.Readable)
    found = avro.decode(b"\xfe\xff\xff\xff\xff\xff\x07", ready)
    assert isinstance(found, Unreadable)
    assert found.reason == "malformed_avro"


@pytest.mark.parametrize("text", ["", "{", '"nothing"', '{"type":"record"}', "7"])
def test_a_schema_that_is_none_rejects_its_records(text: str) -> None:
    found = avro.readable(Schema("AVRO", text))
    assert isinstance(found, Unreadable)
    assert found.reason == "bad_schema"


@pytest.mark.parametrize(
    ("body", "rest"),
    [(b"\0rest", b"rest"), (b"\2\0rest", b"rest"), (b"\4\2\6rest", b"rest"), (b"\1rest", None), (b"", None)],
)
def test_protobufs_message_indexes_are_passed_over(body: bytes, rest: bytes | None) -> None:
    assert behind_indexes(body) == rest
