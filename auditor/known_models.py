"""Guard models that `traceaudit models fetch` knows by name: where their weights and their prompts are published.

To add one: a line in KNOWN_MODELS. Prompts are pinned by commit and hash. So are weights whose commit was known when
the line was written; others are trusted at the first fetch, which locks what it found (see `auditor/lock.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from auditor.guard_input import Protocol
from conf.errors import ConfigError

MODELS_DIR = "~/.cache/traceaudit/models"


@dataclass(frozen=True, slots=True)
class PublishedPrompt:
    """A prompt in a public Git repository; its text is the publisher's and is not part of traceaudit.

    Attributes:
        repository: owner/name on GitHub.
        commit: that it is read at.
        path: in the repository.
        sha256: hex digest of the file.
    """

    repository: str
    commit: str
    path: str
    sha256: str

    def url(self, base: str) -> str:
        """Where the file is below `base`, such as https://raw.githubusercontent.com."""
        return f"{base.rstrip('/')}/{self.repository}/{self.commit}/{self.path}"


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A guard model that is published.

    Attributes:
        repository: its name on the hub.
        revision: the commit to take; empty where none was known, then the first fetch decides.
        prompts: that it was trained with.
    """

    repository: str
    revision: str
    prompts: Mapping[Protocol, PublishedPrompt]


GUARDTRACE = ("xiangyx2020/GuardTrace-VL", "228e9f84278ba06362538cb9a787f9ac7e6f6aa3")

KNOWN_MODELS = {
    "guardtrace-vl-3b": KnownModel(
        "DloadingX/GuardTrace-VL-3B",
        "",
        {
            Protocol.QTA: PublishedPrompt(
                *GUARDTRACE,
                "prompts/qta_pormpt.txt",  # their spelling
                "ece64e189dcc01c7e634977d368727aae439c8b7295cfb838489912c72d3314c",
            ),
            Protocol.QA: PublishedPrompt(
                *GUARDTRACE,
                "prompts/qa_prompt.txt",
                "0aeed94f9fc5252d66502d7fe33a8fb06445b61324a0976888537a878b67e4bb",
            ),
        },
    ),
}


def known_model(name: str) -> KnownModel:
    """The model of that name.

    Raises:
        ConfigError: there is none.
    """
    if name not in KNOWN_MODELS:
        raise ConfigError(f"no model {name!r} is known; there is {', '.join(KNOWN_MODELS)}")
    return KNOWN_MODELS[name]


def folder_of(name: str, models_dir: str) -> Path:
    """Where what was fetched of a model is kept."""
    return Path(models_dir or MODELS_DIR).expanduser() / name
