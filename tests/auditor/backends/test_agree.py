"""Backends on the same labelled rows, with and without images, in each mode; and one row among different neighbours."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from auditor.rows import read_rows
from auditor.scorer import Scorer, build_modes
from auditor.verdict import Verdict
from conf.schema import Auditor, load
from ingest.qta import QTATriple

DEV = Path(__file__).parents[4] / "shared" / "data" / "qta" / "dev.jsonl"
N_ROWS = int(os.environ.get("ROWS", "40"))  # 200 for the figures in docs/ml-engineers.md
N_IMAGES = N_ROWS // 4
MODES = ("full", "triage", "cascade")
JITTER = 1e-4  # of the harm score, in float32 on a CPU; docs/ml-engineers.md names it

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not DEV.exists(), reason="shared samples are not beside this checkout"),
]


@cache
def triples() -> list[QTATriple]:
    """Rows that the guard judges, a quarter of them with an image."""
    rows = [row.triple for row in read_rows(DEV, load().images) if row.triple.has_model_output]
    pictured = [triple for triple in rows if triple.images][:N_IMAGES]
    return [*pictured, *[triple for triple in rows if not triple.images][: N_ROWS - len(pictured)]]


@cache
def scorers(backend: str) -> dict[str, Scorer]:
    """Of a backend in this process, in each mode."""
    return scorers_of(load(overrides={"auditor.backend": backend, "auditor.max_prompt_tokens": "1500"}).auditor)


def scorers_of(section: Auditor) -> dict[str, Scorer]:
    """In each mode, judging every triple anew."""
    anew = section.model_copy(update={"reuse": False})
    return build_modes(load().model_copy(update={"auditor": anew}), MODES, lambda: datetime.now(UTC))


@cache
def said_by_transformers(mode: str) -> list[Verdict]:
    """Its verdicts on all rows."""
    return scorers("transformers")[mode].score(triples())


def distance(one: Sequence[Verdict], other: Sequence[Verdict]) -> float:
    """Largest difference of the harm scores; all judgments and reasons are the same."""
    said = [[(v.judgment, v.unscorable_reason, v.mode) for v in verdicts] for verdicts in (one, other)]
    assert said[0] == said[1]
    pairs = zip(one, other, strict=True)
    return max(
        abs(a.harm_score - b.harm_score) for a, b in pairs if a.harm_score is not None and b.harm_score is not None
    )


@pytest.mark.vllm
@pytest.mark.parametrize("mode", MODES)
def test_vllm_says_what_transformers_says(mode: str) -> None:
    if not find_spec("vllm"):
        pytest.skip("vLLM is not installed")
    compare(f"vllm, {mode}", said_by_transformers(mode), scorers("vllm")[mode].score(triples()))


@pytest.mark.vllm
def test_a_server_says_what_transformers_says(served: Auditor) -> None:
    """Rows whose text looks like special tokens are another text there, and left out."""
    for mode, scorer in scorers_of(served).items():
        theirs = scorer.score(triples())
        same = [n for n, verdict in enumerate(theirs) if not verdict.adapted]
        assert len(same) > 0.9 * N_ROWS
        ours = said_by_transformers(mode)
        compare(f"server, {mode}", [ours[n] for n in same], [theirs[n] for n in same])


def compare(name: str, ours: Sequence[Verdict], theirs: Sequence[Verdict]) -> None:
    found = distance(ours, theirs)
    print(f"\n{name}: {len(ours)} rows, largest difference of the harm score {found:.1e}")
    assert found < 1e-3


def test_a_row_is_judged_the_same_among_any_neighbours() -> None:
    one = scorers("transformers")["full"]
    sample = triples()[N_IMAGES - 8 : N_IMAGES + 24]
    in_order = one.score(sample)
    found = {
        "backwards": one.score(sample[::-1])[::-1],
        "1": [verdict for triple in sample for verdict in one.score([triple])],
        "8": [verdict for start in range(0, 32, 8) for verdict in one.score(sample[start : start + 8])],
    }
    differences = {name: distance(in_order, verdicts) for name, verdicts in found.items()}
    print("\nagainst 32 at a time:", ", ".join(f"{name} {value:.1e}" for name, value in differences.items()))
    assert max(differences.values()) < JITTER
