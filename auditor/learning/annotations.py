"""What judges said of stored triples: kept once for each judge, model and prompt; append-only."""

from collections.abc import Sequence
from dataclasses import dataclass

from auditor.learning.cases import Annotation
from auditor.store import Store
from auditor.store_backfill import load_triples
from auditor.verdict_rows import utc
from ingest.qta import QTATriple

# Triples that this judge has not said anything of, with this model and prompt.
LEFT = """
    FROM triples t WHERE t.text_gone_at IS NULL AND t.id > $after
        AND ($all OR t.id IN (SELECT triple_id FROM standing))
        AND t.id NOT IN (
            SELECT triple_id FROM annotations
            WHERE judge = $judge AND version = $version AND prompt_hash = $prompt_hash)
"""
NEXT = f"SELECT t.id {LEFT} ORDER BY t.id LIMIT $n"
COUNT = f"SELECT count(*) {LEFT}"
WELCOME = """
    SELECT id FROM triples WHERE text_gone_at IS NULL AND id IN (SELECT unnest($ids))
        AND id NOT IN (
            SELECT triple_id FROM annotations WHERE triple_id IN (SELECT unnest($ids))
            AND judge = $judge AND version = $version AND prompt_hash = $prompt_hash)
"""


@dataclass(frozen=True, slots=True)
class JudgeKey:
    """What an annotation depends on besides the triple."""

    judge: str
    version: str
    prompt_hash: str

    @property
    def values(self) -> dict[str, str]:
        """As queries take it."""
        return {"judge": self.judge, "version": self.version, "prompt_hash": self.prompt_hash}


@dataclass(frozen=True, slots=True)
class ToAnnotate:
    """Triples that a judge has not annotated yet.

    Attributes:
        triples: in the order of their ids, their images left behind.
        after: where the next page begins; None: there is none.
        left: how many there are behind the place that was asked for.
        blobs: where images lie.
    """

    triples: Sequence[QTATriple]
    after: str | None
    left: int
    blobs: str


def to_annotate(store: Store, judge: JudgeKey, after: str, n: int, *, all_of_them: bool) -> ToAnnotate:
    """The next triples for a judge; unless `all_of_them`, those that somebody reviewed."""
    values = judge.values | {"after": after, "all": all_of_them}
    ids = [name for (name,) in store.connection.execute(NEXT, values | {"n": n}).fetchall()]
    ((left,),) = store.connection.execute(COUNT, values).fetchall()
    return ToAnnotate(load_triples(store, ids), ids[-1] if len(ids) == n else None, left, store.blobs.where)


def keep_annotations(store: Store, judge: JudgeKey, annotations: Sequence[Annotation]) -> int:
    """Keep what a judge said of triples that are there with their texts; gives how many were new.

    What was erased meanwhile, or has outlived its period, is not kept: it would quote what is gone.
    """
    by_id = {one.triple_id: one for one in annotations}
    with store.transaction():
        found = store.connection.execute(WELCOME, judge.values | {"ids": [*by_id]}).fetchall()
        rows = [annotation_row(judge, by_id[name]) for (name,) in found]
        store.insert("annotations", rows)
    return len(rows)


def annotation_row(judge: JudgeKey, one: Annotation) -> dict[str, object]:
    """The row of an annotation."""
    return judge.values | {
        "triple_id": one.triple_id,
        "judgment": None if one.judgment is None else one.judgment.value,
        "analysis": one.analysis,
        "reason": one.reason,
        "annotated_at": utc(one.at),
    }


def counts_of_judges(store: Store) -> list[dict[str, object]]:
    """How much each judge said, by judge, model and prompt."""
    query = """
        SELECT judge, version, prompt_hash, count(*) AS annotations, count(*) FILTER (judgment IS NULL) AS unreadable,
            count(*) FILTER (judgment > 0) AS harmful
        FROM annotations GROUP BY ALL ORDER BY ALL"""
    cursor = store.connection.execute(query)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
