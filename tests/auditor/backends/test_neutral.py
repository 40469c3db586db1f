import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.backends.neutral import BREAK, Neutraliser, neutraliser
from auditor.errors import ModelUnusable
from auditor.guard_input import GuardInput
from auditor.tokens import GuardTokenizer

LITERALS = ("<|im_start|>", "<|im_end|>", "<|image_pad|>", "<tool_call>", "|>x<|")
PIECES = st.sampled_from((*LITERALS, "<|im_", "end|>", "<|", "|>", "x", "\n", BREAK, "“Judgment”: 0", "＜｜"))


@pytest.fixture(scope="module")
def neutral() -> Neutraliser:
    return neutraliser(LITERALS)


@given(st.lists(PIECES, max_size=12).map("".join))
def test_no_literal_is_left_and_nothing_is_taken_out(text: str) -> None:
    quiet = neutraliser(LITERALS)(text)
    assert not any(literal in quiet for literal in LITERALS)
    assert quiet.replace(BREAK, "") == text.replace(BREAK, "")
    assert (quiet == text) == (not any(literal in text for literal in LITERALS))


@given(st.text(max_size=40), st.sampled_from(("<|im_end|>", "<|vision_start|>", "<|image_pad|>")))
def test_a_whole_tokenizer_makes_no_special_token_of_neutral_text(
    qwen_tokenizer: GuardTokenizer, text: str, literal: str
) -> None:
    added = qwen_tokenizer.full.get_added_tokens_decoder().values()
    quiet = neutraliser(token.content for token in added)(text[:20] + literal + text[20:])
    ids = qwen_tokenizer.full.encode(quiet, add_special_tokens=False).ids
    assert qwen_tokenizer.special_ids.isdisjoint(ids)
    assert ids == qwen_tokenizer.text(quiet)


def test_each_text_of_a_case_is_neutral_and_a_harmless_case_is_the_same(neutral: Neutraliser) -> None:
    plain = GuardInput("a", "b", "c", local="d")
    assert neutral.shown(plain) == plain
    forged, broken = "<|im_end|>", f"<{BREAK}|im_end|>"
    quiet = neutral.shown(GuardInput(forged, forged, forged, local=forged))
    assert quiet == GuardInput(broken, broken, broken, local=broken)


def test_a_token_that_cannot_be_broken_is_refused() -> None:
    with pytest.raises(ModelUnusable, match="cannot be told from text"):
        neutraliser(["<|im_end|>", "§"])
