import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.exchange import Text, Thinking
from ingest.qta import KindSource, ThinkingKind
from ingest.thinking import assemble, kind_of, split_tags

RAW, SUMMARY, REDACTED, UNKNOWN = ThinkingKind.RAW, ThinkingKind.SUMMARY, ThinkingKind.REDACTED, ThinkingKind.UNKNOWN


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("claude-3-7-sonnet-20250219", RAW),
        ("anthropic/claude-3.7-sonnet:thinking", RAW),
        ("claude-sonnet-4-20250514", SUMMARY),
        ("us.anthropic.claude-opus-4-6-v1:0", SUMMARY),
        ("anthropic/claude-haiku-4.5", SUMMARY),
        ("claude-4-sonnet", SUMMARY),
        ("claude-opus-11", SUMMARY),
        ("gemini-2.5-pro", SUMMARY),
        ("models/gemini-3-flash", SUMMARY),
        ("o3", SUMMARY),
        ("openai/o4-mini-2025-04-16", SUMMARY),
        ("gpt-5.1-codex", SUMMARY),
        ("gpt-oss:20b", RAW),
        ("openai/gpt-oss-120b", RAW),
        ("grok-3-mini-beta", RAW),
        ("grok-4-0709", SUMMARY),
        ("deepseek-r1-distill-llama-70b", RAW),
        ("Qwen/Qwen3-235B-A22B-Thinking-2507", RAW),
        ("zai-glm-4.7", RAW),
        ("kimi-k2-thinking", RAW),
        ("magistral-medium-latest", RAW),
    ],
)
def test_the_kind_follows_from_the_model(model: str, kind: ThinkingKind) -> None:
    assert kind_of(Thinking("Count."), model) == (kind, KindSource.MODEL_RULE)


@pytest.mark.parametrize("model", [None, "", "house-7", "gpt-4o-2024-08-06", "claude-3-5-sonnet-20240620"])
def test_a_model_without_a_rule_leaves_the_fallback(model: str | None) -> None:
    assert kind_of(Thinking("Count."), model) == (UNKNOWN, KindSource.ASSUMED)
    assert kind_of(Thinking("Count.", fallback=RAW), model) == (RAW, KindSource.ASSUMED)


def test_what_the_log_says_wins_over_the_model() -> None:
    assert kind_of(Thinking("Count.", SUMMARY), "deepseek-r1") == (SUMMARY, KindSource.EXPLICIT)


def test_segments_are_joined_by_a_blank_line_and_repeats_count_once() -> None:
    found = assemble([Thinking("One."), Thinking("Two.\n"), Thinking(" One. ")], "qwq")
    assert (found.text, found.kind) == ("One.\n\nTwo.", RAW)


def test_no_thinking_is_absent_and_ciphertext_alone_redacted() -> None:
    assert assemble([], "o3").kind is ThinkingKind.ABSENT
    assert assemble([Thinking(None)], "o3").kind is REDACTED


def test_readable_thinking_beside_ciphertext_keeps_its_kind_and_says_so() -> None:
    found = assemble([Thinking(None), Thinking("It counted.")], "claude-sonnet-4-5")
    assert (found.text, found.kind, found.has_redacted) == ("It counted.", SUMMARY, True)


def test_raw_and_summary_together_are_neither() -> None:
    assert assemble([Thinking("A", RAW), Thinking("B", SUMMARY)], None).kind is UNKNOWN


@pytest.mark.parametrize(
    ("text", "thinking", "answer", "cut_off"),
    [
        ("Nine.", [], "Nine.", False),
        ("<think>Count.</think>Nine.", ["Count."], "Nine.", False),
        ("\n <THINK>\nCount.\n</THINK>\n\nNine.", ["\nCount.\n"], "\n\nNine.", False),
        ("<thinking>Count.</thinking>Nine.", ["Count."], "Nine.", False),
        ("[THINK]Count.[/THINK]Nine.", ["Count."], "Nine.", False),
        ("<think>One.</think><think>Two.</think>Nine.", ["One.", "Two."], "Nine.", False),
        ("Count.\n</think>\nNine.", ["Count.\n"], "\nNine.", False),
        ("<think>Count", ["Count"], None, True),
        ("<think>Say </thinking> never.</think>Nine.", ["Say </thinking> never."], "Nine.", False),
        ("Nine. <think>is a tag</think>", ["Nine. <think>is a tag"], None, False),
        ("Use `</think>`.", [], "Use `</think>`.", False),
        ("", [], None, False),
    ],
)
def test_tags_are_split(text: str, thinking: list[str], answer: str | None, *, cut_off: bool) -> None:
    split = split_tags(text)
    assert [part.text for part in split.parts if isinstance(part, Thinking)] == thinking
    assert [part.text for part in split.parts if isinstance(part, Text)] == ([answer] if answer else [])
    assert split.cut_off is cut_off


@given(st.text(alphabet="ab<>/think \n`", max_size=60))
def test_splitting_invents_and_loses_nothing_but_tags(text: str) -> None:
    kept = "".join(part.text or "" for part in split_tags(text).parts)
    letters = "".join(text.split())
    for tag in ("<think>", "</think>"):
        letters, kept = letters.replace(tag, ""), kept.replace(tag, "")
    assert "".join(kept.split()) == letters
