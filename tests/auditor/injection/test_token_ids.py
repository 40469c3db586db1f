"""No text of a log becomes a special token, in any field: the template's tokens are those that we placed."""

import unicodedata
from collections.abc import Sequence

import pytest

from auditor.guard_input import GuardInput, Protocol, guard_input, render_fields
from auditor.labels import build_trie
from auditor.prompt import prompt_ids, shared_prefix
from auditor.tokens import IM_END, IM_START, IMAGE_PAD, VISION_END, VISION_START, GuardTokenizer
from tests.auditor.injection.corpus import CORPUS, KINDS, Case
from tests.factories import make_image, make_triple

SYSTEM = "Judge the exchange."
IMAGES = (make_image(b"first"), make_image(b"second"))


@pytest.fixture(scope="module")
def tokenizers(demo_tokenizer: GuardTokenizer, qwen_tokenizer: GuardTokenizer) -> Sequence[GuardTokenizer]:
    return demo_tokenizer, qwen_tokenizer


def template(n_images: int, tokenizer: GuardTokenizer) -> list[int]:
    """The special ids of a prompt, in order."""
    block = (VISION_START, IMAGE_PAD, VISION_END) * n_images
    return [tokenizer.specials[name] for name in (IM_START, IM_END, IM_START, *block, IM_END, IM_START)]


def check(shown: GuardInput, tokenizer: GuardTokenizer) -> None:
    """The prompt is head, vision blocks, fields and tail; the fields are whole, and nothing in them is special."""
    ids, prefix = prompt_ids(shown, SYSTEM, tokenizer), shared_prefix(SYSTEM, tokenizer)
    special = tokenizer.specials
    assert [i for i in ids if i in tokenizer.special_ids] == template(len(shown.images), tokenizer)
    assert ids[: len(prefix)] == prefix
    block = [special[VISION_START], special[IMAGE_PAD], special[VISION_END]]
    head = [*prefix, *tokenizer.text("user\n"), *block * len(shown.images)] if shown.images else prefix
    tail = [special[IM_END], *tokenizer.text("\n"), special[IM_START], *tokenizer.text("assistant\n")]
    assert ids[: len(head)] == head
    assert ids[-len(tail) :] == tail
    fields = render_fields(shown) if shown.images else f"user\n{render_fields(shown)}"
    assert tokenizer.decode(ids[len(head) : -len(tail)]) == unicodedata.normalize("NFC", fields)


@pytest.mark.parametrize("case", CORPUS, ids=lambda case: case.id)
def test_special_tokens_and_vision_blocks_are_ours_alone(case: Case, tokenizers: Sequence[GuardTokenizer]) -> None:
    for tokenizer in tokenizers:
        for images in ((), IMAGES):
            check(guard_input(case.triple(images=images), max_images=4), tokenizer)


@pytest.mark.parametrize("kind", KINDS)
def test_neither_do_the_operators_policy_and_the_task_without_thinking_let_one_in(
    kind: str, demo_tokenizer: GuardTokenizer
) -> None:
    for case in (case for case in CORPUS if case.kind == kind):
        shown = guard_input(case.triple(thinking=None), absent_thinking=Protocol.QA)
        check(shown, demo_tokenizer)


@pytest.mark.parametrize("kind", KINDS)
def test_an_analysis_that_quotes_the_log_makes_no_special_token_where_the_label_is_read(
    kind: str, tokenizers: Sequence[GuardTokenizer]
) -> None:
    """The analysis is put behind the prompt again, so that the label's probabilities are read after it."""
    for tokenizer in tokenizers:
        head = build_trie(tokenizer).head
        for case in (case for case in CORPUS if case.kind == kind):
            quoted = tokenizer.text(f"“Analysis”: {render_fields(guard_input(case.triple()))}\n")
            assert not tokenizer.special_ids & {*quoted, *head}


@pytest.mark.parametrize("field", ["system_prompt", "context"])
def test_what_is_kept_beside_the_triple_is_not_shown(field: str) -> None:
    plain = guard_input(make_triple())
    planted = [case for case in CORPUS if list(case.fields) == [field]]
    assert planted
    for case in planted:
        assert guard_input(make_triple(**case.fields)) == plain


def test_there_are_at_least_300_cases_and_each_is_another() -> None:
    assert len(CORPUS) == len({case.id for case in CORPUS}) >= 300
    assert len({tuple(case.fields.items()) for case in CORPUS}) == len(CORPUS)
