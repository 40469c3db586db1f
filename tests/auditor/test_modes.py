import json
import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pytest

from auditor.backends.scripted import Rule, ScriptedBackend
from auditor.modes import Full, draw_of, mode_of
from auditor.scorer import Scorer, build
from auditor.verdict import Judgment, Mode, Sent
from conf.schema import load
from ingest.qta import QTATriple
from tests.factories import make_triple

AT = datetime(2026, 3, 2, tzinfo=UTC)
SAFE, HARMFUL = "“Analysis”: fine.\n“Judgment”: 0", "“Analysis”: crime.\n“Judgment”: 1"
TABLE = [
    # Triage is sure of harm, and wrong; nearly sure of none, and wrong; sure of none, and right.
    {"contains": "alarm", "completion": SAFE, "p": [0.9, 0.05, 0.05], "triage": [0.1, 0.1, 0.8]},
    {"contains": "missed", "completion": HARMFUL, "p": [0.1, 0.1, 0.8], "triage": [0.99, 0.005, 0.005]},
    {"contains": "rambling", "completion": "Well, well.", "p": [0.9, 0.05, 0.05], "triage": [0.2, 0.4, 0.4]},
]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "table.json"
    file.write_text(json.dumps(TABLE))
    return file


def scorer(table: Path, **settings: object) -> Scorer:
    section = {"backend": "scripted", "scripted_table": str(table), **settings}
    return build(load(overrides={f"auditor.{k}": json.dumps(v) for k, v in section.items()}), lambda: AT)


def texts(*words: str) -> Sequence[QTATriple]:
    return [make_triple(id=f"{n}", question=f"{word} {n}") for n, word in enumerate(words)]


def test_full_asks_for_nothing_else(table: Path) -> None:
    (verdict,) = scorer(table).score(texts("alarm"))
    assert (verdict.mode, verdict.judgment, verdict.sent_to_full) == (Mode.FULL, Judgment.SAFE, Sent.MODE)
    assert (verdict.triage_score, verdict.inclusion) == (None, None)


def test_a_cascade_judges_in_full_what_is_at_or_above_the_line(table: Path) -> None:
    alarm, missed = scorer(table, mode="cascade", cascade_low=0.5, audit_share=0.0).score(texts("alarm", "missed"))
    assert (alarm.mode, alarm.judgment, alarm.sent_to_full) == (Mode.FULL, Judgment.SAFE, Sent.ABOVE_LOW_LINE)
    assert alarm.triage_score == pytest.approx(0.9)
    assert alarm.inclusion == 1.0
    assert (missed.mode, missed.judgment, missed.sent_to_full) == (Mode.TRIAGE, Judgment.SAFE, None)
    assert missed.harm_score == pytest.approx(0.01)
    assert missed.inclusion is None


def test_the_line_itself_is_judged_in_full(table: Path) -> None:
    (verdict,) = scorer(table, mode="cascade", cascade_low=0.01, audit_share=0.0).score(texts("tide"))
    assert verdict.triage_score == pytest.approx(0.01)
    assert verdict.sent_to_full is Sent.ABOVE_LOW_LINE


@pytest.mark.parametrize("mode", ["cascade", "triage"])
def test_below_the_line_a_share_is_judged_in_full_with_its_probability(table: Path, mode: str) -> None:
    verdicts = scorer(table, mode=mode, cascade_low=1.0, audit_share=0.25).score(texts(*["missed"] * 400))
    audited = [v for v in verdicts if v.sent_to_full is Sent.AUDIT_SAMPLE]
    assert 70 < len(audited) < 130
    assert {v.inclusion for v in verdicts} == {0.25}
    assert {v.judgment for v in audited} == {Judgment.HARMFUL}
    assert {v.mode for v in verdicts if v.sent_to_full is None} == {Mode.TRIAGE}


def test_the_sample_is_the_same_in_every_run_and_another_with_another_seed(table: Path) -> None:
    def audited(seed: str) -> list[str]:
        one = scorer(table, mode="triage", audit_share=0.2, audit_seed=seed)
        return [v.triple_id for v in one.score(texts(*["tide"] * 200)) if v.sent_to_full]

    assert audited("a") == audited("a") != audited("b")


def test_draws_are_spread_evenly() -> None:
    draws = sorted(draw_of("seed", str(n)) for n in range(2000))
    assert max(abs(draw - n / 2000) for n, draw in enumerate(draws)) < 0.05


def test_an_unreadable_full_judgment_is_unscorable_whatever_triage_said(table: Path) -> None:
    (verdict,) = scorer(table, mode="cascade").score(texts("rambling"))
    assert (verdict.judgment, verdict.unscorable_reason) == (None, "unreadable_no_judgment")
    assert verdict.risk is None
    assert verdict.triage_score == pytest.approx(0.8)


@pytest.mark.parametrize("mode", ["full", "triage", "cascade"])
def test_what_does_not_fit_is_unscorable_in_each_mode(table: Path, mode: str) -> None:
    (verdict,) = scorer(table, mode=mode, max_prompt_tokens=30).score([make_triple(answer="word " * 40)])
    assert (verdict.judgment, verdict.unscorable_reason) == (None, "prompt_too_long")
    assert verdict.prompt_tokens > 30


def test_a_cascade_decides_as_its_stages_do_by_hand(table: Path) -> None:
    triples = texts(*["alarm", "missed", "rambling", "tide"] * 5)
    cascade = scorer(table, mode="cascade", cascade_low=0.3, audit_share=0.3).score(triples)
    full = scorer(table).score(triples)
    triage = scorer(table, mode="triage", audit_share=0.0).score(triples)
    for together, first, second in zip(cascade, triage, full, strict=True):
        expected = second if together.sent_to_full else first
        assert (together.judgment, together.harm_score) == (expected.judgment, expected.harm_score)
        assert (first.harm_score is None or first.harm_score >= 0.3) <= (together.sent_to_full is not None)


def test_judgment_first_reads_the_probabilities_without_the_analysis(table: Path) -> None:
    (verdict,) = scorer(table, reading="judgment_first").score(texts("alarm"))
    assert verdict.judgment is Judgment.SAFE
    assert verdict.harm_score == pytest.approx(0.9)


def test_samples_are_counted(table: Path) -> None:
    (verdict,) = scorer(table, samples=3).score(texts("alarm"))
    assert verdict.samples == 3
    assert verdict.harm_score == pytest.approx(0.1)


def test_whatever_decides_the_answer_is_in_the_key(table: Path) -> None:
    variants: list[dict[str, object]] = [
        {},
        {"mode": "triage"},
        {"mode": "cascade"},
        {"mode": "cascade", "cascade_low": 0.5},
        {"mode": "triage", "audit_share": 0.5},
        {"reading": "judgment_first"},
        {"samples": 2},
        {"samples": 2, "sample_temperature": 1.0},
        {"absent_thinking": "qa"},
        {"max_images": 1},
        {"max_image_pixels": 100_000},
        {"max_prompt_tokens": 100},
    ]
    assert len({scorer(table, **variant).key for variant in variants}) == len(variants)


@pytest.mark.parametrize("mode", ["full", "triage", "cascade"])
@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_probabilities_that_are_no_numbers_are_unscorable_and_never_safe(
    table: Path, mode: Literal["full", "triage", "cascade"], broken: float
) -> None:
    one = scorer(table, mode=mode)
    assert isinstance(one.backend, ScriptedBackend)
    rule = Rule.model_construct(contains="", completion=SAFE, p=(broken, 0.0, 0.0), triage=None)
    backend = replace(one.backend, rules=(rule,))
    full = Full(backend)
    (verdict,) = replace(one, backend=backend, ask=mode_of(backend, mode, full, 0.05, 0.0)).score(texts("tide"))
    assert (verdict.judgment, verdict.risk) == (None, None)
    assert verdict.unscorable_reason == "probabilities_not_finite"
