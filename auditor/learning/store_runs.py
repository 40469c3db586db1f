"""Trainings in the database: when each began, from what it learned, and what came of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from auditor.errors import TrainingUnknown
from auditor.evidence.events import Deed, record_event
from auditor.store import Store
from auditor.stored_triples import in_utc
from auditor.verdict import Judgment
from auditor.verdict_rows import utc

Ended = Literal["done", "refused", "failed"]

RUNS = """
    SELECT r.*, (
        SELECT count(DISTINCT i.triple_id) FROM training_items i
        WHERE i.run_id = r.run_id AND i.triple_id IN (SELECT triple_id FROM erasures WHERE "at" >= r.started_at)
    ) AS erased_since
    FROM training_runs r WHERE $run_id IS NULL OR r.run_id = $run_id ORDER BY r.started_at DESC, r.run_id LIMIT $n
"""
ITEMS = "SELECT triple_id FROM training_items WHERE run_id = ? ORDER BY triple_id"


@dataclass(frozen=True, slots=True)
class LearnedItem:
    """One item of a training, without its texts.

    Attributes:
        bucket: a value of `training.items.Bucket`.
        voters: judges as name@version#prompt.
        reviewers: people who agreed on the label.
    """

    triple_id: str
    bucket: str
    label: Judgment
    voters: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True)
class Beginning:
    """A training that begins.

    Attributes:
        by: who began it: a person, or "traceaudit" for the schedule.
        version: of traceaudit.
        base_model, base_revision: the checkpoint that it starts from.
        data_hash: hex sha256 over its items.
        recipe: as it is used.
        counts: items by bucket, and what was left out by reason.
        card: the data card, Markdown; no text of a log.
    """

    run_id: str
    at: datetime
    by: str
    version: str
    base_model: str
    base_revision: str
    data_hash: str
    recipe: Mapping[str, Any]
    counts: Mapping[str, int]
    card: str


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """A training as it stands; times are UTC.

    Attributes:
        begun: what it began with.
        state: running, done, refused or failed.
        detail: what came of it, or why it ended.
        candidate: the revision that it made; None where it made none.
        erased_since: of its items, how many were erased after it began: its candidate knows what it should not.
    """

    begun: Beginning
    state: str
    detail: str
    candidate: str | None
    ended_at: datetime | None
    erased_since: int = 0


def begin_training(store: Store, begun: Beginning, items: Sequence[LearnedItem]) -> None:
    """Keep that a training begins, with what it learns from; one that is known stays as it is."""
    with store.transaction():
        if store.connection.execute("SELECT 1 FROM training_runs WHERE run_id = ?", [begun.run_id]).fetchall():
            return
        store.insert("training_runs", [run_row(begun)])
        store.insert("training_items", [item_row(begun.run_id, item) for item in items])
        told = {"base": begun.base_revision, "data": begun.data_hash, "items": dict(begun.counts)}
        record_event(store, Deed("training.begun", begun.by, begun.run_id, told, begun.at))


def end_training(  # noqa: PLR0913, PLR0917 - which, how, why, what it made, when
    store: Store, run_id: str, state: Ended, detail: str, candidate: str | None, now: datetime
) -> TrainingRun:
    """Keep what came of a training; told twice, the first stays.

    Raises:
        TrainingUnknown: none of that id began.
    """
    with store.transaction():
        run = next(iter(training_runs(store, 1, run_id)), None)
        if run is None:
            raise TrainingUnknown(run_id)
        if run.state == "running":
            store.connection.execute(
                "UPDATE training_runs SET state = ?, detail = ?, candidate = ?, ended_at = ? WHERE run_id = ?",
                [state, detail, candidate, utc(now), run_id],
            )
            told = {"state": state, "candidate": candidate}
            record_event(store, Deed("training.ended", run.begun.by, run_id, told, now))
    return training_runs(store, 1, run_id)[0]


def training_runs(store: Store, n: int = 100, run_id: str | None = None) -> list[TrainingRun]:
    """The latest trainings, the last one first; or one."""
    cursor = store.connection.execute(RUNS, {"run_id": run_id, "n": n})
    names = [column[0] for column in cursor.description or ()]
    return [run_from(dict(zip(names, row, strict=True))) for row in cursor.fetchall()]


def items_of(store: Store, run_id: str) -> list[str]:
    """The triples that a training learned from."""
    return [triple_id for (triple_id,) in store.connection.execute(ITEMS, [run_id]).fetchall()]


def run_row(begun: Beginning) -> dict[str, Any]:
    """The row of a training that begins."""
    return {
        "run_id": begun.run_id,
        "started_at": utc(begun.at),
        "started_by": begun.by,
        "version": begun.version,
        "base_model": begun.base_model,
        "base_revision": begun.base_revision,
        "data_hash": begun.data_hash,
        "recipe": json.dumps(begun.recipe, sort_keys=True),
        "counts": json.dumps(begun.counts, sort_keys=True),
        "card": begun.card,
        "state": "running",
        "detail": "",
    }


def item_row(run_id: str, item: LearnedItem) -> dict[str, Any]:
    """The row of an item."""
    return {
        "run_id": run_id,
        "triple_id": item.triple_id,
        "bucket": item.bucket,
        "label": item.label.value,
        "voters": list(item.voters),
        "reviewers": list(item.reviewers),
        "source": item.source,
    }


def run_from(row: Mapping[str, Any]) -> TrainingRun:
    """A row of RUNS."""
    begun = Beginning(
        row["run_id"],
        in_utc(row["started_at"]),
        row["started_by"],
        row["version"],
        row["base_model"],
        row["base_revision"],
        row["data_hash"],
        json.loads(row["recipe"]),
        json.loads(row["counts"]),
        row["card"],
    )
    ended = row["ended_at"] and in_utc(row["ended_at"])
    return TrainingRun(begun, row["state"], row["detail"], row["candidate"], ended, row["erased_since"])
