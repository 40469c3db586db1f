"""One seed of the demo: SFT, DPO and OGDPO from the base, measured after each stage; goes on where it was stopped.

Everything lies in the work folder:
    base/                 the checkpoint that all seeds start from
    seed-7/{sft,dpo,ogdpo}/   the checkpoint after each stage, with its stage.json
    seed-7/sft.json       what the guard said of dev.jsonl after a stage
"""

import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import torch

from auditor.evaluate import score_rows
from auditor.files import write_whole
from auditor.metrics import Scored
from auditor.rows import LabelledRow, read_rows
from auditor.scorer import build
from auditor.verdict import Judgment
from conf.schema import load
from training.demo.cases import Case, SourceLabels, base_pairs, judged, make_cases, shown
from training.demo.examples import Donors, find_donors, make_examples
from training.demo.judges import votes_on
from training.demo.norms import fuse_norms
from training.items import Bucket
from training.recipe import Recipe
from training.stages.dpo import train_dpo
from training.stages.ogdpo import train_ogdpo
from training.stages.sft import train_sft

RECIPE = Path(__file__).parents[2] / "conf" / "train" / "demo-auditor.toml"
SFT_PASSES = 2
STAGES = ("sft", "dpo", "ogdpo")


@dataclass(frozen=True, slots=True)
class Material:
    """What all seeds learn from.

    Attributes:
        cases: the labelled rows with their votes.
        donors: what is lent to rows that lack it.
    """

    cases: Sequence[Case]
    donors: Donors

    def of(self, bucket: Bucket) -> list[Case]:
        """The cases on which the votes agree so far."""
        return [case for case in self.cases if case.item.bucket is bucket]


def read_material(rows: Path, work: Path) -> Material:
    """The cases of train.jsonl in `rows`; rows without a label only served the base. Votes are kept in `work`."""
    read = list(read_rows(rows / "train.jsonl", load().images))
    examples = make_examples(read)
    known = [(row, example) for row, example in zip(read, examples, strict=True) if row.label is not None]
    labelled = [row for row, _ in known]
    cases = make_cases(labelled, [example for _, example in known], votes_on(labelled, work / "judges.json"))
    return Material(cases, find_donors(examples))


def run_seed(seed: int, rows: Path, work: Path, stages: Sequence[str] = STAGES) -> None:
    """The stages of one seed, each from the checkpoint before it; meant for a process of its own, with one thread."""
    torch.set_num_threads(1)
    fuse_norms()
    material = read_material(rows, work)
    recipe = Recipe.read(RECIPE).model_copy(update={"seed": seed})
    folder = work / f"seed-{seed}"
    folder.mkdir(parents=True, exist_ok=True)
    start = work / "base"
    for stage in stages:
        out = folder / stage
        run_stage(stage, start, material, recipe, out)
        said_of(out, rows, folder / f"{stage}.json")
        start = out


def run_stage(stage: str, start: Path, material: Material, recipe: Recipe, out: Path) -> None:
    """One stage; at once done where its checkpoint is there."""
    rng = random.Random(recipe.seed)  # noqa: S311 - reproducible, not secret
    began = time.monotonic()
    if stage == "sft":
        items = shown(material.of(Bucket.UNANIMOUS), material.donors, SFT_PASSES, rng)
        result = train_sft(start, items, recipe, out)
    else:
        majority = material.of(Bucket.MAJORITY)
        pairs = shown(majority, material.donors, 1, rng)
        if stage == "dpo":
            agreed = shown(base_pairs(material.cases, len(majority), rng), material.donors, 1, rng)
            result = train_dpo(start, [*pairs, *agreed], recipe, out)
        else:
            experts = shown(material.of(Bucket.SPLIT), material.donors, 1, rng)
            result = train_ogdpo(start, [*pairs, *experts], oracle(material), recipe, out)
    print(
        f"seed {recipe.seed} {stage}: {result.n_items} items, {result.steps} steps, "
        f"{time.monotonic() - began:.0f} s {dict(result.metrics)}",
        flush=True,
    )


def oracle(material: Material) -> SourceLabels:
    """The labels of the rows, by id."""
    return SourceLabels({case.item.triple.id: case.own_label for case in material.cases})


def said_of(folder: Path, rows: Path, kept: Path) -> list[Scored]:
    """What the checkpoint in `folder` says of the labelled rows of dev.jsonl; from `kept`, once it was asked."""
    return kept_or(kept, lambda: score_with(folder, dev_rows(rows)))


def kept_or(kept: Path, make: Callable[[], list[Scored]]) -> list[Scored]:
    """What is in the file, or else what is made, which then is kept there."""
    if not kept.exists():
        write_whole(kept, json.dumps([as_json(scored) for scored in make()]).encode())
    return [from_json(line) for line in json.loads(kept.read_text(encoding="utf-8"))]


def dev_rows(rows: Path) -> list[LabelledRow]:
    """The labelled rows of dev.jsonl."""
    return [row for row in read_rows(rows / "dev.jsonl", load().images) if row.label is not None]


def score_with(folder: Path, rows: Sequence[LabelledRow]) -> list[Scored]:
    """The rows with what the checkpoint in `folder` says of them."""
    config = load(overrides={"auditor.model": f'"{folder}"', "auditor.diagnose": "false"})
    verdicts = score_rows(rows, build(config, lambda: datetime.now(UTC)), lambda _: None)
    return [
        Scored(judged(row) is not Judgment.SAFE, verdict.harm_score, verdict.judgment, row.source)
        for row, verdict in zip(rows, verdicts, strict=True)
    ]


def as_json(scored: Scored) -> list[object]:
    """One row of what is kept."""
    judgment = scored.judgment.value if scored.judgment else None
    return [scored.harmful, scored.harm_score, judgment, scored.source]


def from_json(line: Sequence[object]) -> Scored:
    """What `as_json` was made of."""
    harmful, score, judgment, source = line
    return Scored(
        bool(harmful),
        None if score is None else float(str(score)),
        None if judgment is None else Judgment(judgment),
        str(source),
    )
