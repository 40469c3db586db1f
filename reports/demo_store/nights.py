"""What happens between the days: reviews of the night's draw, the calibration, the golden set."""

import hashlib
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from random import Random

from auditor.calibrate import calibrate
from auditor.evaluate import score_rows
from auditor.golden_cli import CASES, Tried, labelled
from auditor.reviews import Review
from auditor.sampling.queries import cases
from auditor.sampling.store import draw
from auditor.scorer import Scorer
from auditor.store import Store
from auditor.store_calibrations import give_risks
from auditor.store_golden import golden_runs, keep_golden
from auditor.store_reviews import add_reviews
from conf.schema import Config
from reports.demo_store.people import REVIEWERS, panel, vote
from reports.demo_store.scenes import Truth

CALIBRATION = 17  # the night, counted from 0, on which the guard is calibrated
MIN_REVIEWS = 50
GOLDEN_EVERY = 7
MINUTES = 3  # of a case
NOT_REACHED = 0.06  # of the cases of a night stay open
LATE_NIGHTS, STILL_OPEN = 3, 0.5  # of the last nights' cases more do


@dataclass(frozen=True, slots=True)
class Night:
    """The night after a day; `left` days follow it."""

    number: int
    day: date
    left: int
    seed: str

    @property
    def chance(self) -> Random:
        """The same for the same night of the same seed."""
        return Random(f"{self.seed} night {self.day}")


def review(store: Store, config: Config, night: Night, truths: dict[str, Truth], now: datetime) -> int:
    """Draw the day's cases, and have reviewers look at most of them the next morning; gives the number of votes."""
    draw(store, config, night.day, now)
    if not night.left:
        return 0  # these reviews are still to come
    chance, votes = night.chance, list[Review]()
    missed = STILL_OPEN if night.left < LATE_NIGHTS else NOT_REACHED
    for place, case in enumerate(one for one in cases(store.connection) if one.day == night.day):
        truth = truths.get(case.triple_id)
        if truth is None or chance.random() < missed:
            continue
        at = now.replace(hour=8, minute=0) + timedelta(minutes=MINUTES * place)
        votes += votes_on(case.triple_id, truth, at, chance)
    add_reviews(store, votes, now.replace(hour=15))
    return len(votes)


def votes_on(triple_id: str, truth: Truth, at: datetime, chance: Random) -> list[Review]:
    """The votes on one case; where two disagree, the third decides."""
    people = panel(chance)
    votes = [vote(triple_id, truth, one, at, chance) for one in people]
    if len({one.vote for one in votes}) > 1:
        third = next(one for one in REVIEWERS if one not in people)
        votes.append(vote(triple_id, truth, third, at + timedelta(minutes=30), chance))
    return votes


def calibrate_at(store: Store, now: datetime) -> None:
    """Fit the risk to what was reviewed so far."""
    calibrate(store, None, MIN_REVIEWS, now)


def golden(store: Store, config: Config, scorer: Scorer, now: datetime) -> None:
    """Try the guard on the golden set."""
    rows = labelled(CASES, config)
    cases_hash = hashlib.sha256(CASES.read_bytes()).hexdigest()
    verdicts = give_risks(store, score_rows(rows, replace(scorer, memory=None), lambda _: None))
    tried = Tried(rows, verdicts, scorer.key, cases_hash, 0.0)
    run, scores = tried.run(config, golden_runs(store, scorer.key, cases_hash, config.golden.drift_runs))
    keep_golden(store, replace(run, run_id=f"golden-{now.date()}", at=now), scores)
