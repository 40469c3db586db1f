"""What the backends that run a model share: triples as prompts of the very same token ids and pixels."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from PIL import Image

from auditor.errors import ModelUnusable
from auditor.labels import LabelTrie, build_trie
from auditor.prompt import build_prompt, shared_prefix
from auditor.tokens import IMAGE_PAD, GuardTokenizer, load_tokenizer
from auditor.vision import VisionLimits, count_tokens, expand, fit
from conf.schema import Auditor
from ingest.qta import QTATriple


@dataclass(frozen=True, slots=True)
class Prompted:
    """One prompt, ready for a model.

    Attributes:
        ids: with the image pad repeated for every image token.
        compact: the same ids with one image pad, as vLLM wants them.
        image: scaled to whole patches, or None.
    """

    ids: tuple[int, ...]
    compact: tuple[int, ...]
    image: Image.Image | None

    def followed_by(self, tail: Sequence[int]) -> "Prompted":
        """The same prompt with ids of ours behind it."""
        return Prompted((*self.ids, *tail), (*self.compact, *tail), self.image)


@dataclass(frozen=True, slots=True)
class PromptBuilder:
    """Builds prompts and label probes for one checkpoint.

    Attributes:
        prefix: ids that all prompts start with.
        max_tokens: a longer prompt is not judged.
    """

    system_prompt: str
    tokenizer: GuardTokenizer
    trie: LabelTrie
    vision: VisionLimits
    prefix: tuple[int, ...]
    max_tokens: int

    @classmethod
    def load(cls, config: Auditor, folder: Path, system_prompt: str) -> Self:
        """The builder for a checkpoint folder.

        Raises:
            ModelUnusable: the folder lacks a usable tokenizer or image processor.
        """
        tokenizer = load_tokenizer(folder)
        return cls(
            system_prompt,
            tokenizer,
            build_trie(tokenizer),
            read_vision_limits(folder, config.max_image_pixels),
            tuple(shared_prefix(system_prompt, tokenizer)),
            config.max_prompt_tokens,
        )

    def prompt(self, triple: QTATriple) -> Prompted:
        """The prompt of a triple, up to the head of the guard's turn."""
        prompt = build_prompt(triple, self.system_prompt, self.tokenizer)
        image = fit(prompt.image, self.vision) if prompt.image else None
        n_tokens = count_tokens(image, self.vision) if image else 0
        ids = expand(prompt.ids, self.tokenizer.specials[IMAGE_PAD], n_tokens)
        return Prompted(tuple(ids), prompt.ids, image)

    def up_to_label(self, triple: QTATriple, analysis: str) -> Prompted:
        """The prompt with the analysis as the guard's own, up to the place where its label stands."""
        return self.prompt(triple).followed_by(self.label_head(analysis))

    def label_head(self, analysis: str) -> tuple[int, ...]:
        """Ids of the guard's own turn up to the place where its label stands."""
        return (*self.tokenizer.text(f"“Analysis”: {analysis}\n"), *self.trie.head)


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
