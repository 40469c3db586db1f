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

from auditor.guard_input import guard_input, render_fields
from auditor.labels import JUDGMENT_HEAD
from auditor.rows import LabelledRow
from auditor.verdict import Judgment
from ingest.qta import ImageBlob, ImageFailure, QTATriple, ThinkingKind

UNSURE = "other"
CHAT_WITH_THINKING = "star-1"
DROP_THINKING = {True: 0.5, False: 0.2}  # of the chat source with thinking, and of agent records
LEND_THINKING = 0.2
LEND_IMAGE = 0.08
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
        category: the kind of risk that its analysis names.
        label: None where the source gives none: then only the analysis is learned.
    """

    triple: QTATriple
    category: str
    label: Judgment | None
    source: str


def make_examples(rows: Sequence[LabelledRow]) -> list[Example]:
    """An example for each row; rows without a category get the one that a word model finds likeliest."""
    categories = guess_categories(rows)
    return [Example(row.triple, c, row.label, row.source) for row, c in zip(rows, categories, strict=True)]


def guess_categories(rows: Sequence[LabelledRow]) -> list[str]:
    """The category of each row: its own, or a TF-IDF logistic regression's guess, or "other" where that is unsure."""
    known = [row for row in rows if row.category]
    model = make_pipeline(
        TfidfVectorizer(sublinear_tf=True, min_df=2), LogisticRegression(C=4.0, max_iter=500, class_weight="balanced")
    )
    model.fit([render_fields(guard_input(row.triple)) for row in known], [row.category for row in known])
    shares = model.predict_proba([render_fields(guard_input(row.triple)) for row in rows])
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
    return f"“Analysis”: {write_analysis(example.triple, example.category)}\n{JUDGMENT_HEAD}"


@dataclass(frozen=True, slots=True)
class Donors:
    """What `augment` lends to rows that lack it: thinking of safe chats, and images with a harmless text."""

    thinking: tuple[str, ...]
    images: tuple[ImageBlob | ImageFailure, ...]


def find_donors(examples: Sequence[Example]) -> Donors:
    """Thinking from the one chat source that has it, images from the rows whose label is safe."""
    pictured = (e for e in examples if e.label is Judgment.SAFE and e.source.startswith("typographic"))
    return Donors(
        thinking=tuple(e.triple.thinking for e in examples if e.source == CHAT_WITH_THINKING and e.triple.thinking),
        images=tuple(image for e in pictured for image in e.triple.images),
    )


def augment(example: Example, donors: Donors, rng: random.Random) -> Example:
    """The example as it is seen in one epoch: thinking dropped or lent, an image lent.

    In the rows, thinking in a chat means safe and an image comes with one of two questions. Left alone, the model
    learns just that, and is lost on an exchange of any other make.
    """
    triple = example.triple
    if triple.thinking and rng.random() < DROP_THINKING[example.source == CHAT_WITH_THINKING]:
        triple = replace(triple, thinking=None, thinking_kind=ThinkingKind.ABSENT)
    elif not triple.thinking and donors.thinking and rng.random() < LEND_THINKING:
        sentences = rng.choice(donors.thinking).split(". ")
        thinking = ". ".join(sentences[: rng.randint(1, len(sentences))])
        triple = replace(triple, thinking=thinking, thinking_kind=ThinkingKind.RAW)
    if not triple.images and donors.images and rng.random() < LEND_IMAGE:
        triple = replace(triple, images=(rng.choice(donors.images),))
    return replace(example, triple=triple)
