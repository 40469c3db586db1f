"""What a run learns from: chosen, written, known to the database; or what one that was killed has left of it."""

import random
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from auditor.errors import InputUnreadable, TrainingUnknown
from auditor.learning.store_runs import Beginning
from auditor.models import Checkpoint
from training.choosing.card import Facts, data_card
from training.choosing.choose import Chosen
from training.choosing.prepare import Prepared, lineage_of, prepare
from training.choosing.snapshot import gone_of
from training.files import ITEMS, read_items, write_items
from training.items import Bucket, Item
from training.rows_items import BaseRows
from training.run.folder import runs_in, take_away
from training.run.order import Order
from training.run.state import MOST_STARTS, State, read_state, write_state

TEXTS = ("items/" + ITEMS, "ogdpo.work/made.json")  # of a run, that quote logs
KIND = "training"


@dataclass(frozen=True, slots=True)
class Run:
    """A run under way.

    Attributes:
        home: the folder of its files.
        base: the model that it trains.
        items: what it learns from.
    """

    home: Path
    state: State
    base: Checkpoint
    items: tuple[Item, ...]


def run_under_way(order: Order, folder: Path, base: Checkpoint) -> Run | None:
    """The run that somebody began with the same settings and did not end; whatever else lies there is taken away."""
    found: Run | None = None
    for home in runs_in(folder):
        state = read_state(home)
        reason = "" if state is None else why_not(order, home, state, base)
        if state is None:
            take_away(home)  # killed before it had begun
        elif reason or found:
            give_up(order, home, state, reason or "another one began with the same settings")
        else:
            state = replace(state, starts=state.starts + 1)
            write_state(home, state)
            found = Run(home, state, base, tuple(read_items(home / "items")))
            order.say(f"goes on with the training {state.run_id}, which was begun {state.began_at:%Y-%m-%d %H:%M} UTC")
    if found:
        tell_begun(order, found)
    return found


def why_not(order: Order, home: Path, state: State, base: Checkpoint) -> str:
    """Why a run is not gone on with; empty where it is."""
    if state.settings != order.settings(base):
        return "it was begun with other settings, or from another model"
    if state.starts >= MOST_STARTS:
        return f"it did not end, {state.starts} times"
    try:
        items = read_items(home / "items")
    except InputUnreadable:
        return "what it learns from is not there any more; was a case of it erased?"
    if gone := gone_of(order.ask, [item.triple.id for item in items if item.bucket is not Bucket.BASE]):
        return f"{len(gone)} of the cases that it learns from were erased, or lost texts or images, since"
    return ""


def give_up(order: Order, home: Path, state: State, reason: str) -> None:
    """End a run that is not gone on with."""
    order.say(f"the training {state.run_id} is given up: {reason}")
    with suppress(TrainingUnknown):  # the database was made anew
        order.ask("training.end", state.run_id, "failed", f"given up: {reason}", None, order.now())
    take_away(home)


def new_run(order: Order, folder: Path, base: Checkpoint, rows: BaseRows) -> Run:
    """A run that begins now.

    Raises:
        TrainingRefused: too few cases, or all of one class.
        OutputUnwritable, OSError: there is no room for its items; nothing of it is left.
    """
    now = order.now()
    run_id = f"{now:%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}"
    home = folder / run_id
    for text in TEXTS:
        order.ask("retention.note_file", str((home / text).absolute()), KIND, now)
    prepared = prepare(order.ask, order.config, rows.items, now, run_id)
    chosen = mixed(prepared.chosen, order.recipe.base_share, order.recipe.seed)
    try:
        data_hash = write_items(home / "items", chosen.items)
        facts = Facts(now, data_hash, version("traceaudit"), rows.files, len(prepared.locked))
        state = State(
            run_id,
            order.settings(base),
            now,
            order.by,
            base.model_id,
            base.revision,
            data_hash,
            data_card(chosen, order.config.hygiene, facts),
            chosen.counts,
        )
        write_state(home, state)
    except BaseException:
        take_away(home)
        raise
    # As who goes on with it reads them: what a stage is made from has to be the same to the letter.
    run = Run(home, state, base, tuple(read_items(home / "items")))
    tell_begun(order, run)
    return run


def tell_begun(order: Order, run: Run) -> None:
    """Have the database know what a run learns from; told twice it is told once."""
    state = run.state
    begun = Beginning(
        state.run_id,
        state.began_at,
        state.by,
        version("traceaudit"),
        state.base_model,
        state.base_revision,
        state.data_hash,
        recipe_told(order),
        state.counts,
        state.card,
    )
    order.ask("training.begin", begun, lineage_of(run.items))


def recipe_told(order: Order) -> dict[str, object]:
    """The recipe as it is kept with a run."""
    return {"name": order.config.training.recipe, "stages": list(order.stages), **order.recipe.model_dump(mode="json")}


def mixed(chosen: Chosen, share: float, seed: int) -> Chosen:
    """The same with as many base rows as are to be among the items, drawn by the seed; all where they are few."""
    base = [item for item in chosen.items if item.bucket is Bucket.BASE]
    wanted = round(len(chosen.reviewed) * share / (1 - share))
    if len(base) <= wanted:
        return chosen
    drawn = set(random.Random(seed).sample(range(len(base)), wanted))  # noqa: S311 - no secret
    kept = [item for number, item in enumerate(base) if number in drawn]
    return replace(chosen, items=(*chosen.reviewed, *kept))


def looked_at(order: Order, rows: Sequence[Item]) -> Prepared:
    """What a run that began now would learn from; nothing is locked, and nobody is asked."""
    from training.choosing.choose import sort_out
    from training.choosing.snapshot import take_snapshot

    chosen = sort_out(take_snapshot(order.ask, order.now()), order.config.hygiene, rows)
    return Prepared(mixed(chosen, order.recipe.base_share, order.recipe.seed), (), (), order.now())
