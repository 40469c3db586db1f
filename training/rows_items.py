"""Labelled rows of files as items: the form that `traceaudit eval` reads, and that of the GuardTrace-VL dataset.

    rows.jsonl                  one labelled row a line, see auditor/rows.py
    <folder>/train/SFT_data.json, DPO_data.json    conversations; images in sft_images/ and dpo_images/
    <folder>/test/*.json        rows with question, thinking, response, image_name and evaluation_result

A row without an analysis gets one that says what can be seen of the exchange, and nothing of the label. A row that
cannot be read is passed over and counted.

Source: the tree of DloadingX/GuardTrace-VL-Dataset; the keys of test rows as eval/S-Eval_test_eval.py of
xiangyx2020/GuardTrace-VL reads them; conversations as hiyouga/LLaMA-Factory data/README.md describes them.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from auditor.errors import InputUnreadable
from auditor.files import sha256_of
from auditor.guard_input import IMAGE_MISSING, NO_QUESTION, NO_RESPONSE, NO_THINKING
from auditor.rows import LabelledRow, read_rows
from auditor.verdict import Judgment
from conf.schema import Images
from ingest.images.reference import ImageRef
from ingest.images.resolve import Resolver
from ingest.qta import ImageBlob, ImageFailure, Origin, Position, QTATriple, RefKind, Status, ThinkingKind
from training.choosing.agreed import readable
from training.items import Bucket, Item, Said, Vote, Voter, VoterKind

FIELDS = re.compile(
    r"Current Task Query:(?P<question>.*?)\nCurrent Task Thinking:(?P<thinking>.*?)"
    r"\nCurrent Task Cleaned Response:(?P<answer>.*)",
    re.DOTALL,
)
COMPLETION = re.compile(
    r"\s*[“\"]Analysis[”\"]\s*:\s*(?P<analysis>.*?)\s*[“\"]Judgment[”\"]\s*:\s*(?P<label>0\.5|0|1)\s*", re.DOTALL
)
PLACEHOLDER = re.compile(r"^(?:\s*<image>)+")
MAX_FILE_BYTES = 2**30
NOTHING = {NO_QUESTION, NO_THINKING, NO_RESPONSE}
USERS, MODELS = {"user", "human"}, {"assistant", "gpt", "model"}


@dataclass(slots=True)
class BaseRows:
    """Rows that are mixed in.

    Attributes:
        items: of the bucket BASE; one with a text to reject is a pair of the set's own.
        files: name to hex sha256.
        passed_over: why rows are none of them, and how many.
    """

    items: list[Item] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    passed_over: Counter[str] = field(default_factory=Counter)


def read_base(path: Path, images: Images) -> BaseRows:
    """The rows of a file, or of all files of a folder.

    Args:
        path: a .jsonl file of labelled rows, a .json file of the GuardTrace-VL dataset, or a folder with either.
        images: which images are decoded.

    Raises:
        InputUnreadable: nothing is there, or a file is none of these.
        BadRow: a line of labelled rows is none.
    """
    found, resolver = BaseRows(), Resolver(images)
    for file in files_of(path):
        found.files[file.name if path.is_file() else str(file.relative_to(path))] = sha256_of(file)
        for item in of_labelled(file, images) if file.suffix == ".jsonl" else of_dataset(file, resolver):
            if isinstance(item, str):
                found.passed_over[item] += 1
            else:
                found.items.append(item)
    return found


def files_of(path: Path) -> list[Path]:
    """The files with rows.

    Raises:
        InputUnreadable: there is none.
    """
    if path.is_file():
        return [path]
    found = sorted(file for suffix in ("*.jsonl", "*.json") for file in path.rglob(suffix) if file.is_file())
    if not found:
        raise InputUnreadable(f"{path}: no such file, or a folder without .jsonl and .json files")
    return found


def of_labelled(file: Path, images: Images) -> Iterator[Item | str]:
    """The rows of a .jsonl file."""
    for row in read_rows(file, images):
        yield "no_label" if row.label is None else item_of(row, row.label)


def item_of(row: LabelledRow, label: Judgment) -> Item:
    """A labelled row as an item."""
    chosen = Said(plain_analysis(row.triple, row.category or ""), label)
    return base_item(row.triple, chosen, None, row.source, row.category or "")


def base_item(triple: QTATriple, chosen: Said, rejected: Said | None, source: str, category: str = "") -> Item:
    """An item of a set of rows; its one vote is the set's label."""
    vote = Vote(Voter(source, VoterKind.LABEL), chosen.judgment, chosen.analysis)
    return Item(triple, chosen.judgment, Bucket.BASE, chosen, rejected, (vote,), source, category)


def plain_analysis(triple: QTATriple, category: str) -> str:
    """What can be seen of the exchange without judging it."""
    from training.demo.examples import UNSURE, write_analysis

    return write_analysis(triple, category or UNSURE)


def of_dataset(file: Path, resolver: Resolver) -> Iterator[Item | str]:
    """The rows of a JSON file of the dataset.

    Raises:
        InputUnreadable: it is no list of objects.
    """
    try:
        rows = orjson.loads(file.read_bytes())
    except OSError as error:
        raise InputUnreadable(f"{file}: {error.strerror}") from None
    except ValueError:
        raise InputUnreadable(f"{file}: not JSON") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputUnreadable(f"{file}: not a list of rows")
    for number, row in enumerate(rows):
        at = Position(f"file:{file.resolve()}", 0, number)
        try:
            yield (
                of_test_row(row, at, file, resolver) if "evaluation_result" in row else of_talk(row, at, file, resolver)
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            yield "unreadable"


def of_test_row(row: Mapping[str, Any], at: Position, file: Path, resolver: Resolver) -> Item | str:
    """A row of a test set: the case in fields, and its label."""
    label = label_of(row["evaluation_result"])
    if label is None:
        return "no_label"
    names = [row["image_name"]] if row.get("image_name") else []
    triple = triple_of((row.get("question"), row.get("thinking"), row.get("response")), names, at, file, resolver)
    return base_item(triple, Said(plain_analysis(triple, ""), label), None, file.stem)


def of_talk(row: Mapping[str, Any], at: Position, file: Path, resolver: Resolver) -> Item | str:
    """A row of a training set: the guard's prompt as a conversation, with what it should say, or with both."""
    turns = [turn_of(turn) for turn in row.get("messages") or row["conversations"]]
    asked = [text for role, text in turns if role in USERS]
    answers = [text for role, text in turns if role in MODELS]
    fields = FIELDS.search(PLACEHOLDER.sub("", asked[0]))
    chosen = said_in(text_of(row["chosen"]) if "chosen" in row else answers[-1])
    if fields is None or chosen is None:
        return "no_case" if fields is None else "no_judgment"
    rejected = said_in(text_of(row["rejected"])) if "rejected" in row else None
    texts = (fields["question"], fields["thinking"], fields["answer"])
    missing = IMAGE_MISSING in asked[0][: fields.start() + 2 * len(IMAGE_MISSING)] and not row.get("images")
    triple = triple_of(texts, [""] if missing else row.get("images") or [], at, file, resolver)
    return base_item(triple, chosen, rejected, file.stem)


def turn_of(turn: Mapping[str, Any]) -> tuple[str, str]:
    """Who speaks, and what."""
    return str(turn["role"] if "role" in turn else turn["from"]), text_of(turn)


def text_of(turn: Any) -> str:
    """What is said in a turn: a text, or parts of which some are text."""
    said = turn if isinstance(turn, str) else turn["content"] if "content" in turn else turn["value"]
    if isinstance(said, str):
        return said
    return "".join(part["text"] for part in said if part.get("type") == "text")


def said_in(text: str) -> Said | None:
    """A completion of the dataset, whichever way its lines are broken; None where it is none."""
    found = COMPLETION.fullmatch(text)
    label = label_of(found["label"]) if found else None
    return readable(found["analysis"], label) if found and label else None


def label_of(value: object) -> Judgment | None:
    """A label, as a number or a text."""
    try:
        return Judgment(float(str(value).strip()))
    except ValueError:
        return None


def triple_of(
    texts: Sequence[str | None], images: Sequence[str], at: Position, file: Path, resolver: Resolver
) -> QTATriple:
    """The triple of question, thinking and answer; the words that stand for nothing are nothing."""
    question, thinking, answer = (None if text is None or text.strip() in NOTHING else text.strip() for text in texts)
    told = orjson.dumps([question, thinking, answer, list(images)])
    return QTATriple(
        id=f"rows-{hashlib.sha256(told).hexdigest()[:32]}",
        status=Status.COMPLETE,
        question=question or None,
        thinking=thinking or None,
        thinking_kind=ThinkingKind.RAW if thinking else ThinkingKind.ABSENT,
        answer=answer or None,
        position=at,
        images=tuple(image_of(name, file.parent, resolver) for name in images),
        format="guardtrace_dataset",
    )


def image_of(name: str, folder: Path, resolver: Resolver) -> ImageBlob | ImageFailure:
    """An image by its path; of a path of another machine by its name, in one of the folders beside the file."""
    base = Path(name.replace("\\", "/")).name
    places = [name, base, *(f"{beside.name}/{base}" for beside in sorted(folder.glob("*images")))]
    found = next((place for place in places if place and (folder / place).is_file()), name)
    return resolver.resolve(ImageRef(RefKind.PATH, Origin.USER, path=found), str(folder))
