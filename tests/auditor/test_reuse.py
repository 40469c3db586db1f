import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from auditor.guard_input import guard_input
from auditor.reuse import Memory, content_hash
from auditor.scorer import Scorer, build
from auditor.store import Store
from auditor.verdict import Judgment
from auditor.verdict_rows import verdict_columns
from conf.schema import load
from ingest.qta import QTATriple, Status
from tests.factories import make_image, make_triple, make_verdict

AT = datetime(2026, 3, 2, tzinfo=UTC)
TABLE = [
    {"contains": "harm", "completion": "“Analysis”: crime.\n“Judgment”: 1", "p": [0.1, 0.1, 0.8]},
    {"contains": "rambling", "completion": "Well.", "p": [0.9, 0.05, 0.05]},
]


class Counting:
    """The ways to ask, counting the cases."""

    def __init__(self, scorer: Scorer) -> None:
        self.ask, self.asked = scorer.ask, 0

    def __call__(self, cases: Sequence[Any]) -> Any:
        self.asked += len(cases)
        return self.ask(cases)


@pytest.fixture
def scripted(tmp_path: Path) -> Scorer:
    (tmp_path / "table.json").write_text(json.dumps(TABLE))
    table = str(tmp_path / "table.json")
    return build(load(overrides={"auditor.backend": "scripted", "auditor.scripted_table": table}), lambda: AT)


def counted(scorer: Scorer) -> tuple[Scorer, Counting]:
    counting = Counting(scorer)
    return replace(scorer, ask=counting), counting


def test_equal_content_is_judged_once_and_each_triple_has_its_verdict(scripted: Scorer) -> None:
    scorer, counting = counted(scripted)
    triples = [make_triple(id=f"{n}", question="harm" if n % 2 else "tide") for n in range(10)]
    verdicts = [*scorer.score(triples[:5]), *scorer.score(triples[5:])]
    assert counting.asked == 2
    assert [v.triple_id for v in verdicts] == [t.id for t in triples]
    assert [v.judgment for v in verdicts] == [Judgment.SAFE, Judgment.HARMFUL] * 5
    assert [v.reused_from for v in verdicts] == [None, None, *["0", "1"] * 4]
    assert sum(v.prompt_tokens for v in verdicts[2:]) == 0


def test_without_reuse_each_is_judged(scripted: Scorer) -> None:
    scorer, counting = counted(replace(scripted, memory=None))
    verdicts = scorer.score([make_triple(id=f"{n}") for n in range(4)])
    assert (counting.asked, {v.reused_from for v in verdicts}) == (4, {None})


def test_what_could_not_be_read_is_asked_again(scripted: Scorer) -> None:
    scorer, counting = counted(scripted)
    for n in range(2):
        assert scorer.score([make_triple(id=f"{n}", question="rambling")])[0].judgment is None
    assert counting.asked == 2


def test_a_triple_that_cannot_be_judged_lends_its_verdict_to_none(scripted: Scorer) -> None:
    lost = make_triple(id="lost", status=Status.CONTENT_NOT_CAPTURED, question=None, thinking=None, answer=None)
    verdicts = scripted.score([lost, make_triple(id="whole")])
    assert [v.judgment for v in verdicts] == [None, Judgment.SAFE]


def one_pixel_off() -> QTATriple:
    return make_triple(images=(make_image(b"other"),))


@pytest.mark.parametrize(
    "other",
    [
        make_triple(images=()),
        one_pixel_off(),
        make_triple(images=(make_image(), make_image())),
        make_triple(images=(make_image(),), question="What is tide ?"),
        make_triple(images=(make_image(),), thinking=None),
    ],
    ids=["no image", "another image", "one more", "a blank more", "no thinking"],
)
def test_what_differs_in_anything_shown_is_not_equal(other: QTATriple, scripted: Scorer) -> None:
    this = make_triple(images=(make_image(),))
    assert content_hash(guard_input(this, 4), scripted.key) != content_hash(guard_input(other, 4), scripted.key)


@pytest.mark.parametrize("field", ["model_revision", "prompt_hash", "decoding"])
def test_what_is_asked_otherwise_is_not_equal(field: str, scripted: Scorer) -> None:
    shown = guard_input(make_triple())
    assert content_hash(shown, scripted.key) != content_hash(shown, replace(scripted.key, **{field: "other"}))
    assert content_hash(shown, scripted.key) != content_hash(replace(shown, local="No dosages."), scripted.key)


def test_fields_cannot_be_moved_into_each_other(scripted: Scorer) -> None:
    one, other = make_triple(question="a", thinking="b c"), make_triple(question="a b", thinking="c")
    assert content_hash(guard_input(one), scripted.key) != content_hash(guard_input(other), scripted.key)


def test_verdicts_in_the_database_are_reused_by_the_next_run(scripted: Scorer, tmp_path: Path) -> None:
    with Store.open(str(tmp_path / "a.duckdb"), "") as store:
        first = scripted.recalling(store.recall)
        (verdict,) = first.score([make_triple(id="first", question="harm")])
        store.insert_columns("verdicts", verdict_columns([verdict], "run"))
        scorer, counting = counted(replace(first, memory=Memory(store.recall)))
        (again,) = scorer.score([make_triple(id="second", question="harm")])
        assert (counting.asked, again.reused_from) == (0, "first")
        assert replace(again, triple_id="first", reused_from=None, prompt_tokens=verdict.prompt_tokens) == replace(
            verdict, output_tokens=0, seconds=0.0
        )


def test_the_memory_forgets_what_was_used_longest_ago(scripted: Scorer) -> None:
    memory = Memory(capacity=2)
    for name in ("a", "b"):
        memory.keep([make_verdict(content_hash=name)])
    memory.find(["a"], scripted.key)
    memory.keep([make_verdict(content_hash="c")])
    assert sorted(memory.find(["a", "b", "c"], scripted.key)) == ["a", "c"]
