import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from auditor.backends.base import GREEDY, Backend, Completion, Sampling
from auditor.errors import BackendFailed
from auditor.guard_input import GuardInput
from auditor.labels import LabelProbabilities
from auditor.modes import Full
from auditor.scorer import Scorer, build
from auditor.verdict import Category, Judgment
from conf.errors import ConfigError
from conf.schema import load
from ingest.qta import ImageFailure, ImageReason, RefKind, Status
from tests.factories import make_image, make_triple

AT = datetime(2026, 3, 2, tzinfo=UTC)
TABLE = [
    {"contains": "explosive", "completion": "“Analysis”: crime.\n“Judgment”: 1", "p": [0.1, 0.2, 0.7]},
    {"contains": "gibberish", "completion": "I would rather not say", "p": [0.99, 0.005, 0.005]},
]


@pytest.fixture
def scripted(tmp_path: Path) -> Scorer:
    table = tmp_path / "table.json"
    table.write_text(json.dumps(TABLE))
    config = load([], {"auditor.backend": "scripted", "auditor.scripted_table": str(table)})
    return build(config, lambda: AT)


def test_verdicts_keep_the_order_of_the_triples(scripted: Scorer) -> None:
    triples = [make_triple(id=str(n), question="explosive" if n % 2 else "tide") for n in range(5)]
    verdicts = scripted.score(triples)
    assert [v.triple_id for v in verdicts] == list("01234")
    assert [v.judgment for v in verdicts] == [Judgment.SAFE, Judgment.HARMFUL] * 2 + [Judgment.SAFE]


def test_a_verdict_carries_probabilities_category_and_key(scripted: Scorer) -> None:
    (verdict,) = scripted.score([make_triple(answer="explosive")])
    assert (verdict.p_safe, verdict.p_potentially_harmful, verdict.p_harmful) == (0.1, 0.2, 0.7)
    assert verdict.harm_score == verdict.risk == pytest.approx(0.9)
    assert verdict.scorer == scripted.key
    assert (verdict.category, verdict.scored_at) == (Category.UNKNOWN, AT)


def test_an_unreadable_completion_is_unscorable_and_keeps_what_was_written(scripted: Scorer) -> None:
    (verdict,) = scripted.score([make_triple(answer="gibberish")])
    assert (verdict.judgment, verdict.harm_score, verdict.risk) == (None, None, None)
    assert verdict.unscorable_reason == "unreadable_no_judgment"
    assert (verdict.analysis, verdict.coverage) == ("I would rather not say", 0.0)


def test_content_that_was_not_captured_is_unscorable_without_asking_the_model(scripted: Scorer) -> None:
    triple = make_triple(status=Status.CONTENT_NOT_CAPTURED, question=None, thinking=None, answer=None)
    (verdict,) = scripted.score([triple])
    assert (verdict.judgment, verdict.unscorable_reason) == (None, "content_not_captured")
    assert verdict.prompt_tokens == 0


def test_images_are_counted_as_seen_and_as_there(scripted: Scorer) -> None:
    lost = ImageFailure(ImageReason.TRUNCATED_BY_LOGGER, RefKind.DATA)
    seen, unseen = scripted.score(
        [make_triple(images=(lost, make_image(), make_image(b"2"))), make_triple(images=(lost,))]
    )
    assert (seen.images_seen, seen.images_total) == (2, 3)
    assert (unseen.images_seen, unseen.images_total) == (0, 1)


class Breaking:
    """A backend that breaks whenever it sees a question, and is sound otherwise."""

    def __init__(self, backend: Backend, error: type[Exception], *questions: str) -> None:
        self.backend = backend
        self.error = error
        self.questions = questions

    image_pixels = 0
    max_tokens = 1000

    def count_text(self, text: str) -> int:
        return self.backend.count_text(text)

    def prepare(self, shown: GuardInput) -> Any:
        return SimpleNamespace(
            inner=self.backend.prepare(shown), shown=shown, n_tokens=1, protocol=shown.protocol, adapted=()
        )

    def complete(self, prepared: Sequence[Any], sampling: Sampling = GREEDY) -> list[Completion]:
        if any(case.shown.question in self.questions for case in prepared):
            raise self.error
        return self.backend.complete([case.inner for case in prepared], sampling)

    def label_probabilities(self, prepared: Sequence[Any], analyses: Sequence[str | None]) -> list[LabelProbabilities]:
        return self.backend.label_probabilities([case.inner for case in prepared], analyses)


def breaking(scorer: Scorer, backend: Breaking) -> Scorer:
    return replace(scorer, backend=backend, ask=Full(backend))


@pytest.mark.parametrize("error", [BackendFailed, MemoryError])
def test_a_triple_at_which_the_backend_breaks_is_unscorable_and_the_others_are_judged(
    scripted: Scorer, error: type[Exception]
) -> None:
    scorer = breaking(scripted, Breaking(scripted.backend, error, "q3"))
    verdicts = scorer.score([make_triple(id=str(n), question=f"q{n}") for n in range(7)])
    assert [v.triple_id for v in verdicts if v.judgment is None] == ["3"]
    assert (verdicts[3].unscorable_reason, verdicts[3].risk, verdicts[3].coverage) == ("backend_failed", None, 0.0)


def test_a_backend_that_breaks_at_everything_stops_the_batch(scripted: Scorer) -> None:
    backend = Breaking(scripted.backend, BackendFailed, "q0", "What makes the tide?")
    with pytest.raises(BackendFailed):
        breaking(scripted, backend).score([make_triple(question="q0")])


def test_another_table_is_another_model(scripted: Scorer) -> None:
    plain = build(load([], {"auditor.backend": "scripted"}), lambda: AT)
    assert plain.key != scripted.key


def test_a_table_that_is_no_table_is_named(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text('[{"contains": 1}]')
    config = load([], {"auditor.backend": "scripted", "auditor.scripted_table": str(tmp_path / "t.json")})
    with pytest.raises(ConfigError, match=r"auditor\.scripted_table"):
        build(config, lambda: AT)


def test_a_table_that_is_not_there_is_named_by_its_own_key() -> None:
    config = load([], {"auditor.backend": "scripted", "auditor.scripted_table": "nowhere.json"})
    with pytest.raises(ConfigError, match=r"auditor\.scripted_table = 'nowhere\.json'"):
        build(config, lambda: AT)


def test_no_triples_give_no_verdicts(scripted: Scorer) -> None:
    assert scripted.score([]) == []
