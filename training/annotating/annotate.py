"""Stored cases go to a judge, some at a time, and what it says is kept.

    annotate.take ─▶ triples ─▶ images brought ─▶ judge ─▶ annotate.keep

Killed anywhere, it goes on when it is started again: what was kept is not given out any more. A case that was erased
meanwhile, or lost its texts, is not kept.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event
from typing import Any

from auditor.bisect import Patience
from auditor.completion import Unreadable
from auditor.errors import BackendFailed
from auditor.learning.annotations import JudgeKey, ToAnnotate
from auditor.learning.cases import Annotation
from conf.schema import Config
from ingest.qta import QTATriple
from training.annotating.judge import Judge
from training.choosing.prepare import bringer
from training.choosing.snapshot import Ask
from training.items import Said

AT_A_TIME = 32


@dataclass(slots=True)
class Done:
    """What a judge did.

    Attributes:
        annotated: cases that it was asked of, and that were kept.
        unreadable: reason to how many of them.
        lost: cases that were erased, or annotated by another process, while it was asked.
        left: cases that it has not said anything of.
    """

    judge: str
    annotated: int = 0
    unreadable: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    left: int = 0

    def as_json(self) -> dict[str, Any]:
        """As the command tells it."""
        told = {"judge": self.judge, "annotated": self.annotated, "unreadable": dict(sorted(self.unreadable.items()))}
        return told | {"lost": self.lost, "left": self.left}


@dataclass(frozen=True, slots=True)
class Annotating:
    """One judge at work.

    Attributes:
        ask: whoever owns the database.
        now: gives the time in UTC.
        patience: how a judge that fails is tried again.
        show: told after each page what was done so far.
    """

    judge: Judge
    ask: Ask
    config: Config
    now: Callable[[], datetime]
    patience: Patience
    show: Callable[[Done], None] = lambda _: None

    @property
    def key(self) -> JudgeKey:
        """Under which it is kept."""
        return JudgeKey(self.judge.voter.name, self.judge.voter.version, self.judge.voter.prompt_hash)

    def run(self, limit: int | None, stop: Event, *, all_of_them: bool) -> Done:
        """Go on until nothing is left, so many are annotated, or `stop` is set; what was said is kept.

        Raises:
            BackendFailed: the judge failed, however often it was tried; what it said before is kept.
        """
        done, after = Done(self.judge.voter.name), ""
        while not stop.is_set():
            n = AT_A_TIME if limit is None else min(AT_A_TIME, limit - done.annotated - done.lost)
            page: ToAnnotate = self.ask("annotate.take", self.key, after, max(1, n), all_of_them)
            done.left = page.left
            if n <= 0 or not page.triples:
                break
            self.page(page, done)
            self.show(done)
            if page.after is None:
                break
            after = page.after
        return done

    def page(self, page: ToAnnotate, done: Done) -> None:
        """Have some cases judged, and keep what is said of them."""
        bring = bringer(page.blobs, self.config)
        said = self.annotations([bring(triple) for triple in page.triples])
        kept: int = self.ask("annotate.keep", self.key, said)
        done.annotated += kept
        done.lost += len(said) - kept
        done.left = page.left - len(said)
        done.unreadable.update(one.reason for one in said if one.reason)

    def annotations(self, triples: Sequence[QTATriple]) -> list[Annotation]:
        """What the judge says, tried again where it fails."""
        for number in range(self.patience.retries):
            try:
                return self.asked(triples)
            except BackendFailed:
                self.patience.before_retry(number)
        return self.asked(triples)

    def asked(self, triples: Sequence[QTATriple]) -> list[Annotation]:
        """What it says now."""
        found, at = self.judge.annotate(triples), self.now()
        return [self.annotation(triple.id, one, at) for triple, one in zip(triples, found, strict=True)]

    def annotation(self, triple_id: str, one: Said | Unreadable, at: datetime) -> Annotation:
        """What it said of one case, as it is kept."""
        if isinstance(one, Said):
            return Annotation(
                triple_id, **self.key.values, judgment=one.judgment, analysis=one.analysis, reason=None, at=at
            )
        return Annotation(triple_id, **self.key.values, judgment=None, analysis="", reason=one.reason, at=at)
