import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.backends.base import GREEDY, Completion, Sampling
from auditor.backends.prompts import PromptBuilder, Prompted
from auditor.guard_input import GuardInput, Protocol
from auditor.labels import LabelProbabilities
from auditor.models import DEMO_FOLDER
from auditor.prompt import read_system_prompt
from auditor.windows import NO_ROOM, Cut, Cutter, Span, covered, groups
from conf.schema import load
from tests.auditor.backends.test_contract import drawn_image

PROMPTS = PromptBuilder.load(load().auditor, DEMO_FOLDER, {Protocol.QTA: read_system_prompt("")})
WORDS = (
    "tide",
    "moon",
    "\n\n",
    "water. ",
    "\n[action 2] look {}",
    "潮は月が引く。",
    "é",
    "   ",
    "\n",
    "0123456789" * 9,
)


@dataclass
class Counting:
    """The demo guard's prompts with no model behind them; counts the characters that it is given."""

    max_tokens: int
    n_chars: int = 0
    image_pixels: int = 0

    def count_text(self, text: str) -> int:
        self.n_chars += len(text)
        return len(PROMPTS.tokenizer.text(text))

    def prepare(self, shown: GuardInput) -> Prompted:
        self.n_chars += len(shown.question) + len(shown.thinking) + len(shown.response)
        return PROMPTS.prompt(shown)

    def complete(self, prepared: Sequence[Any], sampling: Sampling = GREEDY) -> list[Completion]:
        raise NotImplementedError

    def label_probabilities(self, prepared: Sequence[Any], analyses: Sequence[str | None]) -> list[LabelProbabilities]:
        raise NotImplementedError


def text(n: int, seed: int = 0) -> str:
    """`n` pieces of text of all kinds."""
    chosen = random.Random(seed).choices(WORDS, k=n)  # noqa: S311 - no secret
    return " ".join(chosen)


def cut(shown: GuardInput, max_tokens: int = 600, overlap: float = 0.1, max_windows: int = 10_000) -> Cut:
    """The windows of a case, each of which is seen to fit and to show what it says that it shows."""
    found = Cutter(Counting(max_tokens), overlap, max_windows)(shown)
    whole = shown.question + shown.thinking + shown.response
    for window in found.windows:
        part = window.shown
        assert window.prepared.n_tokens <= max_tokens
        spans = "".join(whole[span.start : span.end] for span in window.spans)
        assert part.question + part.thinking + part.response == spans
    return found


@settings(max_examples=12, deadline=None)
@given(
    st.tuples(*[st.integers(0, 500)] * 3), st.integers(0, 10**6), st.integers(420, 900), st.sampled_from([0, 0.1, 0.5])
)
def test_every_character_is_in_a_window_and_every_window_fits(
    sizes: tuple[int, int, int], seed: int, max_tokens: int, overlap: float
) -> None:
    question, thinking, response = (text(n, seed + k) for k, n in enumerate(sizes))
    found = cut(GuardInput(question, thinking, response), max_tokens, overlap)
    assert covered(found, found.windows) == 1.0


@pytest.mark.parametrize("place", range(3))
def test_windows_follow_each_other_in_order_and_overlap(place: int) -> None:
    question, thinking, response = (text(1200) if k == place else "" for k in range(3))
    found = cut(GuardInput(question, thinking, response))
    spans = [max(window.spans, key=lambda span: span.end - span.start) for window in found.windows]
    assert len(spans) > 3
    for one, other in pairwise(spans):
        assert one.start < other.start < one.end < other.end
        assert one.end - other.start >= 0.1 * (one.end - one.start) - 1


def test_a_case_that_fits_is_one_window_as_it_is() -> None:
    shown = GuardInput("q", "t", "r", local="No advice.")
    found = cut(shown)
    assert [window.shown for window in found.windows] == [shown]
    assert (covered(found, found.windows), found.notes) == (1.0, ())


def test_a_case_without_text_is_covered() -> None:
    found = cut(GuardInput("", "", ""))
    assert covered(found, found.windows) == 1.0


def test_each_window_has_the_question_the_images_and_the_local_policy() -> None:
    image = drawn_image("tide")
    found = cut(GuardInput("What is tide?", text(900), text(900, 1), (image,), local="Calm."), 900)
    assert len(found.windows) > 3
    assert {(w.shown.question, w.shown.images, w.shown.local) for w in found.windows} == {
        ("What is tide?", (image,), "Calm.")
    }


def test_a_long_question_beside_a_short_answer_is_cut_with_the_answer_in_each_window() -> None:
    found = cut(GuardInput(text(1000), "Hm.", "No."))
    assert len(found.windows) > 3
    assert {(w.shown.thinking, w.shown.response) for w in found.windows} == {("Hm.", "No.")}


def test_a_long_question_beside_a_long_answer_stands_with_its_head_and_has_windows_of_its_own() -> None:
    question = text(1000)
    found = cut(GuardInput(question, text(400, 1), text(400, 2)))
    along = [w.shown for w in found.windows if w.shown.thinking or w.shown.response]
    alone = [w.spans[0] for w in found.windows if not (w.shown.thinking or w.shown.response)]
    heads = {shown.question for shown in along}
    assert len(heads) == 1
    assert question.startswith(head := heads.pop())
    assert 0 < alone[0].start < len(head)
    assert alone[-1].end == len(question)
    assert covered(found, found.windows) == 1.0


def test_pieces_end_at_steps_paragraphs_and_lines() -> None:
    step = "\n[action 7] look {}\n[observation 7] " + "the sea is calm today " * 3
    found = cut(GuardInput("q", "", step.strip() + step * 40))
    assert len(found.windows) > 2
    assert all(w.shown.response.endswith("\n") for w in found.windows[:-1])


def test_more_windows_than_allowed_are_not_made_and_the_share_says_so() -> None:
    shown = GuardInput("q", text(1000), "a")
    assert len(cut(shown).windows) > 5
    found = cut(shown, max_windows=3)
    assert len(found.windows) == 3
    assert 0.01 < covered(found, found.windows) < 0.2


@pytest.mark.parametrize("endless", ["the tide and the moon. " * 450_000, "tide" * 2_500_000, " " * 10**7])
def test_of_a_text_without_end_no_more_is_read_than_its_windows_hold(endless: str) -> None:
    backend = Counting(500)
    found = Cutter(backend, 0.1, 4)(GuardInput("q", endless, "a"))
    assert len(found.windows) <= 4
    held = sum(span.end - span.start for window in found.windows for span in window.spans)
    assert backend.n_chars <= 12 * held + 100_000


def test_images_leave_room_for_text_and_those_without_room_are_left_out_and_named() -> None:
    images = tuple(drawn_image(f"{n}", (560, 560)) for n in range(3))
    shown = GuardInput("q", text(400), "a", images)
    each = PROMPTS.prompt(GuardInput("", "", "", images[:1])).n_tokens - PROMPTS.prompt(GuardInput("", "", "")).n_tokens
    found = cut(shown, 294 + 2 * each + 200)
    assert {w.shown.images for w in found.windows} == {images[:2]}
    assert found.notes == (NO_ROOM,)
    assert covered(found, found.windows) == 1.0


def test_an_image_that_leaves_no_room_at_all_is_left_out_and_the_prompt_says_that_it_is_missing() -> None:
    shown = GuardInput("q", text(20), "a", (drawn_image("large", (900, 900)),))
    found = cut(shown, PROMPTS.prompt(GuardInput("", "", "", shown.images)).n_tokens + 20)
    assert {(w.shown.images, w.shown.image_missing) for w in found.windows} == {((), True)}
    assert found.notes == (NO_ROOM,)
    assert covered(found, found.windows) == 1.0


def test_a_context_without_room_for_text_gives_the_case_as_it_is_too_long() -> None:
    shown = GuardInput("q", text(400), "a")
    (window,) = Cutter(Counting(300))(shown).windows
    assert window.shown == shown
    assert window.prepared.n_tokens > 300


def test_what_spans_share_counts_once() -> None:
    found = cut(GuardInput("0123456789", "", ""))
    assert covered(found, found.windows[:0]) == 0.0
    part = Cut((), 10)
    window = found.windows[0]
    halves = [type(window)(window.shown, None, (Span(a, b),)) for a, b in ((6, 8), (0, 3), (2, 4), (0, 1))]
    assert covered(part, halves) == 0.6


def test_groups_hold_about_as_many_windows_as_a_batch_has_cases() -> None:
    one = Cutter(Counting(600))(GuardInput("q", "", "a")).windows[0]
    cuts = [(n, Cut((one,) * (100 if n == 1 else 1), 2)) for n in range(500)]
    found = list(groups(cuts))
    assert [n for group in found for n, _ in group] == list(range(500))
    assert [sum(len(c.windows) for _, c in group) for group in found] == [128, 128, 128, 128, 87]
