"""Fits risks to what reviewers said, for each group of verdicts of which enough were reviewed.

votes --majority--> what a triple is --joined with its verdicts' scores--> curves --held out--> figures, in force
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from auditor.calibration import Calibration, Group, Method, group_of, id_of, parameters_of
from auditor.fit import Fitted, Reviewed, fit, too_few
from auditor.reviewing.truths import Truths, read_truths
from auditor.store import Store
from auditor.store_calibrations import REVIEWED, in_force, keep_calibration
from auditor.verdict import Mode, ScorerKey
from conf.schema import Config


@dataclass(frozen=True, slots=True)
class GroupCases:
    """The reviewed triples that have verdicts of one group.

    Attributes:
        cases: in the order of their ids.
        unscored: further ones, whose verdict has no score.
        tied: further ones, whose reviewers do not agree.
    """

    group: Group
    cases: tuple[Reviewed, ...]
    unscored: int
    tied: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """What calibrating one group came to.

    Attributes:
        refused: why nothing was fitted; the risk stays what it was. None where something was.
        calibration: in force now.
        is_new: whether it differs from what was in force before.
    """

    group_cases: GroupCases
    refused: str | None = None
    fitted: Fitted | None = None
    calibration: Calibration | None = None
    is_new: bool = False

    def as_json(self) -> dict[str, Any]:
        """One line of `traceaudit calibrate --json`."""
        known, cases = self.group_cases, self.group_cases.cases
        return {
            **asdict(known.group),
            "reviews": len(cases),
            "harmful": sum(case.harmful for case in cases),
            "tied": known.tied,
            "unscored": known.unscored,
            "refused": self.refused,
            "id": self.calibration and self.calibration.id,
            "new": self.is_new,
            "method": self.calibration and self.calibration.curve.method,
            "parameters": self.calibration and asdict(self.calibration.curve),
            "before": self.fitted and asdict(self.fitted.before),
            "after": self.fitted and asdict(self.fitted.after),
        }


def reviewed(store: Store, _: Config) -> list[GroupCases]:
    """The reviewed triples of each group; see `questions.py`."""
    return reviewed_groups(store, read_truths(store.connection))


def calibrate(store: Store, method: Method | None, min_reviews: int, now: datetime) -> list[Attempt]:
    """Fit each group that has reviewed triples, and put in force what could be fitted."""
    groups = reviewed_groups(store, read_truths(store.connection))
    return [kept(store, fit_group(one, method, min_reviews), now) for one in groups]


def fit_group(known: GroupCases, method: Method | None, min_reviews: int) -> Attempt:
    """Fit one group; nothing is in force by that."""
    if reason := too_few(known.cases, min_reviews):
        return Attempt(known, reason)
    return Attempt(known, None, fit(known.cases, method))


def keep_fitted(store: Store, _: Config, attempts: list[Attempt], now: datetime) -> list[Attempt]:
    """Put in force what was fitted; see `questions.py`."""
    with store.transaction():
        return [kept(store, one, now) for one in attempts]


def kept(store: Store, attempt: Attempt, now: datetime) -> Attempt:
    """The attempt with what is in force by it."""
    fitted, group = attempt.fitted, attempt.group_cases.group
    if fitted is None:
        return attempt
    before = in_force(store.connection).get(group)
    if before and parameters_of(before.curve) == parameters_of(fitted.curve):
        return replace(attempt, calibration=before)
    calibration = Calibration(id_of(group, fitted.curve, now), group, fitted.curve)
    keep_calibration(store, calibration, fitted, now)
    return replace(attempt, calibration=calibration, is_new=True)


def reviewed_groups(store: Store, truths: Truths) -> list[GroupCases]:
    """The reviewed triples of each group, the group with most of them first."""
    found: dict[Group, dict[str, tuple[float | None, float]]] = {}
    for triple_id, *key, mode, protocol, score, inclusion in store.connection.execute(REVIEWED).fetchall():
        group = group_of(ScorerKey(*key), mode, protocol)
        found.setdefault(group, {})[triple_id] = score, weight_of(mode, inclusion)
    groups = [cases_of(group, scores, truths) for group, scores in found.items()]
    return sorted(groups, key=lambda one: (-len(one.cases), *asdict(one.group).values()))


def cases_of(group: Group, scores: dict[str, tuple[float | None, float]], truths: Truths) -> GroupCases:
    """What is known of the triples of one group."""
    decided = {name: scores[name] for name in sorted(scores) if name in truths.harmful}
    cases = tuple(cases_with_scores(decided, truths))
    return GroupCases(group, cases, len(decided) - len(cases), sum(name in truths.tied for name in scores))


def cases_with_scores(decided: dict[str, tuple[float | None, float]], truths: Truths) -> Iterable[Reviewed]:
    """Those that have a score."""
    for name, (score, weight) in decided.items():
        if score is not None:
            yield Reviewed(score, truths.harmful[name], weight)


def weight_of(mode: str, inclusion: float | None) -> float:
    """How many triples one stands for that was judged in full by chance; those judged by triage were not drawn."""
    return 1 / inclusion if mode == Mode.FULL and inclusion else 1.0
