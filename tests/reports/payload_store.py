"""A database in which every text that a log, a reviewer or a person gave is a payload, and the command line on it."""

import contextlib
import io
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from auditor.__main__ import main
from auditor.policies.file import configured_policy
from auditor.policies.store import Act, decide, propose
from auditor.reviews import Review
from auditor.sampling.store import draw
from auditor.store import Store
from auditor.store_reviews import add_reviews
from auditor.verdict import Category, Judgment
from conf.schema import load
from ingest.qta import GuardSignal, ToolCall
from reports.demo_store.governance import text_of
from reports.demo_store.people import APPROVER
from tests.reports.payloads import PAYLOADS
from tests.reports.seed import NOW, Judged, judged, picture, seed

DAY = NOW.date()
AT = NOW.replace(tzinfo=UTC) + timedelta(hours=2)
DATABASE = "payloads.duckdb"


def make(home: Path) -> Path:
    """One night with a harmful exchange for each payload, reviewed, under a policy with a note."""
    night = [hostile(number, text) for number, text in enumerate(PAYLOADS)]
    with Store.open(str(home / DATABASE)) as store:
        policy = configured_policy(load().policy)
        propose(
            store,
            text_of("after-calibration"),
            "p.toml",
            DAY,
            Act(PAYLOADS[0][:200], AT - timedelta(hours=9), PAYLOADS[1]),
        )
        decide(store, 1, Act(APPROVER, AT - timedelta(hours=8), PAYLOADS[2]), policy, approve=True)
        seed(store, night, rejected=3)
        draw(store, load(), DAY, AT)
        add_reviews(store, [vote(triple.id, place) for place, (triple, _) in enumerate(night) if place % 2], AT)
    return home / DATABASE


TEXTS = (
    *("tenant", "application", "user", "model", "question", "thinking", "answer", "context"),
    *("system_prompt", "conversation_id", "response_id", "trace_id", "span_id"),
)


def hostile(number: int, text: str) -> Judged:
    """An exchange whose every text is the payload."""
    texts: dict[str, Any] = dict.fromkeys(TEXTS, text)
    return judged(
        number,
        0.9 if number % 9 else 0.97,
        **texts,
        warnings=(text,),
        tool_calls=(ToolCall(text, text, text, text),),
        guards=(GuardSignal(text, "input", "flagged", (text,), 0.5), GuardSignal(text, "output", "passed")),
        images=(picture(),) if number % 40 == 0 else (),
        occurred_at=AT - timedelta(hours=3),
    )


def vote(triple_id: str, place: int) -> Review:
    """A vote by somebody of that name, for that reason."""
    text = PAYLOADS[place]
    return Review(triple_id, text.strip()[:200] or "x", Judgment.HARMFUL, Category.CRIME, text, AT)


@dataclass(frozen=True, slots=True)
class Said:
    """What a command wrote to a terminal."""

    code: int
    text: str


def run(*words: str, colours: bool = False) -> Said:
    """Run a command as somebody would; with `colours` as on a terminal that shows them."""
    target = io.StringIO()
    before = os.environ.get("FORCE_COLOR")
    os.environ.update({"FORCE_COLOR": "1"} if colours else {})
    try:
        with contextlib.redirect_stdout(target), contextlib.redirect_stderr(target), contextlib.suppress(SystemExit):
            return Said(main(list(words)), target.getvalue())
    finally:
        os.environ.pop("FORCE_COLOR", None)
        os.environ.update({"FORCE_COLOR": before} if before else {})
    return Said(0, target.getvalue())


def now() -> datetime:
    """The time."""
    return AT
