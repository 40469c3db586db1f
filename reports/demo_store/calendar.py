"""Which exchange is logged when: four weeks with nights and weekends, and what went wrong in them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from reports.demo_store.forms import bytes_of
from reports.demo_store.scenes import Kind, Said
from reports.samples.broken import LINES

SHARES = {"harbor-bank": 42, "kestrel-software": 33, "linden-clinic": 25}
MIX = {Kind.ROUTINE: 83.0, Kind.WARY: 8, Kind.REFUSED: 4, Kind.SOFT: 1.8, Kind.SLIPPED: 1.2, Kind.COMPLIED: 2.2}
MOST = {Kind.ROUTINE: 120, Kind.WARY: 45, Kind.REFUSED: 30}  # different exchanges of a tenant; others: OTHER_MOST
OTHER_MOST = 24
HOURS = (1, 1, 1, 1, 1, 2, 4, 8, 12, 14, 14, 13, 11, 12, 13, 12, 11, 9, 7, 6, 5, 4, 3, 2)
WEEKEND = 0.45
PARTITIONS = 2

# What happens on which of the days, counted from 0.
BROKEN_LOGGER = 9  # a gateway cuts its records off
OUTAGE = 12  # what one topic's retention took before it was read
DRIFT = 18  # from here on one tenant is asked other things than before
INCIDENT = 26  # many try the same attack


@dataclass(frozen=True, slots=True)
class Entry:
    """One offset of a topic.

    Attributes:
        data: what lies there; None: nothing does, retention was faster.
        said: what it was made of; None where it is no exchange.
    """

    at: datetime
    source: str
    partition: int
    data: bytes | None
    said: Said | None = None


Pools = Mapping[tuple[str, Kind], Sequence[Said]]


def pools_of(everything: Sequence[Said], seed: str) -> Pools:
    """What may be said, by tenant and kind: a bounded number of each, so that a day repeats what others said."""
    chance = Random(f"{seed} pools")
    found: dict[tuple[str, Kind], list[Said]] = {}
    for said in everything:
        found.setdefault((said.tenant, said.kind), []).append(said)
    return {place: some(place[1], choices, chance) for place, choices in found.items()}


def some(kind: Kind, choices: list[Said], chance: Random) -> list[Said]:
    """As many as are wanted of a kind; labelled rows come on top."""
    ours = [said for said in choices if said.application != "open-chat"]
    rows = [said for said in choices if said.application == "open-chat"]
    return [*chance.sample(ours, min(len(ours), MOST.get(kind, OTHER_MOST))), *rows]


def entries_of(day: date, number: int, pools: Pools, n: int, seed: str) -> list[Entry]:
    """All that the topics of a day hold, in the order of time.

    Args:
        day: in UTC.
        number: of the day, from 0.
        pools: what may be said.
        n: exchanges on a working day.
        seed: another one gives other entries.
    """
    chance = Random(f"{seed} {day}")
    size = round(n * (WEEKEND if day.weekday() >= 5 else 1) * chance.uniform(0.92, 1.08))
    found = [exchange(day, number, place, pools, chance) for place in range(size)]
    if number in {INCIDENT, INCIDENT + 1}:
        found += attack(day, number, pools, chance, n // 10 if number == INCIDENT else n // 60)
    found += [again(entry, chance) for entry in found if chance.random() < 0.01]
    found += broken(day, chance, "linden-clinic", n // 15 if number == BROKEN_LOGGER else 0)
    found += broken(day, chance, chance.choice(list(SHARES)), chance.randint(0, 4))
    found.sort(key=lambda entry: entry.at)
    return [lost(entry) for entry in found] if number == OUTAGE else found


def exchange(day: date, number: int, place: int, pools: Pools, chance: Random) -> Entry:
    """One exchange of a day."""
    tenant = chance.choices(list(SHARES), list(SHARES.values()))[0]
    mix = mix_of(tenant, number)
    kinds = [kind for kind in mix if pools.get((tenant, kind))]
    kind = chance.choices(kinds, [mix[kind] for kind in kinds])[0]
    return entry_of(chosen(pools[tenant, kind], tenant, number, chance), moment(day, chance), place, number, chance)


def mix_of(tenant: str, number: int) -> Mapping[Kind, float]:
    """How often each kind occurs; from a day on one tenant's patients ask about medicines, not appointments."""
    if tenant == "linden-clinic" and number >= DRIFT:
        return MIX | {Kind.WARY: MIX[Kind.WARY] + 9 * min(number - DRIFT + 1, 5), Kind.SOFT: 4.0}
    return MIX


def chosen(choices: Sequence[Said], tenant: str, number: int, chance: Random) -> Said:
    """One of them; with the drift more of it is in German."""
    if tenant == "linden-clinic" and number >= DRIFT and chance.random() < 0.5:
        choices = [said for said in choices if said.language == "de"] or choices
    return chance.choice(choices)


def entry_of(said: Said, at: datetime, place: int, number: int, chance: Random) -> Entry:
    """An exchange as a record of its tenant's topic."""
    partition = chance.randrange(PARTITIONS)
    return Entry(at, source_of(said.tenant), partition, bytes_of(said, at, number * 100_000 + place, chance), said)


def attack(day: date, number: int, pools: Pools, chance: Random, n: int) -> Iterator[Entry]:
    """Many of one attack within two hours; some are declined."""
    begin = datetime.combine(day, time(14, 5), UTC)
    choices = pools.get(("kestrel-software", Kind.INCIDENT), ())
    for place in range(n if choices else 0):
        said = chance.choice(choices)
        if chance.random() < 0.3:
            said = replace(
                said,
                kind=Kind.REFUSED,
                truth=pools["kestrel-software", Kind.REFUSED][0].truth,
                thinking="This is an attempt to make me leak secrets. I decline, whatever persona I am given.",
                answer="I can't do that: these are secrets of the company and of its customers.",
                tools=(),
            )
        at = begin + timedelta(seconds=chance.triangular(0, 7200, 2400))
        yield entry_of(said, at, 50_000 + place, number, chance)


def again(entry: Entry, chance: Random) -> Entry:
    """The same record once more, as a gateway that retries writes it."""
    return replace(entry, at=min(entry.at + timedelta(seconds=chance.randint(1, 90)), end_of(entry.at.date())))


def broken(day: date, chance: Random, tenant: str, n: int) -> list[Entry]:
    """Records that are none."""
    partition = chance.randrange(PARTITIONS)
    lines = [chance.choice(LINES) for _ in range(n)]
    return [Entry(moment(day, chance), source_of(tenant), partition, line) for line in lines]


def lost(entry: Entry) -> Entry:
    """Nothing, where an outage of the night outlasted the retention of one topic."""
    gone = entry.source == source_of("harbor-bank") and 2 <= entry.at.hour < 10
    return replace(entry, data=None, said=None) if gone else entry


def moment(day: date, chance: Random) -> datetime:
    """A time of the day, most likely in office hours."""
    hour = chance.choices(range(24), HOURS)[0]
    return datetime.combine(day, time(hour), UTC) + timedelta(seconds=chance.randrange(3600))


def end_of(day: date) -> datetime:
    """The last second of a day."""
    return datetime.combine(day, time(23, 59, 59), UTC)


def source_of(tenant: str) -> str:
    """The name under which a tenant's topic is read."""
    return f"kafka:demo/{tenant}.agent-logs"
