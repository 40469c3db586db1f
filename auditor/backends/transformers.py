"""The guard model through transformers: runs anywhere, in length-bucketed micro-batches over a shared prefix."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self

import torch
from transformers import AutoImageProcessor, Qwen2_5_VLForConditionalGeneration
from transformers.utils import logging as transformers_logging

from auditor.backends.base import Completion, TooLong
from auditor.backends.prompts import PromptBuilder, Prompted
from auditor.errors import BackendFailed, ModelUnusable
from auditor.labels import LabelProbabilities, probabilities
from auditor.microbatch import plan
from auditor.models import Checkpoint
from auditor.qwen import Pixels, Prefix, Rows, encode_prefix, hidden_states, look_at, pad_rows
from auditor.tokens import IM_END
from conf.schema import Auditor
from ingest.qta import QTATriple


@dataclass(frozen=True, slots=True)
class TransformersBackend:
    """Keeps the promises of `base.Backend`; one model on one device.

    Attributes:
        prefix: the system prompt's keys and values, computed once.
        max_rows, max_tokens: bounds of one micro-batch; tokens count padding.
    """

    model: Qwen2_5_VLForConditionalGeneration
    processor: AutoImageProcessor
    prompts: PromptBuilder
    prefix: Prefix
    max_rows: int
    max_tokens: int
    max_new_tokens: int

    @classmethod
    def load(cls, config: Auditor, checkpoint: Checkpoint, system_prompt: str) -> Self:
        """The model on a GPU where there is one, else on the CPU.

        Raises:
            ModelUnusable: the checkpoint is not a Qwen2.5-VL model with a tokenizer and an image processor.
        """
        prompts = PromptBuilder.load(config, checkpoint.folder, system_prompt)
        model = load_model(checkpoint, config.dtype)
        with torch.inference_mode():
            prefix = encode_prefix(model, prompts.prefix)
        return cls(
            model,
            AutoImageProcessor.from_pretrained(checkpoint.folder, trust_remote_code=False),
            prompts,
            prefix,
            config.micro_batch_rows,
            config.micro_batch_tokens,
            config.max_new_tokens,
        )

    @property
    def image_pixels(self) -> int:
        """See Backend."""
        return self.prompts.vision.max_pixels

    def complete(self, triples: Sequence[QTATriple]) -> list[Completion | TooLong]:
        """The greedy completion of each triple's prompt."""
        prompted = [self.prompts.prompt(triple) for triple in triples]
        results: list[Completion | TooLong] = [TooLong(len(p.ids)) for p in prompted]
        fitting = [i for i, p in enumerate(prompted) if len(p.ids) <= self.prompts.max_tokens]
        for batch in self.batches(fitting, prompted):
            for i, completion in zip(batch, self.generate([prompted[i] for i in batch]), strict=True):
                results[i] = completion
        return results

    def label_probabilities(self, triples: Sequence[QTATriple], analyses: Sequence[str]) -> list[LabelProbabilities]:
        """One pass over prompt, analysis and the longest label gives every branching of the label trie."""
        heads = [self.prompts.up_to_label(t, a) for t, a in zip(triples, analyses, strict=True)]
        prompted = [head.followed_by(self.prompts.trie.probe) for head in heads]
        results: dict[int, LabelProbabilities] = {}
        for batch in self.batches(range(len(prompted)), prompted):
            results.update(zip(batch, self.read_labels([prompted[i] for i in batch]), strict=True))
        return [results[i] for i in range(len(prompted))]

    def batches(self, indices: Sequence[int], prompted: Sequence[Prompted]) -> Iterator[list[int]]:
        """Micro-batches of `indices`, alike in length."""
        lengths = [len(prompted[i].ids) for i in indices]
        return ([indices[k] for k in batch] for batch in plan(lengths, self.max_rows, self.max_tokens))

    def generate(self, batch: Sequence[Prompted]) -> list[Completion]:
        """Greedy decoding of one micro-batch."""
        with torch.inference_mode(), broken_machinery():
            pixels = self.pixels(batch)
            rows = pad_rows(self.model, [p.ids for p in batch], pixels)
            return self.decode(batch, rows, pixels)

    def decode(self, batch: Sequence[Prompted], rows: Rows, pixels: Pixels | None) -> list[Completion]:
        """Token by token behind the padding: mask and positions are explicit, so rows may differ in length."""
        cache = self.prefix.cache(len(batch))
        hidden = hidden_states(self.model, rows, self.prefix, pixels, cache)
        lengths = rows.mask.sum(1)
        last = hidden[torch.arange(len(batch)), lengths - 1 - len(self.prefix.ids)]
        position = rows.positions.max(0).values.max(1).values + 1
        end = self.prompts.tokenizer.specials[IM_END]
        mask, done, written = rows.mask, torch.zeros_like(lengths, dtype=torch.bool), []
        for _ in range(self.max_new_tokens):
            token = self.model.lm_head(last).argmax(-1).masked_fill(done, end)
            done = done | (token == end)
            written.append(token)
            if done.all():
                break
            mask = torch.cat([mask, mask.new_ones(len(batch), 1)], 1)
            step = self.model.model(
                input_ids=token.unsqueeze(1),
                attention_mask=mask,
                position_ids=position.view(1, -1, 1).expand(3, -1, -1),
                past_key_values=cache,
                use_cache=True,
            )
            last, position = step.last_hidden_state[:, -1], position + 1
        return [self.completion(p, ids, end) for p, ids in zip(batch, torch.stack(written, 1).tolist(), strict=True)]

    def completion(self, prompted: Prompted, ids: list[int], end: int) -> Completion:
        """What one row wrote, up to the end of its turn."""
        finished = end in ids
        text = ids[: ids.index(end)] if finished else ids
        return Completion(self.prompts.tokenizer.decode(text), finished, len(prompted.ids), len(text))

    def read_labels(self, batch: Sequence[Prompted]) -> list[LabelProbabilities]:
        """The labels' probabilities of one micro-batch of probes."""
        trie = self.prompts.trie
        with torch.inference_mode(), broken_machinery():
            pixels = self.pixels(batch)
            rows = pad_rows(self.model, [p.ids for p in batch], pixels)
            hidden = hidden_states(self.model, rows, self.prefix, pixels)
            roots = [len(p.ids) - len(trie.probe) - 1 - len(self.prefix.ids) for p in batch]
            nodes = [node for node, _ in trie.branchings()]
            at = torch.stack([hidden[row, [root + len(node) for node in nodes]] for row, root in enumerate(roots)])
            logits = self.model.lm_head(at).float()
        return [
            probabilities(
                trie, {n: {t: float(logits[row, k, t]) for t in ts} for k, (n, ts) in enumerate(trie.branchings())}
            )
            for row in range(len(batch))
        ]

    def pixels(self, batch: Sequence[Prompted]) -> Pixels | None:
        """The images of a micro-batch as the vision tower takes them."""
        return look_at([p.image for p in batch if p.image is not None], self.processor, self.model)


@contextmanager
def broken_machinery() -> Iterator[None]:
    """Turns a failure of the engine into BackendFailed; its message might hold log text, so only its type stays."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        raise BackendFailed(
            f"the model failed on a micro-batch ({type(error).__name__}); try a smaller auditor.micro_batch_tokens"
        ) from error


def load_model(checkpoint: Checkpoint, dtype: str) -> Qwen2_5_VLForConditionalGeneration:
    """The weights, from safetensors alone, on the device we have."""
    cuda = torch.cuda.is_available()
    chosen = {"auto": torch.bfloat16 if cuda else torch.float32, "float32": torch.float32, "bfloat16": torch.bfloat16}[
        dtype
    ]
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    try:
        model = Qwen2_5_VLForConditionalGeneration.from_pretrained(
            checkpoint.folder, dtype=chosen, use_safetensors=True, trust_remote_code=False
        )
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise ModelUnusable(
            f"{checkpoint.folder}: not a Qwen2.5-VL checkpoint that can be loaded ({type(error).__name__})"
        ) from error
    return model.to("cuda" if cuda else "cpu").eval()
