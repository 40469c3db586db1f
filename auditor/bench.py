"""How fast the configured guard judges on this machine, beside the physical limit of its device."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditor.roofline import Device, Shape, Work, triples_per_s
from auditor.scorer import Scorer
from ingest.qta import QTATriple


@dataclass(frozen=True, slots=True)
class Measured:
    """What one mode did.

    Attributes:
        work: the cost of one triple, on average.
        prefix_hits: share of the prompt tokens that came from the prefix cache; None where the backend does not say.
    """

    mode: str
    triples: int
    seconds: float
    unscorable: int
    work: Work
    prefix_hits: float | None

    @property
    def rate(self) -> float:
        """Triples a second."""
        return self.triples / self.seconds

    def as_json(self, shape: Shape | None, device: Device | None) -> dict[str, Any]:
        """The line of `traceaudit bench --json`."""
        limit = triples_per_s(shape, self.work, device) if shape and device else None
        return {
            "mode": self.mode,
            "triples": self.triples,
            "seconds": round(self.seconds, 3),
            "triples_per_s": round(self.rate, 3),
            "unscorable": self.unscorable,
            "prompt_tokens": round(self.work.prompt_tokens, 1),
            "image_tokens": round(self.work.image_tokens, 1),
            "output_tokens": round(self.work.output_tokens, 1),
            "prefix_hits": None if self.prefix_hits is None else round(self.prefix_hits, 4),
            "roofline_triples_per_s": None if limit is None else round(limit, 1),
            "of_roofline": None if limit is None else round(self.rate / limit, 4),
        }


def measure(mode: str, scorer: Scorer, triples: Sequence[QTATriple], prefix_tokens: int) -> Measured:
    """Score the triples once, after a first few that warm the device up and fill the prefix cache.

    Args:
        mode: of the scorer.
        scorer: that reuses nothing.
        triples: to score.
        prefix_tokens: of the system prompt, which only the first prompt has to compute.
    """
    scorer.score(triples[:8])
    usage = getattr(scorer.backend, "usage", None)
    before = dict(usage or {})
    images = [scorer.backend.prepare(scorer.show(triple)) for triple in triples]
    began = time.perf_counter()
    verdicts = scorer.score(triples)
    seconds, n = time.perf_counter() - began, len(triples)
    judged = [verdict for verdict in verdicts if verdict.prompt_tokens]
    work = Work(
        prompt_tokens=sum(case.n_tokens for case in images) / n,
        cached_tokens=prefix_tokens,
        image_tokens=sum(image_tokens(case) for case in images) / n,
        output_tokens=sum(verdict.output_tokens for verdict in judged) / n,
    )
    hits = share(usage, before) if usage is not None else None
    return Measured(mode, n, seconds, sum(verdict.judgment is None for verdict in verdicts), work, hits)


def image_tokens(case: Any) -> int:
    """Tokens of a prepared case that are of images; 0 where the backend does not tell them apart."""
    compact = getattr(case, "compact", None)
    return case.n_tokens - len(compact) + len(case.images) if compact is not None else 0


def share(usage: Mapping[str, int], before: Mapping[str, int]) -> float | None:
    """Of the prompt tokens asked about since `before`, those that came from the cache."""
    asked = usage["prompt_tokens"] - before.get("prompt_tokens", 0)
    return (usage["cached_tokens"] - before.get("cached_tokens", 0)) / asked if asked else None
