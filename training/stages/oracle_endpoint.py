"""An oracle behind an OpenAI-compatible vision endpoint: it is shown two judgments of a case and names the right one.

It is asked twice, with the two in either order, and rules only where it names the same one both times: what depends on
the order is no ruling. The case and both judgments stand between markers that no log can know, and what chat templates
take for tokens is broken up in all of it.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from auditor.backends.chat_api import ChatApi, Reach
from auditor.guard_input import guard_input
from auditor.prompt import hash_text
from conf.learning import Judge as Settings
from training.annotating.endpoint import only_model
from training.annotating.showing import TOKENS, messages_of, request_of
from training.items import Said
from training.stages.oracle import Conflict, Ruled

PROMPT = Path(__file__).with_name("oracle.txt").read_text(encoding="utf-8").strip()
TASK = 'Which auditor is right? Answer with one JSON object: {"Analysis": "…", "Judgment": 1 or 2}'
RULED = {(1, 2): Ruled.LABEL_RIGHT, (2, 1): Ruled.LABEL_WRONG}  # the label first, then the label second


@dataclass(frozen=True, slots=True)
class EndpointOracle:
    """Keeps the promises of `oracle.Oracle`.

    Attributes:
        name: of the configuration, the model and the prompt's hash.
        model: its name at the endpoint.
    """

    name: str
    api: ChatApi
    model: str
    settings: Settings

    @classmethod
    def open(cls, name: str, settings: Settings) -> Self:
        """The oracle of that name; nothing but its list of models is asked yet.

        Raises:
            BackendFailed: it does not answer, or serves several models and none is named.
            ConfigError: its address or key is none.
        """
        how = (settings.key_env, settings.concurrency, settings.timeout_s)
        api = ChatApi.reach(Reach(settings.url, *how, f"judges.{name}."))
        try:
            model = settings.model or only_model(api)
        except BaseException:
            api.close()
            raise
        return cls(f"{name} {settings.version or model} {hash_text(PROMPT)[:12]}", api, model, settings)

    def rule(self, conflicts: Sequence[Conflict]) -> list[Ruled]:
        """See Oracle. A case that the endpoint refuses, or an answer that cannot be read, leaves it open.

        Raises:
            BackendFailed: the endpoint broke.
        """
        asked = [self.request(conflict, label_first) for conflict in conflicts for label_first in (True, False)]
        named = [read_named(answer) for answer in self.api.chat_each(asked)]
        return [
            RULED.get((first, second), Ruled.OPEN) if first and second else Ruled.OPEN
            for first, second in zip(named[::2], named[1::2], strict=True)
        ]

    def close(self) -> None:
        """Let go of the connections."""
        self.api.close()

    def request(self, conflict: Conflict, label_first: bool) -> dict[str, Any]:
        """What is sent of a conflict."""
        settings = self.settings
        shown = guard_input(conflict.item.triple, settings.max_images)
        both = (conflict.item.chosen, conflict.said) if label_first else (conflict.said, conflict.item.chosen)
        task = f"{judgments_text(both, settings.max_chars)}\n{TASK}"
        messages = messages_of(shown, PROMPT, settings.max_image_pixels, settings.max_chars, task)
        return request_of(messages, self.model, settings.max_new_tokens)


def judgments_text(both: tuple[Said, Said], max_chars: int) -> str:
    """Two judgments, each between markers that its words cannot know."""
    texts = [TOKENS(f"Analysis: {said.analysis[:max_chars]}\nJudgment: {said.judgment.label}") for said in both]
    mark = hashlib.sha256("\0".join((PROMPT, *texts)).encode()).hexdigest()[:16]
    return "\n".join(f"<auditor {n} {mark}>\n{text}\n</auditor {n} {mark}>" for n, text in enumerate(texts, 1))


def read_named(answer: Any) -> int | None:
    """Which of the two an answer names; None where it is refused, or says anything but that one JSON object."""
    try:
        text = answer["choices"][0]["message"]["content"].strip()
        found = json.loads(text.removeprefix("```json").removeprefix("```").removesuffix("```"))
        named = found["Judgment"]
    except (KeyError, TypeError, IndexError, ValueError, AttributeError, RecursionError):
        return None
    return named if found.keys() == {"Analysis", "Judgment"} and type(named) is int and named in {1, 2} else None
