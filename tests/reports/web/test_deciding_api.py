"""Cases decided by programs, through the API."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from auditor.access.person import Person, Role, person_with
from auditor.store import Store
from tests.reports.web.service import a_night, add_night, yesterday
from tests.reports.web.site import Clock, Somebody, browsing

RITA, RAVI = (person_with(name, [Role.REVIEWER]) for name in ("Rita", "Ravi"))
HARMFUL = {"vote": 1, "category": "cybersecurity", "rationale": "It tells how to get in."}


@pytest.fixture
def somebody() -> Somebody:
    return Somebody(RITA)


@pytest.fixture
def client(somebody: Somebody) -> Iterator[TestClient]:
    from datetime import UTC, timedelta

    with Store.open(":memory:") as store:
        add_night(store, a_night(3, 3))
        now = yesterday().replace(tzinfo=UTC) + timedelta(days=1)
        with browsing(store, somebody, Clock(now)) as opened:
            yield opened


def next_case(client: TestClient, **wanted: Any) -> dict[str, Any]:
    answer = client.post("/api/v1/queue/next", json=wanted)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_case_is_kept_for_who_asked_and_decided_by_their_vote(client: TestClient, somebody: Somebody) -> None:
    first = next_case(client)
    assert (first["reason"], first["wanted"]) == ("escalated", 1)
    assert next_case(client) == first | {"expires_at": next_case(client)["expires_at"]}
    somebody.person = RAVI
    assert next_case(client)["triple_id"] != first["triple_id"]
    somebody.person = RITA
    answer = client.post(f"/api/v1/cases/{first['triple_id']}/votes", json=HARMFUL)
    assert (answer.status_code, answer.json()["outcome"]) == (201, "unanimous")
    assert next_case(client)["triple_id"] != first["triple_id"]


def test_why_a_case_was_drawn_is_not_told_where_the_verdict_is_hidden(client: TestClient) -> None:
    reasons = []
    for _ in range(6):
        found = next_case(client)
        reasons.append(found["reason"])
        client.post(f"/api/v1/cases/{found['triple_id']}/votes", json={"vote": 0})
    assert reasons == ["escalated"] * 3 + [None] * 3


def test_a_vote_is_kept_once_however_often_it_is_sent(client: TestClient) -> None:
    address = f"/api/v1/cases/{next_case(client)['triple_id']}/votes"
    answers = [client.post(address, json=HARMFUL | {"key": "one"}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    again = client.post(address, json={"vote": 0})
    assert (again.status_code, again.json()["error"]) == (409, "VoteConflicts")


def test_a_vote_is_taken_back_and_cast_anew(client: TestClient) -> None:
    address = f"/api/v1/cases/{next_case(client)['triple_id']}/votes"
    given = client.post(address, json=HARMFUL).json()
    taken = client.post(f"/api/v1/votes/{given['id']}/withdrawal")
    assert (taken.json()["withdrawn"], taken.json()["outcome"]) == (True, "open")
    assert client.post(address, json={"vote": 0}).status_code == 201


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"vote": 0.7}, 422),
        ({"vote": 1}, 409),
        ({"vote": 1, "category": "unknown", "rationale": "so"}, 409),
        (HARMFUL | {"reviewer": "Ravi"}, 422),
        (HARMFUL | {"rationale": "x" * 30_000}, 422),
    ],
)
def test_a_vote_that_says_too_little_is_refused(client: TestClient, body: dict[str, Any], status: int) -> None:
    answer = client.post(f"/api/v1/cases/{next_case(client)['triple_id']}/votes", json=body)
    assert answer.status_code == status
    assert "x" * 100 not in answer.text


def test_a_case_that_is_put_back_goes_to_others(client: TestClient, somebody: Somebody) -> None:
    first = next_case(client)["triple_id"]
    assert client.delete(f"/api/v1/queue/{first}").status_code == 204
    somebody.person = RAVI
    assert next_case(client)["triple_id"] == first


def test_where_nothing_is_due_there_is_no_content(client: TestClient) -> None:
    assert client.post("/api/v1/queue/next", json={"tenant": "of nobody"}).status_code == 204


def test_a_decision_takes_an_expert_and_a_split(client: TestClient, somebody: Somebody) -> None:
    address = f"/api/v1/cases/{next_case(client)['triple_id']}/adjudication"
    assert client.post(address, json=HARMFUL).status_code == 403
    somebody.person = person_with("Elena", [Role.EXPERT])
    assert client.post(address, json=HARMFUL).json()["error"] == "VoteConflicts"


@pytest.mark.parametrize("person", [None, person_with("Vera", [Role.VIEWER])])
def test_who_may_not_vote_is_given_no_case(client: TestClient, somebody: Somebody, person: Person | None) -> None:
    somebody.person = person
    assert client.post("/api/v1/queue/next", json={}).status_code in {401, 403}
