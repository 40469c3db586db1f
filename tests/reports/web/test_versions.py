"""Candidates on the models page and in the API: proposed by one, approved by another, and gone back from."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from auditor.access.person import Person, Role, person_with
from auditor.registry.folder import Version
from auditor.registry.places import open_registry
from auditor.registry.promotions import history
from auditor.sampling.store import draw
from auditor.store import Store
from conf.schema import Config
from tests.reports.seed import NOW as SEEDED
from tests.reports.seed import SCORER, config, judged, seed
from tests.reports.web.candidates import (
    BASE,
    MADE,
    add_candidate,
    add_failed,
    erase,
    in_shadow,
    passing,
    refused,
    with_gate,
)
from tests.reports.web.site import NOW, Clock, Somebody, browsing

ANA, BEN = person_with("Ana", [Role.APPROVER]), person_with("Ben", [Role.APPROVER])
EZRA, VERA = person_with("Ezra", [Role.EXPERT]), person_with("Vera", [Role.VIEWER])
NIGHT = [judged(number, number / 100) for number in range(10)]
BOTH = ("approve", "reject")
WHY = {"note": "finds more <b>phishing</b>"}


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(":memory:") as opened:
        seed(opened, NIGHT)
        yield opened


@pytest.fixture
def configured(tmp_path: Path) -> Config:
    folder, key = tmp_path / "registry", tmp_path / "signing-key"
    return config(auditor__registry_dir=str(folder), evidence__key_file=str(key), auditor__model="registry")


@pytest.fixture
def somebody() -> Somebody:
    return Somebody(ANA)


@pytest.fixture
def client(store: Store, somebody: Somebody, configured: Config) -> Iterator[TestClient]:
    with browsing(store, somebody, Clock(), configured) as opened:
        yield opened


@pytest.fixture
def good(store: Store, configured: Config) -> Version:
    return add_candidate(configured, store, 1, passing(), triples=(NIGHT[0][0].id, NIGHT[1][0].id))


def path_of(version: Version, action: str = "") -> str:
    return f"/models/versions/{version.revision}{action}"


def serving(configured: Config) -> str:
    """What the pointer names; empty for the base."""
    pointer = open_registry(configured).serving()
    return pointer.revision if pointer else ""


def promoted(client: TestClient, somebody: Somebody, version: Version) -> None:
    """Ana proposes, Ben approves."""
    somebody.person = ANA
    answer = client.post(path_of(version, "/propose"), data=WHY)
    assert answer.status_code == 303, answer.text
    number = answer.headers["location"].removeprefix("/models?done=").removesuffix("#waiting")
    somebody.person = BEN
    assert client.post(f"/models/promotions/{number}/approve", data={}).status_code == 303


def test_nothing_was_trained_yet(client: TestClient) -> None:
    page = client.get("/models").text
    assert "There is no candidate yet" in page
    assert "Nothing: the base model serves" in page
    assert "no model was promoted" in page
    assert client.get("/api/v1/models/versions").json() == []
    assert client.get("/api/v1/models/serving").json() is None


def test_a_version_shows_where_it_comes_from_and_what_the_gate_found(client: TestClient, good: Version) -> None:
    page = client.get(path_of(good)).text
    for said in ("passed the gate", "Gold set", "0.912", "0.899", "+0.013", "−0.008 to +0.034", "−0.020", "240"):
        assert said in page
    for check in passing():
        assert check.reason.replace("'", "&#39;") in page
    for lineage in (
        good.revision,
        BASE,
        "run-1",
        "283",
        "traceaudit 0.9.0",
        "sft",
        "dpo",
        "lora.rank",
        "D3:0",
        "Data card",
    ):
        assert lineage in page
    assert "all votes agree (D3:0)" in page
    assert "left out: near duplicate" in page
    assert "Category: cybersecurity" in page
    assert "style=" not in page
    told = client.get(f"/api/v1/models/versions/{good.revision[:10]}").json()
    assert (told["line"]["state"], told["line"]["why_not"]) == ("ready", "")
    assert [one["name"] for one in told["gate"]["checks"]] == [one.name for one in passing()]
    assert told["counts"]["D3:0"] == 210
    assert told["recipe"]["lora.rank"] == 8
    assert "folder" not in told


def test_one_proposes_and_another_approves(
    client: TestClient, somebody: Somebody, store: Store, configured: Config, good: Version
) -> None:
    somebody.person = EZRA
    answer = client.post(path_of(good, "/propose"), data=WHY)
    assert (answer.status_code, answer.headers["location"]) == (303, "/models?done=1#waiting")
    page = client.get("/models?done=1").text
    assert "proposed by <bdi>Ezra</bdi>" in page
    assert "finds more &lt;b&gt;phishing" in page
    assert "Approve number 1" not in page
    assert "Take number 1 back" in page
    assert serving(configured) == ""
    somebody.person = BEN
    page = client.get("/models").text
    assert "Approve number 1" in page
    assert "5 checks" in page
    assert client.post("/models/promotions/1/approve", data={"note": "read them"}).status_code == 303
    (made,) = history(store.connection)
    assert (made.proposed_by, made.decided_by, made.decision) == ("Ezra", "Ben", "approved")
    assert serving(configured) == good.revision
    page = client.get("/models").text
    assert "Approved by</dt><dd><bdi>Ben</bdi>" in page
    assert client.get("/api/v1/models/versions").json()[0]["state"] == "serving"
    assert "It serves: approved by <bdi>Ben</bdi>" in client.get(path_of(good)).text
    rows = store.connection.execute("SELECT actor, subject FROM events WHERE kind = 'model.promoted'").fetchall()
    assert rows == [("Ben", "1")]


def test_nobody_approves_their_own_proposal_and_may_take_it_back(
    client: TestClient, store: Store, configured: Config, good: Version
) -> None:
    client.post(path_of(good, "/propose"), data=WHY | {"by": "Ben", "proposed_by": "Ben"})
    assert "You proposed it" in client.get("/models").text
    answer = client.post("/models/promotions/1/approve", data={"note": "fine"})
    assert (answer.status_code, "another person approves it" in answer.text) == (409, True)
    assert serving(configured) == ""
    assert client.post("/models/promotions/1/reject", data={"note": ""}).status_code == 409  # says not why
    assert client.post("/models/promotions/1/reject", data={"note": "a slip"}).status_code == 303
    (made,) = history(store.connection)
    assert (made.proposed_by, made.decision, made.decision_note) == ("Ana", "rejected", "a slip")


@pytest.mark.parametrize(
    ("checks", "words"),
    [
        (refused(), "The gate refuses it by 2 checks: Gold set, harm found; Safe, and sounds alarming"),
        ((), "was tried by no gate"),
    ],
    ids=["refused", "untried"],
)
def test_what_no_gate_let_pass_cannot_be_proposed_and_the_page_says_why(
    client: TestClient, store: Store, configured: Config, checks: tuple[object, ...], words: str
) -> None:
    bad = add_candidate(configured, store, 2, checks)  # type: ignore[arg-type]
    page = client.get(path_of(bad)).text
    assert words in page
    assert "Why it is to serve" not in page
    answer = client.post(path_of(bad, "/propose"), data=WHY)
    assert answer.status_code == 409
    assert "Not proposed:" in answer.text
    body = {"revision": bad.revision, "note": "x"}
    assert client.post("/api/v1/models/promotions", json=body).status_code == 409
    assert history(store.connection) == []


def test_a_gate_beside_what_does_not_serve_any_more_counts_no_more(
    client: TestClient, somebody: Somebody, store: Store, configured: Config, good: Version
) -> None:
    other = add_candidate(configured, store, 2, passing())
    promoted(client, somebody, good)
    assert client.get(f"/api/v1/models/versions/{other.revision}").json()["line"]["state"] == "stale"
    assert "gate is out of date" in client.get("/models").text
    assert "let the gate try it again" in client.get(path_of(other)).text
    with_gate(open_registry(configured, write=True), other, passing(), good.revision)
    assert client.get(f"/api/v1/models/versions/{other.revision}").json()["line"]["state"] == "ready"


def test_two_people_go_back(
    client: TestClient, somebody: Somebody, store: Store, configured: Config, good: Version
) -> None:
    assert client.post("/models/rollback", data=WHY).status_code == 409  # to what?
    promoted(client, somebody, good)
    assert "Go back to the base model" in client.get("/models").text
    assert client.post("/models/rollback", data={"note": " "}).status_code == 409
    assert (
        client.post("/models/rollback", data={"note": "flags too much"}).headers["location"] == "/models?done=2#waiting"
    )
    assert "You proposed it" in client.get("/models").text
    assert client.post("/models/promotions/2/approve", data={}).status_code == 409
    assert serving(configured) == good.revision
    somebody.person = ANA
    assert client.post("/models/promotions/2/approve", data={}).status_code == 303
    assert serving(configured) == ""
    page = client.get("/models").text
    assert "back to the base model" in page
    assert client.get(f"/api/v1/models/versions/{good.revision}").json()["line"]["state"] in {"ready", "served"}


def test_who_would_move_is_told_but_for_cases_that_one_is_to_judge_unknowing(
    client: TestClient, somebody: Somebody, store: Store, configured: Config, good: Version
) -> None:
    """Of all ten the candidate says that they are harmful; they were drawn from below the line."""
    assert "It has judged nothing in the shadow yet" in client.get(path_of(good)).text
    in_shadow(store, good, NIGHT, SEEDED)
    told = client.get(f"/api/v1/models/versions/{good.revision}").json()["shadow"]
    assert (told["champion"], told["triples"], told["moves"]["all"]["changed"]) == (SCORER.model_revision, 10, 10)
    page = client.get(path_of(good)).text
    for said in ("10 more would need a person", "Those that moved most", f"/cases/{NIGHT[0][0].id}"):
        assert said in page
    draw(store, configured, SEEDED.date(), NOW)
    somebody.person = EZRA
    page = client.get(path_of(good)).text
    assert "10 more would need a person" in page
    assert f"/cases/{NIGHT[0][0].id}" not in page
    assert "not named here" in page


def test_cases_that_were_erased_since_are_told(client: TestClient, store: Store, good: Version) -> None:
    assert client.get("/api/v1/models/versions").json()[0]["erased_since"] == 0
    erase(store, NIGHT[0][0].id, MADE + timedelta(days=3))
    assert client.get("/api/v1/models/versions").json()[0]["erased_since"] == 1
    for path in ("/models", path_of(good)):
        assert "1 case erased since" in client.get(path).text


def test_a_training_that_was_refused_says_why(client: TestClient, store: Store) -> None:
    add_failed(store)
    assert "12 items are too few; 50 are wanted" in client.get("/models").text


def test_a_manifest_that_somebody_changed_cannot_serve(client: TestClient, good: Version) -> None:
    manifest = good.folder / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b'"builtin:demo"', b'"builtin:evil"'))
    page = client.get("/models").text
    assert "cannot serve" in page
    assert client.get(path_of(good)).status_code == 404
    assert client.post(path_of(good, "/propose"), data=WHY).status_code == 409


def test_weights_that_somebody_changed_do_not_come_to_serve(
    client: TestClient, somebody: Somebody, store: Store, configured: Config, good: Version
) -> None:
    client.post(path_of(good, "/propose"), data=WHY)
    with (good.folder / "model.safetensors").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"x")
    somebody.person = BEN
    answer = client.post("/models/promotions/1/approve", data={})
    assert answer.status_code == 409
    assert "is not what was added" in answer.text
    assert [one.decision for one in history(store.connection)] == [None]
    assert serving(configured) == ""


@pytest.mark.parametrize("person", [VERA, person_with("Rita", [Role.REVIEWER]), person_with("Adam", [Role.ADMIN])])
def test_who_may_not_propose_or_decide_cannot(
    client: TestClient, somebody: Somebody, store: Store, good: Version, person: Person
) -> None:
    client.post(path_of(good, "/propose"), data=WHY)
    somebody.person = person
    assert "Why it is to serve" not in client.get(path_of(good)).text
    assert "Approve number" not in client.get("/models").text
    for path in (
        path_of(good, "/propose"),
        "/models/rollback",
        "/models/promotions/1/approve",
        "/models/promotions/1/reject",
    ):
        assert client.post(path, data=WHY).status_code == 403
    body = {"decision": "approved", "note": "x"}
    assert client.post("/api/v1/models/promotions/1/decision", json=body).status_code == 403
    assert [one.decision for one in history(store.connection)] == [None]


def test_an_expert_takes_back_only_what_is_theirs(
    client: TestClient, somebody: Somebody, store: Store, good: Version
) -> None:
    client.post(path_of(good, "/propose"), data=WHY)
    somebody.person = EZRA
    assert client.post("/models/promotions/1/reject", data={"note": "no"}).status_code == 403
    assert [one.decision for one in history(store.connection)] == [None]


def test_programs_do_the_same(client: TestClient, somebody: Somebody, configured: Config, good: Version) -> None:
    made = client.post("/api/v1/models/promotions", json={"revision": good.revision[:8], "note": "why"})
    assert (made.status_code, made.json()["number"], made.json()["revision"]) == (201, 1, good.revision)
    decision = {"decision": "approved", "note": "seen"}
    assert client.post("/api/v1/models/promotions/1/decision", json=decision).status_code == 409
    somebody.person = BEN
    assert client.post("/api/v1/models/promotions/1/decision", json=decision).json()["decision"] == "approved"
    assert client.get("/api/v1/models/serving").json()["revision"] == good.revision == serving(configured)
    assert client.post("/api/v1/models/rollbacks", json={"note": "back"}).json()["kind"] == "rollback"
    somebody.person = ANA
    assert client.post("/api/v1/models/promotions/2/decision", json=decision).status_code == 200
    assert client.get("/api/v1/models/serving").json()["revision"] == serving(configured) == ""
    assert [one["kind"] for one in client.get("/api/v1/models/promotions").json()] == ["promotion", "rollback"]


@pytest.mark.parametrize("path", ["/models/versions/0123456789", "/api/v1/models/versions/0123456789"])
def test_a_model_that_is_not_there(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404
    assert client.post("/models/promotions/7/approve", data={}).status_code == 409


def test_who_sees_some_tenants_does_not_see_candidates(client: TestClient, somebody: Somebody, good: Version) -> None:
    somebody.person = person_with("Tess", [Role.APPROVER], ["harbor-bank"])
    for path in ("/models", path_of(good), "/api/v1/models/versions", "/api/v1/models/promotions"):
        assert client.get(path).status_code == 403
    assert client.post(path_of(good, "/propose"), data=WHY).status_code == 403
