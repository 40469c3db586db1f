"""The guard model through an in-process vLLM engine: prefix caching, images as pixels, token ids built by us.

The label's probabilities come from two requests of one token each, which the prefix cache makes almost free:
`logprob_token_ids` reads just the label tokens, whereas prompt log-probabilities would bypass the cache.
"""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import torch

from auditor.backends.base import GREEDY, Completion, Sampling
from auditor.backends.prompts import InProcess, PromptBuilder, Prompted
from auditor.errors import BackendFailed, ModelUnusable
from auditor.guard_input import Protocol
from auditor.labels import LabelProbabilities, probabilities
from auditor.models import Checkpoint
from auditor.tokens import IM_END
from conf.schema import Auditor

# Read by vLLM when it is imported, so they are set before: an engine in a child process would not die with us.
ENVIRONMENT = {"VLLM_ENABLE_V1_MULTIPROCESSING": "0", "VLLM_LOGGING_LEVEL": "ERROR", "VLLM_NO_USAGE_STATS": "1"}
CPU_ENVIRONMENT = {"VLLM_CPU_KVCACHE_SPACE": "1"}


@dataclass(frozen=True, slots=True)
class VllmBackend(InProcess):
    """Keeps the promises of `base.Backend`; vLLM forms the batches itself.

    Attributes:
        usage: prompt tokens asked about so far, and how many of them came from the prefix cache.
    """

    engine: Any
    prompts: PromptBuilder
    max_new_tokens: int
    usage: Counter[str] = field(default_factory=Counter)

    @classmethod
    def load(cls, config: Auditor, checkpoint: Checkpoint, system_prompts: Mapping[Protocol, str]) -> Self:
        """An engine on the GPU, or on the CPU build of vLLM.

        Raises:
            ModelUnusable: vLLM cannot run the checkpoint.
        """
        prompts = PromptBuilder.load(config, checkpoint.folder, system_prompts)
        return cls(start_engine(config, checkpoint), prompts, config.max_new_tokens)

    def complete(self, prepared: Sequence[Prompted], sampling: Sampling = GREEDY) -> list[Completion]:
        """See Backend."""
        how = {"temperature": sampling.temperature, "seed": sampling.seed} if sampling.temperature else {}
        outputs = self.ask(prepared, max_tokens=self.max_new_tokens, stop_token_ids=[self.end], **how)
        return [self.completion(p, output) for p, output in zip(prepared, outputs, strict=True)]

    def label_probabilities(
        self, prepared: Sequence[Prompted], analyses: Sequence[str | None]
    ) -> list[LabelProbabilities]:
        """One request of one token for each branching of the label trie."""
        heads = [self.prompts.up_to_label(p, a) for p, a in zip(prepared, analyses, strict=True)]
        results: dict[int, LabelProbabilities] = {}
        for protocol in self.prompts.tries:
            indices = [i for i, head in enumerate(heads) if head.protocol is protocol]
            results.update(zip(indices, self.read_labels([heads[i] for i in indices], protocol), strict=True))
        return [results[i] for i in range(len(heads))]

    def read_labels(self, heads: Sequence[Prompted], protocol: Protocol) -> list[LabelProbabilities]:
        """The labels' probabilities behind heads of one protocol."""
        trie = self.prompts.tries[protocol]
        read: list[dict[tuple[int, ...], Mapping[int, float]]] = [{} for _ in heads]
        for node, tokens in trie.branchings():
            asked = [head.followed_by(node) for head in heads]
            outputs = self.ask(asked, max_tokens=1, logprob_token_ids=list(tokens))
            for logits, output in zip(read, outputs, strict=True):
                logits[node] = {token: output.logprobs[0][token].logprob for token in tokens}
        return [probabilities(trie, logits) for logits in read]

    @property
    def end(self) -> int:
        """Id of the end of a turn."""
        return self.prompts.tokenizer.specials[IM_END]

    def completion(self, prompted: Prompted, output: Any) -> Completion:
        """What the engine wrote for one prompt."""
        ids = [token for token in output.token_ids if token != self.end]
        return Completion(
            self.prompts.tokenizer.decode(ids), output.finish_reason == "stop", len(prompted.ids), len(ids)
        )

    def ask(self, prompted: Sequence[Prompted], **sampling: Any) -> list[Any]:
        """The engine's one output for each prompt, in order; greedy unless a temperature is given."""
        from vllm import SamplingParams

        if not prompted:
            return []
        params = SamplingParams(**{"temperature": 0.0, "detokenize": False, **sampling})
        try:
            answers = self.engine.generate([as_request(p) for p in prompted], params, use_tqdm=False)
        except (RuntimeError, ValueError) as error:
            raise BackendFailed(f"vLLM failed on {len(prompted)} prompts ({type(error).__name__})") from error
        self.usage["prompt_tokens"] += sum(len(answer.prompt_token_ids or ()) for answer in answers)
        self.usage["cached_tokens"] += sum(answer.num_cached_tokens or 0 for answer in answers)
        return [answer.outputs[0] for answer in answers]


def as_request(prompted: Prompted) -> dict[str, Any]:
    """A prompt as vLLM takes it: ids with one pad for each image, and the pixels beside them."""
    request: dict[str, Any] = {"prompt_token_ids": list(prompted.compact)}
    if prompted.images:
        request["multi_modal_data"] = {"image": list(prompted.images)}
    return request


def start_engine(config: Auditor, checkpoint: Checkpoint) -> Any:
    """A vLLM engine for the checkpoint."""
    on_gpu = torch.cuda.is_available()
    for name, value in (ENVIRONMENT if on_gpu else ENVIRONMENT | CPU_ENVIRONMENT).items():
        os.environ.setdefault(name, value)
    from vllm import LLM

    try:
        return LLM(
            model=str(checkpoint.folder),
            dtype=config.dtype if config.dtype != "auto" else ("bfloat16" if on_gpu else "float32"),
            max_model_len=config.max_prompt_tokens + config.max_new_tokens,
            enable_prefix_caching=True,
            enforce_eager=not on_gpu,
            limit_mm_per_prompt={"image": max(1, config.max_images), "video": 0},
            trust_remote_code=False,
            load_format="safetensors",
            disable_log_stats=True,
            **({"max_num_batched_tokens": config.vllm_batch_tokens} if on_gpu else {}),
            **({"gpu_memory_utilization": config.gpu_memory_share} if on_gpu else {}),
        )
    except (RuntimeError, ValueError, OSError) as error:
        raise ModelUnusable(
            f"{checkpoint.folder}: vLLM cannot run it ({type(error).__name__}: {str(error).splitlines()[0]})"
        ) from error
