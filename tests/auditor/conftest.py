"""The demo checkpoint's tokenizer and the real Qwen vocabulary, each loaded once."""

import pytest

from auditor.models import DEMO_FOLDER
from auditor.tokens import GuardTokenizer, from_json, load_tokenizer
from tests.qwen import vocabulary


@pytest.fixture(scope="session")
def demo_tokenizer() -> GuardTokenizer:
    return load_tokenizer(DEMO_FOLDER)


@pytest.fixture(scope="session")
def qwen_tokenizer() -> GuardTokenizer:
    """The vocabulary of the real model, from the package dashscope, with its special tokens at their real ids."""
    return from_json(vocabulary())
