"""Stored triples found and read again, and what was judged of them later kept beside what was judged before.

A verdict has a key: triple, model revision, prompt hash, decoding. What has a verdict of the key is passed over, so
that a backfill that was killed anywhere goes on when it is started again, and nothing is judged twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditor.desk import Costs, Known, Page, Place, Selection, Standing
from auditor.errors import VerdictRefused
from auditor.moves import Pair, Side
from auditor.store import Store
from auditor.store_calibrations import give_risks
from auditor.store_rows import Run
from auditor.stored_triples import in_utc, triple_from
from auditor.verdict import Judgment, ScorerKey, Verdict
from auditor.verdict_rows import utc, verdict_columns
from ingest.qta import QTATriple

# Triples whose texts were taken out when they had outlived their period cannot be judged once more.
PAGE = 1024  # triples looked at for one page: those that have a verdict already cost a line each, not a query

COUNT = """
    WITH judged AS (
        SELECT DISTINCT triple_id FROM verdicts
        WHERE model_revision = $model_revision AND prompt_hash = $prompt_hash AND decoding = $decoding
    )
    SELECT count(*), count(judged.triple_id) FROM triples LEFT JOIN judged ON judged.triple_id = triples.id
    WHERE stored_at >= $since AND stored_at < $until AND ($tenant IS NULL OR tenant = $tenant) AND text_gone_at IS NULL
"""
COSTS = """
    SELECT count(*), coalesce(avg(seconds), 0), coalesce(avg(prompt_tokens), 0), coalesce(avg(output_tokens), 0)
    FROM verdicts WHERE model_revision = $model_revision AND decoding = $decoding
"""
NEXT = """
    SELECT stored_at, id FROM triples
    WHERE stored_at >= $since AND stored_at < $until AND ($tenant IS NULL OR tenant = $tenant)
        AND stored_at >= $at AND (stored_at > $at OR id > $id) AND text_gone_at IS NULL
    ORDER BY stored_at, id LIMIT $n
"""
HANDFUL = """
    SELECT id FROM triples ANTI JOIN (
        FROM verdicts
        WHERE model_revision = $model_revision AND prompt_hash = $prompt_hash AND decoding = $decoding
    ) judged ON judged.triple_id = triples.id
    WHERE stored_at >= $since AND stored_at < $until AND ($tenant IS NULL OR tenant = $tenant) AND text_gone_at IS NULL
    ORDER BY hash(id), id LIMIT $n
"""
TRIPLES = "SELECT * FROM triples WHERE id IN (SELECT unnest($ids))"
IMAGES = "SELECT * FROM images WHERE triple_id IN (SELECT unnest($ids)) ORDER BY triple_id, place"
KEYS = """
    SELECT model_id, model_revision, prompt_hash, decoding, count(*) FROM verdicts
    GROUP BY ALL ORDER BY max(scored_at), model_revision, prompt_hash, decoding
"""
PAIRS = """
    SELECT t.id, t.tenant, t.application, t.thinking_kind,
        a.triple_id IS NOT NULL, a.judgment, a.harm_score, a.risk, a.unscorable_reason, a.category,
        b.triple_id IS NOT NULL, b.judgment, b.harm_score, b.risk, b.unscorable_reason, b.category
    FROM (
        SELECT id, tenant, application, thinking_kind FROM triples
        WHERE stored_at >= $since AND stored_at < $until AND ($tenant IS NULL OR tenant = $tenant)
    ) t
    LEFT JOIN (FROM verdicts WHERE (model_revision, prompt_hash, decoding) = ($revision_a, $prompt_a, $decoding_a)) a
        ON a.triple_id = t.id
    LEFT JOIN (FROM verdicts WHERE (model_revision, prompt_hash, decoding) = ($revision_b, $prompt_b, $decoding_b)) b
        ON b.triple_id = t.id
    WHERE a.triple_id IS NOT NULL OR b.triple_id IS NOT NULL
    ORDER BY t.id
"""


@dataclass(frozen=True, slots=True)
class StoreDesk:
    """The database file, open in this process; a Desk."""

    store: Store

    def standing(self, chosen: Selection, scorer: ScorerKey) -> Standing:
        """See Desk."""
        (counts,) = self.store.connection.execute(COUNT, of(chosen) | of_key(scorer)).fetchall()
        model = {"model_revision": scorer.model_revision, "decoding": scorer.decoding}
        (costs,) = self.store.connection.execute(COSTS, model).fetchall()
        triples, judged = counts
        return Standing(triples, judged, Costs(*costs), self.store.blobs.where)

    def handful(self, chosen: Selection, scorer: ScorerKey, n: int) -> list[QTATriple]:
        """See Desk."""
        rows = self.store.connection.execute(HANDFUL, of(chosen) | of_key(scorer) | {"n": n}).fetchall()
        return load_triples(self.store, [triple_id for (triple_id,) in rows])

    def take(self, chosen: Selection, scorer: ScorerKey, after: Place, n: int) -> Page:
        """See Desk."""
        bound = {"at": utc(after.at), "id": after.triple_id, "n": PAGE}
        rows = self.store.connection.execute(NEXT, of(chosen) | bound).fetchall()
        judged = self.store.judged([triple_id for _, triple_id in rows], scorer)
        found = [(at, triple_id) for at, triple_id in rows if triple_id not in judged]
        triples = tuple(load_triples(self.store, [triple_id for _, triple_id in found[:n]]))
        if len(found) > n:
            return Page(triples, place_of(found[n - 1]))
        return Page(triples, place_of(rows[-1]) if len(rows) == PAGE else None)

    def keep(self, run: Run, verdicts: Sequence[Verdict]) -> int:
        """See Desk.

        Raises:
            VerdictRefused: one is of a triple that is not stored, or twice among them.
        """
        ids = [verdict.triple_id for verdict in verdicts]
        with self.store.transaction():
            if len(set(ids)) < len(ids) or self.n_stored(ids) < len(ids):
                raise VerdictRefused("of a triple that is not stored, or twice of one")
            judged = self.store.judged(ids, run.scorer)
            new = give_risks(self.store, [verdict for verdict in verdicts if verdict.triple_id not in judged])
            if new:
                self.store.begin_run(run)
                self.store.insert_columns("verdicts", verdict_columns(new, run.run_id))
        return len(new)

    def n_stored(self, ids: Sequence[str]) -> int:
        """How many of these triples there are."""
        query = "SELECT count(*) FROM triples WHERE id IN (SELECT unnest($ids))"
        ((found,),) = self.store.connection.execute(query, {"ids": list(ids)}).fetchall()
        return int(found)

    def recall(self, hashes: Sequence[str], scorer: ScorerKey) -> Mapping[str, Verdict]:
        """See Desk."""
        return self.store.recall(hashes, scorer)

    def known(self) -> list[Known]:
        """See Desk."""
        rows = self.store.connection.execute(KEYS).fetchall()
        return [Known(ScorerKey(*key), n_verdicts) for *key, n_verdicts in rows]

    def pairs(self, chosen: Selection, first: ScorerKey, second: ScorerKey) -> list[Pair]:
        """See Desk."""
        keys = {f"{name}_a": value for name, value in short_key(first).items()}
        keys |= {f"{name}_b": value for name, value in short_key(second).items()}
        return [pair_from(row) for row in self.store.connection.execute(PAIRS, of(chosen) | keys).fetchall()]


def load_triples(store: Store, ids: Sequence[str]) -> list[QTATriple]:
    """These triples in this order; their images are left behind."""
    if not ids:
        return []
    images: dict[str, list[dict[str, Any]]] = {}
    for row in dicts(store, IMAGES, ids):
        images.setdefault(row["triple_id"], []).append(row)
    triples = {row["id"]: triple_from(row, images.get(row["id"], ())) for row in dicts(store, TRIPLES, ids)}
    return [triples[triple_id] for triple_id in ids]


def dicts(store: Store, query: str, ids: Sequence[str]) -> list[dict[str, Any]]:
    """The rows of a query on some ids, by the names of their columns."""
    cursor = store.connection.execute(query, {"ids": list(ids)})
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def pair_from(row: Sequence[Any]) -> Pair:
    """A row of PAIRS."""
    return Pair(row[0], row[1], side_from(row[4:10]), side_from(row[10:16]), row[2], row[3])


def side_from(columns: Sequence[Any]) -> Side | None:
    """What one scorer says, if it was asked."""
    asked, judgment, *scores = columns
    return Side(None if judgment is None else Judgment(judgment), *scores) if asked else None


def place_of(row: tuple[Any, str]) -> Place:
    """A row of NEXT."""
    return Place(in_utc(row[0]), row[1])


def of(chosen: Selection) -> dict[str, Any]:
    """The values of CHOSEN."""
    return {"since": utc(chosen.since), "until": utc(chosen.until), "tenant": chosen.tenant}


def of_key(scorer: ScorerKey) -> dict[str, Any]:
    """The values of OF_KEY."""
    return {
        "model_revision": scorer.model_revision,
        "prompt_hash": scorer.prompt_hash,
        "decoding": scorer.decoding,
    }


def short_key(scorer: ScorerKey) -> dict[str, str]:
    """What PAIRS calls the parts of a key."""
    return {"revision": scorer.model_revision, "prompt": scorer.prompt_hash, "decoding": scorer.decoding}
