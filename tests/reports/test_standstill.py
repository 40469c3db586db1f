"""A turn of the service ends when it is to end for good, or so that the file can be written anew."""

import json
from threading import Event
from typing import Any

import anyio
import pytest

from reports.standstill import Door, Standstill, Stop


def test_who_is_asked_to_end_ends_each_turn() -> None:
    stop = Stop()
    first = stop.new_turn()
    assert not first.is_set()
    stop.set()
    assert first.is_set()
    assert stop.new_turn().is_set()


def test_a_standstill_waits_for_what_is_under_way_and_comes_once() -> None:
    turn, under_way, rested = Event(), Event(), list[str]()

    def rest() -> None:
        rested.append("begun")
        under_way.wait(10)

    standstill = Standstill(turn)
    standstill.ask()  # before the turn has begun
    assert not rested
    standstill.begin(rest)
    standstill.ask()
    assert not turn.wait(0.05)
    under_way.set()
    assert turn.wait(10)
    assert rested == ["begun"]


def asked(door: Door, path: str, accept: bytes = b"*/*") -> tuple[int, dict[bytes, bytes], bytes]:
    """What is answered to GET."""
    sent: list[dict[str, Any]] = []
    scope = {"type": "http", "method": "GET", "path": path, "headers": [(b"accept", accept)]}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    anyio.run(door, scope, None, send)
    return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]


@pytest.mark.parametrize(("path", "status"), [("/livez", 200), ("/readyz", 503), ("/api/ask/ledger", 503)])
def test_between_two_turns_it_lives_and_says_to_ask_again(path: str, status: int) -> None:
    found, headers, body = asked(Door(), path)
    assert (found, headers[b"retry-after"]) == (status, b"5")
    assert json.loads(body)["ok"] == (status == 200)


def test_a_page_comes_back_by_itself() -> None:
    status, headers, body = asked(Door(), "/queue", b"text/html,*/*")
    assert (status, headers[b"refresh"], headers[b"content-type"]) == (503, b"5", b"text/html")
    assert b"being written anew" in body


def test_the_app_of_a_turn_answers_while_it_lasts() -> None:
    door = Door()

    async def app(_: Any, __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    with door.open(app):
        assert asked(door, "/readyz")[0] == 204
    assert asked(door, "/readyz")[0] == 503
