"""What a training needs of a device's memory, as sums that a person can follow; pure.

Bytes for each weight: 4 for one that is trained, 4 for its gradient, 8 for Adam's two moments; 2 or 4 for one that is
not. Activations are an estimate by what the layers keep for the way back, and are said to be one.
"""

from collections.abc import Mapping
from dataclasses import dataclass

GIB = 2**30
TRAINED = 16  # bytes of a weight that is trained: float32 weight, gradient, two moments
KEPT_WIDTHS = 10  # activations of one layer, in hidden widths: norms, queries, keys, values, attention, residuals
KEPT_MLP = 4  # and in widths of the feed-forward part
TILE = 32768  # vocabulary entries whose logits TRL computes at once


@dataclass(frozen=True, slots=True)
class Shape:
    """A Qwen2.5-VL model by its numbers.

    Attributes:
        n_weights: all of them, a tied head once.
        n_adapter: of the adapter.
        kv_width: of keys, and of values.
        vision_width, vision_mlp: of the vision tower.
    """

    n_weights: int
    n_adapter: int
    layers: int
    width: int
    mlp: int
    kv_width: int
    vocabulary: int
    vision_width: int
    vision_mlp: int


@dataclass(frozen=True, slots=True)
class Load:
    """The heaviest batch of a stage.

    Attributes:
        tokens: that go through the layers: rows times the longest, for each completion.
        learned: tokens of the completions.
        patches: of the images, before they are merged.
        preference: two completions, and a reference.
    """

    tokens: int
    learned: int
    patches: int
    preference: bool


@dataclass(frozen=True, slots=True)
class Way:
    """How it is trained.

    Attributes:
        full: all weights, not an adapter.
        half: computed in bfloat16.
        checkpointing: activations are computed twice.
    """

    full: bool
    half: bool
    checkpointing: bool


def needed(shape: Shape, load: Load, way: Way) -> dict[str, int]:
    """Bytes by what they are for; their sum is the peak, as an estimate."""
    size = 2 if way.half else 4
    layer = load.tokens * size * (KEPT_WIDTHS * shape.width + 2 * shape.kv_width + KEPT_MLP * shape.mlp)
    kept = load.tokens * shape.width * size * shape.layers + layer if way.checkpointing else layer * shape.layers
    vision = load.patches * size * (KEPT_WIDTHS * shape.vision_width + KEPT_MLP * shape.vision_mlp)
    frozen = 0 if way.full else shape.n_weights * size
    return {
        "weights that are not trained": frozen,
        "weights that are trained, with gradients and Adam's moments": TRAINED
        * (shape.n_weights if way.full else shape.n_adapter),
        "a frozen copy as the reference": shape.n_weights * size if way.full and load.preference else 0,
        "activations of the language model": kept,
        "activations of the vision tower": vision,
        "logits of the completions": load.learned * min(TILE, shape.vocabulary) * 4 * 2,
    }


def in_gib(needs: Mapping[str, int]) -> float:
    """The sum, in GiB."""
    return sum(needs.values()) / GIB
