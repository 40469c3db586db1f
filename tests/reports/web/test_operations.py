"""The page of operations, and the same as JSON: how it stands, run now, send again."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from fastapi.testclient import TestClient

from auditor.access.person import Role, person_with
from auditor.store import Store
from reports.schedule.jobs import Surroundings
from reports.schedule.service import rounds_of
from reports.sending import store_deliveries
from reports.sending.message import Message
from tests.reports.seed import NOW as NIGHT
from tests.reports.seed import config, judged, seed
from tests.reports.web.site import NOW, Clock, Somebody, browsing

ADAM, VERA = person_with("Adam", [Role.ADMIN]), person_with("Vera", [Role.VIEWER])
MARK = "a text that only the log has"
OFF = dict.fromkeys(("schedule__golden", "schedule__checkpoint", "schedule__weekly", "schedule__monthly"), '""')


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(":memory:") as store:
        seed(store, [judged(1, 0.97, question=MARK), judged(2, 0.1)], rejected=3, gaps=2)
        store_deliveries.queue(store, "ops", "files", Message("nightly", "nightly/2026-11-22", "one night"), NOW)
        yield store


@pytest.fixture
def somebody() -> Somebody:
    return Somebody(ADAM)


@pytest.fixture
def client(store: Store, somebody: Somebody) -> Iterator[TestClient]:
    with browsing(store, somebody, Clock(NOW)) as client:
        yield client


def events(store: Store, kind: str) -> list[Any]:
    return store.connection.execute("SELECT actor, subject, details FROM events WHERE kind = ?", [kind]).fetchall()


def test_the_page_says_that_all_is_accounted_for_and_nothing_of_a_log(client: TestClient) -> None:
    assert client.get("/api/v1/standing").json()["ok"] is True  # waits for the ledger
    page = client.get("/operations").text
    assert "All accounted for" in page
    assert "5 records of 1 partition or file" in page
    assert "3 records could not be read" in page
    assert "cut off, or not JSON" in page
    assert MARK not in page
    assert "style=" not in page


def test_what_does_not_add_up_is_first(client: TestClient, store: Store) -> None:
    store.connection.execute("UPDATE positions SET next_offset = next_offset + 4")
    assert client.get("/api/v1/standing").json()["unbalanced"] == 1
    assert "Not all accounted for" in client.get("/operations").text
    assert client.get("/api/v1/standing").json()["ok"] is False
    assert client.get("/api/v1/ledger").json()[0]["end"] == 11


def test_dead_letters_are_counted_by_reason_without_their_bytes(client: TestClient) -> None:
    (line,) = client.get("/api/v1/dead-letters").json()
    assert (line["reason"], line["open"], line["settled"]) == ("not_json", 3, 0)
    assert set(line) == {"reason", "stage", "open", "settled", "first_at", "last_at"}
    assert line["first_at"] == "2026-11-22T23:30:00Z"


def test_a_job_that_is_asked_for_is_run_by_who_runs_jobs_and_shows(
    client: TestClient, store: Store, tmp_path: Path
) -> None:
    answer = client.post("/operations/jobs/nightly/runs")
    assert (answer.status_code, answer.headers["location"]) == (303, "/operations?job=nightly#jobs")
    assert events(store, "job.wanted") == [("Adam", "nightly/2026-11-22", '{"was":"not due"}')]
    jobs = {line["name"]: line for line in client.get("/api/v1/jobs").json()["jobs"]}
    assert (jobs["nightly"]["period"], jobs["nightly"]["state"]) == ("2026-11-22", "due")
    assert "2026-11-22 is due" in client.get("/operations").text
    configured = config(**OFF, report__out_dir=str(tmp_path / "out"))
    (ran,) = rounds_of([store], Surroundings(configured), lambda: NOW).runner.run_due()
    assert (ran.period.name, ran.state) == ("2026-11-22", "done")
    assert list(tmp_path.glob("out/audit-2026-11-22.html"))
    page = client.get("/operations").text
    assert "1 of 2 exchanges need a person; reports made: 1" in page
    assert "2026-11-22 is done" in page


def test_what_failed_says_why_and_can_be_run_again(client: TestClient, store: Store, tmp_path: Path) -> None:
    client.post("/operations/jobs/nightly/runs")
    (tmp_path / "file").write_text("no folder")
    configured = config(**OFF, report__out_dir=str(tmp_path / "file" / "out"))
    (ran,) = rounds_of([store], Surroundings(configured), lambda: NOW).runner.run_due()
    assert ran.state == "failed"
    page = client.get("/operations").text
    assert "failed, is tried again" in page
    assert "Run nightly of 2026-11-22 again" in page
    assert client.post("/operations/jobs/nightly/runs", data={"period": "2026-11-22"}).status_code == 303
    assert "2026-11-22 is due" in client.get("/operations").text


def test_a_job_that_is_done_is_refused_in_words(client: TestClient, store: Store) -> None:
    assert client.post("/api/v1/jobs/nightly/runs", json={}).json() == {"job": "nightly", "period": "2026-11-22"}
    answer = client.post("/api/v1/jobs/nightly/runs", json={})
    assert (answer.status_code, answer.json()["error"]) == (409, "RunRefused")
    store.connection.execute("UPDATE job_runs SET state = 'done'")
    page = client.post("/operations/jobs/nightly/runs")
    assert (page.status_code, "each period runs once" in page.text) == (409, True)
    assert "2026-11-22 is done" in client.get("/operations").text
    assert client.post("/api/v1/jobs/nothing/runs", json={}).status_code == 409


def test_whoever_runs_jobs_is_woken(store: Store, somebody: Somebody) -> None:
    bell = Event()
    with browsing(store, somebody, Clock(NOW), ring=bell.set) as client:
        assert client.post("/operations/jobs/nothing/runs").status_code == 409
        assert not bell.is_set()
        client.post("/operations/jobs/checkpoint/runs")
    assert bell.is_set()


def test_a_delivery_that_was_given_up_is_sent_again_and_one_that_was_sent_is_not(
    client: TestClient, store: Store
) -> None:
    ((name,),) = store.connection.execute("SELECT id FROM deliveries").fetchall()
    store.connection.execute("UPDATE deliveries SET state = 'given_up', next_at = NULL, detail = 'no such folder'")
    page = client.get("/operations").text
    assert "no such folder" in page
    assert f"/operations/deliveries/{name}/retry" in page
    assert client.post(f"/operations/deliveries/{name}/retry").status_code == 303
    (told,) = client.get("/api/v1/deliveries").json()
    assert told["state"] == "failed"
    assert store_deliveries.take(store, "p", NOW + timedelta(seconds=1), timedelta(hours=1)) is not None
    assert events(store, "delivery.wanted") == [("Adam", "ops", '{"subject":"nightly/2026-11-22","was":"given_up"}')]
    store.connection.execute("UPDATE deliveries SET state = 'sent'")
    assert client.post(f"/api/v1/deliveries/{name}/retry").status_code == 409
    assert client.post("/api/v1/deliveries/nothing/retry").status_code == 409
    assert len(events(store, "delivery.wanted")) == 1


def test_who_only_reads_does_not_operate(client: TestClient, somebody: Somebody, store: Store) -> None:
    somebody.person = VERA
    assert client.get("/operations").status_code == 403
    assert client.post("/operations/jobs/nightly/runs").status_code == 403
    assert client.get("/api/v1/jobs").status_code == 403
    somebody.person = person_with("Tom", [Role.ADMIN], ["harbor-bank"])
    assert client.get("/operations").status_code == 403
    assert events(store, "job.wanted") == []


def test_an_empty_database_has_nothing_to_tell_and_says_so(somebody: Somebody) -> None:
    with Store.open(":memory:") as empty, browsing(empty, somebody, Clock(NOW)) as client:
        assert client.get("/api/v1/standing").json()["ok"] is True
        page = client.get("/operations").text
        assert "Nothing was read yet." in page
        assert "Every record could be read." in page


def test_the_night_is_before_the_clock_of_these_tests() -> None:
    assert NIGHT.date() < NOW.date()
