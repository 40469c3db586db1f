import gzip
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from conf.errors import ConfigError
from conf.schema import Config, load
from ingest.formats import FORMATS
from ingest.formats.qta import schema
from ingest.normalize import joiner, normalize, normalizer
from ingest.qta import ImageBlob, ImageFailure, ImageReason, Normalized, RefKind
from tests.factories import make_record

HERE = Path(__file__).parent
FORMAT_FILES = HERE.parents[1] / "ingest" / "formats"
CONFIG = load()
QTA: dict[str, Any] = {"qta": 1, "question": "How deep?", "answer": "Nine."}


def become(value: bytes, config: Config = CONFIG, **changes: Any) -> Normalized:
    return normalize(make_record(value, **changes), config.ingest, config.images)


def qta(**changes: Any) -> bytes:
    return orjson.dumps(QTA | changes)


def reason_of(item: Normalized) -> str | None:
    return item.rejection.reason if item.rejection else item.empty_reason


def is_one_of_three(item: Normalized) -> bool:
    """Whether a record became one thing; one of several logs may be rejected for some and have triples of others."""
    if item.rejection is not None and item.record.value.startswith(b"["):
        return item.empty_reason is None
    return [item.rejection is not None, bool(item.triples), item.empty_reason is not None].count(True) == 1


@pytest.mark.parametrize(
    "value",
    [
        gzip.compress(orjson.dumps(QTA)),
        zstandard.compress(orjson.dumps(QTA)),
        b"\xef\xbb\xbf" + orjson.dumps(QTA),
        orjson.dumps(json.dumps(QTA)),
    ],
    ids=["gzip", "zstd", "byte order mark", "JSON in a JSON string"],
)
def test_wrapped_values_are_read(value: bytes) -> None:
    assert become(value).triples[0].answer == "Nine."


def test_all_members_of_a_gzip_value_are_read() -> None:
    value = qta()
    assert become(gzip.compress(value[:20]) + gzip.compress(value[20:])).triples[0].answer == "Nine."


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"", "tombstone"),
        (b"null", "tombstone"),
        (b'{"qta": 1', "not_json"),
        (b'{"qta": NaN}', "not_json"),
        (b"[" * 5000, "not_json"),
        (b"\xff\xfe\x00", "not_json"),
        (b"\x0a\x9d\x01\x0a", "not_json"),
        (gzip.compress(b"x" * 99, mtime=0)[:-9], "bad_compression"),
        (b"\x28\xb5\x2f\xfd nothing", "bad_compression"),
        (b"[]", "unknown_format"),
        (b"7", "unknown_format"),
        (b'"text"', "unknown_format"),
        (b"{}", "unknown_format"),
        (b"data: hello\n\n", "unknown_format"),
    ],
)
def test_what_is_no_log_has_a_reason(value: bytes, reason: str) -> None:
    item = become(value)
    assert reason_of(item) == reason
    assert is_one_of_three(item)


def test_oversized_values_are_rejected_unread() -> None:
    config = load(overrides={"ingest.max_record_bytes": "50"})
    assert reason_of(become(qta(answer="x" * 99), config)) == "too_large"


@pytest.mark.parametrize("compress", [gzip.compress, zstandard.compress])
def test_decompression_bombs_are_rejected(compress: Callable[[bytes], bytes]) -> None:
    config = load(overrides={"ingest.max_decompressed_bytes": "1000000"})
    assert reason_of(become(compress(b" " * 50_000_000), config)) == "too_large"


def test_a_rejection_never_quotes_the_log() -> None:
    word = "hunter2"
    values = [f'{{"{word}": 1', f'{{"{word}": 1}}', f'{{"qta": "{word}"}}', f'{{"qta": 1, "question": ["{word}"]}}']
    for value in values:
        rejection = become(value.encode()).rejection
        assert rejection is not None
        assert word not in rejection.reason + rejection.detail


def test_a_configured_format_is_not_guessed_at() -> None:
    row = b'{"messages": [{"role": "user", "content": "How deep?"}, {"role": "assistant", "content": "Nine."}]}'
    assert become(row, load(overrides={"ingest.format": "sharegpt"})).triples[0].answer == "Nine."


@pytest.mark.parametrize("name", ["sharegpt", "openai_chat", "langchain"])
def test_messages_alone_are_read_as_what_the_configuration_says_they_are(name: str) -> None:
    """Messages without a response are of several formats; unnamed, such a record is refused."""
    messages = [{"role": "user", "content": "How deep?"}, {"role": "assistant", "content": "Nine."}]
    (triple,) = become(orjson.dumps({"messages": messages}), load(overrides={"ingest.format": name})).triples
    assert (triple.question, triple.answer) == ("How deep?", "Nine.")
    assert reason_of(become(orjson.dumps({"messages": messages}))) == "unknown_format"


def test_a_configured_format_that_does_not_exist_names_those_that_do() -> None:
    with pytest.raises(ConfigError, match="openai_chat"):
        become(qta(), load(overrides={"ingest.format": "openai"}))


def test_a_gateways_own_envelope_is_read_where_the_configuration_says() -> None:
    request = {"messages": [{"role": "user", "content": "How deep?"}]}
    response = {"object": "chat.completion", "choices": [{"message": {"content": "Nine."}}]}
    value = orjson.dumps({"call": {"in": request, "out": json.dumps(response)}})
    config = load(overrides={"ingest.request_path": "call.in", "ingest.response_path": "call.out"})
    (triple,) = become(value, config).triples
    assert (triple.question, triple.answer) == ("How deep?", "Nine.")


def test_the_tenant_is_the_records_then_the_headers_then_the_configurations() -> None:
    headers = (("tenant", b"quay"),)
    assert become(qta(tenant="harbour"), headers=headers).triples[0].tenant == "harbour"
    assert become(qta(), headers=headers).triples[0].tenant == "quay"
    assert become(qta()).triples[0].tenant == "default"


def test_users_become_pseudonyms_that_follow_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    def user(key: str) -> str | None:
        monkeypatch.setenv(CONFIG.ingest.user_key_env, key)
        return normalizer(CONFIG)(make_record(qta(user="ada"))).triples[0].user

    one, other = "k" * 16, "l" * 16
    assert user(one) == user(one)
    assert len({user(one), user(other), "ada"}) == 3


def test_paths_are_followed_below_a_files_folder_and_never_from_a_stream(tmp_path: Path) -> None:
    Image.new("RGB", (2, 3)).save(tmp_path / "a.png")
    value = qta(images=["a.png"])
    assert isinstance(become(value, folder=str(tmp_path)).triples[0].images[0], ImageBlob)
    assert become(value).triples[0].images == (ImageFailure(ImageReason.NOT_FETCHED_POLICY, RefKind.PATH),)


def test_images_beyond_the_limit_are_counted(tmp_path: Path) -> None:
    config = load(overrides={"images.max_per_triple": "1"})
    images = become(qta(images=["https://example.org/a.png"] * 3), config, folder=str(tmp_path)).triples[0].images
    assert [getattr(image, "reason", None) for image in images] == ["not_fetched_policy", "too_many", "too_many"]


def test_context_keeps_the_latest_of_earlier_turns() -> None:
    turns = [{"from": who, "value": f"{who} {n}"} for n in range(50) for who in ("human", "gpt")]
    config = load(overrides={"ingest.max_context_chars": "40"})
    last = become(orjson.dumps({"conversations": turns}), config).triples[-1]
    assert last.context.endswith("user: human 48\nassistant: gpt 48")
    assert len(last.context) <= 40


def test_the_schema_that_ships_is_the_models() -> None:
    assert (FORMAT_FILES / "qta.schema.json").read_text(encoding="utf-8") == schema()


@given(st.binary(max_size=300))
def test_any_bytes_become_one_of_three(value: bytes) -> None:
    assert is_one_of_three(become(value))


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
)
JSON_VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
LINES = [line for name in FORMATS for line in (HERE / "formats" / name / "in.jsonl").read_bytes().splitlines()]


PATHS = st.lists(st.integers(0, 30), min_size=1, max_size=14)


@settings(max_examples=600, deadline=None)
@given(st.sampled_from(LINES), st.lists(st.tuples(PATHS, JSON_VALUES), min_size=1, max_size=3), st.booleans())
def test_a_log_with_any_field_gone_wrong_becomes_one_of_three(
    line: bytes, faults: list[tuple[list[int], Any]], listed: bool
) -> None:
    value = orjson.loads(line)
    for path, wrong in faults:
        value = broken(value, path, wrong)
    assert is_one_of_three(become(orjson.dumps([value] if listed else value)))


SPREAD = [name for name, known in FORMATS.items() if known.fragments]
PARTS = [line for name in SPREAD for line in (HERE / "formats" / name / "in.jsonl").read_bytes().splitlines()]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(PARTS), st.lists(st.integers(0, 9), min_size=1, max_size=9), JSON_VALUES)
def test_a_part_of_an_interaction_gone_wrong_becomes_one_of_these_too(line: bytes, path: list[int], wrong: Any) -> None:
    record = make_record(orjson.dumps(broken(orjson.loads(line), path, wrong)))
    item = normalize(record, CONFIG.ingest, CONFIG.images, apart=True)
    if not item.fragments:
        assert is_one_of_three(item)
        return
    for fragment in item.fragments:
        assert is_one_of_three(joiner(CONFIG)(item.format or "", [fragment.payload], record))


def broken(value: Any, path: list[int], wrong: Any) -> Any:
    """`value` with what stands at `path` replaced; a path that is too long ends where there are no children."""
    if not path or not isinstance(value, dict | list) or not value:
        return wrong
    keys = list(value) if isinstance(value, dict) else range(len(value))
    key: Any = keys[path[0] % len(keys)]
    value[key] = broken(value[key], path[1:], wrong)
    return value


def test_a_record_with_too_many_triples_is_rejected() -> None:
    config = load(overrides={"ingest.max_triples": "2"})
    turns = [{"from": who, "value": f"{who} {n}"} for n in range(3) for who in ("human", "gpt")]
    assert reason_of(become(orjson.dumps({"conversations": turns}), config)) == "too_many_triples"


@pytest.mark.parametrize(
    "row",
    [
        {"conversations": [{"from": who, "value": "a"} for _ in range(20_000) for who in ("human", "gpt")]},
        {"response": {"object": "chat.completion", "choices": [{"message": {"content": "<think>a</think>" * 50_000}}]}},
        {"response": 'data: {"choices":[{"delta":{"content":"a"}}]}\n\n' * 20_000},
    ],
    ids=["turns", "think tags", "chunks"],
)
def test_time_grows_with_the_length_of_a_record_and_not_with_its_square(row: dict[str, Any]) -> None:
    began = time.perf_counter()
    assert is_one_of_three(become(orjson.dumps(row)))
    assert time.perf_counter() - began < 20  # a second here; minutes, when something is quadratic
