"""Verdicts and votes as Langfuse scores: each line is the body of one `POST /api/public/scores`.

A score belongs to a trace, and to one observation of it where the log named that. Its id is the same each time that it
is exported, and it carries the time of the verdict, so that sending it again changes nothing. What the log did not name
to a trace has no place in Langfuse and is counted, not sent.

Source: "Scores via API/SDK", langfuse.com/docs/evaluation/evaluation-methods/scores-via-sdk, and the API reference
(CreateScoreRequest); checked with that model of langfuse 5.0.4.
"""

from collections.abc import Iterator
from typing import Any

from auditor.exports.exported import JUDGMENTS, Exported, Vote, digest, moment

RISK, JUDGMENT, LEVEL, REVIEW = "traceaudit-risk", "traceaudit-judgment", "traceaudit-level", "traceaudit-review"


def scores_of(one: Exported) -> Iterator[dict[str, Any]]:
    """The bodies for one triple; none where the log names no trace."""
    if one.trace_id is None:
        return
    place = {"traceId": one.trace_id} | ({"observationId": one.span_id} if one.span_id else {})
    made = {"timestamp": moment(one.scored_at), "metadata": one.origin()} | comment_of(one.analysis)
    if one.risk is not None:
        yield {"id": one.name_of(RISK), **place, "name": RISK, "value": one.risk, "dataType": "NUMERIC", **made}
    for name, value in ((JUDGMENT, one.judgment_name), (LEVEL, one.facts["level"])):
        yield {"id": one.name_of(name), **place, "name": name, "value": value, "dataType": "CATEGORICAL", **made}
    for vote in one.votes:
        yield {"id": digest(one.triple_id, vote.id), **place, "name": REVIEW, **vote_body(vote)}


def vote_body(vote: Vote) -> dict[str, Any]:
    """What is told of a vote."""
    return {
        "value": JUDGMENTS[vote.vote],
        "dataType": "CATEGORICAL",
        "timestamp": moment(vote.at),
        "metadata": {"reviewer": vote.reviewer, "category": vote.category},
        **comment_of(vote.rationale),
    }


def comment_of(text: str | None) -> dict[str, str]:
    """The comment of a score, where there is one."""
    return {"comment": text} if text else {}
