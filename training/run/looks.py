"""What a run would do, without doing it: the data card, or every batch with its tokens and memory."""

from importlib.metadata import version

from conf.cli import FINDINGS, print_json
from training.choosing.card import Facts, data_card
from training.choosing.choose import require_enough
from training.errors import TrainingRefused
from training.files import hash_items
from training.run.begin import looked_at
from training.run.order import Order
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
        facts = Facts(order.now(), hash_items(chosen.items), version("traceaudit"), rows.files or {})
        print(data_card(chosen, order.config.hygiene, facts), end="")
        print(f"\n{refused}" if refused else "")
    return FINDINGS if refused else 0
