"""The command annotate on a real database: each judge each case once, in pieces, and nothing of what is gone."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from auditor.__main__ import main
from auditor.bisect import Patience
from auditor.completion import Unreadable
from auditor.errors import BackendFailed
from auditor.questions import answer_here
from auditor.retention.erase import Request, erase
from auditor.retention.subjects import Subject
from auditor.reviews import Review
from auditor.store import Store
from auditor.store_reviews import add_reviews
from conf.schema import load
from ingest.qta import ImageBlob, QTATriple
from tests.auditor.backends.relay import Reply, relay
from tests.auditor.learning.pictures import png
from tests.factories import NOW, make_batch, make_image, make_item, make_run, make_triple, make_verdict
from tests.training.annotating.test_endpoint import endpoint, reply
from tests.training.cases import HARMFUL, sentence
from training.annotating.annotate import Annotating
from training.items import Said, Voter, VoterKind

N = 40


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """Forty cases, the first 35 of them reviewed, one with an image."""
    path = tmp_path / "a.duckdb"
    triples = [
        make_triple(id=f"t{n:02}", question=sentence(n), images=(make_image(png("red")),) if n == 0 else ())
        for n in range(N)
    ]
    with Store.open(str(path)) as store:
        store.begin_run(make_run())
        items = [make_item(n, triple) for n, triple in enumerate(triples)]
        store.save(make_batch(*items), [], [make_verdict(t.id) for t in triples], "run1", NOW)
        add_reviews(store, [Review(t.id, "Ada", HARMFUL, None, None, NOW) for t in triples[:35]], NOW)
    return path


@pytest.fixture
def url() -> Iterator[str]:
    answers = {"47x": reply("nothing"), "48x": Reply(400)}
    with relay(endpoint(answers)) as where:
        yield f"{where}/v1"


def command(db: Path, capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> list[dict[str, Any]]:
    assert main(["annotate", "--db", str(db), "--json", *words]) == code
    out = capsys.readouterr().out
    return [json.loads(line) for line in out.splitlines()]


def test_each_judge_annotates_each_reviewed_case_once(db: Path, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    judges = ("--set", f'judges.m={{url="{url}"}}', "--set", f'judges.n={{url="{url}"}}')
    (first,) = command(db, capsys, *judges, "--judge", "m", "--limit", "3")
    assert first == {"judge": "m", "annotated": 3, "unreadable": {}, "lost": 0, "left": 32}
    rest, other = command(db, capsys, *judges)
    assert (rest["judge"], rest["annotated"], rest["left"]) == ("m", 32, 0)
    assert (other["judge"], other["annotated"], other["left"]) == ("n", 35, 0)
    again, _ = command(db, capsys, *judges)
    assert (again["annotated"], again["left"]) == (0, 0)
    (everything, _) = command(db, capsys, *judges, "--all")
    assert everything["annotated"] == 5
    with Store.open(str(db)) as store:
        query = "SELECT judge, version, count(*), count(DISTINCT triple_id) FROM annotations GROUP BY ALL ORDER BY 1"
        assert store.connection.execute(query).fetchall() == [("m", "m-1", 40, 40), ("n", "m-1", 40, 40)]


def test_without_a_judge_or_with_a_wrong_one_it_says_what_to_do(db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["annotate", "--db", str(db)]) == 2
    assert "add a table [judges.NAME]" in capsys.readouterr().err
    assert main(["annotate", "--db", str(db), "--judge", "x", "--set", 'judges.m={model="builtin:demo"}']) == 2
    assert "--judge x: configured are m" in capsys.readouterr().err
    assert main(["annotate", "--db", str(db), "--set", "judges.m={max_images=1}"]) == 2
    assert "a judge needs a url, or a model that runs here" in capsys.readouterr().err


def test_a_checkpoint_on_this_machine_is_a_judge(db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    demo = 'judges.demo={model="builtin:demo", prompt_file="builtin:guard", max_new_tokens=120}'
    (done,) = command(db, capsys, "--set", demo, "--limit", "4")
    assert (done["annotated"], done["unreadable"], done["left"]) == (4, {}, 31)
    with Store.open(str(db)) as store:
        rows = store.connection.execute(
            "SELECT DISTINCT len(version), judgment IS NULL, analysis <> '' FROM annotations"
        )
        assert rows.fetchall() == [(64, False, True)]


class MadeUp:
    """A judge that is told how to answer."""

    voter = Voter("m", VoterKind.JUDGE, "v1", "p1")

    def __init__(self, failures: int = 0) -> None:
        self.failures, self.seen = failures, list[QTATriple]()

    def annotate(self, triples: Any) -> list[Said | Unreadable]:
        if self.failures:
            self.failures -= 1
            raise BackendFailed("away")
        self.seen += triples
        return [Said("fine", HARMFUL) for _ in triples]

    def close(self) -> None:
        pass


def working(store: Store, judge: MadeUp, retries: int = 2) -> Annotating:
    config = load()

    def ask(name: str, *arguments: Any) -> Any:
        return answer_here(store, config, name, *arguments)

    return Annotating(judge, ask, config, lambda: NOW, Patience(retries, lambda _: None))


def test_a_judge_that_fails_is_tried_again_and_what_it_said_before_is_kept(db: Path) -> None:
    with Store.open(str(db)) as store:
        judge = MadeUp(failures=2)
        assert working(store, judge).run(32, Event(), all_of_them=False).annotated == 32
        judge.failures = 3
        with pytest.raises(BackendFailed):
            working(store, judge).run(None, Event(), all_of_them=False)
        assert working(store, judge).run(None, Event(), all_of_them=False).annotated == 3
        image = judge.seen[0].images[0]
        assert isinstance(image, ImageBlob)
        assert image.data == png("red")


def test_what_is_erased_while_a_judge_reads_it_is_not_kept(db: Path) -> None:
    with Store.open(str(db)) as store:

        class Meanwhile(MadeUp):
            def annotate(self, triples: Any) -> list[Said | Unreadable]:
                erase(store, Request((Subject("triple", "t07"),), "Eve", "letter"), 1000, NOW + timedelta(minutes=1))
                return super().annotate(triples)

        done = working(store, Meanwhile()).run(20, Event(), all_of_them=False)
        assert (done.annotated, done.lost) == (19, 1)
        assert store.connection.execute("SELECT count(*) FROM annotations WHERE triple_id = 't07'").fetchall() == [(0,)]


def test_it_stops_when_asked(db: Path) -> None:
    stop = Event()
    stop.set()
    with Store.open(str(db)) as store:
        assert working(store, MadeUp()).run(None, stop, all_of_them=False).annotated == 0
