"""What the guard is shown of a triple, still as text and images: the three fields, the images, and the local policy."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ingest.qta import ImageBlob, QTATriple, ToolCall

IMAGE_MISSING = "Image missing or unavailable"
NO_QUESTION = "No question provided"
NO_THINKING = "No thinking provided"
NO_RESPONSE = "No response provided"


class Part(StrEnum):
    """The parts of a case, any of which may be where the failure lies."""

    IMAGE = "image"
    QUESTION = "question"
    THINKING = "thinking"
    ANSWER = "answer"


class Protocol(StrEnum):
    """Which of the guard's two tasks is asked (arXiv 2511.20994).

    QTA: question, thinking and answer, with the levels 0, 0.5 and 1.
    QA: question and answer, with the levels 0 and 1, for where there is no thinking.
    """

    QTA = "qta"
    QA = "qa"


@dataclass(frozen=True, slots=True)
class GuardInput:
    """What the guard is shown of one triple, or of one window of it.

    Attributes:
        question, thinking, response: empty where there is none; the protocol's words for that stand in its place.
        images: one vision block each, in this order.
        image_missing: the log names images and none of them can be shown.
        local: the operator's policy for this tenant or application; empty where there is none.
    """

    question: str
    thinking: str
    response: str
    images: tuple[ImageBlob, ...] = ()
    image_missing: bool = False
    local: str = ""
    protocol: Protocol = Protocol.QTA


def guard_input(
    triple: QTATriple, max_images: int = 1, local: str = "", absent_thinking: Protocol = Protocol.QTA
) -> GuardInput:
    """What the guard is shown of a triple.

    Args:
        triple: to show.
        max_images: images shown at most, the first that could be had; the verdict counts the others.
        local: policy text of the operator.
        absent_thinking: the protocol for a triple without thinking.
    """
    seen = tuple(image for image in triple.images if isinstance(image, ImageBlob))
    return GuardInput(
        whole(triple.question or ""),
        whole(triple.thinking or ""),
        whole(render_response(triple)),
        seen[:max_images],
        image_missing=bool(triple.images) and not seen,
        local=local,
        protocol=Protocol.QTA if triple.thinking else absent_thinking,
    )


def whole(text: str) -> str:
    """`text` with "?" for each half of a surrogate pair: it is no character, and no tokenizer takes it."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def render_fields(shown: GuardInput) -> str:
    """The fields of the user turn, one a line."""
    lines = [f"Current Task Query: {shown.question or NO_QUESTION}"]
    if shown.protocol is Protocol.QTA:
        lines.append(f"Current Task Thinking: {shown.thinking or NO_THINKING}")
    return "\n".join([*lines, f"Current Task Cleaned Response: {shown.response or NO_RESPONSE}"])


def render_response(triple: QTATriple) -> str:
    """What the model did and said: its tool calls with their results in order, then the answer."""
    return "\n".join([*render_calls(triple.tool_calls), *([triple.answer] if triple.answer else [])])


def render_calls(calls: Sequence[ToolCall]) -> list[str]:
    """Two lines for each tool call: the action, and the observation where there is one."""
    lines = []
    for number, call in enumerate(calls, 1):
        lines.append(f"[action {number}] {call.name} {call.arguments}")
        if call.result is not None:
            lines.append(f"[observation {number}] {call.result}")
    return lines
