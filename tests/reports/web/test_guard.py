"""What every answer tells a browser, and what is not let in at all."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse

from auditor.questions import MAX_BODY_BYTES, PATH
from auditor.store import Store
from reports.web.guard import HEADERS, CutOff
from tests.reports.web.served import ASK_SECRET, OURS, Served, served

TEXT = "words of a log"


def add_odd_routes(app: FastAPI) -> None:
    """What no page of ours does."""

    @app.get("/odd/broken")
    def broken() -> None:
        raise ValueError(TEXT)

    @app.get("/odd/cut")
    def cut() -> StreamingResponse:
        def parts() -> Iterator[str]:
            yield "begun"
            raise ValueError(TEXT)

        return StreamingResponse(parts())

    @app.get("/odd/framed")
    def framed() -> Any:
        return StreamingResponse(iter(["x"]), headers={"X-Frame-Options": "ALLOWALL", "Content-Security-Policy": "x"})

    @app.post("/odd/body")
    async def body(request: Request) -> int:
        return len(await request.body())


@pytest.fixture
def site() -> Iterator[Served]:
    with Store.open(":memory:") as store, served(store, **{"access.max_body_bytes": "2000"}) as made:
        add_odd_routes(made.app)
        made.user("Ada", "viewer")
        yield made


@pytest.mark.parametrize(
    ("method", "path", "status", "headers"),
    [
        ("GET", "/livez", 200, {}),
        ("GET", "/readyz", 200, {}),
        ("GET", "/metrics", 200, {}),
        ("GET", "/login", 200, {}),
        ("GET", "/help", 303, {}),
        ("GET", "/nothing", 404, {}),
        ("GET", "/static/nothing", 404, {}),
        ("PUT", "/login", 405, OURS),
        ("POST", "/logout", 403, {}),
        ("GET", "/api/ledger", 401, {}),
        ("GET", "/login?next=" + "x" * 2000, 422, {}),
        ("GET", "/help", 421, {"Host": "evil.example"}),
        ("GET", "/odd/broken", 500, {}),
        ("GET", "/odd/framed", 200, {}),
        ("POST", PATH + "ledger", 403, OURS),
        ("POST", "/login", 413, {**OURS, "Content-Length": "9999"}),
    ],
)
def test_every_answer_says_what_browsers_may_do_with_it(
    site: Served, method: str, path: str, status: int, headers: dict[str, str]
) -> None:
    answer = site.client.request(method, path, headers=headers)
    assert answer.status_code == status
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert answer.headers["cache-control"] == "no-store"
    assert "server" not in answer.headers


def test_the_policy_lets_nothing_in_from_elsewhere() -> None:
    policy = HEADERS["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert not any(word in policy for word in ("unsafe", "*", "http", "blob:", "eval"))
    for part in ("frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"):
        assert part in policy.split("; ")


def test_what_breaks_is_told_without_a_word_of_it(site: Served, caplog: pytest.LogCaptureFixture) -> None:
    answer = site.client.get("/odd/broken")
    assert (answer.status_code, "ValueError" in answer.text, TEXT in answer.text) == (500, True, False)
    assert [record.message for record in caplog.records] == ["page failed"]
    assert TEXT not in caplog.text


def test_an_answer_that_breaks_off_leaves_no_word_of_it_either(site: Served, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    site.client._transport.raise_server_exceptions = True  # type: ignore[attr-defined]
    with pytest.raises(CutOff) as caught:
        site.client.get("/odd/cut")
    assert caught.value.__suppress_context__
    assert TEXT not in caplog.text


class TestLongBodies:
    """A body is not taken in beyond what is allowed."""

    def test_one_that_says_so(self, site: Served) -> None:
        assert site.client.post("/odd/body", content=b"x" * 2000, headers=OURS).json() == 2000
        assert site.client.post("/odd/body", content=b"x" * 2001, headers=OURS).status_code == 413

    def test_one_that_does_not(self, site: Served) -> None:
        def endless() -> Iterator[bytes]:
            yield b"name="
            for _ in range(100):
                yield b"x" * 500

        form = {**OURS, "Content-Type": "application/x-www-form-urlencoded"}
        assert site.client.post("/odd/body", content=endless(), headers=OURS).status_code == 413
        assert site.client.post("/login", content=endless(), headers=form).status_code == 413

    @pytest.mark.parametrize("said", ["-1", "1e9", "٣", "9" * 30])
    def test_one_that_says_what_makes_no_sense(self, site: Served, said: str) -> None:
        headers = {**OURS, "Content-Length": said.encode()}
        answer = site.client.post("/odd/body", content=b"x", headers=headers)  # type: ignore[arg-type]
        assert answer.status_code == 413

    def test_commands_may_ask_with_more(self, site: Served) -> None:
        asked = site.client.post(
            PATH + "nothing", content=b"x" * 4000, headers={"Authorization": f"Bearer {ASK_SECRET}"}
        )
        assert asked.status_code in {403, 422}
        too_much = {"Authorization": f"Bearer {ASK_SECRET}", "Content-Length": str(MAX_BODY_BYTES + 1)}
        assert site.client.post(PATH + "nothing", headers=too_much).status_code == 413


class TestCommandsOfThisMachine:
    """Their questions need the secret beside the database, and nothing else will do."""

    BODY = "[]"

    def ask(self, site: Served, **headers: str) -> int:
        return site.client.post(PATH + "nothing", content=self.BODY, headers=headers).status_code

    def test_a_person_cannot_ask_them(self, site: Served) -> None:
        user = site.user("Root", "admin", "expert", "approver")
        assert self.ask(site, **site.session_of(user), **OURS) == 403
        assert self.ask(site, **site.token_of(user, "see", "operate")) == 403

    def test_a_browser_cannot_even_with_the_secret(self, site: Served) -> None:
        known = {"Authorization": f"Bearer {ASK_SECRET}", "Host": "127.0.0.1"}
        site.client.cookies.clear()
        here = TestClientHere(site.app)
        assert here.ask(**known) == 422  # it may ask, and asks nothing
        for mark in ({"Cookie": "a=b"}, {"Origin": "http://127.0.0.1"}, {"Sec-Fetch-Site": "same-origin"}):
            assert here.ask(**known, **mark) == 403


class TestClientHere:
    """A client whose requests come in at the address of this machine."""

    __test__ = False

    def __init__(self, app: FastAPI) -> None:
        from fastapi.testclient import TestClient

        self.client = TestClient(app, "http://127.0.0.1", client=("127.0.0.1", 1))

    def ask(self, **headers: str) -> int:
        return self.client.post(PATH + "nothing", content="[]", headers=headers).status_code
