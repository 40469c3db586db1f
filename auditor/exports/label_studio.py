"""Tasks for Label Studio with the guard's verdicts as predictions, and the labelling configuration that fits them.

A task is {"data": what is shown, "meta": what is not, "predictions": [{"model_version", "score", "result"}]}; a result
names the control and the object of the configuration. Reviewers' votes are in `meta`, not among annotations: those
belong to users of Label Studio. Texts are shown by `Text`, which takes them for what they are; nothing here is shown as
HTML or Markdown.

Source: "Import pre-annotated data" and "Label Studio Task Format", labelstud.io/guide/predictions and /task_format;
checked with `LabelInterface.validate_task` of label-studio-sdk 2.1.2.
"""

import base64
from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import quoteattr

from auditor.exports.exported import JUDGMENTS, Exported, ReadImage, moment
from auditor.verdict import Category

TEXTS = ("system_prompt", "context", "question", "thinking", "tool_calls", "answer", "analysis")
TITLES = {
    "system_prompt": "System prompt",
    "context": "Earlier turns",
    "question": "Question",
    "thinking": "Thinking",
    "tool_calls": "Tool calls",
    "answer": "Answer",
    "analysis": "What the guard says",
}
SHOWN_OF_FACTS = "$triple_id: $tenant, thinking $thinking_kind, level $level, risk $risk"
NO_IMAGE = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"  # one clear pixel


def task_of(one: Exported, read: ReadImage | None) -> dict[str, Any]:
    """The task of a triple; `read` gives images where they are to be in it."""
    data = {name: "" if value is None else value for name, value in one.facts.items()}
    data |= {name: getattr(one, name) or "" for name in TEXTS if name != "tool_calls"} | {"tool_calls": one.tools()}
    if read:
        data["images"] = list(pictures(one, read)) or [NO_IMAGE]
    return {"data": data, "meta": meta_of(one), "predictions": predictions(one)}


def meta_of(one: Exported) -> dict[str, Any]:
    """What a task carries and does not show."""
    return {
        "judgment": one.judgment_name,
        "unscorable_reason": one.unscorable_reason,
        "scored_at": moment(one.scored_at),
        "images": [image.sha256 or image.reason for image in one.images],
        "votes": [
            {
                "reviewer": vote.reviewer,
                "vote": JUDGMENTS[vote.vote],
                "category": vote.category,
                "rationale": vote.rationale,
                "at": moment(vote.at),
            }
            for vote in one.votes
        ],
    }


def predictions(one: Exported) -> list[dict[str, Any]]:
    """What the guard said, for a person to confirm or change; nothing where it could not judge."""
    if one.judgment is None:
        return []
    result = [choice(one, "judgment", one.judgment_name), choice(one, "category", one.facts["category"])]
    return [{"model_version": one.model_version, "score": one.risk, "result": result}]


def choice(one: Exported, control: str, value: str) -> dict[str, Any]:
    """One chosen value."""
    return {
        "id": one.name_of(control)[:10],
        "from_name": control,
        "to_name": "answer",
        "type": "choices",
        "value": {"choices": [value]},
    }


def pictures(one: Exported, read: ReadImage) -> Iterator[str]:
    """The images that are there, as data URLs."""
    for image in one.images:
        if image.sha256 and (data := read(image.sha256)):
            yield f"data:{image.media_type};base64,{base64.b64encode(data).decode()}"


def configuration(*, texts: bool, images: bool) -> str:
    """The labelling configuration, to be pasted into a project's settings."""
    shown = TEXTS if texts else ("answer",)
    lines = ["<View>", tag("Header", value=SHOWN_OF_FACTS, size="6")]
    if images:
        lines.append(tag("Image", name="images", valueList="$images"))
    for name in shown:
        lines += [tag("Header", value=TITLES[name], size="5"), tag("Text", name=name, value=f"${name}")]
    judgments, categories = list(JUDGMENTS.values()), [one.value for one in Category]
    lines += [*choices("judgment", "Judgment", judgments, required="true", choice="single-radio")]
    lines += [*choices("category", "Category of harm", categories, choice="single", layout="select")]
    lines += [tag("TextArea", name="rationale", toName="answer", rows="3", placeholder="Why", maxSubmissions="1")]
    return "\n".join([*lines, "</View>"]) + "\n"


def choices(name: str, title: str, values: list[str], **attributes: str) -> Iterator[str]:
    """A control with one line for each value."""
    yield tag("Header", value=title, size="5")
    yield tag("Choices", name=name, toName="answer", **attributes).replace("/>", ">")
    yield from (f"  {tag('Choice', value=value)}" for value in values)
    yield "</Choices>"


def tag(kind: str, **attributes: str) -> str:
    """An element without content."""
    written = " ".join(f"{name}={quoteattr(value)}" for name, value in attributes.items())
    return f"  <{kind} {written}/>"
