"""The stages one after another, each from the checkpoint before it; one that is there already is not made again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from training.errors import StageRefused, TrainingRefused
from training.items import Bucket, Item
from training.run.begin import Run
from training.run.oracles import oracle_of
from training.run.order import Order
from training.run.several import n_processes, train_together
from training.run.told import stage_told
from training.run.troubles import in_words
from training.stages.dpo import train_dpo
from training.stages.ogdpo import train_ogdpo
from training.stages.running import StageResult
from training.stages.sft import train_sft


@dataclass(frozen=True, slots=True)
class Trained:
    """What the stages came to.

    Attributes:
        folder: of the last checkpoint.
        results: of the stages that had something to learn from, in order.
        skipped: stage to the reason why it had not.
    """

    folder: Path
    results: tuple[StageResult, ...]
    skipped: dict[str, str]


def for_sft(items: Sequence[Item]) -> list[Item]:
    """What is learned by imitation: what nobody dissents from, base rows, and what has nothing to reject."""
    alone = {Bucket.UNANIMOUS, Bucket.BASE}
    return [item for item in items if item.bucket in alone or (item.bucket is Bucket.MAJORITY and not item.rejected)]


def for_dpo(items: Sequence[Item]) -> list[Item]:
    """Pairs that a majority decided, and those of base rows."""
    return [item for item in items if item.bucket in {Bucket.MAJORITY, Bucket.BASE} and item.rejected]


def for_ogdpo(items: Sequence[Item]) -> list[Item]:
    """These pairs once more, and those that people decided where voters were at odds."""
    return [item for item in items if item.bucket is not Bucket.UNANIMOUS and item.rejected]


def sft(order: Order, model: Path, items: Sequence[Item], out: Path) -> StageResult:
    """See `train_sft`."""
    return train_sft(model, items, order.recipe, out)


def dpo(order: Order, model: Path, items: Sequence[Item], out: Path) -> StageResult:
    """See `train_dpo`."""
    return train_dpo(model, items, order.recipe, out)


def ogdpo(order: Order, model: Path, items: Sequence[Item], out: Path) -> StageResult:
    """See `train_ogdpo`; the oracle is the configured one."""
    with oracle_of(order.config) as oracle:
        return train_ogdpo(model, items, oracle, order.recipe, out)


Train = Callable[[Order, Path, Sequence[Item], Path], StageResult]

# stage -> what it learns from, what trains it
STAGES: dict[str, tuple[Callable[[Sequence[Item]], list[Item]], Train]] = {
    "sft": (for_sft, sft),
    "dpo": (for_dpo, dpo),
    "ogdpo": (for_ogdpo, ogdpo),
}


def run_stages(order: Order, run: Run) -> Trained:
    """All stages of a run.

    Raises:
        TrainingRefused: none had anything to learn from.
        TrainingFailed: the disk is full, or memory does not suffice; started again, it goes on from here.
        ModelUnusable, BackendFailed: see the stages.
    """
    folder, results, skipped = run.base.folder, list[StageResult](), dict[str, str]()
    for name in order.stages:
        choose, train = STAGES[name]
        out = run.home / name
        try:
            with in_words(name, run.home):
                items = required(choose(run.items), name)
                if not out.exists() and n_processes(order.config) > 1:
                    train_together(order.config, name, folder, run.home)
                result = train(order, folder, items, out)  # the result of what is there already, where it is
        except StageRefused as error:
            if out.exists():
                raise
            skipped[name] = str(error)
            order.say(f"{name}: left out, {error}")
            continue
        folder = result.folder
        results.append(result)
        order.say(stage_told(result))
    if not results:
        raise TrainingRefused("; ".join(f"{name}: {reason}" for name, reason in skipped.items()))
    return Trained(folder, tuple(results), skipped)


def required(items: list[Item], stage: str) -> list[Item]:
    """The items, of which there are some.

    Raises:
        StageRefused: there is none.
    """
    if not items:
        raise StageRefused(f"there is nothing that {stage} learns from")
    return items
