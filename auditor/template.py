"""Whether a checkpoint's own chat template says what we build.

Our prompt is built as token ids by `auditor/prompt.py`; a template is data of the checkpoint that never builds one. But
where a checkpoint brings one, it was trained with it: if it renders something else, our prompt would be off.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from auditor.errors import ModelUnusable
from auditor.guard_input import GuardInput, render_fields
from auditor.prompt import prompt_ids
from auditor.refusals import read_json
from auditor.tokens import IMAGE_PAD, VISION_END, VISION_START, GuardTokenizer, load_tokenizer
from ingest.qta import ImageBlob

JINJA = "chat_template.jinja"
IN_JSON = ("chat_template.json", "processor_config.json", "tokenizer_config.json")
SYSTEM = "Judge the exchange.\nSay “Judgment”: 0, 0.5 or 1."
TEXT_ONLY = GuardInput("What makes the tide?", "The moon pulls the water.", "The moon. 月亮。")
WITH_IMAGE = GuardInput("What is this?", "A moon.", "The moon.", (ImageBlob("0" * 64, "image/png", 28, 28, b""),))


def templates_of(folder: Path) -> dict[str, str]:
    """The chat templates of a checkpoint folder, by the file that holds them; the one that a processor uses is first.

    Raises:
        ModelUnusable: one cannot be read.
    """
    return dict(found_templates(folder))


def found_templates(folder: Path) -> Iterator[tuple[str, str]]:
    """File and text of each template."""
    if (folder / JINJA).exists():
        try:
            yield JINJA, (folder / JINJA).read_text(encoding="utf-8")
        except (OSError, ValueError):
            raise ModelUnusable(f"{folder / JINJA}: not readable as text") from None
    for name in IN_JSON:
        template = read_json(folder / name).get("chat_template") if (folder / name).exists() else None
        if isinstance(template, list):  # several, by name
            template = next((one.get("template") for one in template if one.get("name") == "default"), None)
        if isinstance(template, str):
            yield name, template


def template_hash(folder: Path) -> str | None:
    """Hex sha256 of the checkpoint's chat template; None where it brings none."""
    first = next(iter(templates_of(folder).values()), None)
    return hashlib.sha256(first.encode()).hexdigest() if first is not None else None


def check_template(folder: Path) -> None:
    """Pass a folder whose chat template, if it has one, gives the very token ids that we build.

    Some templates take a message in parts, others as one text; it has to fit in the one way or the other. Templates
    behind the one that a processor uses are another program's, such as the tokenizer's for tools, and not compared.

    Raises:
        ModelUnusable: it gives others, and where they part.
    """
    tokenizer = load_tokenizer(folder)
    for name, template in list(templates_of(folder).items())[:1]:
        for shown in (TEXT_ONLY, WITH_IMAGE):
            ours = prompt_ids(shown, SYSTEM, tokenizer)
            if differs(template, in_one_text(shown), ours, tokenizer) and (
                why := differs(template, in_parts(shown), ours, tokenizer)
            ):
                raise ModelUnusable(f"{folder / name}: {why}")


def differs(template: str, messages: list[dict[str, Any]], ours: list[int], tokenizer: GuardTokenizer) -> str | None:
    """How a template's rendering differs from our ids; None where it does not."""
    try:
        theirs = tokenizer.full.encode(render(template, messages)).ids
    except (TemplateError, TypeError, ValueError, OverflowError, RecursionError) as error:
        return f"its chat template cannot be rendered ({type(error).__name__})"
    if theirs == ours:
        return None
    at = next((n for n, pair in enumerate(zip(theirs, ours, strict=False)) if pair[0] != pair[1]), len(ours))
    after = tokenizer.full.decode(ours[max(0, at - 6) : at], skip_special_tokens=False)
    return (
        f"its chat template gives other tokens than ours, from token {at} on (after {after!r}); "
        "the guard was trained on another layout: use a checkpoint with Qwen2.5-VL's template"
    )


def in_parts(shown: GuardInput) -> list[dict[str, Any]]:
    """A case as the list of messages that chat templates for images take."""
    images = [{"type": "image"} for _ in shown.images]
    return [
        {"role": "system", "content": [{"type": "text", "text": SYSTEM}]},
        {"role": "user", "content": [*images, {"type": "text", "text": render_fields(shown)}]},
    ]


def in_one_text(shown: GuardInput) -> list[dict[str, Any]]:
    """The same with the text of each message in one, and a vision block written out in it for each image."""
    blocks = f"{VISION_START}{IMAGE_PAD}{VISION_END}" * len(shown.images)
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": blocks + render_fields(shown)}]


def render(template: str, messages: list[dict[str, Any]]) -> str:
    """The template's text for messages, rendered in a sandbox."""
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    environment.globals["raise_exception"] = refuse
    return environment.from_string(template).render(messages=messages, add_generation_prompt=True)


def refuse(message: str) -> NoReturn:
    """What a template calls for messages that it does not take."""
    raise TemplateError(message)
