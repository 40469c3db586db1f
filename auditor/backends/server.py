"""The guard model behind an OpenAI-compatible chat API, such as `vllm serve`, on this or another machine.

The server has to go on with a message that we began (`continue_final_message`): so the judgment's probabilities are
read at a position that we place, by one request of one token for each branching of the label trie.

A chat API takes text, so special tokens in it are neutralised, and the verdict says so. What the server made of a
prompt is compared with our own count of its tokens on every request: an answer to another prompt is none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from auditor.backends.base import GREEDY, Completion, Sampling
from auditor.backends.chat import ChatPrompt, Question, as_messages, label_question, read_answer, read_shares
from auditor.backends.chat_api import ChatApi
from auditor.backends.neutral import NEUTRALISED, Neutraliser, neutraliser
from auditor.backends.prompts import PromptBuilder, Prompting
from auditor.errors import BackendFailed
from auditor.guard_input import GuardInput, Protocol
from auditor.labels import JUDGMENT_HEAD, LabelProbabilities, probabilities
from auditor.models import Checkpoint
from conf.schema import Auditor

# Sampling as it is in the other backends, whatever defaults the server took from the checkpoint.
PLAIN = {
    "n": 1,
    "top_p": 1.0,
    "top_k": -1,
    "min_p": 0.0,
    "repetition_penalty": 1.0,
    "presence_penalty": 0.0,
    "frequency_penalty": 0.0,
}


@dataclass(frozen=True, slots=True)
class ServerBackend(Prompting):
    """Keeps the promises of `base.Backend`; the server forms the batches.

    Attributes:
        prompts: builds here, of the same files, what the server has to build of the messages.
    """

    api: ChatApi
    model: str
    prompts: PromptBuilder
    neutral: Neutraliser
    max_new_tokens: int

    @classmethod
    def load(cls, config: Auditor, checkpoint: Checkpoint, system_prompts: Mapping[Protocol, str]) -> Self:
        """The server's model, once it has been seen to read the guard's prompts as they are meant.

        Args:
            config: says where the server is.
            checkpoint: of `served.served_checkpoint`.
            system_prompts: of the protocols that cases may come with.

        Raises:
            ModelUnusable: its template, its limits or its abilities are not those that the guard needs.
            BackendFailed: it does not answer.
        """
        from auditor.backends.served import check, room_of

        api = ChatApi.open(config)
        prompts = PromptBuilder.load(config, checkpoint.folder, system_prompts)
        neutral = neutraliser(token.content for token in prompts.tokenizer.full.get_added_tokens_decoder().values())
        prompts = replace(
            prompts,
            system_prompts={protocol: neutral(text) for protocol, text in system_prompts.items()},
            max_tokens=room_of(api.models(), checkpoint.model_id, config),
        )
        backend = cls(api, checkpoint.model_id, prompts, neutral, config.max_new_tokens)
        check(backend)
        return backend

    def count_text(self, text: str) -> int:
        """See Backend."""
        return self.count(self.neutral(text))

    def prepare(self, shown: GuardInput) -> ChatPrompt:
        """See Backend."""
        neutral = self.neutral.shown(shown)
        prompted = self.prompts.prompt(neutral)
        return ChatPrompt(
            as_messages(neutral, self.prompts.system_prompts[shown.protocol], prompted.images),
            prompted.n_tokens,
            shown.protocol,
            (NEUTRALISED,) if neutral != shown else (),
        )

    def complete(self, prepared: Sequence[ChatPrompt], sampling: Sampling = GREEDY) -> list[Completion]:
        """See Backend."""
        how = {"temperature": sampling.temperature, "seed": sampling.seed, "max_tokens": self.max_new_tokens}
        answers = self.ask([Question({"messages": p.messages, **how}, p.n_tokens) for p in prepared])
        return [self.read(read_answer, answer, p.n_tokens) for answer, p in zip(answers, prepared, strict=True)]

    def label_probabilities(
        self, prepared: Sequence[ChatPrompt], analyses: Sequence[str | None]
    ) -> list[LabelProbabilities]:
        """See Backend."""
        nodes = [list(self.prompts.tries[prompt.protocol].branchings()) for prompt in prepared]
        asked = [
            self.label_question(prompt, analysis, node, tokens)
            for prompt, analysis, branchings in zip(prepared, analyses, nodes, strict=True)
            for node, tokens in branchings
        ]
        answers = iter(self.ask(asked))
        return [
            probabilities(
                self.prompts.tries[prompt.protocol],
                {node: self.read(read_shares, next(answers), self.literals(tokens)) for node, tokens in branchings},
            )
            for prompt, branchings in zip(prepared, nodes, strict=True)
        ]

    def label_question(
        self, prompt: ChatPrompt, analysis: str | None, node: Sequence[int], tokens: Sequence[int]
    ) -> Question:
        """Asks for the branching at `node` of the label trie, behind an analysis."""
        written = "" if analysis is None else f"“Analysis”: {self.neutral(analysis)}\n"
        own = written + JUDGMENT_HEAD + self.prompts.tokenizer.decode(node)
        return label_question(prompt, own, self.count(own), tokens)

    def literals(self, tokens: Sequence[int]) -> dict[int, str]:
        """Tokens as an answer spells them."""
        return {token: self.prompts.tokenizer.full.decode([token], skip_special_tokens=False) for token in tokens}

    def count(self, text: str) -> int:
        """Tokens of a text that has no special ones."""
        return len(self.prompts.tokenizer.text(text))

    def ask(self, questions: Sequence[Question]) -> list[Any]:
        """The answers, in order, each to the very prompt that was meant.

        Raises:
            BackendFailed: the server failed on one of them, or read another prompt.
        """
        answers = self.api.chat([{"model": self.model, **PLAIN, **question.body} for question in questions])
        for answer, question in zip(answers, questions, strict=True):
            n_read = self.read(lambda a: a["usage"]["prompt_tokens"], answer)
            if n_read != question.n_tokens:
                raise BackendFailed(
                    f"{self.api.address} read a prompt of {n_read} tokens where the guard's has {question.n_tokens}: "
                    "its chat template, its tokenizer or its image limits are not those of auditor.model"
                )
        return answers

    def read(self, reader: Any, answer: Any, *arguments: Any) -> Any:
        """What `reader` finds in an answer.

        Raises:
            BackendFailed: the answer is not shaped as one.
        """
        try:
            return reader(answer, *arguments)
        except (KeyError, TypeError, IndexError, ValueError):
            raise self.api.strange() from None
