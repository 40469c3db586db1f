"""One stage from start to end: it goes on after a kill, and leaves a whole checkpoint or none.

Beside the checkpoint `out` lies `out.work`, with the trainer's checkpoints to resume from; it is removed once `out` is
there. What a stage is made from has a fingerprint: `out.work` of another is thrown away, an `out` of another refused.
"""

import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState

from auditor.files import sync_folder, write_whole
from auditor.models import hash_files
from training.errors import StageRefused
from training.recipe import Recipe
from training.stages.encoding import Encoded
from training.stages.loading import sync_files, write_checkpoint
from training.stages.trainers import WHOLE

RESULT = "stage.json"
FINGERPRINT = "fingerprint"


@dataclass(frozen=True, slots=True)
class StageResult:
    """What came of a stage; kept in its folder as stage.json.

    Attributes:
        stage: "sft", "dpo" or "ogdpo".
        folder: of the checkpoint.
        revision: hex sha256 over the files that decide what it answers.
        n_items: that were trained on.
        steps: updates of the weights.
        seconds: of the last process that worked on it.
        metrics: the last logged values, tokens per second, and how many items were left out, by reason.
        seed: of the recipe.
        to_experts: ids of triples that people are to decide on; of OGDPO alone.
    """

    stage: str
    folder: Path
    revision: str
    n_items: int
    steps: int
    seconds: float
    metrics: Mapping[str, float]
    seed: int
    to_experts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """What a stage is made from.

    Attributes:
        stage: its name.
        model: the checkpoint folder that it starts from.
        out: the checkpoint folder that it makes.
        fingerprint: hex sha256 over all that decides what comes of it.
        figures, to_experts: of how its items came about, for its result.
    """

    stage: str
    model: Path
    out: Path
    recipe: Recipe
    fingerprint: str
    figures: Mapping[str, float] = field(default_factory=dict)
    to_experts: tuple[str, ...] = ()

    @property
    def work(self) -> Path:
        """Where the trainer's checkpoints are."""
        return self.out.with_name(self.out.name + ".work")


def fingerprint(stage: str, model: Path, recipe: Recipe, parts: Sequence[object]) -> str:
    """Hex sha256 over all that decides what comes of a stage.

    Args:
        stage: its name.
        model: the checkpoint folder that it starts from.
        recipe: of the run.
        parts: what it is trained on, with the same repr for the same contents.
    """
    digest = hashlib.sha256()
    for part in (stage, hash_files(model), recipe.model_dump_json(), recipe.auditor.model_dump_json(), *parts):
        digest.update(repr(part).encode() + b"\0")
    return digest.hexdigest()


def run_stage(job: Job, encoded: Encoded, build: Callable[[], Any]) -> StageResult:
    """Train, and put the checkpoint in its place whole.

    Args:
        job: the stage.
        encoded: what is trained on.
        build: makes the trainer.

    Raises:
        StageRefused: another run's checkpoint is in the way.
        OSError: a full disk; nothing is in the stage's place then, and it can be tried again.
    """
    if job.out.exists():
        return read_result(job)
    state = processes()
    if state.is_main_process:
        start_work(job)
    state.wait_for_everyone()
    began = time.monotonic()
    trainer = build()
    done = trainer.train(resume_from_checkpoint=last_whole(job.work))
    seconds = time.monotonic() - began
    if state.is_main_process:
        metrics = {**measured(trainer, done.metrics), **counted(encoded.left_out), **job.figures}
        finish(job, trainer, len(encoded.rows), seconds, metrics)
    state.wait_for_everyone()
    return read_result(job)


def processes() -> PartialState:
    """The processes that train together; accelerate has to be told that they have no GPU, or it sees one alone."""
    return PartialState(cpu=not torch.cuda.is_available())


def measured(trainer: Any, metrics: Mapping[str, float]) -> dict[str, float]:
    """The last value of each figure that was logged, and the mean loss."""
    last = {key: value for logged in trainer.state.log_history for key, value in logged.items()}
    wanted = ("loss", "mean_token_accuracy", "entropy", "num_tokens", "grad_norm")
    kept = {k: float(v) for k, v in last.items() if k in wanted or k.startswith(("rewards/", "logps/"))}
    return {**kept, "train_loss": float(metrics["train_loss"])}


def counted(left_out: Mapping[str, int]) -> dict[str, float]:
    """How many items were left out, by reason."""
    return {f"left_out/{reason}": float(n) for reason, n in left_out.items()}


def start_work(job: Job) -> None:
    """The folder of the trainer's checkpoints: that of the same run as it was left, else an empty one."""
    kept = job.work / FINGERPRINT
    if job.work.exists() and (not kept.exists() or kept.read_text(encoding="utf-8") != job.fingerprint):
        shutil.rmtree(job.work)
    if not job.work.exists():
        job.work.mkdir(parents=True)
        write_whole(kept, job.fingerprint.encode())
    for folder in job.work.glob("checkpoint-*"):
        if not (folder / WHOLE).exists():
            shutil.rmtree(folder)


def last_whole(work: Path) -> str | None:
    """The newest checkpoint to resume from; None where there is none yet."""
    whole = [folder for folder in work.glob("checkpoint-*") if (folder / WHOLE).exists()]
    return str(max(whole, key=lambda folder: int(folder.name.rpartition("-")[2]))) if whole else None


def finish(job: Job, trainer: Any, n_items: int, seconds: float, metrics: Mapping[str, float]) -> None:
    """The checkpoint written beside its place, flushed, and renamed into it; then the work is removed."""
    beside = Path(tempfile.mkdtemp(dir=job.out.parent, prefix=f".{job.out.name}.new-"))
    try:
        write_checkpoint(trainer.accelerator.unwrap_model(trainer.model), job.model, job.recipe, beside)
        log = "".join(json.dumps(line) + "\n" for line in trainer.state.log_history)
        (beside / "log.jsonl").write_text(log, encoding="utf-8")
        result = {
            "stage": job.stage,
            "revision": hash_files(beside),
            "n_items": n_items,
            "steps": trainer.state.global_step,
            "seconds": round(seconds, 1),
            "metrics": metrics,
            "seed": job.recipe.seed,
            "to_experts": job.to_experts,
        }
        (beside / RESULT).write_text(json.dumps({**result, FINGERPRINT: job.fingerprint}, indent=1), encoding="utf-8")
        sync_files(beside)
        beside.chmod(0o755)
        beside.rename(job.out)
        sync_folder(job.out.parent)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    shutil.rmtree(job.work, ignore_errors=True)


def read_result(job: Job) -> StageResult:
    """The result of a stage that ended.

    Raises:
        StageRefused: what is there is not from this job.
    """
    try:
        kept = json.loads((job.out / RESULT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise StageRefused(f"{job.out} is there and is no stage's checkpoint; remove it, or name another") from None
    if kept.pop(FINGERPRINT) != job.fingerprint:
        raise StageRefused(f"{job.out} came of other items, another base or another recipe; remove it, or name another")
    shutil.rmtree(job.work, ignore_errors=True)
    return StageResult(folder=job.out, **{**kept, "to_experts": tuple(kept["to_experts"])})
