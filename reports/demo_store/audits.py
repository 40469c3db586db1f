"""The guard over the days, under two wordings of its prompt: the second is the one that ships."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from threading import Event

from auditor.pipeline import Audit, StoreKeeper
from auditor.scorer import Scorer, build
from auditor.store import Store
from auditor.store_rows import Run
from conf.schema import Config
from ingest.assembly import Assembler
from ingest.engines.embedded import Embedded
from ingest.normalize import joiner, normalizer, resolver_of
from ingest.privacy import Privacy, privacy_of
from ingest.qta import Batch
from reports.demo_store.calendar import Entry
from reports.demo_store.scenes import Truth
from reports.demo_store.topics import Topics

NOTE = "Made by “make demo-store” from sample logs and templates: who said what, and when, is made up."
SECOND_PROMPT = 8  # the day, counted from 0, from which the guard is asked with the prompt that ships
LEFT_OUT = ", and an image can change what a query means"  # of the first prompt


@dataclass(slots=True)
class Clock:
    """The time of the store that is being made."""

    now: datetime

    def __call__(self) -> datetime:
        """The time, in UTC."""
        return self.now


@dataclass(slots=True)
class Auditing:
    """Audits entries as `traceaudit run` would, at the time that the clock says.

    Attributes:
        truths: of every triple that came of an exchange, by its id.
    """

    config: Config
    store: Store
    clock: Clock
    privacy: Privacy
    topics: Topics = field(default_factory=Topics)
    truths: dict[str, Truth] = field(default_factory=dict)

    def take(self, entries: Iterable[Entry], scorer: Scorer, run_id: str) -> None:
        """Audit what topics got since the last time."""
        keeper = StoreKeeper(self.store, run_id, self.clock)
        audit = Audit(scorer, keeper)
        how = (self.config, self.privacy, resolver_of(self.config, scorer.backend.image_pixels))
        assembler = Assembler(self.config.assembly, normalizer(*how), joiner(*how))
        source = self.topics.write(entries)
        engine = Embedded([source], assembler, self.config.batching, self.store.standing)

        def handle(batch: Batch) -> None:
            audit.handle(batch)
            self.remember(batch)

        engine.run(handle, Event())

    def remember(self, batch: Batch) -> None:
        """Note which triples came of what was said."""
        for item in batch.items:
            if said := self.topics.said.get(item.record.position):
                for triple in item.triples:
                    self.truths[triple.id] = said.truth

    def begin(self, scorer: Scorer, run_id: str, policy: str) -> None:
        """Note what is in force while verdicts of a run are made."""
        run = Run(run_id, self.clock(), version("traceaudit"), scorer.key, scorer.backend_name, policy, note=NOTE)
        self.store.begin_run(run)


def auditing(config: Config, store: Store, clock: Clock) -> Auditing:
    """An audit into `store`."""
    return Auditing(config, store, clock, privacy_of(config, beside=Path(f"{config.store.path}.key")))


def scorers(config: Config, folder: Path, clock: Callable[[], datetime], store: Store) -> tuple[Scorer, Scorer]:
    """The guard with the first prompt, and with the one that ships; a prompt file goes to `folder`."""
    prompt = folder / "first-prompt.txt"
    shipped = files("auditor").joinpath("guard_prompt.txt").read_text(encoding="utf-8")
    prompt.write_text(shipped.replace(LEFT_OUT, ""), encoding="utf-8")
    section = config.auditor.model_copy(update={"prompt_file": str(prompt)})
    first, second = build(config.model_copy(update={"auditor": section}), clock), build(config, clock)
    return first.recalling(store.recall), second.recalling(store.recall)
