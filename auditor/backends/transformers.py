"""The guard model through transformers: runs anywhere, in length-bucketed micro-batches over a shared prefix."""

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self

import torch
from transformers import AutoImageProcessor, Qwen2_5_VLForConditionalGeneration
from transformers.utils import logging as transformers_logging

from auditor.backends.base import GREEDY, Completion, Sampling
from auditor.backends.prompts import InProcess, PromptBuilder, Prompted
from auditor.errors import BackendFailed, ModelUnusable, OutOfMemory
from auditor.guard_input import Protocol
from auditor.labels import LabelProbabilities, probabilities
from auditor.microbatch import Result, Room
from auditor.models import Checkpoint
from auditor.qwen import Pixels, Prefix, Rows, encode_prefix, hidden_states, look_at, pad_rows
from auditor.tokens import IM_END
from conf.schema import Auditor


@dataclass(frozen=True, slots=True)
class TransformersBackend(InProcess):
    """Keeps the promises of `base.Backend`; one model on one device.

    Attributes:
        prefixes: each system prompt's keys and values, computed once.
        room: how much goes through it at once.
    """

    model: Qwen2_5_VLForConditionalGeneration
    processor: AutoImageProcessor
    prompts: PromptBuilder
    prefixes: Mapping[Protocol, Prefix]
    room: Room
    max_new_tokens: int

    @classmethod
    def load(cls, config: Auditor, checkpoint: Checkpoint, system_prompts: Mapping[Protocol, str]) -> Self:
        """The model on a GPU where there is one, else on the CPU.

        Raises:
            ModelUnusable: the checkpoint is not a Qwen2.5-VL model with a tokenizer and an image processor.
        """
        prompts = PromptBuilder.load(config, checkpoint.folder, system_prompts)
        model = load_model(checkpoint, config.dtype)
        with torch.inference_mode():
            prefixes = {protocol: encode_prefix(model, ids) for protocol, ids in prompts.prefixes.items()}
        return cls(
            model,
            AutoImageProcessor.from_pretrained(checkpoint.folder, trust_remote_code=False),
            prompts,
            prefixes,
            Room(config.micro_batch_rows, config.micro_batch_tokens),
            config.max_new_tokens,
        )

    def complete(self, prepared: Sequence[Prompted], sampling: Sampling = GREEDY) -> list[Completion]:
        """See Backend."""
        return self.by_protocol(prepared, lambda batch: self.generate(batch, sampling))

    def label_probabilities(
        self, prepared: Sequence[Prompted], analyses: Sequence[str | None]
    ) -> list[LabelProbabilities]:
        """One pass over prompt, analysis and the longest label gives every branching of the label trie."""
        heads = [self.prompts.up_to_label(p, a) for p, a in zip(prepared, analyses, strict=True)]
        return self.by_protocol(
            [head.followed_by(self.prompts.tries[head.protocol].probe) for head in heads], self.read_labels
        )

    def by_protocol(
        self, prepared: Sequence[Prompted], work: Callable[[Sequence[Prompted]], list[Result]]
    ) -> list[Result]:
        """What `work` gives for each prompt, in micro-batches of like length and one protocol: rows share a prefix."""
        results: dict[int, Result] = {}
        for protocol in self.prefixes:
            own = [i for i, p in enumerate(prepared) if p.protocol is protocol]
            results.update(zip(own, self.in_batches([prepared[i] for i in own], work), strict=True))
        return [results[i] for i in range(len(prepared))]

    def in_batches(self, rows: Sequence[Prompted], work: Callable[[Sequence[Prompted]], list[Result]]) -> list[Result]:
        """What `work` gives for each prompt of one protocol."""
        return self.room.run([p.n_tokens for p in rows], lambda batch: work([rows[k] for k in batch]))

    def generate(self, batch: Sequence[Prompted], sampling: Sampling) -> list[Completion]:
        """Decoding of one micro-batch."""
        with torch.inference_mode(), broken_machinery():
            pixels = self.pixels(batch)
            rows = pad_rows(self.model, [p.ids for p in batch], pixels)
            return self.decode(batch, rows, pixels, sampling)

    def decode(
        self, batch: Sequence[Prompted], rows: Rows, pixels: Pixels | None, sampling: Sampling
    ) -> list[Completion]:
        """Token by token behind the padding: mask and positions are explicit, so rows may differ in length."""
        prefix = self.prefixes[batch[0].protocol]
        cache = prefix.cache(len(batch))
        hidden = hidden_states(self.model, rows, prefix, pixels, cache)
        lengths = rows.mask.sum(1)
        last = hidden[torch.arange(len(batch)), lengths - 1 - len(prefix.ids)]
        choose = Chooser(sampling, batch)
        position = rows.positions.max(0).values.max(1).values + 1
        end = self.prompts.tokenizer.specials[IM_END]
        mask, done, written = rows.mask, torch.zeros_like(lengths, dtype=torch.bool), []
        for _ in range(self.max_new_tokens):
            token = choose(self.model.lm_head(last)).masked_fill(done, end)
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
        trie, prefix = self.prompts.tries[batch[0].protocol], self.prefixes[batch[0].protocol]
        with torch.inference_mode(), broken_machinery():
            pixels = self.pixels(batch)
            rows = pad_rows(self.model, [p.ids for p in batch], pixels)
            hidden = hidden_states(self.model, rows, prefix, pixels)
            roots = [len(p.ids) - len(trie.probe) - 1 - len(prefix.ids) for p in batch]
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
        return look_at([image for p in batch for image in p.images], self.processor, self.model)


class Chooser:
    """Chooses the next token of each row; where it draws, each row draws from a source of its own."""

    def __init__(self, sampling: Sampling, batch: Sequence[Prompted]) -> None:
        self.temperature = sampling.temperature
        self.sources = [random_source(sampling.seed, prompted) for prompted in batch] if sampling.temperature else []

    def __call__(self, logits: torch.Tensor) -> torch.Tensor:
        """The next token of each row, shape (rows,), from logits of shape (rows, vocabulary)."""
        if not self.temperature:
            return logits.argmax(-1)
        noise = torch.stack([torch.rand(logits.shape[1], generator=source) for source in self.sources])
        # The Gumbel-max trick: the largest of logits with this noise is a draw from their softmax.
        gumbel = -torch.log((-torch.log(noise.clamp_min(1e-20))).clamp_min(1e-20))
        return (logits.float() / self.temperature + gumbel.to(logits.device)).argmax(-1)


def random_source(seed: int, prompted: Prompted) -> torch.Generator:
    """Random numbers that depend on the seed and the prompt alone."""
    text = ",".join(map(str, (seed, *prompted.compact)))
    return torch.Generator().manual_seed(zlib.crc32(text.encode()))


@contextmanager
def broken_machinery() -> Iterator[None]:
    """Turns a failure of the engine into BackendFailed; its message might hold log text, so only its type stays."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        advice = "try a smaller auditor.micro_batch_tokens"
        if is_out_of_memory(error):
            torch.cuda.empty_cache()
            raise OutOfMemory(f"the model has no memory for a micro-batch; {advice}") from None
        raise BackendFailed(f"the model failed on a micro-batch ({type(error).__name__}); {advice}") from error


def is_out_of_memory(error: Exception) -> bool:
    """Whether memory ran out; on a CPU torch says so in words alone."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "DefaultCPUAllocator" in str(error)


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
