"""What a checkpoint says of items, in its own words: what OGDPO compares with their labels."""

from collections.abc import Sequence
from pathlib import Path

from auditor.backends.transformers import TransformersBackend
from auditor.completion import Reading, read_completion
from auditor.guard_input import Protocol
from auditor.models import from_folder
from auditor.prompt import read_system_prompt
from training.items import Item, Said
from training.recipe import Recipe
from training.stages.encoding import show


def judge(model: Path, items: Sequence[Item], recipe: Recipe) -> list[Said | None]:
    """What the checkpoint in `model` writes for each item, greedily; None where that cannot be read as a judgment.

    Raises:
        ModelUnusable: the checkpoint cannot be loaded.
        BackendFailed: it broke, or has no memory for an item.
    """
    auditor = recipe.auditor
    checkpoint = from_folder(str(model), model)
    if checkpoint.max_new_tokens is not None:
        auditor = auditor.model_copy(update={"max_new_tokens": min(auditor.max_new_tokens, checkpoint.max_new_tokens)})
    files = {Protocol.QTA: auditor.prompt_file, Protocol.QA: auditor.qa_prompt_file}
    backend = TransformersBackend.load(auditor, checkpoint, {p: read_system_prompt(f, p) for p, f in files.items()})
    completions = backend.complete([backend.prepare(show(item, auditor)) for item in items])
    readings = [read_completion(completion.text, finished=completion.finished) for completion in completions]
    return [Said(r.analysis, r.judgment) if isinstance(r, Reading) else None for r in readings]
