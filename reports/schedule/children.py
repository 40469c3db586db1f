"""Heavy jobs: a command in a process of its own, with caps, that asks this one about the database."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

from auditor.child import Caps, Ended, run_capped
from auditor.errors import ChildStopped
from auditor.local_api import answering_others
from auditor.owner import tell
from auditor.store import Store
from reports.errors import PutBack
from reports.schedule.jobs import Surroundings


def in_child(around: Surroundings, store: Store, words: Sequence[str], codes: Sequence[int] = (0,)) -> Ended:
    """Run a command with the same configuration, and wait for it.

    Args:
        around: what jobs are given.
        store: the database, which this process has open.
        words: the command and its options.
        codes: exit codes that are no failure.

    Raises:
        PutBack: this process is about to end.
        ChildFailed: it failed, or took more than it may.
    """
    schedule, db = around.config.schedule, around.config.store.path
    caps = Caps(schedule.job_hours * 3600, schedule.job_memory_bytes)
    try:
        with nullcontext() if around.beside else answering(store, db):
            return run_capped([*words, *around.words, "--db", db], caps, codes, around.stop)
    except ChildStopped as stopped:
        raise PutBack(f"{stopped}; it is due again") from None


@contextmanager
def answering(store: Store, db: str) -> Iterator[None]:
    """Answer the child, where nothing in this process does so already."""
    before = store.owner
    try:
        with answering_others(store, db, tell):
            yield
    finally:
        store.owner = before


def told(ended: Ended) -> list[dict[str, Any]]:
    """The JSON objects that a command printed, one a line."""
    return [json.loads(line) for line in ended.lines if line.startswith("{")]
