"""How many items may rest on one person, on one pair of people, or be of one source; pure.

An item rests on the two people who agree on it, where no third does: without either it would not be there. And it rests
on the person whose words are learned, whoever agrees with the judgment, since nobody else stands for them. Who is left
out where a cap bites is decided by a lot that nobody can choose.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from conf.learning import Hygiene
from training.choosing.agreed import Agreed
from training.items import Item


@dataclass(frozen=True, slots=True)
class Entry:
    """An item that asks to enter."""

    item: Item
    agreed: Agreed


@dataclass(frozen=True, slots=True)
class Limit:
    """How many items may have one name of a kind.

    Attributes:
        reason: of those that are left out for it.
    """

    reason: str
    most: int


def limits_of(rules: Hygiene, n_items: int) -> dict[str, Limit]:
    """The limits by kind: "person", "pair" and "source".

    Args:
        rules: the shares, and the floor.
        n_items: that the shares are of: all that ask to enter, and the base rows.
    """
    shares = {"person": rules.person_share, "pair": rules.pair_share, "source": rules.source_share}
    return {kind: Limit(f"{kind}_cap", max(rules.floor, int(share * n_items))) for kind, share in shares.items()}


def within(
    entries: Sequence[Entry], limits: dict[str, Limit], salt: str
) -> tuple[list[Entry], list[tuple[Entry, str]]]:
    """Those that enter, and the others with the reason; both in the order of their ids."""
    counts: Counter[tuple[str, str]] = Counter()
    entered, out = [], []
    for entry in sorted(entries, key=lambda one: lot(salt, one.item.triple.id)):
        keys = list(keys_of(entry))
        full = next((kind for kind, name in keys if counts[kind, name] >= limits[kind].most), None)
        if full:
            out.append((entry, limits[full].reason))
            continue
        counts.update(keys)
        entered.append(entry)
    return sorted(entered, key=id_of), sorted(out, key=lambda one: id_of(one[0]))


def keys_of(entry: Entry) -> Iterator[tuple[str, str]]:
    """What an item rests on, by kind."""
    carriers = entry.agreed.carriers
    if carriers:
        yield "pair", " + ".join(carriers)
    author = entry.agreed.author
    yield from (("person", name) for name in sorted({*carriers, *([author] if author else [])}))
    yield "source", entry.item.source


def lot(salt: str, triple_id: str) -> bytes:
    """An order that nobody can choose."""
    return hashlib.sha256(f"{salt}\0cap\0{triple_id}".encode(errors="replace")).digest()


def id_of(entry: Entry) -> str:
    """The id of its triple."""
    return entry.item.triple.id
