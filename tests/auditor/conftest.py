"""The demo checkpoint's tokenizer and the real Qwen vocabulary, each loaded once."""

import json
from importlib.resources import files
from typing import TYPE_CHECKING

import pytest
from transformers.convert_slow_tokenizer import TikTokenConverter

from auditor.models import DEMO_FOLDER
from auditor.tokens import GuardTokenizer, from_json, load_tokenizer
from tests.auditor.injection.texts import QWEN_TOKENS

if TYPE_CHECKING:
    from tokenizers import Tokenizer

QWEN_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


@pytest.fixture(scope="session")
def demo_tokenizer() -> GuardTokenizer:
    return load_tokenizer(DEMO_FOLDER)


@pytest.fixture(scope="session")
def qwen_tokenizer() -> GuardTokenizer:
    """The vocabulary of the real model, from the package dashscope, with its special tokens at their real ids."""
    ranks = files("dashscope") / "resources" / "qwen.tiktoken"
    converted: Tokenizer = TikTokenConverter(str(ranks), pattern=QWEN_PATTERN).converted()
    described = json.loads(converted.to_str())
    described["normalizer"] = {"type": "NFC"}
    kind = {"normalized": False, "single_word": False, "lstrip": False, "rstrip": False}
    described["added_tokens"] = [
        {"id": 151643 + n, "content": token, "special": n < 14, **kind} for n, token in enumerate(QWEN_TOKENS)
    ]
    return from_json(json.dumps(described))
