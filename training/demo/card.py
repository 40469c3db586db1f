"""The model card: data, votes, recipe, ablation, figures beside the baseline, limits; every figure is measured here."""

import json
import shutil
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from auditor.console import figure_cell as show
from auditor.metrics import Figures, Scored, by_source, measure
from auditor.rows import LabelledRow, read_rows
from conf.schema import load
from ingest.qta import ImageBlob, ImageFailure, ImageReason
from training.baseline import score_with_words
from training.demo.ablation import ablation_table, spread
from training.demo.base import BaseRecipe
from training.demo.seeds import RECIPE, SFT_PASSES, Material, dev_rows, kept_or, read_material, said_of, score_with
from training.items import Bucket

TEMPLATE = Path(__file__).with_name("card.md")
NAME = "README.md"
SHIPPED = ("*.safetensors", "*config.json", "tokenizer.json")
LINES = {"sft": "base + SFT", "dpo": "+ DPO", "ogdpo": "+ OGDPO"}


@dataclass(frozen=True, slots=True)
class Made:
    """Where what was made lies.

    Attributes:
        work: folder of the seeds.
        rows: folder with train.jsonl and dev.jsonl.
        seeds: of which the first ships.
        stages: of which the last ships.
    """

    work: Path
    rows: Path
    seeds: Sequence[int]
    stages: Sequence[str]

    @property
    def checkpoint(self) -> Path:
        """What ships: chosen by its place, not by its figures."""
        return self.folder(self.seeds[0]) / self.stages[-1]

    def folder(self, seed: int) -> Path:
        """Of one seed."""
        return self.work / f"seed-{seed}"

    def said(self, stage: str) -> list[list[Scored]]:
        """What each seed's checkpoint says of dev.jsonl after a stage."""
        return [said_of(self.folder(s) / stage, self.rows, self.folder(s) / f"{stage}.json") for s in self.seeds]

    def results(self, stage: str) -> list[dict[str, Any]]:
        """What each seed's stage reported."""
        return [json.loads((self.folder(s) / stage / "stage.json").read_text(encoding="utf-8")) for s in self.seeds]


def ship(made: Made, out: Path) -> None:
    """The checkpoint and its card into `out`; files of other names there stay."""
    out.mkdir(parents=True, exist_ok=True)
    for pattern in SHIPPED:
        for path in made.checkpoint.glob(pattern):
            shutil.copyfile(path, out / path.name)
    (out / NAME).write_text(write_card(made), encoding="utf-8")


def write_card(made: Made) -> str:
    """The card as Markdown."""
    words = words_said(made)
    runs = {
        "base": [said_of(made.work / "base", made.rows, made.work / "base.json")],
        **{LINES[stage]: made.said(stage) for stage in made.stages},
        "words": [words],
    }
    guard = runs[LINES[made.stages[-1]]][0]
    return TEMPLATE.read_text(encoding="utf-8").format(
        overall=headline(measure(guard), measure(words)),
        ablation=ablation_table(runs),
        seeds=", ".join(map(str, made.seeds)),
        table=figures_table(figures(guard), figures(words)),
        pixels=pixels_sentence(made),
        votes=votes_table(read_material(made.rows, made.work)),
        stages=stages_table(made),
        base=", ".join(f"{name} {value}" for name, value in asdict(BaseRecipe()).items()),
        recipe=recipe_sentence(),
        passes=SFT_PASSES,
    )


def words_said(made: Made) -> list[Scored]:
    """The word model on dev.jsonl."""
    train = list(read_rows(made.rows / "train.jsonl", load().images))
    return kept_or(made.work / "words.json", lambda: score_with_words(train, dev_rows(made.rows)))


def figures(scored: Sequence[Scored]) -> dict[str, Figures]:
    """The figures of all rows, then of each source."""
    return {"all": measure(scored)} | by_source(scored)


def headline(guard: Figures, words: Figures) -> str:
    """One sentence with the two figures that the README repeats."""
    return (
        f"On {guard.rows} labelled rows that were not trained on: AUROC {show(guard.auroc)}, F1 {show(guard.f1)}; "
        f"TF-IDF with logistic regression on the same rows: AUROC {show(words.auroc)}, F1 {show(words.f1)}."
    )


def figures_table(guard: Mapping[str, Figures], words: Mapping[str, Figures]) -> str:
    """A Markdown table: one line a source, the guard beside the word model."""
    lines = ["| source | rows | harmful | AUROC | F1 | words: AUROC | words: F1 |", "|---|---|---|---|---|---|---|"]
    for source, one in guard.items():
        other = words[source]
        cells = (one.rows, one.harmful, *map(show, (one.auroc, one.f1, other.auroc, other.f1)))
        lines.append(f"| {source} | {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def pixels_sentence(made: Made) -> str:
    """What the images bring, in one sentence."""
    pictured = [row for row in dev_rows(made.rows) if row.triple.images]
    seen, unseen = (
        measure(score_with(made.checkpoint, rows)) for rows in (pictured, [withhold(row) for row in pictured])
    )
    return (
        f"On the {seen.rows} rows whose question stands only in the image, AUROC is {show(seen.auroc)} with the image "
        f"and {show(unseen.auroc)} with the image withheld (F1 {show(seen.f1)} and {show(unseen.f1)})."
    )


def withhold(row: LabelledRow) -> LabelledRow:
    """The row with its images lost, so that the guard is told that they are missing."""
    lost = tuple(
        ImageFailure(ImageReason.ATTACHMENT_MISSING, image.ref_kind, image.origin)
        if isinstance(image, ImageBlob)
        else image
        for image in row.triple.images
    )
    return replace(row, triple=replace(row.triple, images=lost))


def votes_table(material: Material) -> str:
    """A Markdown table: what the votes came to."""
    lines = ["| bucket | rows | labels 0 / 0.5 / 1 | label that its source contradicts |", "|---|---|---|---|"]
    for bucket in (Bucket.UNANIMOUS, Bucket.MAJORITY, Bucket.SPLIT):
        cases = material.of(bucket)
        labels = Counter(case.item.label.label for case in cases)
        counts = " / ".join(str(labels[label]) for label in ("0", "0.5", "1"))
        wrong = sum(case.item.label is not case.own_label for case in cases)
        lines.append(f"| {bucket} | {len(cases)} | {counts} | {wrong} |")
    return "\n".join(lines)


def stages_table(made: Made) -> str:
    """A Markdown table: what each stage learned from and how long it took, mean over seeds."""
    lines = ["| stage | items | updates | seconds | the data step |", "|---|---|---|---|---|"]
    for stage in made.stages:
        results = made.results(stage)
        cells = [spread([float(one[key]) for one in results], "{:.0f}") for key in ("n_items", "steps", "seconds")]
        names = sorted({name for one in results for name in one["metrics"] if name.startswith("ogdpo/")})
        counts = [(name, [one["metrics"].get(name, 0.0) for one in results]) for name in names]
        step = ", ".join(f"{name.removeprefix('ogdpo/')} {spread(values, '{:.0f}')}" for name, values in counts)
        lines.append(f"| {stage} | {' | '.join(cells)} | {step or '–'} |")
    return "\n".join(lines)


def recipe_sentence() -> str:
    """The knobs of the stages, as their file has them."""
    knobs = tomllib.loads(RECIPE.read_text(encoding="utf-8"))
    return "; ".join(
        f"{part}: " + ", ".join(f"{name} {value}" for name, value in knobs[part].items())
        for part in ("batches", "sft", "dpo", "ogdpo")
    )
