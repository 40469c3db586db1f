"""Moving a threshold in the page: seen at once, proposed by one person, approved by another."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient

from auditor.access.person import Person, Role, person_with
from auditor.policies.file import configured_policy
from auditor.policies.store import history, in_force
from auditor.store import Store
from reports.what_if.answers import Wanted, what_if
from tests.reports.seed import config
from tests.reports.web.site import Clock, Somebody, browsing
from tests.reports.what_if.seed import draw_and_review, fill

NOW = datetime(2026, 11, 29, 9, 0, tzinfo=UTC)
ANA, BEN = (person_with(name, [Role.APPROVER]) for name in ("Ana", "Ben"))
VERA = person_with("Vera", [Role.VIEWER])
EZRA = person_with("Ezra", [Role.EXPERT])
FORM = {"watch": "0.2", "escalate": "0.4", "urgent": "0.95"}
PROPOSAL = FORM | {"version": "lower", "note": "too much is missed", "from": "2026-12-01"}


@pytest.fixture(scope="module")
def filled() -> Iterator[Store]:
    """For tests that change nothing."""
    with Store.open(":memory:") as store:
        fill(store, 6_000)
        draw_and_review(store)
        yield store


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(":memory:") as store:
        fill(store, 300)
        yield store


@pytest.fixture
def somebody() -> Somebody:
    return Somebody(ANA)


@pytest.fixture
def reading(filled: Store, somebody: Somebody) -> Iterator[TestClient]:
    with browsing(filled, somebody, Clock(NOW)) as client:
        yield client


@pytest.fixture
def client(store: Store, somebody: Somebody) -> Iterator[TestClient]:
    with browsing(store, somebody, Clock(NOW)) as client:
        yield client


def part(client: TestClient, query: Mapping[str, str | list[str]]) -> str:
    return client.get("/thresholds", params=query, headers={"X-Part": "1"}).text


def test_what_a_slider_shows_is_what_the_command_says(reading: TestClient, filled: Store) -> None:
    body = {"default": {"watch": 0.2, "escalate": 0.4, "urgent": 0.95}}
    told = reading.post("/api/v1/what-if", json=body).json()
    levels = [("watch", 0.2), ("escalate", 0.4), ("urgent", 0.95)]
    wanted = Wanted(None, None, None, None, levels, (), 0.9)
    same = what_if(filled, config(), wanted)
    assert told["whole"]["proposed"]["alerts"] == same.whole.proposed.alerts
    assert told["whole"]["proposed"]["precision"]["value"] == same.whole.proposed.precision.value  # type: ignore[union-attr]
    assert told["whole"]["current"]["reviewer_hours"] == same.whole.current.reviewer_hours
    assert told["moved"]["new"] == same.moved.new > 0
    assert told["changes"] == ["default: watch 0.3 becomes 0.2", "default: escalate 0.5 becomes 0.4"]
    alerts = re.findall(r"[\d.]+", part(reading, FORM).split("Alerts a day")[1].split("</dd>")[0])
    assert float(alerts[-1]) == pytest.approx(same.whole.proposed.alerts, rel=0.1)


def test_a_rule_moves_its_tenant_alone(reading: TestClient) -> None:
    rule = {"rule_tenant": "city-clinic", "rule_escalate": "0.1"}
    body = {"rules": [{"tenant": "city-clinic", "escalate": 0.1}]}
    told = reading.post("/api/v1/what-if", json=body).json()
    tenants = [one["part"]["tenant"] for one in told["parts"] if one["part"]["tenant"]]
    assert tenants == ["city-clinic"]
    assert "new rule for tenant city-clinic: escalate 0.1" in part(reading, {"escalate": "0.5", **rule})


def test_a_row_without_a_threshold_is_no_rule(reading: TestClient) -> None:
    shown = part(reading, {"escalate": "0.5", "rule_tenant": ["city-clinic", "harbor-bank"], "rule_escalate": ["", ""]})
    assert "These are the lines in force" in shown


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"watch": "0.6"}, "watch 0.6 is above escalate 0.5"),
        ({"escalate": "0.12345"}, "at most four decimals"),
        ({"escalate": "many"}, "default thresholds: escalate"),
        ({"escalate": "nan"}, "default thresholds: escalate"),
        ({"escalate": "0.5", "rule_escalate": "0.4"}, "rule 1: name at least one of tenant"),
        ({"escalate": "0.5", "rule_category": "<b>", "rule_escalate": "0.4"}, "no such category"),
        (
            {"escalate": "0.5", "rule_tenant": ["a", "a"], "rule_escalate": ["0.4", "0.3"]},
            "two rules for tenant a",
        ),
    ],
)
def test_lines_that_cannot_be_are_told_and_not_tried(
    reading: TestClient, query: dict[str, str | list[str]], words: str
) -> None:
    shown = part(reading, query)
    assert words in shown
    assert "Alerts a day" not in shown
    assert reading.get("/thresholds", params=query).status_code == 409


def test_the_page_works_without_script(reading: TestClient) -> None:
    page = reading.get("/thresholds", params=FORM | {"rule_thinking": "redacted", "rule_escalate": "0.2"}).text
    assert (
        'name="escalate" type="number" inputmode="decimal" min="0.0001" max="1" step="0.0001" required value="0.4"'
        in page
    )
    assert "thinking redacted: escalate 0.2" in page
    assert "refresh" not in reading.get("/thresholds").headers
    curves = reading.get("/thresholds/what-if", params=FORM).text
    assert "Alerts against the threshold" in curves
    assert "style=" not in page + curves


def test_nothing_judged_is_said(somebody: Somebody) -> None:
    with Store.open(":memory:") as store, browsing(store, somebody, Clock(NOW)) as client:
        assert "Nothing was judged yet" in client.get("/thresholds").text
        assert client.post("/api/v1/what-if", json={}).status_code == 409


def test_one_proposes_and_another_approves(client: TestClient, somebody: Somebody, store: Store) -> None:
    somebody.person = EZRA
    answer = client.post("/thresholds/propose", data=PROPOSAL)
    assert (answer.status_code, answer.headers["location"]) == (303, "/thresholds?done=1")
    page = client.get(answer.headers["location"]).text
    assert "proposed by <bdi>Ezra</bdi>" in page
    assert "Approve policy 1" not in page  # an expert may not
    somebody.person = BEN
    page = client.get("/thresholds").text
    assert "default: escalate 0.5 becomes 0.4" in page
    assert "What it would do" in page
    assert "too much is missed" in page
    assert client.post("/thresholds/1/approve", data={"note": "seen"}).headers["location"] == "/thresholds?done=1"
    (made,) = history(store.connection)
    assert (made.proposed_by, made.decided_by, made.decision, str(made.effective_from)) == (
        *("Ezra", "Ben", "approved", "2026-12-01"),
    )
    configured = configured_policy(config().policy)
    assert in_force(store.connection, NOW.date(), configured).number == 0
    then = in_force(store.connection, made.wanted_from, configured).policy
    assert (then.default.escalate, then.costs, then.review) == (0.4, configured.costs, configured.review)
    assert "# from here on a person looks at it" in then.text  # comments stay
    assert "From 2026-12-01 on: <bdi>lower</bdi>" in client.get("/thresholds").text


def test_nobody_approves_their_own_proposal_and_may_take_it_back(client: TestClient, store: Store) -> None:
    client.post("/thresholds/propose", data=PROPOSAL | {"by": "Ben", "proposed_by": "Ben"})
    assert "You proposed it" in client.get("/thresholds").text
    answer = client.post("/thresholds/1/approve", data={"note": "fine"})
    assert (answer.status_code, "another person approves it" in answer.text) == (409, True)
    assert client.post("/thresholds/1/reject", data={"note": ""}).status_code == 409  # says not why
    assert client.post("/thresholds/1/reject", data={"note": "a slip"}).status_code == 303
    (made,) = history(store.connection)
    assert (made.proposed_by, made.decision, made.decision_note) == ("Ana", "rejected", "a slip")


@pytest.mark.parametrize("person", [VERA, person_with("Rita", [Role.REVIEWER]), person_with("Adam", [Role.ADMIN])])
def test_who_may_not_propose_or_decide_cannot(
    client: TestClient, somebody: Somebody, store: Store, person: Person
) -> None:
    client.post("/thresholds/propose", data=PROPOSAL)
    somebody.person = person
    page = client.get("/thresholds").text
    assert "Propose these lines" not in page
    for path in ("/thresholds/propose", "/thresholds/1/approve", "/thresholds/1/reject"):
        assert client.post(path, data=PROPOSAL).status_code == 403
    body = {"decision": "approved", "note": "x"}
    assert client.post("/api/v1/policies/1/decision", json=body).status_code == 403
    assert client.post("/api/v1/policies", json={"note": "x", "default": FORM}).status_code == 403
    assert [one.decision for one in history(store.connection)] == [None]


def test_an_expert_takes_back_only_what_is_theirs(client: TestClient, somebody: Somebody, store: Store) -> None:
    client.post("/thresholds/propose", data=PROPOSAL)
    somebody.person = EZRA
    assert client.post("/thresholds/1/reject", data={"note": "no"}).status_code == 403
    body = {"decision": "rejected", "note": "x"}
    assert client.post("/api/v1/policies/1/decision", json=body).status_code == 403
    assert [one.decision for one in history(store.connection)] == [None]


def test_who_sees_some_tenants_does_not_see_thresholds(client: TestClient, somebody: Somebody) -> None:
    somebody.person = person_with("Tess", [Role.APPROVER], ["harbor-bank"])
    for path in ("/thresholds", "/thresholds/what-if", "/api/v1/policy", "/api/v1/policies"):
        assert client.get(path).status_code == 403
    assert client.post("/api/v1/what-if", json={}).status_code == 403
    assert client.post("/thresholds/propose", data=PROPOSAL).status_code == 403
    assert ">Thresholds<" not in client.get("/help").text


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"note": " "}, "say in a note"),
        ({"from": "2026-11-28"}, "has passed"),
        ({"from": "soon"}, "is no day"),
        ({"version": ""}, "version"),
        ({"watch": "0.3", "escalate": "0.5"}, "the thresholds that hold now"),
        ({"escalate": "2"}, "escalate"),
    ],
)
def test_a_proposal_that_cannot_be_is_told_with_what_was_filled_in(
    client: TestClient, store: Store, changed: dict[str, str], words: str
) -> None:
    answer = client.post("/thresholds/propose", data=PROPOSAL | changed)
    assert answer.status_code == 409
    assert words in answer.text
    if "note" not in changed:
        assert "too much is missed" in answer.text
    assert history(store.connection) == []


def test_rules_stay_unless_something_is_said_of_them(client: TestClient, somebody: Somebody) -> None:
    rule = {"rule_tenant": "harbor-bank", "rule_escalate": "0.3"}
    client.post("/thresholds/propose", data=PROPOSAL | {"from": "2026-11-29"} | rule)
    somebody.person = BEN
    client.post("/thresholds/1/approve", data={})
    assert "tenant harbor-bank" not in part(client, {"escalate": "0.6"})
    assert "no rule any more for tenant harbor-bank" in part(client, {"escalate": "0.6", "rules": "1"})
    shown = client.get("/thresholds?escalate=0.6").text
    assert 'placeholder="inherited" value="0.3"' in shown


def test_programs_do_the_same(client: TestClient, somebody: Somebody) -> None:
    held = client.get("/api/v1/policy").json()
    assert (held["number"], held["policy"]["default"]["escalate"]) == (0, 0.5)
    body = {"version": "by program", "note": "why", "rules": [{"tenant": "harbor-bank", "escalate": 0.3}]}
    made = client.post("/api/v1/policies", json=body)
    assert (made.status_code, made.json()["number"], made.json()["proposed_by"]) == (201, 1, "Ana")
    decision = {"decision": "approved", "note": "seen"}
    assert client.post("/api/v1/policies/1/decision", json=decision).status_code == 409
    somebody.person = BEN
    assert client.post("/api/v1/policies/1/decision", json=decision).json()["decision"] == "approved"
    assert client.get("/api/v1/policy").json()["policy"]["rules"][0]["tenant"] == "harbor-bank"
    assert [one["decided_by"] for one in client.get("/api/v1/policies").json()] == ["Ben"]


@pytest.mark.parametrize(
    "body",
    [
        {"note": "x", "text": "version = "},
        {"note": "x", "default": {"watch": 0.5, "escalate": 0.4, "urgent": 0.9}},
        {"note": "x", "by": "Ben", "rules": []},
        {"note": "", "rules": [{"tenant": "a", "escalate": 0.2}]},
        {"note": "x"},
    ],
)
def test_programs_are_told_what_cannot_be(client: TestClient, store: Store, body: dict[str, object]) -> None:
    assert client.post("/api/v1/policies", json=body).status_code in {409, 422}
    assert history(store.connection) == []


def test_names_from_logs_are_text(store: Store, client: TestClient) -> None:
    store.connection.execute("""UPDATE triples SET tenant = '"><script>x</script>' WHERE tenant = 'city-clinic'""")
    assert "<script>x" not in client.get("/thresholds?escalate=0.2").text
    assert "&lt;script&gt;x" in client.get("/thresholds?escalate=0.2").text
