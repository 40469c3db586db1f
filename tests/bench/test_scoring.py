"""What the ways to save work at the guard are worth: cascade, reuse, and vLLM's cache of the shared prefix."""

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.util import find_spec
from statistics import median

import pytest
import torch

from auditor.backends.vllm import VllmBackend, as_request
from auditor.bench_load import Load
from auditor.guard_input import Protocol
from auditor.modes import Cascade, Full, Triage
from auditor.reuse import Memory
from auditor.scorer import Scorer, build
from conf.schema import load
from ingest.qta import QTATriple
from tests.bench.measure import REPEATS, compare, machine

SMALL = Load(triples=48, chars=1200, image_share=0.25)
SHARE = 0.05


def scorer(**settings: object) -> Scorer:
    section = {"reuse": False, **settings}
    config = load(overrides={f"auditor.{name}": str(value).lower() for name, value in section.items()})
    return build(config, lambda: datetime.now(UTC))


def seconds(one: Scorer, triples: Sequence[QTATriple]) -> float:
    began = time.perf_counter()
    one.score(triples)
    return time.perf_counter() - began


def test_cascade_against_what_its_stages_allow() -> None:
    """At an escalation of 5 %, speed-up over full against r / (1 + e (r - 1)), r the time of full in that of triage."""
    torch.set_num_threads(1)
    full, triples = scorer(), replace(SMALL, triples=80).make()
    triage = Triage(full.backend)
    scores = sorted(v.harm_score or 0.0 for v in replace(full, ask=triage).score(triples))
    low = scores[-round(SHARE * len(scores))]
    cascade = replace(full, ask=Cascade(triage, Full(full.backend), low, 0.0))
    ways = {"full": full, "triage": replace(full, ask=triage), "cascade": cascade}
    shares, seen = [], []
    for _ in range(REPEATS):
        took = {name: seconds(one, triples) for name, one in ways.items()}
        sent = sum(v.sent_to_full is not None for v in cascade.score(triples)) / len(triples)
        r = took["full"] / took["triage"]
        ideal = r / (1 + sent * (r - 1))
        shares.append(took["full"] / took["cascade"] / ideal)
        seen.append((r, sent, took["full"] / took["cascade"]))
    r, sent, speed = (median(column) for column in zip(*seen, strict=True))
    print(
        f"\ncascade: {median(shares):.2f} of its ideal speed-up ({min(shares):.2f} to {max(shares):.2f}; "
        f"{REPEATS} repeats), full takes {r:.1f} times triage, {sent:.1%} sent on, {speed:.1f} times as fast as full"
        f"\n  on {machine()}"
    )


def test_repeated_content_against_judging_all() -> None:
    """30 % of the triples have the content of another; 1 / 0.7 = 1.43 would be ideal."""
    torch.set_num_threads(1)
    plain, triples = scorer(), replace(SMALL, repeated=0.3).make()

    def reusing() -> None:
        verdicts = replace(plain, memory=Memory()).score(triples)
        assert sum(v.reused_from is not None for v in verdicts) >= round(0.3 * len(triples)) - 1

    compare(
        "30 % repeated content, reused against judged again",
        "triples",
        len(triples),
        reusing,
        lambda: plain.score(triples),
    )


@pytest.mark.skipif(not find_spec("vllm"), reason="vLLM is not installed")
def test_shared_prefix_against_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """Triage on vLLM with and without its prefix cache, new triples each time; and the share that came from it."""
    import vllm

    real = vllm.LLM

    def engine(caching: bool) -> Scorer:
        monkeypatch.setattr(vllm, "LLM", lambda **how: real(**how | {"enable_prefix_caching": caching}))
        return scorer(backend="vllm", mode="triage", audit_share=0.0)

    cached, bare = engine(caching=True), engine(caching=False)
    loads = iter(replace(SMALL, chars=600, image_share=0.5).make(seed) for seed in range(100))
    compare(
        "vLLM with the prefix cached against without, triage",
        "triples",
        SMALL.triples,
        lambda: cached.score(next(loads)),
        lambda: bare.score(next(loads)),
    )
    assert isinstance(cached.backend, VllmBackend)
    usage = cached.backend.usage
    print(f"  from the cache: {usage['cached_tokens'] / usage['prompt_tokens']:.0%} of all prompt tokens")
    print(f"  prompts that found the whole system prompt there: {prefix_hits(cached, next(loads)):.0%}")


def prefix_hits(scorer: Scorer, triples: Sequence[QTATriple]) -> float:
    """Share of new prompts whose system prompt came from the cache, down to its last whole block."""
    from vllm import SamplingParams

    backend = scorer.backend
    assert isinstance(backend, VllmBackend)
    block = backend.engine.llm_engine.vllm_config.cache_config.block_size
    whole = len(backend.prompts.prefixes[Protocol.QTA]) // block * block
    prompts = [as_request(backend.prepare(scorer.show(triple))) for triple in triples]
    answers = backend.engine.generate(prompts, SamplingParams(max_tokens=1, temperature=0.0), use_tqdm=False)
    print(f"  its {len(backend.prompts.prefixes[Protocol.QTA])} tokens lie in {whole // block} whole blocks of {block}")
    return float(sum(answer.num_cached_tokens >= whole for answer in answers)) / len(answers)
