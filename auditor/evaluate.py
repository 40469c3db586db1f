"""Scores labelled rows and measures the guard on them."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from auditor.metrics import Scored, by_source, measure
from auditor.rows import LabelledRow
from auditor.scorer import Scorer
from auditor.verdict import Judgment, Verdict

CHUNK = 64  # rows scored between two reports of progress


def score_rows(rows: Sequence[LabelledRow], scorer: Scorer, progress: Callable[[int], None]) -> list[Verdict]:
    """A verdict for each row, in order.

    Args:
        rows: to score.
        scorer: the guard.
        progress: called with the number of rows done since the last call.
    """
    verdicts: list[Verdict] = []
    for start in range(0, len(rows), CHUNK):
        chunk = rows[start : start + CHUNK]
        verdicts += scorer.score([row.triple for row in chunk])
        progress(len(chunk))
    return verdicts


def summarise(rows: Sequence[LabelledRow], verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """The summary of `eval --json`: figures over the labelled rows, and by source; rows without a label are counted."""
    scored = [
        Scored(row.label is not Judgment.SAFE, verdict.harm_score, verdict.judgment, row.source)
        for row, verdict in zip(rows, verdicts, strict=True)
        if row.label is not None
    ]
    overall = asdict(measure(scored))
    return {
        **overall,
        "rows": len(rows),
        "labelled": len(scored),
        "unscorable": sum(verdict.judgment is None for verdict in verdicts),
        "by_source": {source: asdict(figures) for source, figures in by_source(scored).items()},
    }


def row_line(verdict: Verdict) -> dict[str, Any]:
    """One line of `eval --rows`."""
    judgment = verdict.judgment.value if verdict.judgment else None
    return {"id": verdict.triple_id, "harm_score": verdict.harm_score, "judgment": judgment}
