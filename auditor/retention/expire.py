"""What has outlived its period goes, but for what is held: a few thousand rows in each transaction, with its event.

text      triples are emptied of what was said, verdicts and annotations of the analyses that quote it
image     images are named as gone, and their files deleted
verdict   verdicts are deleted; what is left of a triple that has no text, no verdict and no vote goes with them
review    votes are emptied of what reviewers wrote
raw       records lose their bytes; ranges that still wait after so long are given up
"""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from auditor.retention.cases import change, delete, delete_all_of, note_images, these
from auditor.retention.expire_raw import expire_raw, note_deed
from auditor.retention.holds import HELD
from auditor.retention.periods import ClassName, Cut, cuts
from auditor.store import Store
from auditor.verdict_rows import utc
from conf.retention import Retention

AT_A_TIME = 2_000

TENANTS = "SELECT DISTINCT tenant FROM triples ORDER BY tenant"

# What has outlived its period, of the triples t, and not of those that are held.
OVERDUE = f"""
    SELECT DISTINCT {{id}} AS id FROM {{rows}} JOIN {{cuts}} c ON c.tenant = t.tenant WHERE {{what}}
    AND NOT EXISTS (FROM ({HELD}) held WHERE held.id = t.id) ORDER BY id LIMIT {AT_A_TIME}
"""  # noqa: S608 - our own text

WORDS = {"id": "t.id", "rows": "triples t"}
TEXT = WORDS | {
    "what": """t.stored_at < c.before AND (t.text_gone_at IS NULL
        OR EXISTS (FROM verdicts v WHERE v.triple_id = t.id AND v.analysis <> '')
        OR EXISTS (FROM annotations a WHERE a.triple_id = t.id AND a.analysis <> ''))""",
}
IMAGE = WORDS | {
    "what": "t.stored_at < c.before AND EXISTS (FROM images i WHERE i.triple_id = t.id AND i.sha256 IS NOT NULL)",
}
VERDICT = WORDS | {"what": "EXISTS (FROM verdicts v WHERE v.triple_id = t.id AND v.scored_at < c.before)"}
BARE = WORDS | {
    "what": """t.stored_at < c.before AND t.text_gone_at IS NOT NULL
        AND NOT EXISTS (FROM verdicts v WHERE v.triple_id = t.id)
        AND NOT EXISTS (FROM reviews r WHERE r.triple_id = t.id)""",
}
REVIEW = {
    "id": "r.id",
    "rows": "reviews r JOIN triples t ON t.id = r.triple_id",
    "what": "r.stored_at < c.before AND (r.rationale IS NOT NULL OR r.corrected_analysis IS NOT NULL)",
}

EMPTY_TRIPLES = """
    UPDATE triples SET system_prompt = NULL, context = '', question = NULL, thinking = NULL, answer = NULL,
        tool_calls = [], text_gone_at = $now WHERE {where}
"""
EMPTY_VERDICTS = "UPDATE verdicts SET analysis = '' WHERE {where}"
EMPTY_ANNOTATIONS = "UPDATE annotations SET analysis = '' WHERE {where}"
EMPTY_IMAGES = "UPDATE images SET sha256 = NULL, reason = 'blob_gone' WHERE {where}"
EMPTY_REVIEWS = "UPDATE reviews SET rationale = NULL, corrected_analysis = NULL WHERE {where}"

Act = Callable[[Store, str, str, datetime], dict[str, int]]
"""Takes out what has outlived its period of the ids in a table of that name; gives how many rows of which table.

The second name is of the table of cuts.
"""


@dataclass(frozen=True, slots=True)
class Step:
    """One of the things that go.

    Attributes:
        words: of the query OVERDUE.
        act: takes it out.
    """

    name: ClassName
    words: Mapping[str, str]
    act: Act


def expire(store: Store, retention: Retention, now: datetime) -> dict[ClassName, dict[str, int]]:
    """Take out of the tables what has outlived its period; gives how many rows, by class and table.

    Args:
        store: open for writing, in no transaction.
        retention: the periods.
        now: the moment.
    """
    tenants = [name for (name,) in store.connection.execute(TENANTS).fetchall()]
    found: dict[ClassName, dict[str, int]] = {}
    for step in STEPS:
        of_class = cuts(retention, step.name, tenants, now)
        while of_class and (n := take(store, step, of_class, now)):
            add(found.setdefault(step.name, {}), n)
    if raw := expire_raw(store, retention, now):
        found["raw"] = raw
    return found


def take(store: Store, step: Step, of_class: Sequence[Cut], now: datetime) -> dict[str, int]:
    """Take out some of it, in one transaction; empty where nothing is left to take out."""
    with store.transaction(), cutting(store, of_class) as table:
        ids = [one for (one,) in store.connection.execute(OVERDUE.format(**step.words, cuts=table)).fetchall()]
        if not ids:
            return {}
        with these(store, ids) as wanted:
            n = step.act(store, wanted, table, now)
        note_deed(store, step.name, {"rows": n}, now)
    return n


@contextmanager
def cutting(store: Store, of_class: Sequence[Cut]) -> Iterator[str]:
    """Statements have the cuts as a table of that name: tenant, before."""
    name = f"cuts_{secrets.token_hex(4)}"
    values = [[one.tenant for one in of_class], [utc(one.before) for one in of_class]]
    make = f"CREATE TEMP TABLE {name} AS SELECT unnest(?::VARCHAR[]) AS tenant, unnest(?::TIMESTAMP[]) AS before"
    store.connection.execute(make, values)
    try:
        yield name
    finally:
        store.connection.execute(f"DROP TABLE {name}")


def empty_texts(store: Store, ids: str, _: str, now: datetime) -> dict[str, int]:
    """Triples, verdicts and annotations without what was said."""
    n = change(store, "triples", f"id IN (FROM {ids}) AND text_gone_at IS NULL", EMPTY_TRIPLES, now)
    quoted = f"triple_id IN (FROM {ids}) AND analysis <> ''"
    found = {"triples": n, "verdicts": change(store, "verdicts", quoted, EMPTY_VERDICTS, now)}
    said = change(store, "annotations", quoted, EMPTY_ANNOTATIONS, now)
    return found | ({"annotations": said} if said else {})


def drop_images(store: Store, ids: str, _: str, now: datetime) -> dict[str, int]:
    """Images that are named as gone; their files are deleted later."""
    where = f"triple_id IN (FROM {ids}) AND sha256 IS NOT NULL"
    note_images(store, ids, now)
    return {"images": change(store, "images", where, EMPTY_IMAGES, now)}


def empty_reviews(store: Store, ids: str, _: str, now: datetime) -> dict[str, int]:
    """Votes without what reviewers wrote."""
    return {"reviews": change(store, "reviews", f"id IN (FROM {ids})", EMPTY_REVIEWS, now)}


def delete_verdicts(store: Store, ids: str, table: str, _: datetime) -> dict[str, int]:
    """Verdicts that were made before the cut of their tenant."""
    where = f"""triple_id IN (FROM {ids}) AND EXISTS (FROM triples t JOIN {table} c ON c.tenant = t.tenant
        WHERE t.id = verdicts.triple_id AND verdicts.scored_at < c.before)"""
    return {"verdicts": delete(store, "verdicts", where)}


def delete_bare(store: Store, ids: str, _: str, now: datetime) -> dict[str, int]:
    """What is left of triples of which nothing is left but their names."""
    note_images(store, ids, now)
    return {table: n for table, n in delete_all_of(store, ids).items() if n}


STEPS = (  # in this order: an analysis is emptied before its verdict goes
    Step("text", TEXT, empty_texts),
    Step("image", IMAGE, drop_images),
    Step("review", REVIEW, empty_reviews),
    Step("verdict", VERDICT, delete_verdicts),
    Step("verdict", BARE, delete_bare),
)


def add(to: dict[str, int], n: dict[str, int]) -> None:
    """Count more rows."""
    for table, rows in n.items():
        to[table] = to.get(table, 0) + rows
