"""One forward pass of a Qwen2.5-VL model over rows that share a prefix, with positions that we compute ourselves.

Rows are padded on the right. The mask hides the padding and the positions are explicit, so a row's result does not
depend on its neighbours, and decoding may go on behind the padding.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from PIL import Image
from transformers import DynamicCache, Qwen2_5_VLForConditionalGeneration, Qwen2VLImageProcessor


@dataclass(frozen=True, slots=True)
class Prefix:
    """Token ids that all rows start with, and the keys and values that the model has for them.

    Attributes:
        ids: shape (length,).
        layers: for each layer keys and values, shape (1, heads, length, head dimension).
    """

    ids: tuple[int, ...]
    layers: tuple[tuple[torch.Tensor, torch.Tensor], ...]

    def cache(self, n_rows: int) -> DynamicCache:
        """A fresh cache that holds the prefix for `n_rows` rows."""
        return DynamicCache([(k.expand(n_rows, -1, -1, -1), v.expand(n_rows, -1, -1, -1)) for k, v in self.layers])


@dataclass(frozen=True, slots=True)
class Pixels:
    """The images of a batch as the vision tower takes them: patches, and (time, height, width) for each image."""

    pixel_values: torch.Tensor
    image_grid_thw: torch.Tensor


def look_at(
    images: Sequence[Image.Image], processor: Qwen2VLImageProcessor, model: Qwen2_5_VLForConditionalGeneration
) -> Pixels | None:
    """Images, already scaled to whole patches, as the vision tower takes them; None where there are none."""
    if not images:
        return None
    seen = processor(images=list(images), do_resize=False, return_tensors="pt")
    return Pixels(seen["pixel_values"].to(model.device), seen["image_grid_thw"])


@dataclass(frozen=True, slots=True)
class Rows:
    """Padded rows, shape (rows, longest), prefix included.

    Attributes:
        ids: token ids.
        mask: 1 where there is a token.
        positions: rotary positions, shape (3, rows, longest).
    """

    ids: torch.Tensor
    mask: torch.Tensor
    positions: torch.Tensor


def encode_prefix(model: Qwen2_5_VLForConditionalGeneration, ids: Sequence[int]) -> Prefix:
    """The prefix computed once; gradients flow through it where they are on."""
    tokens = torch.tensor([list(ids)], device=model.device)
    cache = DynamicCache()
    positions = torch.arange(tokens.shape[1], device=model.device).view(1, 1, -1).expand(3, 1, -1)
    model.model(input_ids=tokens, position_ids=positions, past_key_values=cache, use_cache=True)
    return Prefix(tuple(ids), tuple((layer.keys, layer.values) for layer in cache.layers))


def pad_rows(model: Qwen2_5_VLForConditionalGeneration, rows: Sequence[Sequence[int]], pixels: Pixels | None) -> Rows:
    """Rows as tensors on the model's device, with the positions of text and image tokens."""
    longest = max(len(row) for row in rows)
    pad = model.config.text_config.pad_token_id or 0
    ids = torch.tensor([[*row, *([pad] * (longest - len(row)))] for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
    grid = pixels.image_grid_thw if pixels else None
    is_image = ((ids == model.config.image_token_id) & (mask == 1)).int()
    positions, _ = model.model.get_rope_index(ids, is_image, image_grid_thw=grid, attention_mask=mask)
    return Rows(ids.to(model.device), mask.to(model.device), positions.to(model.device))


def hidden_states(
    model: Qwen2_5_VLForConditionalGeneration,
    rows: Rows,
    prefix: Prefix,
    pixels: Pixels | None,
    cache: DynamicCache | None = None,
) -> torch.Tensor:
    """Hidden states behind the prefix, shape (rows, longest - prefix length, width).

    Args:
        model: that made the prefix.
        rows: each of which starts with the prefix.
        prefix: of `encode_prefix`.
        pixels: of the images in the rows, in row order.
        cache: of `prefix.cache(n_rows)`, when the caller goes on decoding with it.
    """
    start = len(prefix.ids)
    vision = {"pixel_values": pixels.pixel_values, "image_grid_thw": pixels.image_grid_thw} if pixels else {}
    out = model.model(
        input_ids=rows.ids[:, start:],
        attention_mask=rows.mask,
        position_ids=rows.positions[:, :, start:],
        past_key_values=cache if cache is not None else prefix.cache(len(rows.ids)),
        use_cache=True,
        **vision,
    )
    hidden: torch.Tensor = out.last_hidden_state
    return hidden
