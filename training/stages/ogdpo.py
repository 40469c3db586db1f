"""Oracle-guided DPO: once more on what the DPO model still gets wrong, where an oracle says that it is the model.

The DPO model judges the pairs again. Where it conflicts with a label the oracle rules: if the model is wrong, its own
words replace the rejected completion, a hard negative; if the label is, the item goes to experts and is not learned.
Beside the hard negatives stand the pairs that experts decided. Then it is DPO, the DPO model being the reference.
Departs from the paper: a conflict that nobody has ruled on yet goes to experts and is not learned either.
Source: arXiv 2511.20994, stage three.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from auditor.files import write_whole
from auditor.verdict import Judgment
from training.items import Bucket, Item, Said, VoterKind
from training.recipe import Recipe
from training.stages.dpo import prefer
from training.stages.judging import judge
from training.stages.oracle import Conflict, Oracle, Ruled
from training.stages.running import Job, StageResult, fingerprint, processes, read_result, start_work

MADE = "made.json"


@dataclass(frozen=True, slots=True)
class Made:
    """What the data step made of pairs.

    Attributes:
        hard_negatives: pairs whose rejected completion is now the model's own.
        to_experts: ids of the triples whose label an oracle holds for wrong, or that nobody could rule on.
        counts: of the pairs: "agree", "unreadable", "settled" (people said what is right), and each `Ruled`.
    """

    hard_negatives: tuple[Item, ...]
    to_experts: tuple[str, ...]
    counts: Mapping[str, int]


def train_ogdpo(model: Path, items: Sequence[Item], oracle: Oracle, recipe: Recipe, out: Path) -> StageResult:
    """A checkpoint trained on hard negatives among the pairs, and on the experts' pairs.

    Args:
        model: the DPO model's checkpoint folder, which is the reference too.
        items: the pairs of the DPO stage, and those of bucket SPLIT that experts decided.
        oracle: rules where model and label conflict.
        recipe: of the run.
        out: as for `train_sft`.

    Returns:
        With the counts of the data step among its metrics, and the triples that go to experts.

    Raises:
        StageRefused: nothing is left to learn from, or something else is in the place of `out`.
        ModelUnusable: the model cannot be loaded.
        BackendFailed: it broke on an item.
    """
    job = Job("ogdpo", model, out, recipe, fingerprint("ogdpo", model, recipe, [oracle.name, *items]))
    if out.exists():
        return read_result(job)
    pairs = [item for item in items if item.bucket is not Bucket.SPLIT]
    made = make_once(job, pairs, oracle)
    learned = [*made.hard_negatives, *(item for item in items if item.bucket is Bucket.SPLIT)]
    figures = {f"ogdpo/{name}": float(n) for name, n in made.counts.items()}
    return prefer(replace(job, figures=figures, to_experts=made.to_experts), learned, recipe.ogdpo)


def ogdpo_pairs(judged: Sequence[tuple[Item, Said | None]], oracle: Oracle) -> Made:
    """The data step: hard negatives, and what goes to experts.

    Args:
        judged: pairs, each with what the DPO model says of it; None where that could not be read.
        oracle: asked of every conflict that people have not settled.
    """
    said = [(item, words) for item, words in judged if words is not None]
    against = [Conflict(item, words) for item, words in said if words.judgment is not item.label]
    settled = [conflict for conflict in against if is_settled(conflict.item)]
    asked = [conflict for conflict in against if not is_settled(conflict.item)]
    rulings = list(zip(asked, oracle.rule(asked), strict=True)) if asked else []
    wrong = settled + [conflict for conflict, ruled in rulings if ruled is Ruled.LABEL_RIGHT]
    counts = Counter(str(ruled) for _, ruled in rulings)
    counts.update(unreadable=len(judged) - len(said), agree=len(said) - len(against), settled=len(settled))
    return Made(
        tuple(replace(conflict.item, rejected=conflict.said) for conflict in wrong),
        tuple(conflict.item.triple.id for conflict, ruled in rulings if ruled is not Ruled.LABEL_RIGHT),
        dict(counts),
    )


def is_settled(item: Item) -> bool:
    """Whether people said that the label is right: an expert, or two reviewers. Their word outranks an oracle's."""
    people = {
        (vote.voter.kind, vote.voter.name)
        for vote in item.votes
        if vote.judgment is item.label and vote.voter.kind in {VoterKind.EXPERT, VoterKind.REVIEWER}
    }
    return len(people) > 1 or any(kind is VoterKind.EXPERT for kind, _ in people)


def make_once(job: Job, pairs: Sequence[Item], oracle: Oracle) -> Made:
    """The data step, done by one process and kept for the others and for a run that goes on after a kill."""
    state, kept = processes(), job.work / MADE
    if state.is_main_process:
        start_work(job)
        if not kept.exists():
            said = judge(job.model, pairs, job.recipe)
            write_whole(kept, json.dumps(as_json(ogdpo_pairs(list(zip(pairs, said, strict=True)), oracle))).encode())
    state.wait_for_everyone()
    return from_json(json.loads(kept.read_text(encoding="utf-8")), {item.triple.id: item for item in pairs})


def as_json(made: Made) -> dict[str, object]:
    """What is kept of a data step: the model's words, by triple."""
    words = {
        item.triple.id: [item.rejected.analysis, item.rejected.judgment.label]
        for item in made.hard_negatives
        if item.rejected
    }
    return {"words": words, "to_experts": made.to_experts, "counts": made.counts}


def from_json(kept: Mapping[str, Any], pairs: Mapping[str, Item]) -> Made:
    """What `as_json` was made of."""
    words, experts, counts = kept["words"], kept["to_experts"], kept["counts"]
    return Made(
        tuple(
            replace(pairs[triple], rejected=Said(analysis, Judgment(float(label))))
            for triple, (analysis, label) in words.items()
        ),
        tuple(experts),
        dict(counts),
    )
