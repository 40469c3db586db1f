"""Who judges in a process, and who takes over from it between two batches, where the configuration follows a registry.

Each who judges has a run of its own, so that its verdicts, and what was in force with them, can be told from others'.
"""

import gc
import os
import sys
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from threading import Event
from typing import TYPE_CHECKING

from auditor.pipeline import Judge, Keeper
from auditor.policies.file import configured_policy
from auditor.registry.following import ALONE, IN_FORCE, Following, follows
from auditor.reuse import Recall
from auditor.scorer import Scorer, build
from auditor.store_rows import Run
from conf.schema import Config

if TYPE_CHECKING:
    from auditor.telemetry import Telemetry

Pair = tuple[Judge, Keeper]


@dataclass(slots=True)
class Seat:
    """Where one after another judges.

    Attributes:
        keeper_of: gives what keeps the batches of a run.
        telemetry: counts, where that is asked for.
        recall: verdicts that are kept, for content that comes again.
        now: the time, in UTC.
        may_start_anew: whether the process can be started anew without losing what it read.
        following: how it stands with the registry; None where the model is named.
        start_anew: where the process is to be started anew to take up the next one: the revision of the registry that
            judges now, empty for the base.
    """

    config: Config
    keeper_of: Callable[[Run], Keeper]
    telemetry: "Telemetry | None"
    recall: Recall | None
    now: Callable[[], datetime]
    may_start_anew: bool = False
    following: Following[Scorer] | None = field(default=None, init=False)
    start_anew: str | None = field(default=None, init=False)
    replaced: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        if follows(self.config):
            self.following = Following(self.config, self.tried, self.telemetry.refused if self.telemetry else nothing)

    def first(self) -> tuple[Judge, Keeper, int]:
        """Who judges first, what keeps that, and how many pixels it looks at.

        Raises:
            TraceauditError: see `auditor.scorer.build`.
        """
        scorer = self.following.start() if self.following else build(self.config, self.now)
        return *self.taken(scorer), scorer.backend.image_pixels

    def tried(self, config: Config) -> Scorer:
        """The scorer of a configuration, once it has judged something harmless.

        Raises:
            TraceauditError: see `auditor.scorer.build`.
            BackendFailed, MemoryError: it cannot be asked about anything.
        """
        scorer = build(config, self.now)
        scorer.check()
        return scorer

    def taken(self, scorer: Scorer) -> Pair:
        """A scorer in the seat, with a run of its own."""
        if self.telemetry and self.following:
            self.telemetry.judges(scorer.key.model_revision)
        policy = configured_policy(self.config.policy).version
        run = Run(uuid.uuid4().hex, self.now(), version("traceaudit"), scorer.key, scorer.backend_name, policy)
        keeper = self.keeper_of(run)
        judge = scorer.recalling(self.recall) if self.recall else scorer
        return self.telemetry.both(judge, keeper) if self.telemetry else (judge, keeper)

    def next_one(self, stop: Event) -> Callable[[], Pair | None]:
        """Asked between two batches: who takes over; None where nobody does.

        Where a process can have one model alone, `stop` is set, and `start_anew` says that it is to be.
        """
        following = self.following
        if following is None:
            return lambda: None
        alone = self.config.auditor.backend in ALONE

        def renewed() -> Pair | None:
            if alone:
                if self.may_start_anew and self.start_anew is None and following.due():
                    self.start_anew = following.in_force
                    stop.set()
                return None
            if self.replaced:  # nobody has the one before any more
                gc.collect()
                self.replaced = False
            scorer = following.next()
            self.replaced = scorer is not None
            return self.taken(scorer) if scorer else None

        return renewed


def nothing() -> None:
    """Nobody is told."""


def start_anew(in_force: str) -> None:
    """Be the same command again, in place of this process; for when everything is closed."""
    os.environ[IN_FORCE] = in_force
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - our own command line
