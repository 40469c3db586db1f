"""Verdicts and votes as Phoenix annotations: each line is the body of one `POST /v1/span_annotations`.

An annotation belongs to a span, by its OpenTelemetry id; what the log named no span for is counted, not sent. Its
identifier is the same each time that it is exported: sent again it takes its own place.

Source: "Capture feedback" and the REST API (AnnotateSpansRequestBody), arize.com/docs/phoenix; checked with the types
of arize-phoenix-client 3.5.0.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from auditor.exports.exported import JUDGMENTS, Exported, Vote

AT_ONCE = 100  # annotations in one request


def bodies(annotations: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Requests of some annotations each."""
    left = iter(annotations)
    while some := list(islice(left, AT_ONCE)):
        yield {"data": some}


def annotations_of(one: Exported) -> Iterator[dict[str, Any]]:
    """The annotations for one triple; none where the log names no span."""
    if one.span_id is None:
        return
    yield {
        "name": "traceaudit",
        "annotator_kind": "LLM",
        "span_id": one.span_id,
        "result": verdict_of(one),
        "metadata": one.origin(),
        "identifier": f"traceaudit-{one.name_of('phoenix')}",
    }
    for vote in one.votes:
        yield {
            "name": "traceaudit-review",
            "annotator_kind": "HUMAN",
            "span_id": one.span_id,
            "result": result(JUDGMENTS[vote.vote], vote.vote, vote.rationale),
            "metadata": vote_metadata(one, vote),
            "identifier": f"traceaudit-{vote.id[:32]}",
        }


def verdict_of(one: Exported) -> dict[str, Any]:
    """The level as label, the risk as score."""
    return result(str(one.facts["level"]), one.risk, one.analysis)


def result(label: str, score: float | None, explanation: str | None) -> dict[str, Any]:
    """The result of an annotation without what there is not."""
    told = {"label": label, "score": score, "explanation": explanation or None}
    return {name: value for name, value in told.items() if value is not None}


def vote_metadata(one: Exported, vote: Vote) -> dict[str, Any]:
    """Who voted, and on what."""
    return {"triple_id": one.triple_id, "reviewer": vote.reviewer, "category": vote.category}
