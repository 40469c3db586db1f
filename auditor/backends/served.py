"""Which model a server serves, and whether it reads the guard's prompts as they are meant."""

import hashlib
import io
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from auditor.backends.chat import ChatPrompt, Question, read_listed
from auditor.backends.chat_api import ChatApi, ServedModel
from auditor.errors import BackendFailed, ModelNotFound, ModelUnusable
from auditor.guard_input import GuardInput
from auditor.known_models import KNOWN_MODELS
from auditor.models import DEMO, Checkpoint, cached_folder, find_checkpoint, read_max_new_tokens
from auditor.registry.places import is_registered
from conf.schema import Auditor
from ingest.qta import ImageBlob

if TYPE_CHECKING:
    from auditor.backends.server import ServerBackend

logger = logging.getLogger(__name__)

HARMLESS = GuardInput("What makes the tide?", "The moon pulls the water.", "The moon.")
TEMPLATE = "start it with --chat-template auditor/backends/guard_template.jinja, or with the checkpoint's own"
NEEDS = (
    "a guard's server goes on with a message (continue_final_message) and lists log-probabilities, as vllm serve does"
)
# What the guard's own message may take beyond what it wrote: the branching that is asked for, and one token.
MARGIN = 16


def served_checkpoint(config: Auditor) -> Checkpoint:
    """The model that the configured server serves, as verdicts name it.

    Tokenizer and image limits come from the files of `auditor.model` on this machine; no weights are needed. Which
    weights the server runs cannot be proven from here: the revision is the one that is stated.

    Raises:
        ModelNotFound: the server does not serve it, or this machine has no files of it.
        BackendFailed: the server does not answer.
    """
    files = at_hand(config)
    name = name_of(ChatApi.open(config).models(), config)
    logger.warning(
        "the server's model revision cannot be proven", extra={"model": name, "stated": config.revision or "nothing"}
    )
    return replace(files, model_id=name, revision=f"stated:{config.revision}")


def at_hand(config: Auditor) -> Checkpoint:
    """What this machine has of the configured model; weights may be missing.

    Raises:
        ModelNotFound: it has nothing of it.
    """
    if is_registered(config.model):
        raise ModelNotFound(
            f'auditor.model = "{config.model}": a server runs what it was started with and follows no registry; '
            "name the folder of what it serves"
        )
    if config.model == DEMO or config.model in KNOWN_MODELS:
        return find_checkpoint(config.model, config.revision, config.models_dir)
    own = Path(config.model)
    folder = own if own.is_dir() else cached_folder(config.model, config.revision)
    return Checkpoint(config.model, folder, config.revision, read_max_new_tokens(folder))


def name_of(models: Sequence[ServedModel], config: Auditor) -> str:
    """The name under which the server serves the guard.

    Raises:
        ModelNotFound: it serves no such model, or several and none of them was named.
    """
    names = [model.name for model in models]
    wanted = config.server_model or config.model
    if wanted in names:
        return wanted
    if len(names) == 1 and not config.server_model:
        return names[0]
    raise ModelNotFound(f"the server has no model {wanted!r}; set auditor.server_model to one of: {', '.join(names)}")


def room_of(models: Sequence[ServedModel], name: str, config: Auditor) -> int:
    """The longest prompt that is judged: the configured one, once the server is known to take it.

    Raises:
        ModelUnusable: the server's context is too short for it.
    """
    context = next((model.max_tokens for model in models if model.name == name), None)
    needed = config.max_prompt_tokens + config.max_new_tokens + MARGIN
    if context is not None and context < needed:
        raise ModelUnusable(
            f"the server takes {context} tokens where auditor.max_prompt_tokens and auditor.max_new_tokens need "
            f"{needed}: start it with --max-model-len {needed}, or lower them"
        )
    return config.max_prompt_tokens


def check(backend: "ServerBackend") -> None:
    """See that the server makes the guard's prompts, goes on with a message of ours, and tells the label's tokens.

    Raises:
        ModelUnusable: it does not.
        BackendFailed: it does not answer.
    """
    compare_prompts(backend, HARMLESS)
    compare_prompts(backend, replace(HARMLESS, images=(drawn(),)))
    try:
        compare_labels(backend, backend.prepare(HARMLESS))
    except BackendFailed as error:
        raise ModelUnusable(f"{error}; {NEEDS}") from None


def compare_prompts(backend: "ServerBackend", shown: GuardInput) -> None:
    """See that a case becomes the very tokens that it has in the other backends.

    A server that does not show its tokens is believed where it counts as many.
    """
    prompt, ids = backend.prepare(shown), list(backend.prompts.prompt(shown).ids)
    body = {"messages": prompt.messages, "max_tokens": 1, "temperature": 0.0, "return_token_ids": True}
    (answer,) = backend.ask([Question(body, prompt.n_tokens)])
    if answer.get("prompt_token_ids") not in (None, ids):
        raise ModelUnusable(f"the server makes another prompt of a case than the guard was trained on; {TEMPLATE}")


def compare_labels(backend: "ServerBackend", prompt: ChatPrompt) -> None:
    """See that each branching of the label trie can be read, and that the end of a turn has the name it should have."""
    specials = backend.prompts.tokenizer.special_ids
    for node, tokens in backend.prompts.tries[prompt.protocol].branchings():
        (answer,) = backend.ask([backend.label_question(prompt, None, node, tokens)])
        ends = backend.literals([token for token in tokens if token in specials]).values()
        if not backend.read(read_listed, answer).keys() >= set(ends):
            raise BackendFailed("the end of a turn is not among the likeliest tokens that the server lists")


def drawn() -> ImageBlob:
    """A small image of one colour."""
    png = io.BytesIO()
    Image.new("RGB", (90, 60), "teal").save(png, "PNG")
    data = png.getvalue()
    return ImageBlob(hashlib.sha256(data).hexdigest(), "image/png", 90, 60, data)
