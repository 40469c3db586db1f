"""What the backends that run a model share: cases as prompts of the very same token ids and pixels."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from PIL import Image

from auditor.errors import ModelUnusable
from auditor.guard_input import GuardInput, Protocol
from auditor.labels import LabelTrie, build_trie
from auditor.prompt import prompt_ids, shared_prefix
from auditor.tokens import IMAGE_PAD, GuardTokenizer, load_tokenizer
from auditor.vision import Fitter, VisionLimits, count_tokens, expand
from conf.schema import Auditor


@dataclass(frozen=True, slots=True)
class Prompted:
    """One prompt, ready for a model.

    Attributes:
        ids: with the image pad repeated for every image token.
        compact: the same ids with one pad for each image, as vLLM wants them.
        images: scaled to whole patches.
    """

    ids: tuple[int, ...]
    compact: tuple[int, ...]
    images: tuple[Image.Image, ...]
    protocol: Protocol = Protocol.QTA
    adapted: tuple[str, ...] = ()

    @property
    def n_tokens(self) -> int:
        """Length of the prompt, images included."""
        return len(self.ids)

    def followed_by(self, tail: Sequence[int]) -> "Prompted":
        """The same prompt with ids of ours behind it."""
        return Prompted((*self.ids, *tail), (*self.compact, *tail), self.images, self.protocol, self.adapted)


@dataclass(frozen=True, slots=True)
class PromptBuilder:
    """Builds prompts and label probes for one checkpoint.

    Attributes:
        system_prompts: of the protocols that are in use.
        tries: the label trie of each of them.
        prefixes: the ids that all prompts of each of them start with.
        max_tokens: a longer prompt is not judged.
    """

    system_prompts: Mapping[Protocol, str]
    tokenizer: GuardTokenizer
    tries: Mapping[Protocol, LabelTrie]
    fit: Fitter
    prefixes: Mapping[Protocol, tuple[int, ...]]
    max_tokens: int

    @classmethod
    def load(cls, config: Auditor, folder: Path, system_prompts: Mapping[Protocol, str]) -> Self:
        """The builder for a checkpoint folder.

        Raises:
            ModelUnusable: the folder lacks a usable tokenizer or image processor.
        """
        tokenizer = load_tokenizer(folder)
        return cls(
            system_prompts,
            tokenizer,
            {protocol: build_trie(tokenizer, protocol) for protocol in system_prompts},
            Fitter(read_vision_limits(folder, config.max_image_pixels)),
            {protocol: tuple(shared_prefix(text, tokenizer)) for protocol, text in system_prompts.items()},
            config.max_prompt_tokens,
        )

    @property
    def vision(self) -> VisionLimits:
        """How large an image may be."""
        return self.fit.limits

    def prompt(self, shown: GuardInput) -> Prompted:
        """The prompt of a case, up to the head of the guard's turn."""
        compact = prompt_ids(shown, self.system_prompts[shown.protocol], self.tokenizer)
        images = tuple(map(self.fit, shown.images))
        ids = expand(compact, self.tokenizer.specials[IMAGE_PAD], [count_tokens(i, self.vision) for i in images])
        return Prompted(tuple(ids), tuple(compact), images, shown.protocol)

    def up_to_label(self, prompted: Prompted, analysis: str | None) -> Prompted:
        """The prompt with the analysis as the guard's own, up to the place where its label stands."""
        return prompted.followed_by(self.label_head(analysis, prompted.protocol))

    def label_head(self, analysis: str | None, protocol: Protocol = Protocol.QTA) -> tuple[int, ...]:
        """Ids of the guard's own turn up to the place where its label stands; None writes no analysis before it."""
        written = () if analysis is None else self.tokenizer.text(f"“Analysis”: {analysis}\n")
        return (*written, *self.tries[protocol].head)


class Prompting:
    """What the backends that build prompts have in common; see Backend."""

    __slots__ = ()
    prompts: PromptBuilder

    @property
    def image_pixels(self) -> int:
        """See Backend."""
        return self.prompts.vision.max_pixels

    @property
    def max_tokens(self) -> int:
        """See Backend."""
        return self.prompts.max_tokens


class InProcess(Prompting):
    """What those of them have in common that hand token ids to their model; see Backend."""

    __slots__ = ()

    def count_text(self, text: str) -> int:
        """See Backend."""
        return len(self.prompts.tokenizer.text(text))

    def prepare(self, shown: GuardInput) -> Prompted:
        """See Backend."""
        return self.prompts.prompt(shown)


def read_vision_limits(folder: Path, max_pixels: int) -> VisionLimits:
    """The image sizes that a checkpoint was made for, bounded by the configured one."""
    try:
        described = json.loads((folder / "preprocessor_config.json").read_text(encoding="utf-8"))
        size = described.get("size") or {}
        smallest = described.get("min_pixels") or size["shortest_edge"]
        largest = described.get("max_pixels") or size["longest_edge"]
        return VisionLimits(described["patch_size"] * described["merge_size"], smallest, min(largest, max_pixels))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelUnusable(f"{folder}/preprocessor_config.json: not readable as Qwen2.5-VL's ({error})") from None
