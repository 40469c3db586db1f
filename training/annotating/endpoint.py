"""A judge behind an OpenAI-compatible vision endpoint."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from auditor.backends.chat import read_answer
from auditor.backends.chat_api import ChatApi, Reach
from auditor.completion import Unreadable
from auditor.errors import BackendFailed
from auditor.guard_input import GuardInput, guard_input
from auditor.scorer import HARMLESS
from conf.learning import Judge as Settings
from ingest.qta import QTATriple
from training.annotating.judge import REFUSED, read_said
from training.annotating.prompt import AnnotationPrompt
from training.annotating.showing import messages_of, request_of
from training.items import Said, Voter, VoterKind


@dataclass(frozen=True, slots=True)
class EndpointJudge:
    """Asks the endpoint some cases at a time; one that it does not take is unreadable, and holds up no other.

    Attributes:
        model: its name there.
    """

    voter: Voter
    api: ChatApi
    model: str
    prompt: AnnotationPrompt
    settings: Settings

    @classmethod
    def open(cls, name: str, settings: Settings, prompt: AnnotationPrompt) -> Self:
        """The judge, once it has answered on a harmless case.

        Raises:
            BackendFailed: it does not answer, or not as such an endpoint.
            ConfigError: its address or key is none.
        """
        how = (settings.key_env, settings.concurrency, settings.timeout_s)
        api = ChatApi.reach(Reach(settings.url, *how, f"judges.{name}."))
        try:
            model = settings.model or only_model(api)
            voter = Voter(name, VoterKind.JUDGE, settings.version or model, prompt.hash)
            judge = cls(voter, api, model, prompt, settings)
            answer = api.ask("POST", "chat/completions", judge.request(guard_input(HARMLESS)))
            judge.read(answer, guard_input(HARMLESS))
        except BaseException:
            api.close()
            raise
        return judge

    def annotate(self, triples: Sequence[QTATriple]) -> list[Said | Unreadable]:
        """See Judge."""
        shown = [guard_input(triple, self.settings.max_images) for triple in triples]
        answers = self.api.chat_each([self.request(one) for one in shown])
        return [
            Unreadable(REFUSED) if answer is None else self.read(answer, one)
            for answer, one in zip(answers, shown, strict=True)
        ]

    def close(self) -> None:
        """See Judge."""
        self.api.close()

    def request(self, shown: GuardInput) -> dict[str, Any]:
        """What is sent of a case."""
        settings = self.settings
        messages = messages_of(shown, self.prompt.text, settings.max_image_pixels, settings.max_chars)
        return request_of(messages, self.model, settings.max_new_tokens)

    def read(self, answer: Any, shown: GuardInput) -> Said | Unreadable:
        """What an answer says.

        Raises:
            BackendFailed: it is not shaped as one.
        """
        try:
            written = read_answer({"usage": {"completion_tokens": 0}, **answer}, 0)
        except (KeyError, TypeError, IndexError, ValueError):
            raise self.api.strange() from None
        if not isinstance(written.text, str):
            raise self.api.strange()
        return read_said(written.text, shown, finished=written.finished)


def only_model(api: ChatApi) -> str:
    """The one model that an endpoint serves.

    Raises:
        BackendFailed: it serves several, or says nothing.
    """
    names = [model.name for model in api.models()]
    if len(names) != 1:
        raise BackendFailed(f"{api.address} serves {len(names)} models: name one in {api.knobs}model")
    return names[0]
