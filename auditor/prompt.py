"""A QTA triple becomes the guard's prompt, as token ids that we build ourselves.

Layout (Qwen2.5-VL chat template, arXiv 2511.20994): the system prompt first and byte-identical for all triples, so that
its prefix is computed once; then one user turn with the image block, or the text that says it is missing, and the
three fields, one a line. Exactly one vision block, at the template's position; log text is encoded without specials.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from auditor.tokens import IM_END, IM_START, IMAGE_PAD, VISION_END, VISION_START, GuardTokenizer
from conf.errors import ConfigError
from ingest.qta import ImageBlob, QTATriple, ToolCall

BUILTIN_PROMPT = Path(__file__).with_name("guard_prompt.txt")
IMAGE_MISSING = "Image missing or unavailable"
NO_QUESTION = "No question provided"
NO_THINKING = "No thinking provided"
NO_RESPONSE = "No response provided"


@dataclass(frozen=True, slots=True)
class GuardPrompt:
    """One prompt for the guard.

    Attributes:
        ids: token ids up to and including the assistant's turn head; one image pad stands for the whole image.
        image: the image shown, or None.
    """

    ids: tuple[int, ...]
    image: ImageBlob | None


def read_system_prompt(prompt_file: str) -> str:
    """The system prompt's text, stripped; ours when `prompt_file` is empty.

    Raises:
        ConfigError: the file cannot be read.
    """
    return read_named(Path(prompt_file) if prompt_file else BUILTIN_PROMPT, "auditor.prompt_file")


def read_named(path: Path, key: str) -> str:
    """The text of a file that the configuration names under `key`, stripped.

    Raises:
        ConfigError: the file cannot be read; the message names the key.
    """
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{key} = {str(path)!r}: {error}") from None


def hash_text(text: str) -> str:
    """Hex sha256 of a text that verdicts depend on, such as the system prompt; recorded in every verdict."""
    return hashlib.sha256(text.encode()).hexdigest()


def shown_image(triple: QTATriple) -> ImageBlob | None:
    """The image that the guard sees: the first that could be had; the verdict counts the others."""
    return next((image for image in triple.images if isinstance(image, ImageBlob)), None)


def build_prompt(triple: QTATriple, system_prompt: str, tokenizer: GuardTokenizer) -> GuardPrompt:
    """The prompt ids and the image of one triple."""
    image = shown_image(triple)
    missing = IMAGE_MISSING if triple.images and image is None else ""
    fields = missing + render_fields(triple)
    ids = prompt_ids(system_prompt, fields, tokenizer, has_image=image is not None)
    return GuardPrompt(tuple(ids), image)


def prompt_ids(system_prompt: str, fields: str, tokenizer: GuardTokenizer, *, has_image: bool) -> list[int]:
    """Token ids of the whole prompt; text between special tokens is encoded in one piece, as the template's is."""
    special = tokenizer.specials
    if has_image:
        user = [
            *tokenizer.text("user\n"),
            special[VISION_START],
            special[IMAGE_PAD],
            special[VISION_END],
            *tokenizer.text(fields),
        ]
    else:
        user = tokenizer.text("user\n" + fields)
    newline = tokenizer.text("\n")
    return [
        *shared_prefix(system_prompt, tokenizer),
        *user,
        special[IM_END],
        *newline,
        special[IM_START],
        *tokenizer.text("assistant\n"),
    ]


def shared_prefix(system_prompt: str, tokenizer: GuardTokenizer) -> list[int]:
    """The ids that every prompt starts with: the system turn and the head of the user turn."""
    special = tokenizer.specials
    return [
        special[IM_START],
        *tokenizer.text("system\n" + system_prompt),
        special[IM_END],
        *tokenizer.text("\n"),
        special[IM_START],
    ]


def render_fields(triple: QTATriple) -> str:
    """The three fields of the user turn, one a line."""
    return (
        f"Current Task Query: {triple.question or NO_QUESTION}\n"
        f"Current Task Thinking: {triple.thinking or NO_THINKING}\n"
        f"Current Task Cleaned Response: {render_response(triple) or NO_RESPONSE}"
    )


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
