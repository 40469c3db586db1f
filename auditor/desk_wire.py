"""What a backfill and the service that owns the database say to each other: a question's name, its arguments as JSON.

    POST /api/backfill/<question>    body: the list of arguments    answer: what the desk's method of that name gives

Bytes of images never travel: both sides read the same blob store.
"""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from auditor.desk import Known, Page, Place, Selection, Standing
from auditor.golden.drill import GoldenRun, GoldenScore
from auditor.moves import Pair
from auditor.store_rows import Run
from auditor.verdict import ScorerKey, Verdict
from ingest.qta import QTATriple

PATH = "/api/backfill/"
MAX_BODY_BYTES = 64 * 2**20  # of verdicts handed in; 256 analyses of 2,000 tokens are about 3 MB
MAX_TRIPLES = 256

Number = Annotated[int, Field(ge=1, le=MAX_TRIPLES)]
Verdicts = Annotated[list[Verdict], Field(max_length=MAX_TRIPLES)]

Hashes = Annotated[list[str], Field(max_length=MAX_TRIPLES)]


@dataclass(frozen=True, slots=True)
class Question:
    """The shapes of one of the desk's methods."""

    takes: TypeAdapter[Any]
    gives: TypeAdapter[Any]


QUESTIONS = {
    "standing": Question(TypeAdapter(tuple[Selection, ScorerKey]), TypeAdapter(Standing)),
    "handful": Question(TypeAdapter(tuple[Selection, ScorerKey, Number]), TypeAdapter(list[QTATriple])),
    "take": Question(TypeAdapter(tuple[Selection, ScorerKey, Place, Number]), TypeAdapter(Page)),
    "keep": Question(TypeAdapter(tuple[Run, Verdicts]), TypeAdapter(int)),
    "recall": Question(TypeAdapter(tuple[Hashes, ScorerKey]), TypeAdapter(dict[str, Verdict])),
    "known": Question(TypeAdapter(tuple[()]), TypeAdapter(list[Known])),
    "pairs": Question(TypeAdapter(tuple[Selection, ScorerKey, ScorerKey]), TypeAdapter(list[Pair])),
    "golden_runs": Question(TypeAdapter(tuple[ScorerKey, str, Number]), TypeAdapter(list[GoldenRun])),
    "with_risks": Question(TypeAdapter(tuple[list[Verdict]]), TypeAdapter(list[Verdict])),
    "keep_golden": Question(TypeAdapter(tuple[GoldenRun, list[GoldenScore]]), TypeAdapter(int)),
}
