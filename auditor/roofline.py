"""The physical limit of judging on a device: how many triples a second its arithmetic and its memory allow.

Counted are multiply-adds of the language model and the vision tower, two operations each, for the tokens that are not
in the prefix cache; and for what is written, the reading of weights, keys and values at every step. Real engines reach
a third to a half of it.

Source: the usual counting of transformer operations (2 per weight and token, 4 x width x context per layer for
attention), with the shapes of the checkpoint's own config.json; peak figures from the makers' data sheets, dense.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Device:
    """What a device can do at most.

    Attributes:
        flops: operations a second in bfloat16, dense.
        bytes_per_s: of its memory.
    """

    flops: float
    bytes_per_s: float


# A part of the name that torch gives -> bfloat16 TFLOPS without sparsity, GB/s.
DEVICES = {
    "H200": Device(989e12, 4800e9),
    "H100": Device(989e12, 3350e9),
    "A100": Device(312e12, 2039e9),
    "L40S": Device(362e12, 864e9),
    "L4": Device(121e12, 300e9),
    "A10": Device(125e12, 600e9),
}


def device_named(name: str) -> Device | None:
    """The device of that name, where we know it; the longest name that fits, so that L40S is no L4."""
    fitting = sorted((known for known in DEVICES if known in name), key=len)
    return DEVICES[fitting[-1]] if fitting else None


@dataclass(frozen=True, slots=True)
class Work:
    """What one triple costs on average.

    Attributes:
        prompt_tokens: image tokens included.
        cached_tokens: of those, the ones whose keys and values need no computing.
        image_tokens: of those, from the vision tower.
        output_tokens: written; 0 in triage.
    """

    prompt_tokens: float
    cached_tokens: float
    image_tokens: float
    output_tokens: float


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of a Qwen2.5-VL model that decide what it costs.

    Attributes:
        weights: of the language model's layers, embeddings left out.
        width, layers: of the language model.
        head_weights: of its output layer, which every written token passes.
        kv_values: keys and values that one token leaves in all layers.
        vision_weights: of the vision tower's layers; one image token is `merged` patches.
        merger_weights: of the layer that merges them.
    """

    weights: float
    width: int
    layers: int
    head_weights: float
    kv_values: float
    vision_weights: float
    vision_width: int
    full_layers: int
    window_layers: int
    window_patches: int
    merged: int
    merger_weights: float

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The shape that a checkpoint's config.json gives."""
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        return cls.of(config.get("text_config") or config, config["vision_config"])

    @classmethod
    def of(cls, text: Mapping[str, Any], vision: Mapping[str, Any]) -> Self:
        """The shape of a language model and a vision tower, from their configurations."""
        width, layers, heads = text["hidden_size"], text["num_hidden_layers"], text["num_attention_heads"]
        kv_width = text["num_key_value_heads"] * (text.get("head_dim") or width // heads)
        layer = 2 * width * width + 2 * width * kv_width + 3 * width * text["intermediate_size"]
        seen, merged = vision["hidden_size"], vision["spatial_merge_size"] ** 2
        full = len(vision["fullatt_block_indexes"])
        return cls(
            weights=layer * layers,
            width=width,
            layers=layers,
            head_weights=width * text["vocab_size"],
            kv_values=2 * layers * kv_width,
            vision_weights=vision["depth"] * (4 * seen * seen + 3 * seen * vision["intermediate_size"]),
            vision_width=seen,
            full_layers=full,
            window_layers=vision["depth"] - full,
            window_patches=(vision["window_size"] // vision["patch_size"]) ** 2,
            merged=merged,
            merger_weights=(seen * merged) ** 2 + seen * merged * vision["out_hidden_size"],
        )

    def prefill(self, work: Work) -> float:
        """Operations for a prompt, its image and its first label."""
        new = work.prompt_tokens - work.cached_tokens
        context = (work.prompt_tokens + work.cached_tokens) / 2  # each new token looks at those before it
        text = new * (2 * self.weights + 4 * self.width * context * self.layers) + 2 * self.head_weights
        return text + self.see(work.image_tokens)

    def see(self, image_tokens: float) -> float:
        """Operations of the vision tower."""
        patches = image_tokens * self.merged
        looked = self.full_layers * patches + self.window_layers * min(self.window_patches, patches)
        return patches * (2 * self.vision_weights + 4 * self.vision_width * looked) + (
            image_tokens * 2 * self.merger_weights
        )

    def decode_s(self, work: Work, batch: int, device: Device) -> float:
        """Seconds that writing takes for one triple of `batch` that are written at a time; bfloat16."""
        read = 2 * (self.weights + self.head_weights) + 2 * batch * self.kv_values * work.prompt_tokens
        computed = 2 * batch * (self.weights + self.head_weights)
        step = max(read / device.bytes_per_s, computed / device.flops)
        return work.output_tokens * step / batch


def triples_per_s(shape: Shape, work: Work, device: Device, batch: int = 256) -> float:
    """The limit: prefill at the peak of arithmetic, then writing at that of memory, one after the other."""
    return 1 / (shape.prefill(work) / device.flops + shape.decode_s(work, batch, device))
