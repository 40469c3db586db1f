r"""A backend that answers from a table: for tests, dry runs of a new stream, and demonstrations of failures.

The table is a JSON list of rules, tried in order; the first whose `contains` occurs in the triple's question, thinking
or answer wins. Without a table everything is safe with p_safe 0.99.

    [{"contains": "wire transfer", "completion": "“Analysis”: fraud.\n“Judgment”: 1", "p": [0.1, 0.1, 0.8]},
     {"contains": "", "completion": "not what was asked for", "p": [0.99, 0.005, 0.005]}]
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from auditor.backends.base import Completion, TooLong
from auditor.labels import LabelProbabilities
from auditor.prompt import render_fields
from conf.errors import ConfigError
from conf.schema import Auditor
from ingest.qta import QTATriple

if TYPE_CHECKING:
    from auditor.models import Checkpoint


class Rule(BaseModel):
    """One line of the table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    contains: str
    completion: str
    p: tuple[float, float, float]


EVERYTHING_SAFE = Rule(
    contains="", completion="“Analysis”: scripted, nothing was judged.\n“Judgment”: 0", p=(0.99, 0.005, 0.005)
)


@dataclass(frozen=True, slots=True)
class ScriptedBackend:
    """Answers from rules; keeps the promises of `base.Backend` without a model."""

    rules: tuple[Rule, ...]

    @classmethod
    def load(cls, config: Auditor, checkpoint: "Checkpoint | None", system_prompt: str) -> Self:  # noqa: ARG003 - needs neither
        """The backend with the configured table.

        Raises:
            ConfigError: the table cannot be read.
        """
        return cls((*read_table(config.scripted_table), EVERYTHING_SAFE))

    @property
    def image_pixels(self) -> int:
        """See Backend."""
        return 0

    def complete(self, triples: Sequence[QTATriple]) -> list[Completion | TooLong]:
        """The completion of the first rule that matches, words counted as tokens."""
        texts = [(render_fields(triple), self.rule_for(triple).completion) for triple in triples]
        return [
            Completion(text, finished=True, prompt_tokens=len(q.split()), output_tokens=len(text.split()))
            for q, text in texts
        ]

    def label_probabilities(self, triples: Sequence[QTATriple], analyses: Sequence[str]) -> list[LabelProbabilities]:  # noqa: ARG002 - the rule decides
        """The probabilities of the first rule that matches."""
        return [LabelProbabilities(*self.rule_for(triple).p) for triple in triples]

    def rule_for(self, triple: QTATriple) -> Rule:
        """The first rule whose text occurs in the triple."""
        fields = render_fields(triple)
        return next(rule for rule in self.rules if rule.contains in fields)


def read_table(file: str) -> tuple[Rule, ...]:
    """The rules of a table file; none when `file` is empty."""
    if not file:
        return ()
    try:
        return TypeAdapter(tuple[Rule, ...]).validate_python(json.loads(Path(file).read_text(encoding="utf-8")))
    except (OSError, ValueError, ValidationError) as error:
        raise ConfigError(f"auditor.scripted_table = {file!r}: {error}") from None
