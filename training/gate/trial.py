"""Both guards over the same cases, side by side, with the time that each took."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import numpy as np

from auditor.golden.drill import slice_of
from auditor.pipeline import Judge
from auditor.policies.policy import Policy, escalation
from auditor.scorer import Scorer, build_modes
from auditor.verdict import Judgment, Verdict
from conf.schema import Config
from training.gate.cases import GateCase, GateCases
from training.gate.paired import Sides
from training.items import Item

CHUNK = 16  # cases that one guard is given before it is the other's turn


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds that either guard took for the same cases."""

    candidate: float
    champion: float
    n: int


@dataclass(frozen=True, slots=True)
class Answers:
    """What both said of some cases, in their order."""

    cases: Sequence[GateCase]
    candidate: Sequence[Verdict]
    champion: Sequence[Verdict]

    def __len__(self) -> int:
        """How many cases."""
        return len(self.cases)

    def flags(self) -> Sides:
        """Who flags what: judged harmful or potentially so, or unscorable, which is never taken for safe."""
        return self.sides([flagged(one) for one in self.candidate], [flagged(one) for one in self.champion])

    def escalations(self, policy: Policy) -> Sides:
        """Of what either guard says, what a person would see by a policy."""
        sides = ([seen(case, one, policy) for case, one in zip(self.cases, said, strict=True)] for said in self.both)
        return self.sides(*sides)

    def scores(self) -> "Answers":
        """Of them, those of which both gave a harm score."""
        known = [
            (case, one, other)
            for case, one, other in zip(self.cases, *self.both, strict=True)
            if one.harm_score is not None and other.harm_score is not None
        ]
        return Answers(*(list(column) for column in zip(*known, strict=True))) if known else Answers((), (), ())

    def harm(self) -> Sides:
        """The harm scores; both guards gave one of each case."""
        return self.sides(
            [one.harm_score or 0.0 for one in self.candidate], [one.harm_score or 0.0 for one in self.champion]
        )

    @property
    def both(self) -> tuple[Sequence[Verdict], Sequence[Verdict]]:
        """The candidate's, and the champion's."""
        return self.candidate, self.champion

    def sides(self, candidate: Sequence[float], champion: Sequence[float]) -> Sides:
        """Columns of what is compared."""
        return Sides(
            np.array([case.harmful for case in self.cases], dtype=bool),
            np.array(candidate, dtype=float),
            np.array(champion, dtype=float),
            np.array([case.weight for case in self.cases], dtype=float),
        )


def flagged(verdict: Verdict) -> bool:
    """Whether the guard flags it."""
    return verdict.judgment is not Judgment.SAFE


def seen(case: GateCase, verdict: Verdict, policy: Policy) -> bool:
    """Whether a person would see it."""
    return escalation(verdict, policy, slice_of(case.triple, verdict)) is not None


@dataclass(slots=True)
class Guards:
    """The two guards, loaded.

    Attributes:
        took: what they took so far.
    """

    candidate: Judge
    champion: Judge
    took: list[Took] = field(default_factory=list)

    def over(self, cases: Sequence[GateCase]) -> Answers:
        """Both over some cases, a few at a time in turns, so that what else the machine does slows both."""
        candidate: list[Verdict] = []
        champion: list[Verdict] = []
        for number, chunk in enumerate(chunks(cases)):
            triples = [case.triple for case in chunk]
            seconds = [0.0, 0.0]
            turns = [(0, self.candidate, candidate), (1, self.champion, champion)]
            for place, scorer, said in turns[:: 1 if number % 2 else -1]:
                began = time.perf_counter()
                said.extend(scorer.score(triples))
                seconds[place] = time.perf_counter() - began
            self.took.append(Took(seconds[0], seconds[1], len(chunk)))
        return Answers(cases, candidate, champion)

    def warm(self, cases: Sequence[GateCase]) -> None:
        """Let both judge a case, whose time does not count."""
        for scorer in (self.candidate, self.champion):
            scorer.score([case.triple for case in cases[:1]])


def chunks(cases: Sequence[GateCase]) -> Iterator[Sequence[GateCase]]:
    """A few at a time."""
    for start in range(0, len(cases), CHUNK):
        yield cases[start : start + CHUNK]


@dataclass(frozen=True, slots=True)
class Trial:
    """What checks look at.

    Attributes:
        config: limits, among others.
        policy: says what a person sees.
        guards: to ask more of them.
        gold, frozen, over_refusal, canaries, injections: what they said of each set.
        learned: what the candidate learned from reviews.
    """

    config: Config
    policy: Policy
    guards: Guards
    gold: Answers
    frozen: Answers
    over_refusal: Answers
    canaries: Answers
    injections: Answers
    learned: Sequence[Item] = ()


def load_guards(candidate: str, champion: str, config: Config) -> Guards:
    """Both guards as they would serve; each case is judged anew, and nothing is diagnosed."""
    return Guards(load_guard(candidate, config), load_guard(champion, config))


def load_guard(model: str, config: Config) -> Scorer:
    """One guard."""
    changes = {"model": model, "backend": config.gate.backend or config.auditor.backend}
    section = config.auditor.model_copy(update=changes)
    mode = section.mode
    return replace(
        build_modes(config.model_copy(update={"auditor": section}), [mode], lambda: datetime.now(UTC))[mode],
        memory=None,
    )


def tried(guards: Guards, cases: GateCases, config: Config, policy: Policy, learned: Sequence[Item] = ()) -> Trial:
    """Both over all sets."""
    guards.warm([*cases.gold, *cases.canaries])
    return Trial(
        config,
        policy,
        guards,
        gold=guards.over(cases.gold),
        frozen=guards.over(cases.frozen),
        over_refusal=guards.over(cases.over_refusal),
        canaries=guards.over(cases.canaries),
        injections=guards.over(cases.injections),
        learned=learned,
    )
