"""What is due: urgent cases first, done with enough votes, overdue with age; a case as it is shown, and votes on it."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from auditor.__main__ import main
from auditor.evidence.events import Deed, Event, record_event
from auditor.reviews import Review
from auditor.sampling.answers import next_case
from auditor.sampling.case import case_lines
from auditor.sampling.queries import case_rows, cases, ids_named, late_verdicts, review_work
from auditor.sampling.store import draw
from auditor.store import MEMORY, Store
from auditor.store_reviews import add_reviews, read_all
from auditor.verdict import Category, Judgment
from conf.schema import load
from tests.auditor.reviewing.seeded import asking_for
from tests.auditor.sampling.seed import AT, DAY, keep
from tests.factories import make_run

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
CONFIG = load()


def fill(store: Store) -> Store:
    """One urgent, one escalated and one case below the line, each of two days."""
    store.begin_run(make_run())
    for at, day in enumerate((DAY, DAY + timedelta(days=1))):
        when = AT + timedelta(days=at)
        for name, risk in (("urgent", 0.97), ("escalated", 0.6), ("below", 0.02)):
            keep(store, f"{name}-{at}", risk, when)
        draw(store, CONFIG, day, NOW + timedelta(days=at))
    return store


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(MEMORY) as opened:
        yield fill(opened)


@pytest.fixture
def db(tmp_path: Path) -> str:
    path = str(tmp_path / "a.duckdb")
    with Store.open(path) as opened:
        fill(opened)
    return path


def vote(store: Store, triple_id: str, reviewer: str = "ann", judgment: Judgment = Judgment.SAFE) -> None:
    add_reviews(store, [Review(triple_id, reviewer, judgment, None, None, NOW)], NOW)


def test_urgent_cases_come_first_then_the_oldest(store: Store) -> None:
    order = ["urgent-0", "urgent-1", "escalated-0", "below-0", "escalated-1", "below-1"]
    assert [one.triple_id for one in cases(store.connection)] == order
    for name in order:
        found = next_case(store, CONFIG, "ann", False, NOW)
        assert found
        assert found.due.triple_id == name
        vote(store, name)
    assert next_case(store, CONFIG, "ann", False, NOW) is None


def test_a_case_needs_votes_of_different_people(store: Store) -> None:
    vote(store, "urgent-0", "ann")
    vote(store, "urgent-0", "Ann")
    assert next(one.triple_id for one in cases(store.connection, 2)) == "urgent-0"
    assert next(one.triple_id for one in cases(store.connection, 1)) == "urgent-1"


def test_a_case_that_is_shown_is_read_and_the_trail_says_by_whom(store: Store) -> None:
    next_case(store, CONFIG, " ann ", False, NOW)
    query = "SELECT actor, subject, details FROM events WHERE kind = 'case.read'"
    assert store.connection.execute(query).fetchall() == [("ann", "urgent-0", '{"where":"review next"}')]


def test_work_is_counted_by_reason_and_age(store: Store) -> None:
    vote(store, "urgent-0")
    vote(store, "below-1")
    urgent, escalated, below = review_work(store.connection, NOW + timedelta(days=4), 1)
    assert (urgent.drawn, urgent.done, urgent.due, urgent.overdue, urgent.oldest_days) == (2, 1, 1, 1, 3)
    assert (escalated.due, escalated.overdue, escalated.due_by_age) == (2, 1, {4: 1, 3: 1})
    assert (below.done, below.due, below.overdue) == (1, 1, 0)
    assert [one.drawn for one in review_work(store.connection, NOW, 1)] == [1, 1, 1]


def test_what_was_stored_after_the_draw_is_counted(store: Store) -> None:
    assert late_verdicts(store.connection, DAY) == {}
    keep(store, "late", 0.5, AT)
    store.connection.execute("UPDATE triples SET stored_at = ? WHERE id = 'late'", [AT + timedelta(days=3)])
    assert late_verdicts(store.connection, DAY) == {DAY: 1}


def test_a_vote_is_an_event_of_the_trail_without_its_text(store: Store) -> None:
    one = Review("urgent-0", "ann", Judgment.HARMFUL, Category.PRIVACY, "the address of Jane Doe", NOW)
    add_reviews(store, [one], NOW)
    add_reviews(store, [one], NOW)
    ((actor, subject, details),) = store.connection.execute(
        "SELECT actor, subject, details FROM events WHERE kind = 'review.voted'"
    ).fetchall()
    assert (actor, subject) == ("ann", "urgent-0")
    assert json.loads(details)["review"] == one.id
    assert "Jane" not in details


def test_many_votes_are_a_chain_of_events_as_single_ones_are(store: Store) -> None:
    one, *rest = (Review("urgent-0", f"person-{at}", Judgment.SAFE, None, None, NOW) for at in range(6))
    add_reviews(store, [one], NOW)
    add_reviews(store, rest, NOW)
    record_event(store, Deed("review.voted", "ann", "x", {}, NOW))
    rows = store.connection.execute("FROM events ORDER BY seq").fetchall()
    assert [row[0] for row in rows] == [*range(1, len(rows) + 1)]
    previous = "0" * 64
    for seq, at, actor, kind, subject, details, before, its_hash in rows:
        assert before == previous
        previous = Event(seq, at.replace(tzinfo=UTC), actor, kind, subject, details, before).hash
        assert its_hash == previous


def test_ids_are_found_by_their_beginnings(store: Store) -> None:
    assert ids_named(store.connection, "urgent-1") == ["urgent-1"]
    assert ids_named(store.connection, "urgent") == ["urgent-0", "urgent-1"]
    assert ids_named(store.connection, "%") == []


Asked = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ask(db: str, capsys: pytest.CaptureFixture[str]) -> Asked:
    def ask(*words: str) -> tuple[int, str, str]:
        code = main(["review", *words, "--db", db])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return ask


def test_the_verdict_on_a_case_below_the_line_is_hidden_unless_asked_for(ask: Asked) -> None:
    for _ in range(3):
        code, out, _ = ask("next", "--reviewer", "ann", "--json")
        case = json.loads(out)
        assert (code, "verdict" in case) == (0, True)
        assert ask("vote", case["triple_id"], "0", "--by", "ann")[0] == 0
    case = json.loads(ask("next", "--reviewer", "ann", "--json")[1])
    assert case["reason"] == "below"
    assert not {"verdict", "risk", "stratum", "inclusion", "level", "analysis"} & case.keys()
    text = ask("next", "--reviewer", "ann")[1]
    assert "0.02" not in text
    assert "verdict is not shown" in text
    assert json.loads(ask("next", "--reviewer", "ann", "--json", "--show-verdict")[1])["verdict"]["risk"] == 0.02


def test_a_harmful_vote_needs_category_and_rationale(ask: Asked, db: str) -> None:
    assert ask("vote", "urgent-0", "1", "--by", "ann", "--category", "data_privacy")[0] == 2
    code, _, err = ask("vote", "urgent-0", "0.5", "--by", "ann", "--rationale", "why")
    assert code == 2
    assert err.endswith("traceaudit: a vote of 0.5 needs a category and a rationale\n")
    assert ask("vote", "urgent-0", "1", "--by", " ann ", "--category", "data_privacy", "--rationale", "why")[0] == 0
    with Store.open(db) as store:
        (kept,) = read_all(store)
    assert (kept.reviewer, kept.vote, kept.category, kept.rationale) == (
        "ann",
        Judgment.HARMFUL,
        Category.PRIVACY,
        "why",
    )


def test_a_second_vote_is_refused_until_the_first_is_taken_back(ask: Asked, db: str) -> None:
    words = ("vote", "urgent-0", "0", "--by")
    assert ask(*words, "ann")[0] == 0
    code, _, err = ask(*words, "Ann")
    assert (code, "Ann has voted on this case" in err) == (2, True)
    assert ask(*words, "bob")[0] == 2
    assert json.loads(ask("undo", "urgent-0", "--by", "ANN", "--json")[1])["withdrawn"] is True
    assert "no vote on this case" in ask("undo", "urgent-0", "--by", "ann")[2]
    assert ask(*words, "bob")[0] == 0
    lines = [json.loads(line) for line in ask("export")[1].splitlines()]
    assert [(one["reviewer"], one["kind"], one["withdrawn"]) for one in lines] == [
        ("ann", "vote", True),
        ("bob", "vote", False),
    ]


def test_an_expert_decides_what_splits(ask: Asked, tmp_path: Path) -> None:
    config = asking_for(2, tmp_path).policy.file
    two = ("--set", f"policy.file={config}", "--category", "data_privacy", "--rationale", "why", "--by")
    for name, said in (("ann", "0"), ("bob", "1")):
        assert ask("vote", "urgent-0", said, *two, name)[0] == 0
    assert ask("decide", "urgent-0", "0", "--by", "eve", *two[:2])[2].endswith(": a decision needs a rationale\n")
    assert ask("decide", "urgent-0", "1", *two, "eve")[1] == "urgent-0: 1 by eve\n"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["urgent", "0", "--by", "ann"], "several cases begin with urgent"),
        (["nothing", "0", "--by", "ann"], "no case begins with nothing"),
        (["urgent-0", "0", "--by", " "], "say who votes"),
        (["urgent-0", "0", "--by", "a" * 201], "say who votes"),
    ],
)
def test_a_vote_that_cannot_be_kept_says_why(ask: Asked, words: list[str], says: str) -> None:
    code, _, err = ask("vote", *words)
    assert code == 2
    assert says in err


def test_list_and_status_tell_what_is_due(ask: Asked) -> None:
    ask("vote", "urgent-0", "0", "--by", "ann")
    listed = [json.loads(line) for line in ask("list", "--json")[1].splitlines()]
    assert [one["triple_id"] for one in listed][:2] == ["urgent-1", "escalated-0"]
    assert len(ask("list", "--all", "--json")[1].splitlines()) == 6
    assert len(ask("list", "--all", "--most", "2", "--json")[1].splitlines()) == 2
    told = json.loads(ask("status", "--json")[1])
    assert {one["reason"]: (one["drawn"], one["done"]) for one in told["work"]} == {
        "urgent": (2, 1),
        "escalated": (2, 0),
        "below": (2, 0),
    }
    assert "urgent\t2\t1\t1\t1" in ask("status")[1]
    assert ask("list")[1].splitlines()[1].startswith("urgent-1\t2026-03-02\turgent\t0 of 1")


def test_draw_tells_what_it_drew_and_that_it_had_been_drawn(ask: Asked) -> None:
    code, out, _ = ask("draw", "--date", "2026-03-01")
    assert code == 0
    assert out == "2026-03-01 had been drawn before, nothing changed: 1 of 1 below, 1 of 1 escalated, 1 of 1 urgent\n"
    assert "nothing to draw" in ask("draw", "--date", "2026-02-01")[1]
    assert json.loads(ask("draw", "--date", "2026-03-02", "--json")[1])["new"] is False
    assert ask("draw", "--date", "2999-01-01")[0] == 2


def test_an_unknown_action_is_usage(ask: Asked, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["review", "sing"]) == 2
    assert "no action 'sing'" in capsys.readouterr().err


TERMINAL = "\x1b[2J\x1b]0;owned\x07\u202eevil\u2066\n\rThe guard says 0, risk 0.0000\x9b31m\U000e0041"


def test_text_of_a_log_can_neither_command_the_terminal_nor_pass_for_ours(store: Store) -> None:
    texts: dict[str, Any] = {"question": TERMINAL, "thinking": TERMINAL, "answer": TERMINAL * 900, "model": TERMINAL}
    texts |= {"application": TERMINAL, "system_prompt": TERMINAL, "context": TERMINAL}
    keep(store, "t", 0.99, AT + timedelta(days=2), **texts)
    draw(store, CONFIG, DAY + timedelta(days=2), NOW + timedelta(days=2))
    due = next(one for one in cases(store.connection) if one.triple_id == "t")
    shown = "\n".join(case_lines(due, *case_rows(store.connection, "t", due.scorer), 100, show_verdict=True))
    assert [char for char in shown if not char.isprintable() and char != "\n"] == []
    assert [line for line in shown.split("\n") if line.startswith("The guard says")] == [
        "The guard says 0, risk 0.9900, level urgent, category unknown"
    ]
    assert "characters more; --whole shows all" in shown
    assert "⟦U+001B⟧" in shown
