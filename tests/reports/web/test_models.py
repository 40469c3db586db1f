"""What judges since when, and whether it still judges as it did."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient

from auditor.access.person import Role, person_with
from auditor.calibrate import calibrate
from auditor.golden.drill import GoldenFigures, GoldenRun
from auditor.queries_models import models
from auditor.reviews import Review
from auditor.store import Store
from auditor.store_golden import keep_golden
from auditor.store_reviews import add_reviews
from auditor.store_rows import Run
from auditor.verdict import Judgment
from tests.reports.seed import NOW, SCORER, judged, seed
from tests.reports.web.site import Somebody, browsing

NIGHT = [judged(number, number / 100) for number in range(100)]
OLDER = replace(SCORER, model_revision="an older revision", prompt_hash="<b>prompt</b>")


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(":memory:") as store:
        seed(store, NIGHT)
        yield store


@pytest.fixture
def client(store: Store) -> Iterator[TestClient]:
    with browsing(store, Somebody(person_with("Vera", [Role.VIEWER]))) as client:
        yield client


def tried(store: Store, number: int, agreement: float, alarms: tuple[str, ...] = ()) -> None:
    figures = GoldenFigures(50, agreement, 0.02, 8, 8, 0)
    at = datetime(2026, 11, number, tzinfo=UTC)
    keep_golden(store, GoldenRun(f"golden-{number}", at, SCORER, "cases", "built-in", figures, alarms, 1.0), [])


def test_it_says_what_judges_now_since_when_and_how_much(client: TestClient, store: Store) -> None:
    told = client.get("/api/v1/models").json()
    assert told["serving"]["scorer"]["model_id"] == SCORER.model_id
    (guard,) = told["guards"]
    assert (guard["serves"], [way["verdicts"] for way in guard["ways"]]) == (True, [100])
    assert guard["ways"][0]["harmful"] == sum(verdict.judgment is not Judgment.SAFE for _, verdict in NIGHT)
    page = client.get("/models").text
    assert "What judges now" in page
    assert page.count(SCORER.model_revision) == 1
    assert "2026-11-22 23:30:00" in page
    assert "Its risk is the score itself" in page or "its risk is the score itself" in page
    assert "Never tried" in page
    assert "There is no candidate" in page
    assert "style=" not in page


def test_the_audit_that_began_last_says_what_serves(store: Store, client: TestClient) -> None:
    """Also before it has judged anything; another guard that judged stands behind it."""
    store.begin_run(Run("run-later", NOW + timedelta(days=1), "0.1.0", OLDER, "vllm", "default-1"))
    store.begin_run(Run("again", NOW + timedelta(days=2), "0.1.0", SCORER, "vllm", "default-1", kind="backfill"))
    found = models(store.connection)
    assert [(guard.scorer, guard.serves, guard.verdicts) for guard in found.guards] == [
        (OLDER, True, 0),
        (SCORER, False, 100),
    ]
    page = client.get("/models").text
    assert "no verdict yet" in page
    assert "&lt;b&gt;prompt" in page
    assert "<b>prompt" not in page


def test_calibrations_stand_with_their_guard_the_one_in_force_first(store: Store, client: TestClient) -> None:
    at = NOW.replace(tzinfo=UTC)
    votes = [
        Review(triple.id, "ann", Judgment.HARMFUL if number > 60 else Judgment.SAFE, None, None, at)
        for number, (triple, _) in enumerate(NIGHT)
    ]
    add_reviews(store, votes, at)
    calibrate(store, None, 50, at)
    add_reviews(store, [replace(one, vote=Judgment.SAFE, at=at + timedelta(hours=1)) for one in votes[61:80]], at)
    calibrate(store, None, 50, at + timedelta(hours=2))
    (guard,) = models(store.connection).guards
    assert [fit.in_force for fit in guard.calibrations] == [True, False]
    assert [fit.n_harmful for fit in guard.calibrations] == [20, 39]
    assert client.get("/models").text.count("in force</th>") == 1


def test_drift_is_told_against_what_was_usual(store: Store, client: TestClient) -> None:
    for number, agreement in enumerate((0.9, 0.92, 0.94, 0.7), 1):
        tried(store, number, agreement, ("agreement 0.700 moved by 0.220",) if number == 4 else ())
    (guard,) = models(store.connection).guards
    assert [(one.run.figures.agreement, one.usual) for one in guard.golden] == [
        *((0.7, 0.92), (0.94, None), (0.92, None), (0.9, None)),
    ]
    assert "agreement 0.700 moved by 0.220" in client.get("/models").text


def test_nothing_judged_yet() -> None:
    with Store.open(":memory:") as store, browsing(store, Somebody(person_with("Vera", [Role.VIEWER]))) as client:
        assert "Nothing was judged yet" in client.get("/models").text
        assert client.get("/api/v1/models").json() == {"serving": None, "guards": []}


def test_who_sees_some_tenants_does_not_see_models(store: Store) -> None:
    with browsing(store, Somebody(person_with("Tim", [Role.ADMIN], ["harbor-bank"]))) as client:
        assert [client.get(path).status_code for path in ("/models", "/api/v1/models")] == [403, 403]
        assert ">Models<" not in client.get("/help").text
