"""A candidate in the shadow: what it says of stored triples beside the guard that serves, and who would move.

    desk ─▶ triples ─▶ the candidate judges ─▶ verdicts of a run of the kind "shadow" ─▶ moves beside the champion's

It follows the store, not the log: live work, in a run, a fleet of workers or Spark, is neither slowed nor at risk, and
whatever serves is what it is compared with.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from threading import Event
from typing import Any

import duckdb

from auditor.backfill import Backfill, Done
from auditor.desk import Selection
from auditor.moves import Moves, moves_of
from auditor.policies.file import configured_policy
from auditor.policies.store import in_force
from auditor.store import Store
from auditor.store_backfill import pair_from
from auditor.store_rows import Run
from auditor.stored_triples import in_utc
from auditor.verdict import ScorerKey
from auditor.verdict_rows import utc
from conf.schema import Config

MOVERS = 20
OVERLAP = timedelta(minutes=10)  # what was stored so long before a look may have been committed after it

KNOWN = "SELECT 1 FROM shadows WHERE run_id = ?"
LATEST = """
    SELECT "at", model_revision, prompt_hash, decoding, champion_revision, champion_prompt, champion_decoding
    FROM shadows WHERE model_revision = ? ORDER BY "at" DESC, run_id LIMIT 1
"""
PAIRS = """
    SELECT t.id, t.tenant, t.application, t.thinking_kind,
        b.triple_id IS NOT NULL, b.judgment, b.harm_score, b.risk, b.unscorable_reason, b.category,
        true, a.judgment, a.harm_score, a.risk, a.unscorable_reason, a.category
    FROM verdicts a JOIN triples t ON t.id = a.triple_id
    LEFT JOIN (FROM verdicts WHERE (model_revision, prompt_hash, decoding) = ($2, $3, $4)) b ON b.triple_id = t.id
    WHERE (a.model_revision, a.prompt_hash, a.decoding) = ($5, $6, $7) AND t.stored_at < $1
    ORDER BY t.id
"""


@dataclass(frozen=True, slots=True)
class Shadowing:
    """That a candidate begins to judge in the shadow of a champion."""

    run: Run
    champion: ScorerKey


@dataclass(frozen=True, slots=True)
class Shadow:
    """What a candidate said beside the guard that served.

    Attributes:
        candidate, champion: revisions.
        at: when it last began, in UTC.
        triples: that the candidate judged.
        moves: from the champion to the candidate, at the policy in force; only_second are triples that the champion,
            asked as it is asked now, never judged.
        policy: its version.
    """

    candidate: str
    champion: str
    at: datetime
    triples: int
    moves: Moves
    policy: str


def begin(store: Store, _: Config, begun: Shadowing) -> None:
    """The question shadow.begin: keep that it begins; said again, nothing is changed."""
    with store.transaction():
        if store.connection.execute(KNOWN, [begun.run.run_id]).fetchall():
            return
        one, other = begun.run.scorer, begun.champion
        store.insert(
            "shadows",
            [
                {
                    "run_id": begun.run.run_id,
                    "at": utc(begun.run.started_at),
                    **{name: getattr(one, name) for name in ("model_revision", "prompt_hash", "decoding")},
                    "champion_revision": other.model_revision,
                    "champion_prompt": other.prompt_hash,
                    "champion_decoding": other.decoding,
                }
            ],
        )


def of_revision(store: Store, config: Config, revision: str, now: datetime) -> Shadow | None:
    """The question shadow.of; see `shadow_of`."""
    return shadow_of(store, config, revision, now)


def shadow_of(store: Store, config: Config, revision: str, now: datetime) -> Shadow | None:
    """What a candidate said in the shadow when it was last there; None where it never was.

    Args:
        store: open; narrowed to what a person sees, it tells of that alone.
        config: names the policy until one is approved.
        revision: the candidate's.
        now: its day's policy says what escalates.
    """
    for row in store.connection.execute(LATEST, [revision]).fetchall():
        at, *keys = row
        policy = in_force(store.connection, day_of(now), configured_policy(config.policy)).policy
        moves = moves_of(map(pair_from, pair_rows(store.connection, keys, now)), policy, MOVERS)
        n_triples = moves.all.triples + moves.only_second
        return Shadow(revision, keys[3], in_utc(at), n_triples, moves, policy.version)
    return None


def pair_rows(connection: duckdb.DuckDBPyConnection, keys: list[str], now: datetime) -> list[tuple[Any, ...]]:
    """A row for each triple that the candidate judged, the champion's side first."""
    later = utc(now) + timedelta(days=1)
    return connection.execute(PAIRS, [later, *keys[3:], *keys[:3]]).fetchall()


def day_of(now: datetime) -> date:
    """The UTC day."""
    return utc(now).date()


@dataclass(slots=True)
class Follower:
    """Goes on judging what is newly stored, until it is told to stop.

    Attributes:
        make: the work on a selection.
        now: the time.
        wait_s: between two looks.
    """

    make: Callable[[Selection], Backfill]
    now: Callable[[], datetime]
    wait_s: float

    def run(self, chosen: Selection, stop: Event) -> Done:
        """Judge a selection, then what is stored later, again and again; gives what was done in all."""
        total = Done()
        while not stop.is_set():
            add(total, self.make(chosen).run(stop))
            stop.wait(self.wait_s)
            chosen = Selection(max(chosen.since, chosen.until - OVERLAP), self.now(), chosen.tenant)
        return total


def add(total: Done, done: Done) -> None:
    """Count what was done once more."""
    for name in ("judged", "stored", "unscorable", "images_gone"):
        setattr(total, name, getattr(total, name) + getattr(done, name))
