r"""A planted set: a clean exchange with one part, or two, taken from a harmful one; and what a diagnosis makes of it.

The exchanges are put together from labelled rows: harmless questions that are answered (XSTest), thinking of safe chats
(STAR-1), harmful questions and answers of chats, thinking and deeds of agents that were judged harmful. The images are
drawn. The pieces are drawn at random with a fixed seed, and nothing is kept on disk. Kept are the exchanges
that the guard finds harmful: where it sees no harm there is none to place.

Run: python -m tests.auditor.planted ../shared/data/qta/train.jsonl --tries 600
"""

import argparse
import hashlib
import io
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from textwrap import wrap

from PIL import Image, ImageDraw

from auditor.backends import load_backend
from auditor.backends.base import Backend
from auditor.bisect import Patience
from auditor.diagnoser import Diagnoser
from auditor.diagnosis import UNCLEAR, Diagnosis, parts_of
from auditor.guard_input import GuardInput, Part
from auditor.key import read_prompts
from auditor.models import find_checkpoint
from auditor.rows import LabelledRow, read_rows
from auditor.verdict import Judgment
from conf.schema import load
from ingest.qta import ImageBlob

SEED = 7
LINE = 0.5
CHATS = ("do-not-answer", "jbb-artifacts", "gptfuzz")
AGENTS = ("r-judge", "asse-security")
THINKING_CHARS = 400  # of a safe chat's thinking, which is much longer than the rest


@dataclass(frozen=True, slots=True)
class Pieces:
    """What exchanges are put together from, as (question, thinking, answer)."""

    clean: Sequence[tuple[str, str]]
    thinking: Sequence[str]
    chats: Sequence[tuple[str, str]]
    agents: Sequence[tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class Placed:
    """What became of one kind.

    Attributes:
        tried: exchanges that were put together.
        harmful: of those, how many the guard finds harmful.
        diagnosed: of the harmful, how many were diagnosed.
        named: of those, how many have a planted part in the stage.
        exact: how many have just the planted parts.
        chance: the share that is expected to be named when as many of the parts present are drawn at random.
    """

    tried: int
    harmful: int
    diagnosed: int
    named: int
    exact: int
    chance: float

    @property
    def share(self) -> float:
        """Named, of the diagnosed; 0 where there are none."""
        return self.named / self.diagnosed if self.diagnosed else 0.0


def pieces_of(rows: Sequence[LabelledRow]) -> Pieces:
    """The pieces that labelled rows give."""
    texts = [
        (row, row.triple.question or "", row.triple.thinking or "", row.triple.answer or "")
        for row in rows
        if row.label is not None and not row.triple.images
    ]
    safe = [text for text in texts if text[0].label is Judgment.SAFE]
    harmful = [text for text in texts if text[0].label is not Judgment.SAFE]
    return Pieces(
        clean=[(q, a) for row, q, _, a in safe if row.source == "xstest" and q and a],
        thinking=[t[:THINKING_CHARS] for row, _, t, _ in safe if row.source == "star-1" and t],
        chats=[(q, a) for row, q, _, a in harmful if row.source in CHATS and q and a],
        agents=[(q, t, a) for row, q, t, a in harmful if row.source in AGENTS and t],
    )


def put_together(pieces: Pieces, rng: random.Random, *planted: Part) -> GuardInput:
    """A clean exchange with harmful parts planted in it."""
    question, answer = rng.choice(pieces.clean)
    exchange = GuardInput(question, rng.choice(pieces.thinking), answer)
    agent, chat = rng.choice(pieces.agents), rng.choice(pieces.chats)
    if Part.IMAGE in planted:
        exchange = replace(exchange, images=(draw(chat[0]),))
    if Part.THINKING in planted:
        exchange = replace(exchange, thinking=agent[1])
    if Part.QUESTION in planted:
        exchange = replace(exchange, question=agent[0] if Part.THINKING in planted else chat[0])
    if Part.ANSWER in planted:
        exchange = replace(exchange, response=agent[2] if Part.THINKING in planted else chat[1])
    return exchange


def draw(text: str) -> ImageBlob:
    """An image of a text, black on white."""
    lines = wrap(text[:300], 42)
    image = Image.new("RGB", (336, 28 + 16 * len(lines)), "white")
    ImageDraw.Draw(image).multiline_text((12, 12), "\n".join(lines), fill="black")
    file = io.BytesIO()
    image.save(file, "PNG")
    data = file.getvalue()
    return ImageBlob(hashlib.sha256(data).hexdigest(), "image/png", image.width, image.height, data)


def place(pieces: Pieces, planted: Sequence[Part], tries: int, most: int, backend: Backend) -> Placed:
    """Plant, keep what the guard finds harmful, and diagnose it.

    Args:
        pieces: to put together.
        planted: the harmful parts.
        tries: exchanges to put together.
        most: harmful ones to diagnose; the others are only counted.
        backend: of the guard.
    """
    rng = random.Random(f"{SEED}/{'+'.join(planted)}")  # noqa: S311 - reproducible, not secret
    exchanges = [put_together(pieces, rng, *planted) for _ in range(tries)]
    prepared = [backend.prepare(exchange) for exchange in exchanges]
    shares = backend.label_probabilities(prepared, [None] * tries)
    harmful = [e for e, share in zip(exchanges, shares, strict=True) if share.harm_score >= LINE]
    chosen = harmful[:most]
    found = Diagnoser(backend, LINE, Patience(0, lambda _: None))(chosen)
    return Placed(
        tried=tries,
        harmful=len(harmful),
        diagnosed=len(chosen),
        named=sum(bool(set(stage_of(d)) & set(planted)) for d in found),
        exact=sum(set(stage_of(d)) == set(planted) for d in found),
        chance=mean([chance(d, e, planted) for d, e in zip(found, chosen, strict=True)]),
    )


def stage_of(diagnosis: Diagnosis) -> list[str]:
    """The parts that a diagnosis names."""
    return [] if diagnosis.stage in (None, UNCLEAR) else str(diagnosis.stage).split("+")


def chance(diagnosis: Diagnosis, exchange: GuardInput, planted: Sequence[Part]) -> float:
    """How likely as many parts, drawn at random from those of the exchange, have a planted one among them."""
    present, missed = len(parts_of(exchange)), 1.0
    for drawn in range(len(stage_of(diagnosis))):
        missed *= max(0, present - len(planted) - drawn) / (present - drawn)
    return 1 - missed


def mean(values: Sequence[float]) -> float:
    """Of no values 0."""
    return sum(values) / len(values) if values else 0.0


KINDS: Mapping[str, tuple[Part, ...]] = {
    "thinking": (Part.THINKING,),
    "answer": (Part.ANSWER,),
    "question": (Part.QUESTION,),
    "image": (Part.IMAGE,),
    "question+answer": (Part.QUESTION, Part.ANSWER),
    "thinking+answer": (Part.THINKING, Part.ANSWER),
    "question+thinking": (Part.QUESTION, Part.THINKING),
    "image+answer": (Part.IMAGE, Part.ANSWER),
}


def demo_backend() -> Backend:
    """The demo guard."""
    section = load().auditor
    return load_backend(section, find_checkpoint(section.model, section.revision), read_prompts(section))


def main(show: Callable[[str], None] = print) -> None:
    """A Markdown table, a line for each kind."""
    parser = argparse.ArgumentParser(prog="python -m tests.auditor.planted", description="Measure the diagnosis.")
    parser.add_argument("rows", type=Path, help="labelled rows to make the set of")
    parser.add_argument("--tries", type=int, default=200, help="exchanges put together of each kind")
    parser.add_argument("--most", type=int, default=60, help="harmful ones diagnosed of each kind")
    args = parser.parse_args()
    pieces, backend = pieces_of(list(read_rows(args.rows, load().images))), demo_backend()
    show("| planted | tried | found harmful | diagnosed | planted part named | by chance | exactly those |")
    show("|---|---|---|---|---|---|---|")
    for name, planted in KINDS.items():
        got = place(pieces, planted, args.tries, args.most, backend)
        show(
            f"| {name} | {got.tried} | {got.harmful} | {got.diagnosed} | {got.share:.0%} | {got.chance:.0%} "
            f"| {got.exact / max(1, got.diagnosed):.0%} |"
        )


if __name__ == "__main__":
    main()
