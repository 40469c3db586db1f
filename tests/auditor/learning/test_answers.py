"""What training asks of the database, through the questions' own shapes: told whole, locked once, gone where it is."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from auditor.errors import TrainingUnknown
from auditor.learning.annotations import JudgeKey, ToAnnotate
from auditor.learning.cases import Annotation, Asked, CasePage, Ground, LockedCase, LockedPage, Purpose, Why
from auditor.learning.store_runs import Beginning, LearnedItem, TrainingRun
from auditor.questions import question_of
from auditor.retention.erase import Request, erase
from auditor.retention.expire import expire
from auditor.retention.subjects import Subject
from auditor.reviews import Review
from auditor.store import MEMORY, Store
from auditor.store_reviews import add_reviews
from auditor.verdict import Category, Judgment
from auditor.verdict_rows import verdict_columns
from conf.schema import Config, load
from ingest.qta import ImageBlob
from tests.factories import KEY, NOW, make_batch, make_image, make_item, make_run, make_triple, make_verdict

SAFE, HALF, HARMFUL = Judgment
JUDGE = JudgeKey("m", "v1", "p1")


@pytest.fixture
def store() -> Iterator[Store]:
    """Four triples with verdicts: t1 and t2 reviewed, t2 with an image, t3 and t4 not."""
    triples = [make_triple(id=f"t{n}", conversation_id=f"conversation-{n}", tenant="north") for n in range(1, 5)]
    triples[1] = make_triple(id="t2", conversation_id="conversation-2", tenant="north", images=(make_image(),))
    with Store.open(MEMORY) as made:
        made.begin_run(make_run())
        items = [make_item(n, triple) for n, triple in enumerate(triples)]
        made.save(make_batch(*items), [], [make_verdict(t.id, analysis=f"of {t.id}") for t in triples], "run1", NOW)
        votes = [review("t1", "Ada", NOW), review("t1", "Bo", NOW), review("t2", "Ada", NOW)]
        add_reviews(made, votes, NOW)
        yield made


def review(triple_id: str, who: str, at: datetime, judgment: Judgment = HARMFUL) -> Review:
    return Review(triple_id, who, judgment, Category.CRIME, "since", at)


def ask(store: Store, name: str, *arguments: Any, config: Config | None = None) -> Any:
    """As over the wire: arguments and value go through JSON."""
    question = question_of(name)
    config = config or load()
    taken = question.takes.validate_json(question.takes.dump_json((config, *arguments)))
    value = question.function(store, *taken)
    (given,) = question.gives.validate_json(question.gives.dump_json((value,)))
    return given


def said(triple_id: str, judgment: Judgment | None = SAFE) -> Annotation:
    return Annotation(triple_id, "m", "v1", "p1", judgment, f"quotes {triple_id}", None, NOW)


def test_cases_come_in_pages_with_all_that_is_known(store: Store) -> None:
    assert ask(store, "annotate.keep", JUDGE, [said("t1"), said("t3")]) == 2
    first: CasePage = ask(store, "training.cases", "", 2)
    second: CasePage = ask(store, "training.cases", first.after, 2)
    assert [case.triple.id for case in (*first.cases, *second.cases)] == ["t1", "t2", "t3"]
    assert second.after is None
    one = first.cases[0]
    assert [r.reviewer for r in one.reviews] == ["Ada", "Bo"]
    assert [a.analysis for a in one.annotations] == ["quotes t1"]
    assert one.guard
    assert (one.guard.judgment, one.guard.analysis, one.source) == (SAFE, "of t1", "north")
    (image,) = first.cases[1].triple.images
    assert isinstance(image, ImageBlob)
    assert image.is_left_behind


def test_an_annotation_is_kept_once_and_not_of_what_is_gone(store: Store) -> None:
    page: ToAnnotate = ask(store, "annotate.take", JUDGE, "", 10, False)
    assert ([t.id for t in page.triples], page.left, page.after) == (["t1", "t2"], 2, None)
    assert ask(store, "annotate.keep", JUDGE, [said("t1"), said("nobody"), said("t1")]) == 1
    assert ask(store, "annotate.keep", JUDGE, [said("t1", HARMFUL)]) == 0
    assert [t.id for t in ask(store, "annotate.take", JUDGE, "", 10, True).triples] == ["t2", "t3", "t4"]
    other = JudgeKey("m", "v2", "p1")
    assert ask(store, "annotate.take", other, "", 1, False).after == "t1"
    erase(store, Request((Subject("triple", "t2"),), "Eve", "letter 7"), 1000, NOW)
    assert ask(store, "annotate.keep", JUDGE, [said("t2")]) == 0


def test_erasure_and_retention_reach_annotations_and_what_is_locked(store: Store) -> None:
    ask(store, "annotate.keep", JUDGE, [said(f"t{n}") for n in range(1, 5)])
    ask(store, "training.lock", [LockedCase("t1", Purpose.GOLD, HARMFUL)], NOW)
    ask(store, "training.begin", beginning(), [LearnedItem("t2", "D3:0", HARMFUL, ("m@v1",), ("Ada", "Bo"))])
    erase(store, Request((Subject("triple", "t1"), Subject("triple", "t2")), "Eve", "letter 7"), 1000, later(1))
    tables = {name: rows(store, name) for name in ("annotations", "locked_cases", "training_items")}
    assert tables == {"annotations": 2, "locked_cases": 0, "training_items": 1}
    assert ask(store, "training.gone", ["t1", "t2", "t3", "t9"]) == ["t1", "t2", "t9"]
    (run,) = ask(store, "training.runs", 5)
    assert run.erased_since == 1
    old = load(overrides={"retention.text": "1"})
    expire(store, old.retention, later(60 * 24 * 9))
    found = store.connection.execute("SELECT triple_id, judgment, analysis FROM annotations ORDER BY 1").fetchall()
    assert found == [("t3", 0.0, ""), ("t4", 0.0, "")]
    assert ask(store, "training.gone", ["t3"]) == ["t3"]
    assert all(case.text_gone for case in ask(store, "training.cases", "", 10).cases)


def test_an_image_that_is_gone_is_told(store: Store) -> None:
    expire(store, load(overrides={"retention.image": "1"}).retention, later(60 * 24 * 9))
    assert ask(store, "training.gone", ["t1", "t2"]) == ["t2"]
    assert [case.image_gone for case in ask(store, "training.cases", "", 10).cases] == [False, True]


def test_a_case_is_locked_once_and_what_was_learned_from_never(store: Store) -> None:
    ask(store, "training.begin", beginning(), [LearnedItem("t3", "D3:0", SAFE)])
    cases = [LockedCase(f"t{n}", Purpose.GOLD, HARMFUL, 1.0, "north", "crime", "en") for n in (1, 2, 3, 9)]
    assert ask(store, "training.lock", cases, NOW) == ["t1", "t2"]
    assert ask(store, "training.lock", [LockedCase("t1", Purpose.FROZEN, SAFE)], NOW) == []
    page: LockedPage = ask(store, "training.locked", "", 1)
    assert (page.after, page.cases[0].case) == ("t1", cases[0])
    assert page.cases[0].triple.question == "What is tide?"
    known = {case.triple.id: case.locked for case in ask(store, "training.cases", "", 10).cases}
    assert known == {"t1": Purpose.GOLD, "t2": Purpose.GOLD}


def test_people_are_asked_once_for_a_case_with_a_verdict(store: Store) -> None:
    wanted = [Asked("t3", Why.JUDGES_SPLIT), Asked("nobody", Why.JUDGES_SPLIT)]
    assert ask(store, "training.ask_people", wanted, None, NOW) == ["t3"]
    assert ask(store, "training.ask_people", wanted, "run7", NOW) == []


def test_a_salt_is_made_once_and_is_not_that_of_the_draws(store: Store) -> None:
    first, again = (ask(store, "training.ground", NOW) for _ in range(2))
    assert isinstance(first, Ground)
    assert first == again
    ((own,),) = store.connection.execute("SELECT salt FROM draw_salt").fetchall()
    assert first.salt != own


def test_a_training_is_kept_with_its_lineage_and_ends_once(store: Store) -> None:
    item = LearnedItem("t1", "D2:1", HARMFUL, ("m@v1#p1",), ("Ada", "Bo"), "north")
    assert ask(store, "training.begin", beginning(), [item])
    assert ask(store, "training.begin", beginning(), [item, item])
    assert ask(store, "training.items", "r1") == ["t1"]
    ended: TrainingRun = ask(store, "training.end", "r1", "done", "all well", "abc", later(5))
    assert (ended.state, ended.candidate, ended.ended_at) == ("done", "abc", later(5))
    assert ask(store, "training.end", "r1", "failed", "no", None, later(6)) == ended
    assert ask(store, "training.runs", 5) == [ended]
    with pytest.raises(TrainingUnknown):
        ask(store, "training.end", "r2", "done", "", None, NOW)
    told = store.connection.execute("SELECT kind, actor FROM events WHERE kind LIKE 'training.%' ORDER BY seq")
    assert told.fetchall() == [("training.begun", "Ada"), ("training.ended", "Ada")]


def test_what_shadowing_said_is_not_learned_from(store: Store) -> None:
    shadow = replace(KEY, model_revision="r2")
    store.begin_run(replace(make_run("run2"), scorer=shadow))
    store.connection.execute("UPDATE runs SET kind = 'shadow' WHERE run_id = 'run2'")
    verdict = make_verdict("t1", scorer=shadow, judgment=HARMFUL, scored_at=later(9))
    with store.transaction():
        store.insert_columns("verdicts", verdict_columns([verdict], "run2"))
    (one, *_) = ask(store, "training.cases", "", 10).cases
    assert one.guard.revision == "r1"


def beginning() -> Beginning:
    return Beginning("r1", NOW, "Ada", "0.1.0", "builtin:demo", "abc", "d" * 64, {"seed": 1}, {"D3:0": 1}, "# Card")


def later(minutes: int) -> datetime:
    return NOW + timedelta(minutes=minutes)


def rows(store: Store, table: str) -> int:
    ((n,),) = store.connection.execute(f"SELECT count(*) FROM {table}").fetchall()  # noqa: S608
    return int(n)
