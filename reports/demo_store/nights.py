"""What happens between the days: reviews of the night's draw, the calibration, the golden set."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from random import Random

from auditor import queries
from auditor.calibrate import calibrate
from auditor.evaluate import score_rows
from auditor.golden_cli import CASES, Tried, labelled
from auditor.reviews import Review
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
ESCALATED, BELOW = 16, 12  # cases that reviewers are given each night
NOT_REACHED = 0.06  # of them stay open
LATE_NIGHTS, STILL_OPEN = 2, 0.5  # of the last nights' cases more do


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


def review(store: Store, night: Night, truths: dict[str, Truth], now: datetime) -> int:
    """Have reviewers look at a draw of the day's cases; gives the number of votes."""
    chance, votes = night.chance, list[Review]()
    missed = STILL_OPEN if night.left < LATE_NIGHTS else NOT_REACHED
    for place, triple_id in enumerate(drawn(store, night, chance)):
        truth = truths.get(triple_id)
        if truth is None or chance.random() < missed:
            continue
        at = now + timedelta(hours=8, minutes=6 * place)
        votes += votes_on(triple_id, truth, at, chance)
    add_reviews(store, votes, max((one.at for one in votes), default=now))
    return len(votes)


def drawn(store: Store, night: Night, chance: Random) -> Sequence[str]:
    """Some of those that escalated, and some of the others."""
    with queries.snapshot(store.connection.cursor()) as cursor:
        rows = queries.verdicts(cursor, night.day)
    above = [row.triple_id for row in rows if row.risk is None or row.risk >= 0.5]
    below = [row.triple_id for row in rows if row.risk is not None and row.risk < 0.5]
    return [*some(above, ESCALATED, chance), *some(below, BELOW, chance)]


def some(ids: Sequence[str], most: int, chance: Random) -> list[str]:
    """At most so many of them."""
    return chance.sample(sorted(ids), min(len(ids), most))


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
