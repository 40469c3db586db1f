"""The ways to ask the guard: in full, by triage, or in a cascade of both. One opinion for each case, in order.

- full: the guard writes its analysis and its judgment; the probabilities are read behind the analysis.
- triage: the probabilities of the judgment with no analysis before it: one pass, and not what the guard was trained on.
- cascade: triage first. In full go all at or above a low line, all that triage could not judge, and a random sample of
  those below, drawn with a known probability, so that what the line misses can be estimated.

Triage alone is a cascade with no line: its sample shows how well it agrees with the full judgment.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from auditor.backends.base import Backend, Sampling
from auditor.completion import Reading, Unreadable, read_completion
from auditor.labels import LEVELS, LabelProbabilities, mean
from auditor.opinion import NO_NUMBERS, TOO_LONG, Opinion
from auditor.verdict import Mode, Sent


@dataclass(frozen=True, slots=True)
class Asked:
    """One case to ask about.

    Attributes:
        prepared: as the backend takes it.
        draw: a number in [0, 1) that depends on the case's content alone; see `draw_of`.
    """

    prepared: Any
    draw: float


Ask = Callable[[Sequence[Asked]], list[Opinion]]


@dataclass(frozen=True, slots=True)
class Full:
    """Analysis, then judgment.

    Attributes:
        judgment_first: read the probabilities with no analysis before them: after a long one they saturate.
        samples: completions to take the mean of the probabilities over; the greedy one gives analysis and judgment.
        temperature: of the others.
    """

    backend: Backend
    judgment_first: bool = False
    samples: int = 1
    temperature: float = 0.7

    def __call__(self, cases: Sequence[Asked]) -> list[Opinion]:
        """An opinion for each case."""
        fitting = [case.prepared for case in cases if fits(case, self.backend)]
        judged = iter(self.judge(fitting))
        return [next(judged) if fits(case, self.backend) else too_long(case, Mode.FULL) for case in cases]

    def judge(self, prepared: Sequence[Any]) -> list[Opinion]:
        """An opinion for each prompt, none of which is too long."""
        greedy = [self.read(p, c) for p, c in zip(prepared, self.backend.complete(prepared), strict=True)]
        shares = self.weigh(prepared, greedy)
        for seed in range(1, self.samples):
            drawn = self.backend.complete(prepared, Sampling(self.temperature, seed))
            readings = [self.read(p, c) for p, c in zip(prepared, drawn, strict=True)]
            shares = [a + b for a, b in zip(shares, self.weigh(prepared, readings), strict=True)]
        return [
            weighed(replace(opinion, samples=len(found)), mean(found)) if opinion.judgment else opinion
            for opinion, found in zip(greedy, shares, strict=True)
        ]

    def read(self, prepared: Any, completion: Any) -> Opinion:
        """What was written, as an opinion without probabilities yet."""
        reading = read_completion(completion.text, finished=completion.finished)
        if isinstance(reading, Reading) and reading.judgment not in LEVELS[prepared.protocol]:
            reading = Unreadable("level_of_another_protocol")
        opinion = Opinion(
            Mode.FULL,
            analysis=completion.text,
            prompt_tokens=completion.prompt_tokens,
            output_tokens=completion.output_tokens,
            sent=Sent.MODE,
            adapted=prepared.adapted,
        )
        if isinstance(reading, Unreadable):
            return replace(opinion, unscorable=f"unreadable_{reading.reason}")
        return replace(opinion, judgment=reading.judgment, analysis=reading.analysis)

    def weigh(self, prepared: Sequence[Any], opinions: Sequence[Opinion]) -> list[list[LabelProbabilities]]:
        """The probabilities behind each analysis that could be read, in a list; an empty one for the others."""
        readable = [i for i, opinion in enumerate(opinions) if opinion.judgment]
        analyses = [None if self.judgment_first else opinions[i].analysis for i in readable]
        shares = self.backend.label_probabilities([prepared[i] for i in readable], analyses)
        found = dict(zip(readable, shares, strict=True))
        return [[found[i]] if i in found else [] for i in range(len(opinions))]


@dataclass(frozen=True, slots=True)
class Triage:
    """The judgment's probabilities with no analysis before it."""

    backend: Backend

    def __call__(self, cases: Sequence[Asked]) -> list[Opinion]:
        """An opinion for each case; the judgment is the likeliest label."""
        fitting = [case.prepared for case in cases if fits(case, self.backend)]
        shares = iter(self.backend.label_probabilities(fitting, [None] * len(fitting)))
        return [
            self.opinion(case.prepared, next(shares)) if fits(case, self.backend) else too_long(case, Mode.TRIAGE)
            for case in cases
        ]

    def opinion(self, prepared: Any, shares: LabelProbabilities) -> Opinion:
        """What the probabilities of one case say."""
        judged = shares.likeliest if shares.is_finite else None
        asked = Opinion(Mode.TRIAGE, judged, prompt_tokens=prepared.n_tokens, adapted=prepared.adapted)
        return weighed(replace(asked, triage=shares if shares.is_finite else None), shares)


@dataclass(frozen=True, slots=True)
class Cascade:
    """Triage first, then the full judgment where it is due.

    Attributes:
        low: the harm score of triage from which the full judgment is asked for; above 1 there is no such line.
        audit_share: of those below the line, the share that is judged in full too, in [0, 1].
    """

    triage: Triage
    full: Full
    low: float
    audit_share: float

    def __call__(self, cases: Sequence[Asked]) -> list[Opinion]:
        """An opinion for each case: the full one where it was asked for."""
        first = self.triage(cases)
        sent = {i: why for i, case in enumerate(cases) if (why := self.why_full(first[i], case.draw))}
        second = dict(zip(sent, self.full([cases[i] for i in sent]), strict=True))
        return [
            self.combined(opinion, second[i], sent[i]) if i in sent else self.left(opinion)
            for i, opinion in enumerate(first)
        ]

    def why_full(self, triage: Opinion, draw: float) -> Sent | None:
        """Why a case is judged in full, or None."""
        if triage.harm_score is None:
            return Sent.UNSCORABLE
        if triage.harm_score >= self.low:
            return Sent.ABOVE_LOW_LINE
        return Sent.AUDIT_SAMPLE if draw < self.audit_share else None

    def left(self, triage: Opinion) -> Opinion:
        """The opinion on a case that was not drawn, with the probability that it might have been."""
        return replace(triage, inclusion=self.audit_share or None)

    def combined(self, triage: Opinion, full: Opinion, why: Sent) -> Opinion:
        """The full opinion, with what triage said beside it and the cost of both."""
        return replace(
            full,
            triage=triage.triage,
            sent=why,
            inclusion=self.audit_share if why is Sent.AUDIT_SAMPLE else 1.0,
            prompt_tokens=full.prompt_tokens + triage.prompt_tokens,
        )


def mode_of(
    backend: Backend, mode: Literal["full", "triage", "cascade"], full: Full, low: float, audit_share: float
) -> Ask:
    """The way to ask that the configuration names."""
    if mode == "full":
        return full
    return Cascade(Triage(backend), full, low if mode == "cascade" else 2.0, audit_share)


def weighed(opinion: Opinion, shares: LabelProbabilities) -> Opinion:
    """The opinion with its probabilities; unscorable where those are no numbers, whatever it says."""
    if shares.is_finite:
        return replace(opinion, probabilities=shares)
    return replace(opinion, judgment=None, unscorable=NO_NUMBERS)


def draw_of(seed: str, shown_hash: str) -> float:
    """A number in [0, 1), the same for equal content: a case that is logged twice is drawn with its twin, or not.

    It does not depend on the model, so that two revisions are compared on the same sample.
    """
    digest = hashlib.sha256(f"{seed}/{shown_hash}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def fits(case: Asked, backend: Backend) -> bool:
    """Whether the guard's context takes the case whole."""
    return bool(case.prepared.n_tokens <= backend.max_tokens)


def too_long(case: Asked, mode: Mode) -> Opinion:
    """Of a case that does not fit; nothing of it was judged."""
    return Opinion(mode, unscorable=TOO_LONG, prompt_tokens=case.prepared.n_tokens, adapted=case.prepared.adapted)
