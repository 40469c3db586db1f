"""The report in the page: as it is now, for whom it is, and the files of earlier nights."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from auditor.access.person import Person, Role, person_with
from auditor.policies.file import BUILT_IN
from auditor.reviews import Review
from auditor.sampling.store import draw
from auditor.store import Store
from auditor.store_reviews import add_reviews
from auditor.verdict import Category, Judgment
from conf.schema import Config
from reports.nightly import write_nightly
from tests.reports.seed import EDITION, config, judged, seed
from tests.reports.web.site import NOW, Clock, Somebody, browsing

VERA, ADAM = person_with("Vera", [Role.VIEWER]), person_with("Adam", [Role.ADMIN])
RITA, TESS = (person_with(name, [Role.REVIEWER]) for name in ("Rita", "Tess"))
CASE, OTHERS = judged(1, 0.97), judged(2, 0.96, tenant="city-clinic", question="asked at the clinic")
RATIONALE = "what Rita thinks of it"


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(":memory:") as store:
        seed(store, [CASE, OTHERS, judged(3, 0.1)])
        yield store


@pytest.fixture
def configured(tmp_path: Path) -> Config:
    """With two votes for each case."""
    policy = tmp_path / "policy.toml"
    policy.write_text(BUILT_IN.read_text(encoding="utf-8").replace("votes = 1 ", "votes = 2 "), encoding="utf-8")
    return config(policy__file=str(policy), report__out_dir=str(tmp_path / "reports"))


@pytest.fixture
def somebody() -> Somebody:
    return Somebody(VERA)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(store: Store, somebody: Somebody, clock: Clock, configured: Config) -> Iterator[TestClient]:
    with browsing(store, somebody, clock, configured) as client:
        yield client


def vote(store: Store, reviewer: str, rationale: str) -> None:
    at = NOW - timedelta(hours=9)
    cast = Review(CASE[0].id, reviewer, Judgment.HARMFUL, Category.CRIME, rationale, at)
    add_reviews(store, [cast], at)


def read(client: TestClient, path: str = "/") -> str:
    """A page as a browser has it in the end, which looks again where it is told to."""
    while "refresh" in (answer := client.get(path)).headers:
        time.sleep(0.1)
    return answer.text


def reads(store: Store) -> list[tuple[str, str, dict[str, object]]]:
    query = "SELECT actor, subject, details FROM events WHERE kind = 'report.read' ORDER BY seq"
    return [(*row[:2], json.loads(row[2])) for row in store.connection.execute(query).fetchall()]


def test_it_begins_with_the_last_day_and_leads_to_its_cases(client: TestClient) -> None:
    page = read(client)
    assert "Sunday, 22 November 2026" in page
    assert "2 of 3 exchanges need a person" in page
    assert f'href="/cases/{CASE[0].id}"' in page
    assert 'href="/?period=day&amp;day=2026-11-21"' in page
    assert 'href="/?period=day&amp;day=2026-11-23"' in page
    assert "style=" not in page


def test_days_weeks_and_months(client: TestClient) -> None:
    assert "question 1" not in read(client, "/?day=2026-11-21")
    for period in ("week", "month"):
        page = read(client, f"/?period={period}&day=2026-11-22")
        assert "question 1" in page
    assert "2026-11-23 →" in read(client, "/?day=2026-11-22")
    assert 'rel="next"' not in read(client, "/?day=2026-11-23")  # today


@pytest.mark.parametrize("query", ["period=year", "day=2026-11-24", "day=soon", "day=1999-12-31"])
def test_there_is_no_such_report(client: TestClient, query: str) -> None:
    assert client.get(f"/?{query}").status_code == 404
    assert client.get(f"/api/v1/report?{query}").status_code in {404, 422}


def test_who_sees_one_tenant_reads_the_report_of_that_one(client: TestClient, somebody: Somebody) -> None:
    somebody.person = person_with("Tim", [Role.VIEWER], ["city-clinic"])
    for page in (read(client), read(client, "/?tenant=city-clinic"), client.get("/api/v1/report").text):
        assert "asked at the clinic" in page
        assert "question 1" not in page
        assert "harbor-bank" not in page
    assert client.get("/?tenant=harbor-bank").status_code == 404
    assert client.get("/api/v1/report?tenant=harbor-bank").status_code == 404
    somebody.person = person_with("Tina", [Role.VIEWER], ["city-clinic", "harbor-bank"])
    assert "question 1" in read(client, "/?tenant=harbor-bank")
    assert "question 1" not in read(client, "/?tenant=city-clinic")
    somebody.person = person_with("Ted", [Role.VIEWER], [])
    assert client.get("/").status_code == 404


def test_votes_on_an_open_case_are_kept_from_who_may_vote(client: TestClient, somebody: Somebody, store: Store) -> None:
    vote(store, "Rita", RATIONALE)
    assert RATIONALE in read(client)
    somebody.person = TESS
    for page in (read(client), client.get("/api/v1/report").text):
        assert "question 1" in page
        assert RATIONALE not in page
        assert "Rita" not in page
    somebody.person = RITA
    assert RATIONALE not in read(client)
    vote(store, "Tess", "what Tess thinks")
    client.app.state.site.shelf.keepers.clear()  # type: ignore[attr-defined]
    assert RATIONALE in read(client)  # decided


def test_reading_it_is_an_event_that_names_its_cases(client: TestClient, store: Store) -> None:
    read(client)
    client.get("/api/v1/report?tenant=city-clinic")
    (_, subject, first), (actor, _, second) = reads(store)
    assert (subject, actor) == ("day/2026-11-22", "Vera")
    assert first["cases"] == [CASE[0].id, OTHERS[0].id]
    assert (second["cases"], second["tenant"], second["where"]) == ([OTHERS[0].id], "city-clinic", "api")


def test_it_is_made_anew_only_when_something_changed(client: TestClient, clock: Clock, store: Store) -> None:
    def made() -> str:
        return read(client).split("Made ")[1][:19]

    first = made()
    clock.now += timedelta(minutes=1)
    assert made() == first == "2026-11-23 08:00:00"
    assert [line[0] for line in reads(store)] == ["Vera", "Vera"]
    seed(store, [judged(5, 0.99)], start=3)
    page = read(client)
    assert "3 of 4 exchanges need a person" in page or "More came in since" in page


def test_nothing_read_yet(somebody: Somebody, configured: Config) -> None:
    with Store.open(":memory:") as store, browsing(store, somebody, Clock(), configured) as client:
        assert "None of 0 exchanges" in read(client)


def test_files_of_a_night(client: TestClient, somebody: Somebody, store: Store, configured: Config) -> None:
    whole = write_nightly(store, configured, None, EDITION)
    clinic = write_nightly(store, configured, None, EDITION, tenant="city-clinic")
    assert names(client) == {path.name for path in (*whole.files, *clinic.files)}
    page = whole.files[0]
    answer = client.get(f"/nights/file?name={page.name}")
    assert answer.content == page.read_bytes()
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert reads(store)[-1][1] == page.name
    somebody.person = person_with("Tim", [Role.VIEWER], ["city-clinic"])
    assert names(client) == {path.name for path in clinic.files}
    assert client.get(f"/nights/file?name={page.name}").status_code == 404
    assert client.get(f"/nights/file?name={clinic.files[1].name}").status_code == 200
    somebody.person = RITA
    assert names(client) == set()
    assert client.get(f"/nights/file?name={page.name}").status_code == 404


@pytest.mark.parametrize("name", ["../policy.toml", "policy.toml", "", "x" * 200, "%00"])
def test_other_files_are_not_given(client: TestClient, store: Store, configured: Config, name: str) -> None:
    write_nightly(store, configured, None, EDITION)
    assert client.get(f"/nights/file?name={name}").status_code == 404


def test_a_file_that_was_changed_is_not_given(client: TestClient, store: Store, configured: Config) -> None:
    page = write_nightly(store, configured, None, EDITION).files[0]
    page.write_bytes(page.read_bytes() + b" ")
    assert client.get(f"/nights/file?name={page.name}").status_code == 404


@pytest.mark.parametrize("person", [None, Person("Nil", frozenset())])
def test_who_may_not_read_does_not(client: TestClient, somebody: Somebody, person: Person | None) -> None:
    somebody.person = person
    for path in ("/", "/nights", "/nights/file?name=a"):
        assert client.get(path).status_code == (403 if person else 303)
    assert client.get("/api/v1/report").status_code == (403 if person else 401)


def names(client: TestClient) -> set[str]:
    """The files that the page lists."""
    return {part.split('"')[0] for part in client.get("/nights").text.split("/nights/file?name=")[1:]}


def test_what_the_policy_hides_from_reviewers_is_left_out_for_them(
    client: TestClient, somebody: Somebody, store: Store, configured: Config
) -> None:
    """The list of open cases would tell of a case drawn below the line that it was, and its risk."""
    draw(store, configured, NOW.date() - timedelta(days=1), NOW)
    below = judged(3, 0.1)[0].id
    assert below[:16] in read(client)
    somebody.person = TESS
    page = read(client)
    assert below[:16] not in page
    assert CASE[0].id in page


def test_a_policy_that_hides_all_verdicts_hides_them_here(store: Store, somebody: Somebody, configured: Config) -> None:
    policy = Path(configured.policy.file)
    policy.write_text(policy.read_text(encoding="utf-8").replace('["below"]', '["urgent"]'), encoding="utf-8")
    with browsing(store, somebody, Clock(), configured) as client:
        assert "question 1" in read(client)
        somebody.person = TESS
        page = read(client)
        assert "2 of 3 exchanges need a person" in page
        assert "question 1" not in page
        assert "question 1" not in client.get("/api/v1/report").text
        assert CASE[0].id not in client.get("/api/v1/report").text
