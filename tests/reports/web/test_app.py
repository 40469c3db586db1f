"""The frame of the pages."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from auditor.access.person import Role, person_with
from auditor.store import Store
from tests.reports.web.site import Somebody, browsing


@pytest.fixture
def somebody() -> Somebody:
    return Somebody(person_with("Vera", [Role.VIEWER]))


@pytest.fixture
def client(somebody: Somebody) -> Iterator[TestClient]:
    with Store.open(":memory:") as store, browsing(store, somebody) as opened:
        yield opened


def test_who_is_not_logged_in_is_led_to_the_login_and_back(client: TestClient, somebody: Somebody) -> None:
    somebody.person = None
    answer = client.get("/help")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/help")
    assert client.get("/api/openapi.json").status_code == 401


def test_a_page_tells_who_is_logged_in_and_what_they_may(client: TestClient, somebody: Somebody) -> None:
    somebody.person = person_with("<b>Vera</b>", [Role.VIEWER], ["harbor-bank"])
    page = client.get("/help").text
    assert "&lt;b&gt;Vera&lt;/b&gt;" in page
    assert "harbor-bank" in page
    assert "<b>Vera" not in page


def test_style_and_script_are_files_that_a_browser_keeps(client: TestClient) -> None:
    page = client.get("/help").text
    for name, kind in (("page.css", "text/css"), ("page.js", "text/javascript"), ("report.css", "text/css")):
        address = page.split(f"/static/{name}")[1].split('"')[0]
        answer = client.get(f"/static/{name}{address}")
        assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, kind)
        assert "immutable" in answer.headers["cache-control"]
    assert client.get("/static/nothing.css").status_code == 404
    assert client.get("/static/..%2Fapp.py").status_code == 404


def test_no_page_has_script_or_style_of_its_own(client: TestClient) -> None:
    page = client.get("/help").text
    assert "style=" not in page
    assert "<style" not in page
    assert page.count("<script") == 1


def test_what_is_not_there_is_said_plainly(client: TestClient) -> None:
    answer = client.get("/nothing")
    assert (answer.status_code, "nothing here" in answer.text) == (404, True)
    assert client.get("/api/v1/nothing").json()["error"] == "Refused"
