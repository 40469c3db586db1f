r"""A backend that answers from a table: for tests, dry runs of a new stream, and demonstrations of failures.

The table is a JSON list of rules, tried in order; the first whose `contains` occurs in the triple's question, thinking
or answer wins. Without a table everything is safe with p_safe 0.99. A rule's `triage` has the probabilities of a
judgment without an analysis, where they are to differ from `p`. A rule with `image` set to true is for cases that are
shown an image.

    [{"contains": "wire transfer", "completion": "“Analysis”: fraud.\n“Judgment”: 1", "p": [0.1, 0.1, 0.8]},
     {"contains": "", "completion": "not what was asked for", "p": [0.99, 0.005, 0.005]}]
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from auditor.backends.base import GREEDY, Completion, Sampling
from auditor.guard_input import GuardInput, Protocol, render_fields
from auditor.labels import LabelProbabilities
from conf.errors import ConfigError
from conf.schema import Auditor

if TYPE_CHECKING:
    from auditor.models import Checkpoint


class Rule(BaseModel):
    """One line of the table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    contains: str
    completion: str
    p: tuple[float, float, float]
    triage: tuple[float, float, float] | None = None
    image: bool = False


EVERYTHING_SAFE = Rule(
    contains="", completion="“Analysis”: scripted, nothing was judged.\n“Judgment”: 0", p=(0.99, 0.005, 0.005)
)


@dataclass(frozen=True, slots=True)
class Looked:
    """A case with the rule that it meets, words counted as tokens."""

    rule: Rule
    n_tokens: int
    protocol: Protocol
    adapted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ScriptedBackend:
    """Answers from rules; keeps the promises of `base.Backend` without a model."""

    rules: tuple[Rule, ...]
    max_tokens: int

    @classmethod
    def load(
        cls,
        config: Auditor,
        checkpoint: "Checkpoint | None",  # noqa: ARG003 - needs none
        system_prompts: Mapping[Protocol, str],  # noqa: ARG003 - needs none
    ) -> Self:
        """The backend with the configured table.

        Raises:
            ConfigError: the table cannot be read.
        """
        return cls((*read_table(config.scripted_table), EVERYTHING_SAFE), config.max_prompt_tokens)

    @property
    def image_pixels(self) -> int:
        """See Backend."""
        return 0

    def count_text(self, text: str) -> int:
        """Its words."""
        return len(text.split())

    def prepare(self, shown: GuardInput) -> Looked:
        """The first rule whose text occurs in the case, and whose image where it wants one."""
        fields = render_fields(shown)
        rule = next(rule for rule in self.rules if rule.contains in fields and (shown.images or not rule.image))
        return Looked(rule, len(fields.split()), shown.protocol)

    def complete(self, prepared: Sequence[Looked], sampling: Sampling = GREEDY) -> list[Completion]:  # noqa: ARG002 - draws nothing
        """The completion of each case's rule."""
        texts = [(case.n_tokens, case.rule.completion) for case in prepared]
        return [Completion(text, finished=True, prompt_tokens=n, output_tokens=len(text.split())) for n, text in texts]

    def label_probabilities(
        self, prepared: Sequence[Looked], analyses: Sequence[str | None]
    ) -> list[LabelProbabilities]:
        """The probabilities of each case's rule, or those that it has for a judgment without an analysis."""
        return [
            levels_of(LabelProbabilities(*(case.rule.triage or case.rule.p if analysis is None else case.rule.p)), case)
            for case, analysis in zip(prepared, analyses, strict=True)
        ]


def levels_of(shares: LabelProbabilities, case: Looked) -> LabelProbabilities:
    """`shares` over the levels of the case's protocol."""
    if case.protocol is Protocol.QTA:
        return shares
    both = shares.p_safe + shares.p_harmful
    safe = shares.p_safe / both if both else 0.0
    return LabelProbabilities(safe, 0.0, 1 - safe)


def read_table(file: str) -> tuple[Rule, ...]:
    """The rules of a table file; none when `file` is empty."""
    if not file:
        return ()
    try:
        return TypeAdapter(tuple[Rule, ...]).validate_python(json.loads(Path(file).read_text(encoding="utf-8")))
    except (OSError, ValueError, ValidationError) as error:
        raise ConfigError(f"auditor.scripted_table = {file!r}: {error}") from None
