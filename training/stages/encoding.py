"""Items become token ids, built by what builds the guard's prompts: what is trained on is what is asked later.

An item that cannot be learned from is left out with its reason, never cut: a cut prompt is another case, and a cut
completion has no judgment.
"""

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from auditor.backends.prompts import PromptBuilder
from auditor.completion import Reading, read_completion
from auditor.guard_input import GuardInput, Protocol, guard_input
from auditor.labels import JUDGMENT_HEAD, LEVELS
from auditor.prompt import read_system_prompt
from conf.schema import Auditor
from ingest.qta import ImageBlob
from training.errors import StageRefused
from training.items import Item, Said
from training.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Completion:
    """What the guard is to say, or not to.

    Attributes:
        ids: the end of the turn included.
        n_label: how many at the end are the judgment's label with the end of the turn.
    """

    ids: tuple[int, ...]
    n_label: int


@dataclass(frozen=True, slots=True)
class Row:
    """One prompt with what may follow on it.

    Attributes:
        prompt: ids, the images' tokens included.
        images: that stand in it; they are scaled when a batch is made.
        completions: one, or the chosen and the rejected.
        protocol: rows of one protocol share the start of their prompts.
        triple_id: whose row it is.
    """

    prompt: tuple[int, ...]
    images: tuple[ImageBlob, ...]
    completions: tuple[Completion, ...]
    protocol: Protocol
    triple_id: str

    @property
    def n_tokens(self) -> int:
        """Length of the longest of its sequences."""
        return len(self.prompt) + max(len(completion.ids) for completion in self.completions)


@dataclass(frozen=True, slots=True)
class Encoded:
    """Rows to train on, and how many items were left out for which reason.

    Attributes:
        rows: in the order of the items.
        left_out: "too_long", "unreadable" (its own words do not read back as its judgment), "no_such_level" (0.5 where
            the protocol has none), "same_judgment" (chosen and rejected judge alike), "no_rejected".
    """

    rows: tuple[Row, ...]
    left_out: Mapping[str, int]

    def required(self, stage: str) -> "Encoded":
        """Itself.

        Raises:
            StageRefused: there are no rows.
        """
        if not self.rows:
            why = ", ".join(f"{n} {reason}" for reason, n in self.left_out.items()) or "none was given"
            raise StageRefused(f"{stage} has no item to learn from ({why})")
        return self


def load_prompts(folder: Path, auditor: Auditor) -> PromptBuilder:
    """The prompt builder of a checkpoint, with the prompts that the guard will be asked with.

    Raises:
        ModelUnusable: the folder lacks a usable tokenizer or image processor.
    """
    files = {Protocol.QTA: auditor.prompt_file, Protocol.QA: auditor.qa_prompt_file}
    return PromptBuilder.load(auditor, folder, {p: read_system_prompt(file, p) for p, file in files.items()})


def encode_sft(items: Sequence[Item], prompts: PromptBuilder, recipe: Recipe, first: frozenset[int]) -> Encoded:
    """Items with their chosen completion.

    Args:
        items: to learn.
        prompts: of the checkpoint.
        recipe: how the guard will be asked, and how long an item may be.
        first: positions of the items that are learned with the judgment alone.
    """

    def row(number: int, item: Item, shown: GuardInput) -> Row | str:
        said = say(item.chosen, shown.protocol, prompts, alone=number in first)
        return said if isinstance(said, str) else make_row(item, shown, prompts, (said,))

    return encode(items, recipe, row)


def encode_pairs(items: Sequence[Item], prompts: PromptBuilder, recipe: Recipe) -> Encoded:
    """Items with their chosen and their rejected completion."""

    def row(number: int, item: Item, shown: GuardInput) -> Row | str:  # noqa: ARG001 - encode gives it
        if item.rejected is None:
            return "no_rejected"
        if item.rejected.judgment is item.chosen.judgment:
            return "same_judgment"
        chosen, rejected = (say(said, shown.protocol, prompts) for said in (item.chosen, item.rejected))
        if isinstance(chosen, str) or isinstance(rejected, str):
            return chosen if isinstance(chosen, str) else str(rejected)
        return make_row(item, shown, prompts, (chosen, rejected))

    return encode(items, recipe, row)


def encode(items: Sequence[Item], recipe: Recipe, make: Callable[[int, Item, GuardInput], Row | str]) -> Encoded:
    """What `make` gives for each item: its row, or the reason that there is none."""
    rows, left_out = [], Counter[str]()
    for number, item in enumerate(items):
        shown = show(item, recipe.auditor)
        row = make(number, item, shown)
        if isinstance(row, Row) and row.n_tokens > recipe.batches.max_length:
            row = "too_long"
        if isinstance(row, str):
            left_out[row] += 1
        else:
            rows.append(row)
    return Encoded(tuple(rows), dict(left_out))


def show(item: Item, auditor: Auditor) -> GuardInput:
    """What the guard is shown of an item."""
    return guard_input(item.triple, auditor.max_images, absent_thinking=Protocol(auditor.absent_thinking))


def make_row(item: Item, shown: GuardInput, prompts: PromptBuilder, completions: tuple[Completion, ...]) -> Row:
    """The row of an item."""
    prompted = prompts.prompt(shown)
    return Row(prompted.ids, shown.images, completions, shown.protocol, item.triple.id)


def say(said: Said, protocol: Protocol, prompts: PromptBuilder, *, alone: bool = False) -> Completion | str:
    """A completion in the guard's form; or why it cannot be one.

    Args:
        said: analysis and judgment.
        protocol: whose labels are used.
        prompts: of the checkpoint.
        alone: without the analysis, as triage asks.
    """
    if said.judgment not in LEVELS[protocol]:
        return "no_such_level"
    analysis = " ".join(said.analysis.split())  # one line: the judgment's line is the second
    text = f"“Analysis”: {analysis}\n{JUDGMENT_HEAD}{said.judgment.label}"
    if not alone and read_completion(text) != Reading(analysis, said.judgment):
        return "unreadable"
    label = prompts.tries[protocol].paths[said.judgment]
    return Completion((*prompts.label_head(None if alone else analysis, protocol), *label), len(label))


def draw_judgment_first(n_items: int, share: float, seed: int) -> frozenset[int]:
    """Positions of the items that are learned with the judgment alone: a share of them, the same for the same seed."""
    rng = random.Random(seed)  # noqa: S311 - reproducible, not secret
    return frozenset(rng.sample(range(n_items), round(share * n_items)))
