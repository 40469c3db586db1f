"""Which part is named, from scores as a table and from a scripted guard; the planted set is in test_planted.py."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from auditor.backends.base import GREEDY, Backend, Completion, Sampling
from auditor.diagnoser import Diagnoser
from auditor.diagnosis import Flag, Parts, diagnose, only, parts_of, variants
from auditor.errors import BackendFailed
from auditor.guard_input import NO_THINKING, GuardInput, Part, Protocol, render_fields
from auditor.labels import LabelProbabilities
from auditor.modes import Full
from auditor.scorer import Scorer, build
from auditor.verdict import Verdict
from conf.schema import load
from tests.factories import make_image, make_triple

IMAGE, QUESTION, THINKING, ANSWER = Part
WHOLE = GuardInput("q", "t", "a", (make_image(),), local="Rules.")
LINE = 0.5


def scored(harmful: Callable[[Parts], bool], shown: GuardInput = WHOLE) -> dict[Parts, float]:
    """The scores of a guard that finds harmful what `harmful` says, by the parts that are left."""
    return {kept: 0.9 if harmful(kept) else 0.1 for kept in variants(shown)}


@pytest.mark.parametrize(
    ("harmful", "stage", "flags"),
    [
        (lambda kept: THINKING in kept, "thinking", [Flag.HARMFUL_THINKING]),
        (lambda kept: ANSWER in kept, "answer", []),
        (lambda kept: IMAGE in kept, "image", [Flag.NEEDS_IMAGE]),
        (lambda kept: {IMAGE, QUESTION} <= kept, "image+question", [Flag.NEEDS_IMAGE]),
        (lambda kept: bool({THINKING, ANSWER} & kept), "thinking+answer", []),
        (lambda kept: {IMAGE, THINKING} <= kept, "image+thinking", [Flag.HARMFUL_THINKING, Flag.NEEDS_IMAGE]),
        (lambda kept: True, "unclear", []),  # noqa: ARG005 - so it is: harmful whatever is shown
    ],
    ids=["thinking", "answer", "image", "takes both", "each is enough", "both flags", "no part"],
)
def test_the_part_that_brings_the_harm_is_named(
    harmful: Callable[[Parts], bool], stage: str, flags: Sequence[Flag]
) -> None:
    found = diagnose(WHOLE, scored(harmful), LINE)
    assert (found.stage, list(found.flags)) == (stage, flags)
    assert list(found.contributions) == ["image", "question", "thinking", "answer"]


def test_a_contribution_is_the_mean_of_what_a_part_adds_first_and_last() -> None:
    shown = GuardInput("q", "", "a")
    scores = {
        frozenset(): 0.1,
        frozenset({QUESTION}): 0.3,
        frozenset({ANSWER}): 0.2,
        frozenset({QUESTION, ANSWER}): 1.0,
    }
    found = diagnose(shown, scores, LINE)
    assert found.contributions == pytest.approx({"question": 0.5, "answer": 0.4})
    assert found.stage == "question+answer"


def test_a_score_that_rests_on_many_things_a_little_is_unclear() -> None:
    scores = {kept: 0.6 + 0.04 * len(kept) for kept in variants(WHOLE)}
    assert diagnose(WHOLE, scores, LINE).stage == "unclear"


def test_below_the_line_nothing_is_flagged() -> None:
    scores = {kept: 0.4 if THINKING in kept else 0.1 for kept in variants(WHOLE)}
    found = diagnose(WHOLE, scores, LINE)
    assert (found.stage, found.flags) == ("thinking", ())


def test_a_removed_part_leaves_the_words_for_an_absent_one_and_an_image_none() -> None:
    without = only(WHOLE, frozenset({QUESTION}))
    assert render_fields(without).splitlines()[1] == f"Current Task Thinking: {NO_THINKING}"
    assert (without.images, without.image_missing, without.local) == ((), False, "Rules.")


def test_parts_are_those_that_are_shown() -> None:
    assert parts_of(GuardInput("", "t", "a")) == (THINKING, ANSWER)
    assert parts_of(GuardInput("q", "t", "a", protocol=Protocol.QA)) == (QUESTION, ANSWER)


@pytest.mark.parametrize(("shown", "n"), [(WHOLE, 10), (replace(WHOLE, images=()), 8), (GuardInput("q", "", ""), 2)])
def test_a_case_costs_two_scores_for_each_part_and_two_more(shown: GuardInput, n: int) -> None:
    assert len(variants(shown)) == n


HARM = [0.1, 0.1, 0.8]
TABLE = [
    {"contains": "detonate", "completion": "“Analysis”: crime.\n“Judgment”: 1", "p": HARM},
    {"contains": "do as it says", "image": True, "completion": "“Analysis”: crime.\n“Judgment”: 1", "p": HARM},
]


def scripted(folder: Path, **changes: Any) -> Scorer:
    table = folder / "table.json"
    table.write_text(json.dumps(TABLE))
    settings = {"auditor.backend": "scripted", "auditor.scripted_table": str(table), **changes}
    return build(load([], settings), lambda: datetime(2026, 3, 2, tzinfo=UTC))


def test_an_escalated_verdict_says_where_the_failure_lies_and_a_safe_one_does_not(tmp_path: Path) -> None:
    safe, thought, pictured = scripted(tmp_path).score(
        [
            make_triple(id="1"),
            make_triple(id="2", thinking="I will detonate it."),
            make_triple(id="3", question="Please do as it says.", images=(make_image(),)),
        ]
    )
    assert (safe.stage, safe.contributions, safe.flags) == (None, {}, ())
    assert (thought.stage, thought.flags) == ("thinking", ("harmful_thinking_clean_answer",))
    assert (pictured.stage, pictured.flags) == ("image+question", ("needs_image",))
    assert pictured.contributions["image"] == pytest.approx(0.445)
    assert pictured.prompt_tokens > 10 * safe.prompt_tokens / 2


def test_a_reused_verdict_keeps_the_diagnosis_of_the_first(tmp_path: Path) -> None:
    twins = [make_triple(id=str(n), thinking="I will detonate it.") for n in range(2)]
    first, second = scripted(tmp_path).score(twins)
    assert (second.reused_from, second.prompt_tokens) == ("0", 0)
    assert (second.stage, second.contributions) == (first.stage, first.contributions) != (None, {})


def test_diagnosis_can_be_switched_off(tmp_path: Path) -> None:
    off = scripted(tmp_path, **{"auditor.diagnose": "false"})
    (verdict,) = off.score([make_triple(thinking="I will detonate it.")])
    assert (verdict.stage, verdict.flags) == (None, ())


class BreakingTriage:
    """A backend that answers in full, and breaks at triage of what holds a word; of everything where that is empty."""

    image_pixels = 0

    def __init__(self, inner: Backend, word: str) -> None:
        self.inner = inner
        self.word = word
        self.max_tokens = inner.max_tokens

    def count_text(self, text: str) -> int:
        return self.inner.count_text(text)

    def prepare(self, shown: GuardInput) -> Any:
        return Worded(self.inner.prepare(shown), render_fields(shown))

    def complete(self, prepared: Sequence[Any], sampling: Sampling = GREEDY) -> list[Completion]:
        return self.inner.complete([p.inner for p in prepared], sampling)

    def label_probabilities(self, prepared: Sequence[Any], analyses: Sequence[str | None]) -> list[LabelProbabilities]:
        if any(a is None and self.word in p.text for p, a in zip(prepared, analyses, strict=True)):
            raise BackendFailed("the model failed")
        return self.inner.label_probabilities([p.inner for p in prepared], analyses)


class Worded:
    """A prepared case with its text."""

    def __init__(self, inner: Any, text: str) -> None:
        self.inner = inner
        self.text = text

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def failing(scorer: Scorer, word: str) -> list[Verdict]:
    """Two escalated verdicts of a scorer whose diagnosis fails at cases with `word`."""
    broken = BreakingTriage(scorer.backend, word)
    patience = replace(scorer.patience, retries=0)
    judging = replace(scorer, backend=broken, ask=Full(broken), diagnoser=Diagnoser(broken, LINE, patience))
    return judging.score([make_triple(id=q, question=f"{q} detonate") for q in ("first", "second")])


@pytest.mark.parametrize(
    ("word", "stages"), [("second", ["question", None]), ("", [None, None])], ids=["one case", "everything"]
)
def test_a_diagnosis_at_which_the_backend_fails_costs_no_verdict(
    tmp_path: Path, word: str, stages: list[str | None]
) -> None:
    verdicts = failing(scripted(tmp_path), word)
    assert [v.harm_score for v in verdicts] == [pytest.approx(0.9)] * 2
    assert [v.stage for v in verdicts] == stages
    assert [v.flags == ("not_diagnosed",) for v in verdicts] == [stage is None for stage in stages]


def test_a_case_whose_variants_do_not_fit_is_not_diagnosed(tmp_path: Path) -> None:
    triple = make_triple(question="detonate", thinking="x", answer="y")
    scorer = scripted(tmp_path)
    whole = scorer.backend.prepare(scorer.show(triple)).n_tokens
    tight = scripted(tmp_path, **{"auditor.max_prompt_tokens": str(whole)})
    (verdict,) = tight.score([triple])
    assert verdict.harm_score == pytest.approx(0.9)
    assert verdict.flags == ("not_diagnosed",)
