"""The guard's tokenizer, with one way in for our own text and special tokens, and another for everything from a log.

Text from a log can never become a special token: it is encoded by a copy of the tokenizer that has none.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from auditor.errors import ModelUnusable

IM_START = "<|im_start|>"
IM_END = "<|im_end|>"
VISION_START = "<|vision_start|>"
VISION_END = "<|vision_end|>"
IMAGE_PAD = "<|image_pad|>"
SPECIALS = (IM_START, IM_END, VISION_START, VISION_END, IMAGE_PAD)


@dataclass(frozen=True, slots=True)
class GuardTokenizer:
    """Encodes text that is never special, and knows the few special ids that we place ourselves.

    Attributes:
        plain: the tokenizer without added tokens: what looks like a special token becomes ordinary pieces.
        full: the tokenizer as it ships, for decoding completions.
        specials: literal -> id, for the five tokens of the guard's template.
        special_ids: every id that is not ordinary text; none of them may come from a log.
    """

    plain: Tokenizer
    full: Tokenizer
    specials: dict[str, int]
    special_ids: frozenset[int]

    def text(self, text: str) -> list[int]:
        """Token ids of text from anywhere, special tokens off."""
        return self.plain.encode(text, add_special_tokens=False).ids

    def decode(self, ids: Iterable[int]) -> str:
        """The text of a completion, without special tokens."""
        return self.full.decode([i for i in ids if i not in self.special_ids])


def load_tokenizer(folder: Path) -> GuardTokenizer:
    """The tokenizer of a checkpoint folder.

    Raises:
        ModelUnusable: there is no tokenizer.json, or it lacks the tokens of the Qwen2.5-VL template.
    """
    path = folder / "tokenizer.json"
    try:
        return from_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelUnusable(f"{path}: {error.strerror}; the checkpoint needs a fast tokenizer") from None
    except KeyError as error:
        raise ModelUnusable(f"{path}: no token {error}; this is not a Qwen2.5-VL tokenizer") from None


def from_json(text: str) -> GuardTokenizer:
    """The tokenizer described by the text of a tokenizer.json.

    Raises:
        KeyError: a token of the template is missing.
    """
    described = json.loads(text)
    added = {token["content"]: token["id"] for token in described.get("added_tokens", [])}
    plain = Tokenizer.from_str(json.dumps({**described, "added_tokens": [], "post_processor": None}))
    return GuardTokenizer(
        plain=plain,
        full=Tokenizer.from_str(text),
        specials={literal: added[literal] for literal in SPECIALS},
        special_ids=frozenset(added.values()),
    )
