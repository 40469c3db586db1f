"""A judge that is a checkpoint on this machine, run by one of the guard's backends."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from auditor.backends import find_model, load_backend
from auditor.backends.base import Backend, Completion
from auditor.completion import Unreadable
from auditor.guard_input import GuardInput, Protocol, guard_input
from conf.schema import Auditor, Config
from ingest.qta import QTATriple
from training.annotating.judge import TOO_LONG, read_said
from training.annotating.prompt import AnnotationPrompt
from training.items import Said, Voter, VoterKind


@dataclass(frozen=True, slots=True)
class LocalJudge:
    """Asks a backend; a case that is longer than it judges is unreadable."""

    voter: Voter
    backend: Backend
    max_images: int

    @classmethod
    def open(cls, name: str, config: Config, prompt: AnnotationPrompt) -> Self:
        """The judge, its checkpoint loaded.

        Raises:
            ModelNotFound, ModelUnusable: the checkpoint is not there, or not one that we run.
            MissingExtra: the libraries of its backend are not installed.
        """
        section = section_of(name, config)
        checkpoint = find_model(section)
        backend = load_backend(section, checkpoint, {Protocol.QTA: prompt.text})
        version = checkpoint.revision if checkpoint else section.backend
        voter = Voter(name, VoterKind.JUDGE, version, prompt.hash)
        return cls(voter, backend, config.judges[name].max_images)

    def annotate(self, triples: Sequence[QTATriple]) -> list[Said | Unreadable]:
        """See Judge."""
        shown = [guard_input(triple, self.max_images) for triple in triples]
        prepared = [self.backend.prepare(one) for one in shown]
        fits = [one.n_tokens <= self.backend.max_tokens for one in prepared]
        asked = [one for one, fit in zip(prepared, fits, strict=True) if fit]
        written = iter(self.backend.complete(asked) if asked else ())
        return [
            self.read(next(written), one) if fit else Unreadable(TOO_LONG) for one, fit in zip(shown, fits, strict=True)
        ]

    def read(self, written: Completion, shown: GuardInput) -> Said | Unreadable:
        """What a completion says."""
        return read_said(written.text, shown, finished=written.finished)

    def close(self) -> None:
        """See Judge."""


def section_of(name: str, config: Config) -> Auditor:
    """The guard's section with what the judge has otherwise."""
    judge = config.judges[name]
    changes = {
        "model": judge.model,
        "revision": judge.revision,
        "backend": judge.backend,
        "max_new_tokens": judge.max_new_tokens,
        "max_image_pixels": judge.max_image_pixels,
    }
    return Auditor.model_validate(config.auditor.model_dump() | changes)
