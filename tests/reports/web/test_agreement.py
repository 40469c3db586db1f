"""The page of agreement, and the same as JSON and CSV: of what a person sees, and nothing else."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from auditor.access.person import Role, person_with
from auditor.store import Store
from auditor.store_reviews import add_reviews
from tests.auditor.agreement import seed
from tests.reports.seed import config
from tests.reports.web.site import Clock, Somebody, browsing

NOW = datetime(2026, 3, 20, 9, tzinfo=UTC)
VERA = person_with("Vera", [Role.VIEWER])
NASTY = "=cmd|' /C calc'!A0<script>"


@pytest.fixture
def store() -> Iterator[Store]:
    """60 cases of two tenants in two weeks: ann and bob differ on four of them, the guard misses two."""
    with Store.open(":memory:") as store:
        seed.seed(store)
        harmful = [at % 6 == 0 for at in range(60)]
        seed.cases(store, {f"case-{at:02}": float(harmful[at] and at > 11) for at in range(60)}, "ab")
        votes = []
        for at in range(60):
            bobs = harmful[at] != (at in {1, 18, 31, 42})
            when = seed.AT + timedelta(days=7 * (at >= 30))
            votes += seed.said(f"case-{at:02}", {"ann": float(harmful[at]), "bob": float(bobs)}, when)
        add_reviews(store, votes, seed.AT)
        yield store


def built_in() -> str:
    return files("auditor.policies").joinpath("policy.toml").read_text(encoding="utf-8")


@pytest.fixture
def somebody() -> Somebody:
    return Somebody(VERA)


@pytest.fixture
def client(store: Store, somebody: Somebody, tmp_path: Path) -> Iterator[TestClient]:
    """Of a service whose policy wants two votes."""
    policy = tmp_path / "policy.toml"
    policy.write_text(built_in().replace("\nvotes = 1", "\nvotes = 2"))
    with browsing(store, somebody, Clock(NOW), config(policy__file=str(policy))) as client:
        yield client


def page_of(client: TestClient, query: str = "") -> str:
    """The page, once it is counted: programs wait for that."""
    assert client.get(f"/api/v1/agreement{query}").status_code == 200
    return client.get(f"/agreement{query}").text


def test_the_page_says_in_words_how_far_people_agree_and_draws_it(client: TestClient) -> None:
    page = page_of(client)
    assert "120 votes of 2 people on 60 cases" in page
    assert "On 93 of 100 cases two people say the same: harmful, or not." in page
    assert "Where one says harmful, another person does too on 80 of 100 such cases." in page
    assert page.count('<svg class="chart"') == 3  # all cases, by tenant, by week
    assert "/cases/case-42" in page
    assert "style=" not in page


def test_json_and_csv_have_the_same_figures(client: TestClient) -> None:
    told = client.get("/api/v1/agreement").json()
    figure = told["whole"]["people"]["harmful"]["figures"]["observed"]
    assert figure["value"] == pytest.approx(56 / 60)
    rows = list(csv.DictReader(io.StringIO(client.get("/api/v1/agreement.csv").text)))
    line = next(row for row in rows if (row["about"], row["between"], row["figure"]) == ("all", "people", "observed"))
    assert float(line["value"]) == pytest.approx(figure["value"])
    assert float(line["low"]) == pytest.approx(figure["low"])
    assert {row["about"] for row in rows} == {
        "all",
        "category",
        "drawn",
        "verdict",
        "tenant",
        "week",
        "reviewer",
        "pair",
    }


def test_a_tenant_and_a_day_choose_cases(client: TestClient) -> None:
    assert client.get("/api/v1/agreement", params={"tenant": "a"}).json()["cases"] == 30
    assert client.get("/api/v1/agreement", params={"since": "2026-03-10"}).json()["cases"] == 30
    assert client.get("/api/v1/agreement", params={"since": "", "tenant": ""}).json()["cases"] == 60
    assert client.get("/api/v1/agreement", params={"since": "yesterday"}).status_code == 422
    assert '<option value="a" selected>' in page_of(client, "?tenant=a&since=")


def test_who_sees_a_tenant_learns_nothing_of_others(client: TestClient, somebody: Somebody) -> None:
    somebody.person = person_with("Tom", [Role.VIEWER], ["a"])
    told = client.get("/api/v1/agreement").json()
    assert told["cases"] == 30
    assert {one["case"]["tenant"] for one in told["apart"]} == {"a"}
    assert client.get("/api/v1/agreement", params={"tenant": "b"}).json()["cases"] == 0
    page = page_of(client)
    assert "case-01" not in page
    assert '<option value="b"' not in page


def test_who_may_vote_learns_no_vote_of_others_on_an_open_case(
    client: TestClient, somebody: Somebody, store: Store
) -> None:
    """The policy wants two votes; cy's single one leaves its case open."""
    seed.case(store, "open-case")
    seed.vote(store, "open-case", {"cy": 1})
    everything = client.get("/api/v1/agreement").json()
    assert (everything["cases"], everything["votes"]) == (61, 121)
    somebody.person = person_with("dee", [Role.REVIEWER])
    mine = client.get("/api/v1/agreement").json()
    assert (mine["cases"], mine["votes"]) == (60, 120)
    assert "cy" not in {one["name"] for one in mine["reviewers"]}
    assert "cy" not in client.get("/api/v1/agreement.csv").text


def test_who_may_adjudicate_is_not_told_what_the_guard_said_of_a_case_on_which_people_differ(
    client: TestClient, somebody: Somebody, store: Store
) -> None:
    seed.draw(store, "case-18", "below")
    seed.draw(store, "case-42", "urgent")
    somebody.person = person_with("eve", [Role.EXPERT])
    told = {one["case"]["triple_id"]: one for one in client.get("/api/v1/agreement").json()["apart"]}
    assert (told["case-18"]["case"]["guard"], told["case-18"]["verdict_hidden"]) == (None, True)
    assert (told["case-42"]["case"]["guard"], told["case-42"]["verdict_hidden"]) == (1.0, False)
    somebody.person = VERA
    told = {one["case"]["triple_id"]: one for one in client.get("/api/v1/agreement").json()["apart"]}
    assert (told["case-18"]["case"]["guard"], told["case-18"]["verdict_hidden"]) == (1.0, False)


def test_a_new_vote_shows(client: TestClient, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.web.kept.PAUSE", 0)
    monkeypatch.setattr("reports.web.kept.QUICK_S", 100.0)
    assert client.get("/api/v1/agreement").json()["votes"] == 120
    seed.vote(store, "case-05", {"cy": 1})
    assert client.get("/api/v1/agreement").json()["votes"] == 121


def test_no_votes_are_said_plainly(somebody: Somebody) -> None:
    with Store.open(":memory:") as empty, browsing(empty, somebody, Clock(NOW)) as client:
        assert "Nobody has voted" in page_of(client)
        assert client.get("/api/v1/agreement").json()["whole"]["people"]["harmful"]["cases"] == 0


def test_a_name_runs_nothing_in_the_page_nor_in_a_spreadsheet(client: TestClient, store: Store) -> None:
    seed.vote(store, "case-05", {NASTY: 1})
    assert "<script>" not in page_of(client)
    rows = list(csv.reader(io.StringIO(client.get("/api/v1/agreement.csv").text)))
    named = [row[1] for row in rows if "calc" in row[1]]
    assert named
    assert all(name.startswith("'=") or not name.startswith("=") for name in named)


def test_where_the_policy_wants_one_vote_the_page_says_what_to_change(store: Store, somebody: Somebody) -> None:
    with browsing(store, somebody, Clock(NOW)) as client:
        assert "one vote a case" in page_of(client)
