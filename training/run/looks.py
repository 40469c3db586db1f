"""What a run would do, without doing it: the data card, or every batch with its tokens and memory."""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from conf.cli import FINDINGS, print_json
from training.choosing.card import Facts, data_card
from training.choosing.choose import require_enough, sort_out
from training.choosing.prepare import bringer, with_all_images
from training.choosing.snapshot import take_snapshot
from training.errors import TrainingRefused
from training.files import hash_items
from training.items import Item
from training.run.begin import looked_at, mixed
from training.run.order import Order, base_folder
from training.run.rows import base_rows


def check(order: Order, *, as_json: bool) -> int:
    """Show the data card of a run that began now; findings where it would be refused."""
    rows = base_rows(order.config)
    chosen = looked_at(order, rows.items).chosen
    try:
        require_enough(chosen, order.config.hygiene)
        refused = ""
    except TrainingRefused as error:
        refused = str(error)
    if as_json:
        print_json({"items": len(chosen.items), "counts": chosen.counts, "refused": refused or None})
    else:
        facts = Facts(order.now(), hash_items(chosen.items), version("traceaudit"), rows.files)
        print(data_card(chosen, order.config.hygiene, facts), end="")
        print(f"\n{refused}" if refused else "")
    return FINDINGS if refused else 0


def dry_run(order: Order, *, as_json: bool) -> int:
    """Build every batch of such a run, tell tokens and memory; findings where a label is misplaced."""
    from training.dry_run import dry_run as look  # only here it takes torch
    from training.run.stages import STAGES

    items = items_looked_at(order)
    found = look(order.recipe, {name: STAGES[name][0](items) for name in order.stages}, base_folder(order.config))
    if as_json:
        told = [
            {"stage": one.stage, "rows": one.rows, "batches": one.batches, "longest": one.longest}
            for one in found.stages
        ]
        print_json({"stages": told, "bytes": dict(found.needs), "wrong": found.wrong})
    else:
        print("\n".join(found.lines()))
    return FINDINGS if found.wrong else 0


def items_looked_at(order: Order) -> Sequence[Item]:
    """What a run would learn from that began now, with images; base rows alone where there is no database yet."""
    rows = base_rows(order.config)
    if not Path(order.config.store.path).exists() and rows.items:
        return rows.items
    snapshot = take_snapshot(order.ask, order.now())
    chosen = mixed(sort_out(snapshot, order.config.hygiene, rows.items), order.recipe.base_share, order.recipe.seed)
    return with_all_images(chosen, bringer(snapshot.blobs, order.config)).items
