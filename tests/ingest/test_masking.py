"""Personal data out of texts: what is found, what is put in its place, and what happens when looking for it fails."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conf.errors import ConfigError
from conf.schema import Config, Masking, load
from ingest.errors import MaskingFailed
from ingest.masking import Find, Masks, TooSlowToMask, mask_of, masked, merged, replaced
from ingest.normalize import normalizer
from ingest.privacy import Privacy, masks_of
from ingest.qta import GuardSignal, Normalized, QTATriple, ToolCall
from ingest.triples import head_of
from tests.factories import make_record, make_triple
from tests.ingest.planted import table

ON = {"masking.enabled": "true", "masking.patterns": '{STAFF_ID = "E-[0-9]{6}"}'}
KEY = b"k" * 16
FOUND = {
    "EMAIL_ADDRESS": [
        *("alice@example.com", "a.b+c@corp.internal", "O'Brien@mail.example.co.uk", "x@xn--80ak6aa92e.com"),
        *("alice_b@sub.example.museum", "müller@exämple.de"),
    ],
    "PHONE_NUMBER": [
        *("+49 30 901820", "+1 212-555-0123", "(212) 555-0123", "020 7946 0958", "+33 1 42 68 53 00", "030/901820"),
        *("+4915123456789", "0171 2345678", "+91 98765 43210", "212.555.0123"),
    ],
    "CREDIT_CARD": ["4111 1111 1111 1111", "5500-0000-0000-0004", "340000000000009", "4111111111111111"],
    "IBAN_CODE": ["DE89370400440532013000", "DE89 3704 0044 0532 0130 00", "GB82 WEST 1234 5698 7654 32"],
    "IP_ADDRESS": ["203.0.113.77", "2001:db8::8a2e:370:7334", "10.0.0.1", "::ffff:192.0.2.128"],
    "MAC_ADDRESS": ["00:1A:2B:3C:4D:5E", "00-1a-2b-3c-4d-5e"],
    "CRYPTO": ["1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"],
    "US_SSN": ["536-22-1234", "536 22 1234"],
    "STAFF_ID": ["E-445566"],
}
PLACES = (
    "{}",
    "see {}.",
    "({})",
    "a,{},b",
    '{{"x":"{}"}}',
    "line\\n{}\\tnext",
    "first\n{}\nlast",
    "<b>{}</b>",
    "to={};",
)
HARMLESS = (
    "The tide rises 2.75 m at 04:12 on 2026-03-02, and 1200 boats wait.",
    "version 2.13.0, build 1764011522, commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
    "def mean(values): return sum(values) / len(values)  # 0.123456789",
    "order 12 of 3400, page 17/2041, ratio 0.98765, 1,000,000 rows",
)


@pytest.fixture(scope="module")
def masks() -> Masks:
    return masks_of(load(overrides=ON).masking, KEY)


def masked_text(masks: Masks, text: str, tenant: str = "default") -> str:
    mask = masks.of(tenant)
    assert mask
    return mask(text)


@pytest.mark.parametrize(("entity", "value"), [(entity, value) for entity in FOUND for value in FOUND[entity]])
def test_what_is_planted_is_found_wherever_it_stands(masks: Masks, entity: str, value: str) -> None:
    for place in PLACES:
        assert value not in masked_text(masks, place.format(value)), place
    assert f"<{entity}>" in masked_text(masks, f"see {value}.")


def test_the_docs_state_how_much_of_what_is_planted_is_found(masks: Masks) -> None:
    page = (Path(__file__).parents[2] / "docs" / "data-engineers.md").read_text(encoding="utf-8")
    lines = table(masks.default or str)
    assert [line for line in lines if line not in page] == []
    assert len(lines) == 7


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_has_numbers_in_it_stays(masks: Masks, text: str) -> None:
    assert masked_text(masks, text) == text


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 9), st.floats(0.1, 1)), max_size=8))
def test_whatever_is_found_nothing_of_it_is_left(found: list[tuple[int, int, float]]) -> None:
    text = "".join(chr(0x4E00 + at) for at in range(50))  # each character once
    finds = [Find(start, start + length, "X", score) for start, length, score in found]
    hidden = {text[at] for find in finds for at in range(find.start, find.end)}
    assert set(replaced(text, finds)) - set("<X>") == set(text) - hidden


def test_finds_that_overlap_are_one_of_the_surest_kind() -> None:
    finds = [Find(0, 5, "PHONE", 0.4), Find(3, 9, "CARD", 1.0), Find(20, 22, "IP", 0.6)]
    assert [(find.start, find.end, find.entity) for find in merged(finds)] == [(0, 9, "CARD"), (20, 22, "IP")]


def test_every_text_of_a_triple_is_masked_and_identifiers_stay_apart() -> None:
    said = "alice@example.com"
    triple = make_triple(
        **dict.fromkeys(("question", "thinking", "answer", "system_prompt", "application", "model", "tenant"), said),
        tool_calls=(ToolCall(said, said, said, f"call {said}"), ToolCall("f", "{}", None, "c2")),
        conversation_id=f"c-{said}",
        response_id="r-1",
        trace_id=f"t-{said}",
        span_id="s-1",
        warnings=(said,),
        guards=(GuardSignal(said, "input", "flagged", (said,)),),
    )
    hidden = masked(triple, lambda text: text.replace(said, "<E>"), lambda name: f"alias{len(name)}")
    assert said not in repr(hidden)
    assert (hidden.conversation_id, hidden.response_id) == ("alias19", "r-1")
    assert (hidden.trace_id, hidden.span_id) == ("alias19", "s-1")
    assert [call.call_id for call in hidden.tool_calls] == ["alias22", "c2"]
    assert hidden.id == triple.id


def test_a_text_that_is_cut_shows_no_part_of_what_would_be_masked_in_the_whole() -> None:
    text = "x" * 90 + "secret" * 3 + "y" * 900
    mask = mask_of(lambda text: [Find(90, 108, "S", 1.0)] if "secret" * 3 in text else [])
    for n_chars in range(80, 120):
        head = head_of(text, n_chars, mask)
        assert mask(text)[:n_chars].startswith(head)
        assert len(head) > n_chars - 20
    assert head_of(text, 95, None) == text[:95]


def config(**changes: Any) -> Config:
    return load(overrides=ON | changes)


def become(value: bytes, changed: Config, masks: Masks) -> Normalized:
    return normalizer(changed, Privacy(KEY, masks))(make_record(value, key=b"secret", headers=(("tenant", b"quay"),)))


def line(**changes: Any) -> bytes:
    return orjson.dumps({"qta": 1, "question": "Mail alice@example.com", "answer": "Done."} | changes)


def test_ids_do_not_depend_on_masking(masks: Masks) -> None:
    on, off = become(line(), config(), masks).triples[0], become(line(), load(), Masks()).triples[0]
    assert on.question == "Mail <EMAIL_ADDRESS>"
    assert off.question == "Mail alice@example.com"
    assert on.id == off.id


def test_of_a_record_nothing_raw_goes_on_but_its_hash_and_its_size(masks: Masks) -> None:
    broken = b'{"qta": 1, "question": "alice@example.com'
    item = become(broken, config(), masks)
    assert item.rejection
    assert (item.record.value, item.record.key, item.record.headers) == (b"", None, (("tenant", b"quay"),))
    assert item.record.withheld
    assert item.record.withheld.n_bytes == len(broken)


RULES = """
[masking]
enabled = {enabled}
entities = ["EMAIL_ADDRESS"]
[masking.tenants.open]
enabled = false
[masking.tenants.strict]
enabled = true
entities = ["EMAIL_ADDRESS", "IP_ADDRESS"]
patterns = {{ STAFF_ID = "E-[0-9]+" }}
"""


def rules(text: str, tmp_path: Any) -> Masking:
    (tmp_path / "rules.toml").write_text(text)
    return load([tmp_path / "rules.toml"]).masking


def test_a_tenant_follows_its_own_rule_and_any_other_the_default(tmp_path: Any) -> None:
    made = masks_of(rules(RULES.format(enabled="true"), tmp_path), KEY)
    text = "alice@example.com 203.0.113.77 E-44"
    assert made.of("open") is None
    assert masked_text(made, text, "strict") == "<EMAIL_ADDRESS> <IP_ADDRESS> <STAFF_ID>"
    assert masked_text(made, text, "anybody") == "<EMAIL_ADDRESS> 203.0.113.77 E-44"


def test_one_tenant_alone_may_be_masked(tmp_path: Any) -> None:
    made = masks_of(rules(RULES.format(enabled="false"), tmp_path), KEY)
    assert made.active
    assert made.of("anybody") is None
    assert made.of("strict")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[masking]\nenabled = true\nentities = []", "masking: is on and names nothing"),
        ('[masking]\nenabled = true\n[masking.tenants."a.b"]\nentities = []', 'masking.tenants."a.b": is on and names'),
        ('[masking]\nenabled = true\nentities = ["EMAIL"]', "nothing recognises EMAIL; there are: ABA"),
        ('[masking]\nenabled = true\npatterns = { X = "(" }', "masking.patterns.X"),
        ('[masking]\nenabled = true\npatterns = { "a b" = "x" }', "masking.patterns"),
        ('[masking]\nenabled = true\nphone_regions = ["XX"]', "masking.phone_regions: no country XX"),
    ],
)
def test_a_rule_that_cannot_be_followed_or_masks_nothing_is_refused(text: str, says: str, tmp_path: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        masks_of(rules(text, tmp_path), KEY)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def failing(error: Exception) -> Masks:
    def finder(text: str) -> Sequence[Find]:
        raise error

    return Masks(active=True, default=mask_of(finder))


def test_what_breaks_while_looking_stops_the_run_and_quotes_nothing() -> None:
    with pytest.raises(MaskingFailed) as caught:
        become(line(), config(), failing(ValueError("alice@example.com")))
    assert "alice" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_text_that_takes_too_long_is_rejected_and_nothing_of_it_is_kept() -> None:
    item = become(line(), config(), failing(TimeoutError()))
    assert item.rejection
    assert item.rejection.reason == "too_slow_to_mask"
    assert (item.triples, item.record.value) == ((), b"")
    with pytest.raises(TooSlowToMask):
        (failing(TimeoutError()).default or str)("text")


def test_a_pattern_without_an_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    from ingest import recognizers

    monkeypatch.setattr(recognizers, "TIMEOUT_S", 0.1)
    made = masks_of(load(overrides={"masking.enabled": "true", "masking.patterns": '{X = "(a|aa)+$"}'}).masking, KEY)
    with pytest.raises(TooSlowToMask):
        masked_text(made, "a" * 60 + "!")


@pytest.mark.parametrize("piece", ["Zm9v+mFyL2Jh/eg=x", "a.b-c_d", "alice@", "12.5,7;0.123456 ", "::1:", "DE89 3704 "])
def test_long_texts_take_time_in_proportion(masks: Masks, piece: str) -> None:
    began = time.process_time()
    masked_text(masks, piece * (200_000 // len(piece)))
    assert time.process_time() - began < 8  # with the square of the length it would be minutes


def test_without_masking_nothing_is_changed_and_nothing_is_loaded() -> None:
    assert masks_of(load().masking, KEY) == Masks()


def test_a_whole_triple_comes_out_masked_from_a_log(masks: Masks) -> None:
    history = [{"role": "user", "content": "I am alice@example.com"}, {"role": "assistant", "content": "Hello."}]
    request = {"messages": [*history, {"role": "user", "content": "Call +49 30 901820"}]}
    response = {"object": "chat.completion", "choices": [{"message": {"content": "E-445566 it is."}}]}
    triple: QTATriple = become(orjson.dumps({"request": request, "response": response}), config(), masks).triples[0]
    assert triple.context == "user: I am <EMAIL_ADDRESS>\nassistant: Hello."
    assert (triple.question, triple.answer) == ("Call <PHONE_NUMBER>", "<STAFF_ID> it is.")
