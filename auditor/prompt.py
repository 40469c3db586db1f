"""What the guard is shown becomes its prompt, as token ids that we build ourselves.

Layout (Qwen2.5-VL chat template, arXiv 2511.20994): the system prompt first and byte-identical for all triples, so that
its prefix is computed once; then one user turn with the vision blocks, or the text that says that the image is
missing, and the fields, one a line. The operator's local policy, where there is one, heads the user turn: before the
images, so that a tenant's cases share it as a prefix too. One vision block for each image shown, at the template's
place; text from a log is encoded without specials.
"""

import hashlib
from pathlib import Path

from auditor.guard_input import IMAGE_MISSING, GuardInput, Protocol, render_fields
from auditor.tokens import IM_END, IM_START, IMAGE_PAD, VISION_END, VISION_START, GuardTokenizer
from conf.errors import ConfigError

BUILTIN_PROMPTS = {
    Protocol.QTA: Path(__file__).with_name("guard_prompt.txt"),
    Protocol.QA: Path(__file__).with_name("guard_prompt_qa.txt"),
}
KEYS = {Protocol.QTA: "auditor.prompt_file", Protocol.QA: "auditor.qa_prompt_file"}


def read_system_prompt(prompt_file: str, protocol: Protocol = Protocol.QTA) -> str:
    """The system prompt's text, stripped; ours when `prompt_file` is empty.

    Raises:
        ConfigError: the file cannot be read.
    """
    return read_named(Path(prompt_file) if prompt_file else BUILTIN_PROMPTS[protocol], KEYS[protocol])


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


def prompt_ids(shown: GuardInput, system_prompt: str, tokenizer: GuardTokenizer) -> list[int]:
    """Token ids up to and including the head of the guard's turn; one image pad stands for each whole image.

    Text between special tokens is encoded in one piece, as the template's is.
    """
    special = tokenizer.specials
    head = "user\n" + shown.local
    fields = (IMAGE_MISSING if shown.image_missing else "") + render_fields(shown)
    if shown.images:
        block = (special[VISION_START], special[IMAGE_PAD], special[VISION_END])
        user = [*tokenizer.text(head), *block * len(shown.images), *tokenizer.text(fields)]
    else:
        user = tokenizer.text(head + fields)
    return [
        *shared_prefix(system_prompt, tokenizer),
        *user,
        special[IM_END],
        *tokenizer.text("\n"),
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
