"""The model card: data, recipe, figures beside the baseline, and limits; every figure in it is measured here."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from auditor.console import figure_cell as show
from auditor.evaluate import score_rows
from auditor.metrics import Figures, Scored, by_source, measure
from auditor.rows import LabelledRow, read_rows
from auditor.scorer import Scorer, build
from auditor.verdict import Judgment
from conf.schema import load
from ingest.qta import ImageBlob, ImageFailure, ImageReason
from training.baseline import score_with_words
from training.demo.train import Recipe

TEMPLATE = Path(__file__).with_name("card.md")
NAME = "README.md"


@dataclass(frozen=True, slots=True)
class Measured:
    """What the card reports, all on rows that were not trained on.

    Attributes:
        guard, words: per source and, under "all", together; the guard and the word model.
        with_pixels, without_pixels: the guard on rows whose question is only in the image, shown and withheld.
    """

    guard: dict[str, Figures]
    words: dict[str, Figures]
    with_pixels: Figures
    without_pixels: Figures


def write_card(folder: Path, rows: Path, recipe: Recipe, seconds: float) -> None:
    """Measure the checkpoint in `folder` and write its card there.

    Args:
        folder: of the checkpoint.
        rows: folder with train.jsonl and dev.jsonl.
        recipe: that made it.
        seconds: that the making took.
    """
    measured = measure_checkpoint(folder, rows)
    (folder / NAME).write_text(
        TEMPLATE.read_text(encoding="utf-8").format(
            overall=headline(measured),
            table=figures_table(measured),
            pixels=pixels_sentence(measured),
            recipe=", ".join(f"{name} {value}" for name, value in asdict(recipe).items()),
            minutes=f"{seconds / 60:.0f}",
        ),
        encoding="utf-8",
    )


def measure_checkpoint(folder: Path, rows: Path) -> Measured:
    """Score dev.jsonl with the checkpoint, with the word model, and once more with the images withheld."""
    config = load()
    dev = [row for row in read_rows(rows / "dev.jsonl", config.images) if row.label is not None]
    train = list(read_rows(rows / "train.jsonl", config.images))
    scorer = build(
        load(overrides={"auditor.model": f'"{folder}"', "auditor.diagnose": "false"}), lambda: datetime.now(UTC)
    )
    pictured = [row for row in dev if row.triple.images]
    return Measured(
        guard=figures(score(dev, scorer)),
        words=figures(score_with_words(train, dev)),
        with_pixels=measure(score(pictured, scorer)),
        without_pixels=measure(score([withhold(row) for row in pictured], scorer)),
    )


def score(rows: Sequence[LabelledRow], scorer: Scorer) -> list[Scored]:
    """The rows with what the guard says of them."""
    verdicts = score_rows(rows, scorer, lambda _: None)
    return [
        Scored(row.label is not Judgment.SAFE, verdict.harm_score, verdict.judgment, row.source)
        for row, verdict in zip(rows, verdicts, strict=True)
    ]


def withhold(row: LabelledRow) -> LabelledRow:
    """The row with its images lost, so that the guard is told that they are missing."""
    lost = tuple(
        ImageFailure(ImageReason.ATTACHMENT_MISSING, image.ref_kind, image.origin)
        if isinstance(image, ImageBlob)
        else image
        for image in row.triple.images
    )
    return replace(row, triple=replace(row.triple, images=lost))


def figures(scored: Sequence[Scored]) -> dict[str, Figures]:
    """The figures of all rows, then of each source."""
    return {"all": measure(scored)} | by_source(scored)


def headline(measured: Measured) -> str:
    """One sentence with the two figures that the README repeats."""
    guard, words = measured.guard["all"], measured.words["all"]
    return (
        f"On {guard.rows} labelled rows that were not trained on: AUROC {show(guard.auroc)}, F1 {show(guard.f1)}; "
        f"TF-IDF with logistic regression on the same rows: AUROC {show(words.auroc)}, F1 {show(words.f1)}."
    )


def figures_table(measured: Measured) -> str:
    """A Markdown table: one line a source, the guard beside the word model."""
    lines = ["| source | rows | harmful | AUROC | F1 | words: AUROC | words: F1 |", "|---|---|---|---|---|---|---|"]
    for source, guard in measured.guard.items():
        words = measured.words[source]
        cells = (guard.rows, guard.harmful, *map(show, (guard.auroc, guard.f1, words.auroc, words.f1)))
        lines.append(f"| {source} | {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def pixels_sentence(measured: Measured) -> str:
    """What the images bring, in one sentence."""
    seen, unseen = measured.with_pixels, measured.without_pixels
    return (
        f"On the {seen.rows} rows whose question stands only in the image, AUROC is {show(seen.auroc)} with the image "
        f"and {show(unseen.auroc)} with the image withheld (F1 {show(seen.f1)} and {show(unseen.f1)})."
    )
