"""Whoever owns the database answers: the same whether it is this process, a run or the service; and says who it was."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from auditor import owner
from auditor.answering import Owner
from auditor.errors import Declined, ServiceFailed, StoreLocked
from auditor.follow import Health
from auditor.local_api import answering_others
from auditor.owner import Asker
from auditor.questions import MAX_BODY_BYTES, PATH, QUESTIONS, question_of
from auditor.service import announced, file_of, find_service, may_ask, read_secret, secret_file, secret_for
from auditor.store import MEMORY, Store
from conf.schema import Config, load
from reports.health import answering, app_of
from reports.nightly import Wanted
from reports.questions_api import add_questions
from tests.auditor.odd_questions import ODD
from tests.factories import NOW, make_batch, make_item, make_run, make_triple, make_verdict

HOLD = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"


@pytest.fixture(autouse=True)
def odd(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests' own questions are known."""
    for name, where in ODD.items():
        monkeypatch.setitem(QUESTIONS, name, where)


@pytest.fixture
def db(tmp_path: Path) -> str:
    path = str(tmp_path / "a.duckdb")
    with Store.open(path) as store:
        store.begin_run(make_run())
        store.save(make_batch(make_item(0, make_triple())), [], [make_verdict()], "run1", NOW)
    return path


def config(db: str, **more: str) -> Config:
    quoted = {key.replace("__", "."): json.dumps(value) for key, value in more.items()}
    return load(overrides={"store.path": json.dumps(db), **quoted})


def asker(db: str, said: list[str] | None = None, **more: str) -> Asker:
    return Asker(config(db, **more), said.append if said is not None else lambda _: None)


@contextmanager
def as_run(store: Store, db: str) -> Iterator[None]:
    with answering_others(store, db, lambda _: None):
        yield


@contextmanager
def as_service(store: Store, db: str) -> Iterator[None]:
    app, answers = app_of(Health(), CollectorRegistry()), Owner(store)
    with ExitStack() as stack:
        add_questions(app, answers, stack.enter_context(secret_for(db)))
        port = stack.enter_context(answering(app, "127.0.0.1", 0))
        stack.enter_context(announced(db, "127.0.0.1", port))
        yield
        answers.end(lambda _: None)


@pytest.fixture(params=[as_run, as_service])
def store(request: pytest.FixtureRequest, db: str) -> Iterator[Store]:
    """The open database, whose owner answers."""
    with Store.open(db) as opened, request.param(opened, db):
        yield opened


@pytest.mark.usefixtures("store")
class TestAsked:
    """A process that owns the database is asked."""

    def test_it_answers_and_is_named_once(self, db: str) -> None:
        said: list[str] = []
        one, service = asker(db, said), find_service(db)
        assert service
        assert [line.records for line in one.ask("ledger")] == [0]
        assert one.ask("votes.all") == []
        assert said == [f"asked {service.where}"]
        assert str(os.getpid()) in said[0]

    def test_its_errors_keep_words_and_exit_code(self, db: str) -> None:
        with pytest.raises(Declined, match="holds no records yet; `traceaudit run SOURCE`") as caught:
            asker(db).ask("report", Wanted(None), NOW)
        assert (caught.value.error, caught.value.exit_code) == ("NothingToReport", 1)

    def test_what_breaks_is_one_line_without_a_word_of_a_log(self, db: str, caplog: pytest.LogCaptureFixture) -> None:
        with pytest.raises(Declined) as caught:
            asker(db).ask("test.break", "the words of a log")
        assert str(caught.value) == "test.break failed in the process that owns the database (ValueError)"
        assert "the words of a log" not in caplog.text

    def test_the_askers_configuration_counts_and_its_paths_are_whole(
        self, db: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.chdir(tmp_path)
        assert asker(db, report__out_dir="out").ask("test.settings") == (str(tmp_path / "out"), float("inf"))

    def test_reading_goes_on_while_the_owner_writes_and_writing_waits(self, db: str, store: Store) -> None:
        one = asker(db)
        with ThreadPoolExecutor(2) as threads:
            with store.transaction():
                store.connection.execute("INSERT INTO sink_positions VALUES ('a', 0, 0, now()::TIMESTAMP)")
                writing = threads.submit(one.ask, "test.keep", "b")
                assert threads.submit(one.ask, "votes.all").result(20) == []
                assert not writing.done()
            assert writing.result(20) == 1
        rows = store.connection.execute("SELECT source FROM sink_positions ORDER BY ALL").fetchall()
        assert rows == [("a",), ("b",)]

    def test_many_at_once_are_all_answered(self, db: str) -> None:
        with ThreadPoolExecutor(12) as threads:
            found = list(threads.map(lambda n: asker(db).ask("test.keep", f"n{n}"), range(12)))
        assert found == [1] * 12

    @pytest.mark.parametrize("changes", [{"Authorization": "Bearer wrong"}, {"Host": "evil.example"}, {"Host": ""}])
    def test_who_does_not_know_the_secret_or_means_another_host_is_refused(
        self, db: str, changes: dict[str, str]
    ) -> None:
        assert post(db, "ledger", whole("ledger", db), {}) == 200
        assert post(db, "ledger", whole("ledger", db), changes) == 403

    @pytest.mark.parametrize(
        ("name", "body", "status"),
        [
            ("no_such_question", b"[]", 404),
            ("", b"[]", 404),
            ("ledger", b"{", 422),
            ("ledger", b"[]", 422),
            ("votes.keep", b'[{"a secret of a log": 1}, [], 0]', 422),
        ],
    )
    def test_a_wrong_question_is_refused_and_not_said_again(
        self, db: str, name: str, body: bytes, status: int, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert post(db, name, body, {}) == status
        assert "a secret of a log" not in caplog.text

    def test_a_body_has_bounds(self, db: str) -> None:
        """Of such a length the head alone decides, or what was sent until then."""
        with pytest.raises(ServiceFailed, match=r"as long as this one|went away") as caught:
            ask_raw(db, b" " * (MAX_BODY_BYTES + 1))
        assert str(caught.value).count("\n") == 0

    def test_one_of_another_version_is_one_line(self, db: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(owner, "PATH", f"{PATH}of-another-")
        with pytest.raises(ServiceFailed, match="of another version"):
            asker(db).ask("ledger")

    def test_a_secret_that_this_user_may_not_read_is_one_line(self, db: str) -> None:
        secret_file(db).rename(f"{db}.elsewhere")
        with pytest.raises(ServiceFailed, match="ask as the user who runs"):
            asker(db).ask("ledger")
        Path(f"{db}.elsewhere").rename(secret_file(db))


def whole(name: str, db: str) -> bytes:
    """A question as it should be."""
    return question_of(name).takes.dump_json((config(db),))


def post(db: str, name: str, body: bytes, changes: dict[str, str]) -> int:
    """The status of the answer."""
    service = find_service(db)
    assert service
    connection = HTTPConnection(service.host, service.port, timeout=20)
    headers = {"Authorization": f"Bearer {read_secret(db)}"} | changes
    connection.request("POST", f"{PATH}{name}", body, headers)
    status = connection.getresponse().status
    connection.close()
    return status


def ask_raw(db: str, body: bytes) -> None:
    service = find_service(db)
    assert service
    got = owner.post(service, "ledger", body, read_secret(db))
    assert got
    raise ServiceFailed(owner.WORDS[got[0]])


@pytest.mark.parametrize("serving", [as_run, as_service])
def test_what_is_asked_when_the_owner_ends_is_waited_for(db: str, serving: Callable[..., Iterator[None]]) -> None:
    with ThreadPoolExecutor(1) as threads:
        with Store.open(db) as opened, serving(opened, db):  # type: ignore[attr-defined]
            asked = threads.submit(asker(db).ask, "test.sleep", 1.0)
            wait_until_asked(db)
        assert asked.result(20) == 1.0
    assert not file_of(db).exists()
    assert not secret_file(db).exists()


def wait_until_asked(db: str) -> None:
    """Until the question is being answered: it takes a second, so this is in time."""
    threading.Event().wait(0.4)
    assert find_service(db)


def test_an_answer_that_takes_too_long_is_broken_off_when_the_owner_ends(db: str) -> None:
    said: list[str] = []
    with Store.open(db) as opened:
        answers = Owner(opened)
        body = question_of("test.forever").takes.dump_json((config(db),))
        with ThreadPoolExecutor(1) as threads:
            asked = threads.submit(answers.answer, "test.forever", body)
            while not answers.busy:
                threading.Event().wait(0.01)
            answers.end(said.append, 0.2)
            assert asked.result(20).status == 409
        assert b"ended before it had answered" in asked.result().body
        assert answers.answer("test.forever", body).status == 503
        assert opened.ledger()
    assert len(said) == 1


def test_where_nobody_has_the_file_it_is_opened_here_for_a_moment(db: str) -> None:
    said: list[str] = []
    one = asker(db, said)
    assert one.ask("votes.all") == []
    assert one.ask("ledger")
    assert said == [f"opened {db}"]
    Store.open(db).close()


def test_what_a_killed_owner_left_behind_does_not_matter(db: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    secret_file(db).write_text("old")
    for pid in (os.getpid(), 2**22 + 1):
        file_of(db).write_text(json.dumps({"host": "127.0.0.1", "port": port, "pid": pid}))
        assert asker(db).ask("ledger")


def test_a_file_whose_holder_does_not_answer_is_a_clear_line(db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owner, "PATIENCE_S", 0.3)
    words = [sys.executable, "-c", HOLD, db]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        holder.stdout.readline()
        with pytest.raises(StoreLocked, match=rf"is in use by .* \(PID {holder.pid}\); wait for it"):
            asker(db).ask("ledger")
        assert holder.stdin
        threading.Timer(0.2, holder.stdin.close).start()
        monkeypatch.setattr(owner, "PATIENCE_S", 20.0)
        assert asker(db).ask("ledger")


def test_a_database_in_memory_has_nobody_to_ask() -> None:
    with Store.open(MEMORY) as store, answering_others(store, MEMORY, lambda _: None):
        assert find_service(MEMORY) is None


@pytest.mark.parametrize(
    ("peer", "here", "host", "given", "may"),
    [
        ("127.0.0.1", "127.0.0.1", "127.0.0.1:81", "Bearer s", True),
        ("127.0.0.1", "127.0.0.1", "localhost:81", "Bearer s", True),
        ("::1", "::1", "[::1]:81", "Bearer s", True),
        ("192.0.2.7", "192.0.2.7", "192.0.2.7:81", "Bearer s", True),
        ("127.0.0.1", "127.0.0.1", "evil.example:81", "Bearer s", False),
        ("127.0.0.1", "127.0.0.1", "127.0.0.1.evil.example", "Bearer s", False),
        ("127.0.0.1", "127.0.0.1", "", "Bearer s", False),
        ("127.0.0.1", "127.0.0.1", "127.0.0.1:81", "Bearer t", False),
        ("127.0.0.1", "127.0.0.1", "127.0.0.1:81", "", False),
        ("127.0.0.1", "127.0.0.1", "127.0.0.1:81", "Bearer sä", False),
        ("192.0.2.8", "192.0.2.7", "192.0.2.7:81", "Bearer s", False),
        ("not-an-address", "127.0.0.1", "127.0.0.1:81", "Bearer s", False),
    ],
)
def test_who_may_ask(peer: str, here: str, host: str, given: str, may: bool) -> None:
    assert may_ask(peer, here, host, given, "s") is may


@pytest.mark.parametrize("name", sorted(QUESTIONS))
def test_every_question_has_shapes(name: str) -> None:
    assert question_of(name).takes
