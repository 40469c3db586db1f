"""A Qwen2.5-VL model to which a prompt is given beside what continues it, so that what is shared is computed once.

All prompts start with the same system turn, and a chosen and a rejected completion continue the same prompt. Packed or
padding-free rows, which TRL does not have for models that see images, would compute all of that again for each row.
Here the shared start is computed once for a batch, each prompt once, and only then the completions; gradients flow
through all of it. Where activations are checkpointed no keys and values can be kept, and whole rows are computed: the
same hidden states, at the cost of the shared tokens.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.functional import dropout
from transformers import DynamicCache, Qwen2_5_VLForConditionalGeneration
from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import Qwen2_5_VLModel, Qwen2_5_VLModelOutputWithPast

Vision = dict[str, torch.Tensor]


@dataclass(frozen=True, slots=True)
class Parts:
    """Padded ids, mask and rotary positions, shape (3, rows, longest), of prompts and of what continues them."""

    prompt_ids: torch.Tensor
    prompt_mask: torch.Tensor
    prompt_positions: torch.Tensor
    ids: torch.Tensor
    mask: torch.Tensor
    positions: torch.Tensor

    @property
    def times(self) -> int:
        """How many rows continue each prompt."""
        return len(self.ids) // len(self.prompt_ids)

    @property
    def whole_mask(self) -> torch.Tensor:
        """The mask over prompt and continuation."""
        return torch.cat([self.prompt_mask.repeat(self.times, 1), self.mask], 1)


class Context(Qwen2_5_VLModel):  # type: ignore[misc] # Any to mypy
    """The model under the language model's head; see the module.

    Attributes:
        dropped: share of the last hidden states that training drops.
        whole_rows: compute prompt and completion of each row as one sequence.
    """

    dropped: float = 0.0
    whole_rows: bool = False

    def forward(
        self,
        input_ids: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        *args: Any,
        prompt_ids: torch.Tensor | None = None,
        **kwargs: Any,
    ) -> Any:
        """Hidden states of `input_ids`, shape (rows, longest, width), behind the prompts where there are any.

        Args:
            input_ids: completions, each with the last token of its prompt before it; rows a multiple of the prompts',
                row i continuing prompt i modulo their number.
            attention_mask: 1 where there is a token of those; padding is on the right.
            args: of a call without prompts.
            prompt_ids: the prompts without their last tokens, padded on the right.
            kwargs: prompt_mask; n_shared, how many ids at the start all prompts share; pixel_values, image_grid_thw.
        """
        if prompt_ids is None or input_ids is None or attention_mask is None:
            return super().forward(input_ids, attention_mask, *args, **kwargs)
        prompt_mask, n_shared = kwargs["prompt_mask"], kwargs["n_shared"]
        vision: Vision = {key: kwargs[key] for key in ("pixel_values", "image_grid_thw") if key in kwargs}
        positions = self.prompt_positions(prompt_ids, prompt_mask, vision.get("image_grid_thw"))
        times = len(input_ids) // len(prompt_ids)
        behind = positions.amax((0, 2)).repeat(times).view(1, -1, 1) + 1
        after = (behind + torch.arange(input_ids.shape[1], device=input_ids.device)).expand(3, -1, -1)
        parts = Parts(prompt_ids, prompt_mask, positions, input_ids, attention_mask, after)
        hidden = self.in_whole(parts, vision) if self.whole else self.in_parts(parts, n_shared, vision)
        return Qwen2_5_VLModelOutputWithPast(last_hidden_state=dropout(hidden, self.dropped, self.training))

    @property
    def whole(self) -> bool:
        """Whether each row is computed as one sequence."""
        return self.whole_rows or bool(self.language_model.gradient_checkpointing and self.training)

    def prompt_positions(
        self, ids: torch.Tensor, mask: torch.Tensor, image_grid_thw: torch.Tensor | None
    ) -> torch.Tensor:
        """Rotary positions of prompts, shape (3, rows, longest); 0 where there is padding."""
        is_image = ((ids == self.config.image_token_id) & (mask == 1)).int()
        positions, _ = self.get_rope_index(ids, is_image, image_grid_thw=image_grid_thw, attention_mask=mask)
        at: torch.Tensor = positions.masked_fill(mask == 0, 0)
        return at

    def in_parts(self, parts: Parts, n_shared: int, vision: Vision) -> torch.Tensor:
        """The shared start once, each prompt once, then what continues them."""
        cache = DynamicCache()
        n_prompts = len(parts.prompt_ids)
        super().forward(
            input_ids=parts.prompt_ids[:1, :n_shared],
            position_ids=parts.prompt_positions[:, :1, :n_shared],
            past_key_values=cache,
            use_cache=True,
        )
        cache = repeated(cache, n_prompts)
        super().forward(
            input_ids=parts.prompt_ids[:, n_shared:],
            attention_mask=parts.prompt_mask,
            position_ids=parts.prompt_positions[:, :, n_shared:],
            past_key_values=cache,
            use_cache=True,
            **vision,
        )
        hidden: torch.Tensor = (
            super()
            .forward(
                input_ids=parts.ids,
                attention_mask=parts.whole_mask,
                position_ids=parts.positions,
                past_key_values=repeated(cache, parts.times),
                use_cache=True,
            )
            .last_hidden_state
        )
        return hidden

    def in_whole(self, parts: Parts, vision: Vision) -> torch.Tensor:
        """Each row as one sequence: its prompt, padding that the mask hides, and what continues it."""
        times = parts.times
        hidden: torch.Tensor = (
            super()
            .forward(
                input_ids=torch.cat([parts.prompt_ids.repeat(times, 1), parts.ids], 1),
                attention_mask=parts.whole_mask,
                position_ids=torch.cat([parts.prompt_positions.repeat(1, times, 1), parts.positions], 2),
                use_cache=False,
                **{key: value.repeat(times, 1) for key, value in vision.items()},
            )
            .last_hidden_state
        )
        return hidden[:, parts.prompt_ids.shape[1] :]


def repeated(cache: DynamicCache, times: int) -> DynamicCache:
    """A cache for that many times the rows, in the same order each time."""
    return DynamicCache([(k.repeat(times, 1, 1, 1), v.repeat(times, 1, 1, 1)) for k, v in layers_of(cache)])


def layers_of(cache: DynamicCache) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Keys and values of each layer."""
    return [(layer.keys, layer.values) for layer in cache.layers]


def take_context(
    model: Qwen2_5_VLForConditionalGeneration, dropped: float = 0.0, *, whole_rows: bool = False
) -> Qwen2_5_VLForConditionalGeneration:
    """The model, now taking prompts beside their continuations; weights and names stay what they are."""
    model.model.__class__ = Context
    model.model.dropped, model.model.whole_rows = dropped, whole_rows
    return model
