"""How a harm score becomes a risk: the curves that reviews are fitted to, and which of them is meant for which verdict.

A curve never falls, gives numbers in [0, 1], and never one that is none. Without one, the risk is the harm score.
"""

import hashlib
import json
import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from auditor.guard_input import Protocol
from auditor.verdict import Mode, ScorerKey, Verdict

IDENTITY = "identity"
EDGE = 1e-6  # a score of 0 or 1 is a rounded one: it counts as this far from the edge


class Method(StrEnum):
    """The kinds of curves."""

    TEMPERATURE = "temperature"
    ISOTONIC = "isotonic"


@dataclass(frozen=True, slots=True)
class Temperature:
    """Log-odds divided by a number: above 1 the guard is too sure of itself.

    Source: Guo et al., On Calibration of Modern Neural Networks (arXiv 1706.04599), on two classes.
    """

    temperature: float

    @property
    def method(self) -> Method:
        """The name of this kind."""
        return Method.TEMPERATURE

    def at(self, score: float) -> float:
        """The risk of a score."""
        return sigmoid(logit(score) / self.temperature)


@dataclass(frozen=True, slots=True)
class Isotonic:
    """Straight lines between steps, flat beyond the ends.

    Attributes:
        scores: of the corners, rising.
        risks: at the corners, never falling.
    """

    scores: tuple[float, ...]
    risks: tuple[float, ...]

    @property
    def method(self) -> Method:
        """The name of this kind."""
        return Method.ISOTONIC

    def at(self, score: float) -> float:
        """The risk of a score."""
        right = bisect_right(self.scores, score)
        if right == 0:
            return self.risks[0]
        if right == len(self.scores):
            return self.risks[-1]
        share = (score - self.scores[right - 1]) / (self.scores[right] - self.scores[right - 1])
        below, above = self.risks[right - 1], self.risks[right]
        return min(above, below + share * (above - below))


Curve = Temperature | Isotonic


@dataclass(frozen=True, slots=True)
class Group:
    """Verdicts whose scores mean the same, so that one curve holds for all of them.

    Attributes:
        mode: "full" or "triage", with whatever else decides how the score is read; see `mode_of`.
    """

    model_revision: str
    prompt_hash: str
    mode: str


@dataclass(frozen=True, slots=True)
class Calibration:
    """A curve under a name, for one group of verdicts."""

    id: str
    group: Group
    curve: Curve

    def risk(self, score: float | None) -> float | None:
        """The risk of a harm score; None where there is no score."""
        return None if score is None or math.isnan(score) else self.curve.at(min(1.0, max(0.0, score)))


def group_of(scorer: ScorerKey, mode: str, protocol: str) -> Group:
    """The group of a verdict that was reached so."""
    return Group(scorer.model_revision, scorer.prompt_hash, mode_of(scorer.decoding, mode, protocol))


def mode_of(decoding: str, mode: str, protocol: str) -> str:
    """How a score was read, in a word such as "full" or "full/judgment_first/samples=4@0.7".

    The rest of `decoding` says which triples are asked about how, not what a score means.
    """
    deciding = [word for word in decoding.split("/") if word.startswith(("judgment_first", "samples="))]
    tasks = [] if protocol == Protocol.QTA else [protocol]
    return "/".join([mode, *tasks, *(deciding if mode == Mode.FULL else ())])


def calibrated(verdicts: Iterable[Verdict], in_force: Mapping[Group, Calibration]) -> list[Verdict]:
    """The verdicts with their risks by the calibrations in force, which they name; the identity where there is none."""
    groups = ((one, group_of(one.scorer, one.mode, one.protocol)) for one in verdicts)
    return [with_risk(verdict, in_force.get(group)) for verdict, group in groups]


def with_risk(verdict: Verdict, calibration: Calibration | None) -> Verdict:
    """The verdict with the risk that `calibration` gives it."""
    if calibration is None or verdict.harm_score is None:
        as_it_is = verdict.risk == verdict.harm_score and verdict.calibration == IDENTITY
        return verdict if as_it_is else replace(verdict, risk=verdict.harm_score, calibration=IDENTITY)
    return replace(verdict, risk=calibration.risk(verdict.harm_score), calibration=calibration.id)


def parameters_of(curve: Curve) -> str:
    """A curve's numbers as JSON, always in the same words."""
    return json.dumps(asdict(curve), sort_keys=True, separators=(",", ":"))


def curve_of(method: str, parameters: str) -> Curve:
    """The curve that `parameters_of` wrote down."""
    told: dict[str, Any] = json.loads(parameters)
    if method == Method.TEMPERATURE:
        return Temperature(told["temperature"])
    return Isotonic(tuple(told["scores"]), tuple(told["risks"]))


def id_of(group: Group, curve: Curve, fitted_at: datetime) -> str:
    """Hex sha256 of what a calibration does, to what, and since when."""
    whole = [*asdict(group).values(), curve.method, parameters_of(curve), fitted_at.isoformat()]
    return hashlib.sha256(json.dumps(whole).encode()).hexdigest()


def logit(score: float) -> float:
    """Log-odds of a score, which is kept off 0 and 1."""
    inside = min(1 - EDGE, max(EDGE, score))
    return math.log(inside / (1 - inside))


def sigmoid(log_odds: float) -> float:
    """The share that has these log-odds, without overflow."""
    return 1 / (1 + math.exp(min(700.0, -log_odds)))
