"""Items for a training, off a database: what is locked is kept as such first, images are brought, what is gone is out.

snapshot ─▶ sorted out ─▶ locked, for ever ─▶ put before people ─▶ images brought ─▶ gone meanwhile? ─▶ enough?
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from auditor.blobs import open_blobs
from auditor.learning.cases import KnownCase
from auditor.learning.store_runs import LearnedItem
from auditor.stored_triples import with_images
from conf.schema import Config
from ingest.normalize import resolver_of
from ingest.qta import QTATriple
from training.choosing.choose import Chosen, LeftOut, require_enough, sort_out
from training.choosing.snapshot import Ask, gone_of, take_snapshot
from training.choosing.votes_of import named
from training.items import Bucket, Item
from training.votes import MACHINES, PEOPLE

Bring = Callable[[QTATriple], QTATriple]
"""Gives a triple whose images were left behind their bytes again."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a training learns from, ready.

    Attributes:
        chosen: its items have the bytes of their images.
        locked: cases that are locked since now.
        asked: cases that people are asked for since now.
        at: when, UTC.
    """

    chosen: Chosen
    locked: tuple[str, ...]
    asked: tuple[str, ...]
    at: datetime


def prepare(ask: Ask, config: Config, base: Sequence[Item], now: datetime, run_id: str | None = None) -> Prepared:
    """The items of a training that is about to begin.

    Args:
        ask: whoever owns the database.
        config: its rules of hygiene, and how images are checked.
        base: rows that are mixed in, with their images.
        now: the moment.
        run_id: of the training, for the cases that people are asked for.

    Raises:
        TrainingRefused: too few items, or all of one class; what is locked is locked all the same.
        StoreUnusable: the blob store cannot be read.
    """
    snapshot = take_snapshot(ask, now)
    chosen = sort_out(snapshot, config.hygiene, base)
    locked = ask("training.lock", list(chosen.locked), now)
    asked = ask("training.ask_people", list(chosen.experts_wanted), run_id, now)
    require_enough(chosen, config.hygiene)
    chosen = with_all_images(chosen, bringer(snapshot.blobs, config))
    gone = gone_of(ask, [item.triple.id for item in chosen.reviewed])
    chosen = without(chosen, dict.fromkeys(gone, "gone"))
    require_enough(chosen, config.hygiene)
    return Prepared(chosen, tuple(locked), tuple(asked), now)


def bringer(blobs: str, config: Config) -> Bring:
    """What brings images from a blob store, checked as the log's were."""
    store, resolver = open_blobs(blobs), resolver_of(config)
    return lambda triple: with_images(triple, store, resolver)


def with_all_images(chosen: Chosen, bring: Bring) -> Chosen:
    """The same with the bytes of all images; an item of which one is gone is left out."""
    whole = [item if item.bucket is Bucket.BASE else replace(item, triple=bring(item.triple)) for item in chosen.items]
    gone = {item.triple.id: "image_gone" for item in whole if KnownCase(item.triple).image_gone}
    return without(replace(chosen, items=tuple(whole)), gone)


def without(chosen: Chosen, reasons: dict[str, str]) -> Chosen:
    """The same without these reviewed cases, each left out for its reason."""
    if not reasons:
        return chosen
    kept = tuple(item for item in chosen.items if item.bucket is Bucket.BASE or item.triple.id not in reasons)
    left_out = (*chosen.left_out, *(LeftOut(name, reason) for name, reason in sorted(reasons.items())))
    return replace(chosen, items=kept, left_out=left_out)


def lineage_of(items: Iterable[Item]) -> list[LearnedItem]:
    """What the database keeps of the reviewed items of a training: no text."""
    return [learned(item) for item in items if item.bucket is not Bucket.BASE]


def learned(item: Item) -> LearnedItem:
    """One of them: judges with their versions, and the people whom the label rests on."""
    judges = {named(vote.voter) for vote in item.votes if vote.voter.kind in MACHINES}
    people = {vote.voter.name for vote in item.votes if vote.voter.kind in PEOPLE and vote.judgment is item.label}
    about = (item.triple.id, item.bucket.value, item.label)
    return LearnedItem(*about, tuple(sorted(judges)), tuple(sorted(people)), item.source)
