"""Tells thinking from answer, and raw thinking from a summary that the provider wrote in its place.

Logs rarely say which it is: an Anthropic `thinking` block looks the same for Claude 3.7, which gives the full text,
and for Claude 4 and later, which give a summary. So the kind follows from the model wherever the log is silent.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ingest.exchange import Text, Thinking
from ingest.qta import KindSource, ThinkingKind

# First match wins, on the lower-case model name without its vendor's prefix.
MODEL_RULES: tuple[tuple[re.Pattern[str], ThinkingKind], ...] = (
    # Anthropic: "Differences in thinking across model versions": 3.7 full thinking output, 4 and later summarized.
    (re.compile(r"claude-3[.-]7"), ThinkingKind.RAW),
    (re.compile(r"claude-(?:[a-z]+-)?(?:[4-9]|[1-9]\d)(?!\d)"), ThinkingKind.SUMMARY),
    # Google: text of a part with thought:true is a summary. Gemma is an open model.
    (re.compile(r"gemini"), ThinkingKind.SUMMARY),
    # OpenAI: reasoning summaries only, but for the open weights.
    (re.compile(r"gpt-oss"), ThinkingKind.RAW),
    (re.compile(r"(?:^|[^a-z0-9])(?:o[1-9]|gpt-[5-9]|codex|computer-use)(?:[^a-z]|$)"), ThinkingKind.SUMMARY),
    # xAI: the small and the coding models give their thinking, grok-4 and later a summary or nothing.
    (re.compile(r"grok-3-mini|grok-code"), ThinkingKind.RAW),
    (re.compile(r"grok"), ThinkingKind.SUMMARY),
    # Amazon: Nova 2 redacts or summarises; the first Nova thinks in tags, if at all.
    (re.compile(r"nova-2"), ThinkingKind.SUMMARY),
    # Open weights, and providers that pass the text on as it is.
    (
        re.compile(
            r"deepseek|qwen|qwq|qvq|glm|zai|kimi|moonshot|magistral|mistral|ministral|llama|minimax|nemotron|gemma|phi-"
            r"|ernie|hunyuan|seed-oss|step-?3|exaone|granite|smollm|olmo|mimo|longcat|ling-|ring-|r1|intern|sonar"
        ),
        ThinkingKind.RAW,
    ),
)

TAG = r"(?:think|thinking|thought|reasoning)"
OPEN = re.compile(rf"\s*(?:<(?P<tag>{TAG})(?P<attributes>(?:\s[^<>]*)?)>|(?P<bracket>\[THINK\]))", re.IGNORECASE)
# The chat template may have written the opening tag, so that only the closing one is in the log. Quoted tags are talk
# about tags.
BARE_CLOSE = re.compile(r"(?<![`'\"“])(?:</think>|\[/THINK\])(?![`'\"”])", re.IGNORECASE)
REDACTED = re.compile(r"""\bredacted\s*=\s*["']?true""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Assembled:
    """The thinking of one turn.

    Attributes:
        text: the segments in order, joined by a blank line; None when there is none to read.
        has_redacted: some of it is left as ciphertext or signature alone.
    """

    text: str | None
    kind: ThinkingKind
    source: KindSource
    has_redacted: bool = False


def kind_of(segment: Thinking, model: str | None) -> tuple[ThinkingKind, KindSource]:
    """What a segment is worth, and how we know.

    Args:
        segment: a text without a kind of its own goes by `model`, else by its fallback.
        model: as logged, vendor prefix and version included; None when the log does not say.
    """
    if not segment.text or not segment.text.strip():
        return ThinkingKind.REDACTED, KindSource.EXPLICIT
    if segment.kind is not None:
        return segment.kind, KindSource.EXPLICIT
    name = (model or "").lower()
    for pattern, kind in MODEL_RULES:
        if pattern.search(name):
            return kind, KindSource.MODEL_RULE
    return segment.fallback, KindSource.ASSUMED


def assemble(segments: Iterable[Thinking], model: str | None) -> Assembled:
    """The segments of a turn as one text, with one kind.

    A text that the log repeats, as gateways do in several fields, counts once. Raw and summary mixed are UNKNOWN: the
    text as a whole is neither.
    """
    unique: dict[str, Thinking] = {}
    for segment in segments:
        unique.setdefault(" ".join((segment.text or "").split()), segment)
    judged = [(segment.text, *kind_of(segment, model)) for segment in unique.values()]
    readable = [
        (text.strip(), kind, source) for text, kind, source in judged if text and kind is not ThinkingKind.REDACTED
    ]
    has_redacted = len(readable) < len(judged)
    if not readable:
        kind = ThinkingKind.REDACTED if has_redacted else ThinkingKind.ABSENT
        return Assembled(None, kind, KindSource.EXPLICIT, has_redacted)
    kinds = {kind for _, kind, _ in readable}
    sources = [source for _, _, source in readable]
    return Assembled(
        "\n\n".join(text for text, _, _ in readable),
        kinds.pop() if len(kinds) == 1 else ThinkingKind.UNKNOWN,
        max(sources, key=list(KindSource).index),  # no surer than the least sure segment
        has_redacted,
    )


@dataclass(frozen=True, slots=True)
class Split:
    """A model's text, taken apart.

    Attributes:
        cut_off: it ends inside a think tag: the model was stopped while it thought.
    """

    parts: tuple[Thinking | Text, ...]
    cut_off: bool = False


def split_tags(text: str) -> Split:
    """Thinking and answer of a model's text with `<think>` tags, in order.

    Tags count at the start of the text, and after a closing tag. A tag that is never closed is thinking that was cut
    off, with no answer. A closing tag alone ends thinking that began in the chat template.
    """
    parts: list[Thinking | Text] = []
    at = 0
    if not OPEN.match(text) and (close := BARE_CLOSE.search(text)):
        parts.append(Thinking(text[: close.start()], fallback=ThinkingKind.RAW))
        at = close.end()
    while opened := OPEN.match(text, at):
        close = closing(opened).search(text, opened.end())
        parts += tagged(opened, text[opened.end() : close.start() if close else len(text)])
        if close is None:
            return Split(tuple(parts), cut_off=True)
        at = close.end()
    answer = text[at:]
    return Split((*parts, *([Text(answer)] if answer.strip() else [])))


def tagged(opened: re.Match[str], body: str) -> list[Thinking]:
    """The thinking inside one pair of tags; none where a hybrid model wrote empty tags because it did not think."""
    if REDACTED.search(opened["attributes"] or ""):
        return [Thinking(None)]
    return [Thinking(body, fallback=ThinkingKind.RAW)] if body.strip() else []


def closing(opened: re.Match[str]) -> re.Pattern[str]:
    """The tag that closes `opened`."""
    return re.compile(r"\[/THINK\]" if opened["bracket"] else rf"</{opened['tag']}\s*>", re.IGNORECASE)
