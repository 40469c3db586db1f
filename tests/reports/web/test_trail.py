"""The audit trail in the page: who did what, and whether the record of it is unbroken."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from auditor.access.person import Role, person_with
from auditor.evidence.events import SYSTEM, Deed, record_event
from auditor.policies.file import BUILT_IN
from auditor.reviews import Review
from auditor.store import Store
from auditor.store_reviews import add_reviews
from auditor.verdict import Category, Judgment
from tests.reports.seed import config, judged, seed
from tests.reports.web.site import NOW, Clock, Somebody, browsing

ADAM = person_with("Adam", [Role.ADMIN])
CASE = judged(1, 0.97)
ID = CASE[0].id
NASTY = "<script>alert(1)</script>\u202e"


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(":memory:") as store:
        seed(store, [CASE])
        for at in range(60):
            record_event(store, Deed("case.read", "Vera", ID, {"where": "page"}, NOW - timedelta(minutes=at)))
        record_event(store, Deed("policy.approved", NASTY, "7", {"version": NASTY}, NOW - timedelta(days=1)))
        yield store


@pytest.fixture
def somebody() -> Somebody:
    return Somebody(ADAM)


@pytest.fixture
def client(store: Store, somebody: Somebody, tmp_path: Path) -> Iterator[TestClient]:
    """Of a service whose policy wants two votes."""
    policy = tmp_path / "policy.toml"
    policy.write_text(BUILT_IN.read_text(encoding="utf-8").replace("votes = 1 ", "votes = 2 "), encoding="utf-8")
    with browsing(store, somebody, Clock(NOW), config(policy__file=str(policy))) as client:
        yield client


def numbers(answer: dict[str, list[dict[str, int]]]) -> list[int]:
    return [one["seq"] for one in answer["events"]]


def test_the_newest_are_first_and_older_ones_follow_without_a_hole(client: TestClient) -> None:
    first = client.get("/api/v1/events", params={"n": 40}).json()
    second = client.get("/api/v1/events", params={"n": 40, "before": first["older"]}).json()
    assert numbers(first) + numbers(second) == list(range(first["last"], 0, -1))
    assert second["older"] is None
    page = client.get("/trail").text
    assert f"before={first['last'] - 49}" in page
    assert page.count("<tr>") == 1 + 50


def test_events_are_found_by_who_what_about_and_day(client: TestClient) -> None:
    assert {one["actor"] for one in client.get("/api/v1/events?actor=Vera&n=1000").json()["events"]} == {"Vera"}
    kinds = {one["kind"] for one in client.get("/api/v1/events?kind=policy").json()["events"]}
    assert kinds == {"policy.approved"}
    assert len(client.get(f"/api/v1/events?subject={ID}&n=1000").json()["events"]) == 60
    day = (NOW - timedelta(days=1)).date().isoformat()
    assert [one["subject"] for one in client.get(f"/api/v1/events?day={day}").json()["events"]] == ["7"]


def test_the_page_shows_what_people_did_and_on_demand_what_the_service_did(client: TestClient) -> None:
    assert "stored rows" not in client.get("/trail").text.split("<tbody>")[1]
    assert "stored rows" in client.get("/trail?system=true&kind=rows.stored").text.split("<tbody>")[1]
    assert "There is no such event that a person caused." in client.get("/trail?kind=rows.stored").text
    assert client.get("/trail?actor=&kind=&subject=&day=").status_code == 200


def test_a_name_runs_nothing_and_hides_nothing(client: TestClient) -> None:
    page = client.get("/trail?kind=policy").text
    assert "<script>alert" not in page
    assert "\u202e" not in page
    assert "⟦U+202E⟧" in page
    assert f"/cases/{ID}" in client.get("/trail").text


def test_the_chain_is_read_and_a_change_is_seen(client: TestClient, store: Store) -> None:
    page = client.get("/trail").text
    while "being read" in page:
        page = client.get("/trail").text
    assert "Unbroken" in page
    store.connection.execute("UPDATE events SET actor = 'Eve' WHERE seq = 20")
    with browsing(store, Somebody(ADAM), Clock(NOW)) as anew:
        page = anew.get("/trail").text
        while "being read" in page:
            page = anew.get("/trail").text
    assert "Broken" in page
    assert "events 20" in page


def test_of_a_long_trail_the_end_is_read_and_all_signatures(
    client: TestClient, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reports.web.trail.MOST_READ", 10)
    page = client.get("/trail").text
    while "being read" in page:
        page = client.get("/trail").text
    ((last,),) = store.connection.execute("SELECT max(seq) FROM events").fetchall()
    assert f"The last 10 of {last} events and 0 signatures were read" in page


def test_who_may_vote_is_not_told_the_votes_of_others_on_an_open_case(
    client: TestClient, somebody: Somebody, store: Store
) -> None:
    given = Review(ID, "Rita", Judgment.HARMFUL, Category.HATE, "because", datetime(2026, 11, 23, tzinfo=UTC))
    add_reviews(store, [given], NOW)
    (told,) = client.get("/api/v1/events?kind=review.voted").json()["events"]
    assert told["details"]["vote"] == 1.0
    somebody.person = person_with("Otto", [Role.REVIEWER, Role.APPROVER])
    (told,) = client.get("/api/v1/events?kind=review.voted").json()["events"]
    assert (told["actor"], told["details"]) == ("Rita", {})
    page = client.get("/trail?kind=review.voted").text
    assert "not shown to who may still vote on it" in page
    assert "hate_speech" not in page


def test_the_trail_is_for_who_operates_and_sees_all_tenants(client: TestClient, somebody: Somebody) -> None:
    for person in (
        person_with("Vera", [Role.VIEWER]),
        person_with("Rita", [Role.REVIEWER]),
        person_with("Tom", [Role.ADMIN], ["harbor-bank"]),
    ):
        somebody.person = person
        assert client.get("/trail").status_code == 403
        assert client.get("/api/v1/events").status_code == 403


def test_an_empty_trail_says_so(somebody: Somebody) -> None:
    with Store.open(":memory:") as empty, browsing(empty, somebody, Clock(NOW)) as client:
        assert "There is no such event" in client.get("/trail").text
        assert client.get("/api/v1/events").json() == {"events": [], "older": None, "last": 0}
    assert SYSTEM == "traceaudit"
