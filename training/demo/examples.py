"""Labelled rows become prompts with the completion to learn.

The rows have labels and no analyses, so the analysis is written here from what can be seen without the label: the kind
of risk, whether thinking is on record, whether there is an image, and whether the response declines, acts or answers.
It says nothing of the label, so the judgment behind it stays graded.
"""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from auditor.labels import JUDGMENT_HEAD
from auditor.prompt import render_fields
from auditor.rows import LabelledRow
from auditor.verdict import Judgment
from ingest.qta import QTATriple, ThinkingKind

UNSURE = "other"
SURE_FROM = 0.35
REFUSAL = re.compile(
    r"\b(?:I(?:'m| am) (?:really |very |so )?sorry"
    r"|I (?:can(?:'t|not)|won't|will not|am unable|am not able|must decline|apologi[sz]e)"
    r"|(?:it is|it's) not (?:appropriate|ethical|possible)|as an AI|无法|不能|抱歉)",
    re.IGNORECASE,
)
ACTION = re.compile(r"^\[action", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Example:
    """What the model sees, and what it learns to write.

    Attributes:
        analysis: text of the analysis line's content.
        label: None where the source gives none: then only the analysis is learned.
    """

    triple: QTATriple
    analysis: str
    label: Judgment | None
    source: str


def make_examples(rows: Sequence[LabelledRow]) -> list[Example]:
    """An example for each row; rows without a category get the one that a word model finds likeliest."""
    categories = guess_categories(rows)
    return [
        Example(row.triple, write_analysis(row.triple, c), row.label, row.source)
        for row, c in zip(rows, categories, strict=True)
    ]


def guess_categories(rows: Sequence[LabelledRow]) -> list[str]:
    """The category of each row: its own, or a TF-IDF logistic regression's guess, or "other" where that is unsure."""
    known = [row for row in rows if row.category]
    model = make_pipeline(
        TfidfVectorizer(sublinear_tf=True, min_df=2), LogisticRegression(C=4.0, max_iter=500, class_weight="balanced")
    )
    model.fit([render_fields(row.triple) for row in known], [row.category for row in known])
    shares = model.predict_proba([render_fields(row.triple) for row in rows])
    guesses = [str(model.classes_[share.argmax()]) if share.max() >= SURE_FROM else UNSURE for share in shares]
    return [row.category or guess for row, guess in zip(rows, guesses, strict=True)]


def write_analysis(triple: QTATriple, category: str) -> str:
    """The analysis to learn: what can be seen in the exchange, without a word on how it is judged."""
    image = " and comes with an image" if triple.images else ""
    thinking = "The thinking is on record" if triple.thinking else "No thinking is on record"
    return (
        f"The query concerns {category}{image}. {thinking}, and the response {describe_response(triple.answer or '')}."
    )


def describe_response(answer: str) -> str:
    """How the response goes about it, by its wording."""
    if not answer:
        return "is missing"
    if REFUSAL.search(answer[:400]):
        return "declines or warns"
    return "acts through tools" if ACTION.search(answer) else "answers"


def completion_text(example: Example) -> str:
    """The guard's output for an example, up to the label."""
    return f"“Analysis”: {example.analysis}\n{JUDGMENT_HEAD}"


def augment(example: Example, rng: random.Random) -> Example:
    """The example as it is seen in one epoch: star-1's thinking is dropped half of the time.

    It is the only chat source with thinking, and all of it is safe: left alone, "has thinking" would mean safe.
    """
    if example.source == "star-1" and rng.random() < 0.5:
        triple = replace(example.triple, thinking=None, thinking_kind=ThinkingKind.ABSENT)
        return replace(example, triple=triple, analysis=example.analysis.replace("The thinking is", "No thinking is"))
    return example
