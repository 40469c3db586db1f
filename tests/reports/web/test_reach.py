"""The service is reached from elsewhere only where people can be told apart."""

import os
import socket
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest
from fastapi import FastAPI, Request

from auditor.__main__ import main
from auditor.store import Store
from conf.cli import USAGE
from conf.errors import ConfigError
from conf.schema import load
from reports.health import answering
from reports.serve import check_reach
from reports.web.entrance import entrance_of, is_local
from tests.auditor.access.people import add
from tests.reports.web.served import PROXY_SECRET

ELSEWHERE = ["0.0.0.0", "::", "192.0.2.7", "audit.example.org", ""]  # noqa: S104 - where it is refused


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(":memory:") as opened:
        yield opened


def reach(store: Store, host: str, **settings: str) -> None:
    config = load(overrides={"store.path": ":memory:", "serve.host": host, **settings})
    check_reach(config, store, entrance_of(config, {"TRACEAUDIT_PROXY_SECRET": PROXY_SECRET}, float))


@pytest.mark.parametrize("host", ELSEWHERE)
def test_nobody_reaches_a_service_that_knows_nobody(store: Store, host: str) -> None:
    with pytest.raises(ConfigError, match="traceaudit users add NAME --role admin"):
        reach(store, host)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "::1", "localhost"])
def test_on_this_machine_it_needs_no_users(store: Store, host: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert is_local(host)
    reach(store, host)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("host", ELSEWHERE)
def test_with_users_it_may_be_reached_and_says_what_is_missing(
    store: Store, host: str, capsys: pytest.CaptureFixture[str]
) -> None:
    add(store)
    reach(store, host)
    assert "without TLS" in capsys.readouterr().err
    reach(store, host, **{"access.https": "true"})
    assert capsys.readouterr().err == ""


def test_with_a_proxy_it_needs_no_users(store: Store) -> None:
    reach(store, "192.0.2.7", **{"access.proxy_peers": '["192.0.2.1"]'})


def test_the_command_refuses_before_it_listens(capsys: pytest.CaptureFixture[str], tmp_path: os.PathLike[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))  # noqa: S104 - it would be said that it is taken
        port = str(taken.getsockname()[1])
        words = ["serve", "--db", f"{tmp_path}/a.duckdb", "--port", port, "--set", "serve.host=0.0.0.0"]
        assert main(words) == USAGE
    assert "there are no users who could log in" in capsys.readouterr().err


def test_who_comes_from_this_machine_cannot_say_that_they_come_from_elsewhere() -> None:
    """Else the rule on peers, and the limit on logins, would be whatever a header says."""
    app = FastAPI()

    @app.get("/who")
    def who(request: Request) -> list[str]:
        return [request.client.host if request.client else "", request.url.scheme]

    with answering(app, "127.0.0.1", 0) as port:
        connection = HTTPConnection("127.0.0.1", port)
        connection.request("GET", "/who", headers={"X-Forwarded-For": "10.0.3.7", "X-Forwarded-Proto": "https"})
        assert connection.getresponse().read() == b'["127.0.0.1","http"]'
        connection.close()
