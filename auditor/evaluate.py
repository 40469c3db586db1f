"""Scores labelled rows and measures the guard on them."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from auditor.category_figures import category_named, measure_categories
from auditor.metrics import Scored, by_source, measure, ratio, saturation
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


@dataclass(frozen=True, slots=True)
class ModeScores:
    """What one mode said of the rows, and how long it took."""

    verdicts: Sequence[Verdict]
    seconds: float


def score_modes(
    rows: Sequence[LabelledRow], scorers: Mapping[str, Scorer], progress: Callable[[int], None]
) -> dict[str, ModeScores]:
    """The rows scored in each mode, one mode after the other."""
    scored = {}
    for mode, scorer in scorers.items():
        began = time.perf_counter()
        verdicts = score_rows(rows, scorer, progress)
        scored[mode] = ModeScores(verdicts, time.perf_counter() - began)
    return scored


def summarise(rows: Sequence[LabelledRow], scored: Mapping[str, ModeScores], mode: str) -> dict[str, Any]:
    """The summary of `eval --json`: figures over the labelled rows, and by source; rows without a label are counted.

    Args:
        rows: as scored.
        scored: in each mode; the full one is among them.
        mode: whose figures are at the top.
    """
    verdicts = scored[mode].verdicts
    labelled = labelled_of(rows, verdicts)
    categories = measure_categories(
        [(named, v.category) for row, v in zip(rows, verdicts, strict=True) if (named := category_named(row.category))]
    )
    names = sorted({name for row in rows for name in row.others})
    return {
        **asdict(measure(labelled)),
        "mode": mode,
        "rows": len(rows),
        "labelled": len(labelled),
        "unscorable": sum(verdict.judgment is None for verdict in verdicts),
        "category_accuracy": categories.accuracy,
        "categories": asdict(categories),
        "by_source": {source: asdict(figures) for source, figures in by_source(labelled).items()},
        "saturation": asdict(saturation(labelled)),
        "modes": {name: mode_line(rows, one, scored["full"].verdicts) for name, one in scored.items()},
        "beside": {name: asdict(measure(others_of(rows, name))) for name in names},
    }


def labelled_of(rows: Sequence[LabelledRow], verdicts: Sequence[Verdict]) -> list[Scored]:
    """The rows that have a label, with what the guard said."""
    return [
        Scored(row.label is not Judgment.SAFE, verdict.harm_score, verdict.judgment, row.source)
        for row, verdict in zip(rows, verdicts, strict=True)
        if row.label is not None
    ]


def others_of(rows: Sequence[LabelledRow], name: str) -> list[Scored]:
    """The rows that have a label and one of another guard, with what that one said."""
    return [
        Scored(row.label is not Judgment.SAFE, None, row.others[name], row.source)
        for row in rows
        if row.label is not None and name in row.others
    ]


def mode_line(rows: Sequence[LabelledRow], scored: ModeScores, full: Sequence[Verdict]) -> dict[str, Any]:
    """What one mode came to: its figures, what it cost, and how often it flags as the full judgment does.

    A row that cannot be judged counts as flagged, in either mode.
    """
    verdicts = scored.verdicts
    figures = measure(labelled_of(rows, verdicts))
    alike = sum(is_flagged(one) == is_flagged(other) for one, other in zip(verdicts, full, strict=True))
    return {
        "auroc": figures.auroc,
        "f1": figures.f1,
        "seconds": round(scored.seconds, 3),
        "sent_to_full": ratio(sum(verdict.sent_to_full is not None for verdict in verdicts), len(verdicts)),
        "agreement_with_full": ratio(alike, len(verdicts)),
        "unscorable": sum(verdict.judgment is None for verdict in verdicts),
    }


def is_flagged(verdict: Verdict) -> bool:
    """Whether it would reach a reviewer; see `Scored.flagged`."""
    return verdict.judgment is not Judgment.SAFE


def row_line(verdict: Verdict) -> dict[str, Any]:
    """One line of `eval --rows`."""
    judgment = verdict.judgment.value if verdict.judgment else None
    return {"id": verdict.triple_id, "harm_score": verdict.harm_score, "judgment": judgment}
