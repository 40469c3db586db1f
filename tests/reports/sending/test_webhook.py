"""Web hooks, against a real HTTP server on this machine."""

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conf.errors import ConfigError
from conf.schema import load
from reports.sending.channel import SendFailed
from tests.reports.sending.letters import NASTY, NOW, TEXTS, channel, make_case, make_letter
from tests.reports.sending.servers import hook_server

SIGNED = {"secret_env": "HOOK_SECRET"}
KEY = b"0123456789abcdef0123456789abcdef"


def verified(headers: dict[str, str], body: bytes, key: bytes) -> bool:
    """As a receiver does it that knows nothing of us: standardwebhooks.com."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    want = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    return headers["webhook-signature"] == f"v1,{want}"


@pytest.mark.parametrize("secret", ["whsec_" + base64.b64encode(KEY).decode(), KEY.decode()])
def test_a_post_is_signed_as_standard_webhooks_say(
    secret: str, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_SECRET", secret)
    with hook_server(certificate) as hook:
        one = channel(channel="webhook", url=hook.url, **SIGNED, ca_file=str(certificate[0]))
        assert one.send(make_letter()) == "answered with status 200"
    ((headers, body),) = hook.posts
    assert verified(headers, body, KEY)
    assert not verified(headers, body + b" ", KEY)
    assert not verified(headers | {"webhook-timestamp": "1"}, body, KEY)
    assert headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    assert headers["content-type"] == "application/json"
    told = json.loads(body)
    assert list(told) == ["text"]
    assert told["text"].startswith("*Nightly audit 2026-03-01: 2 of 40 exchanges need a person*")
    assert make_case().triple_id in told["text"]


def test_programs_get_the_numbers_and_ids_where_they_ask_for_them() -> None:
    with hook_server() as hook:
        channel(channel="webhook", url=hook.url, details=True).send(make_letter())
    told = json.loads(hook.posts[0][1])
    assert told["details"]["subject"] == "nightly/2026-03-01"
    assert [case["triple_id"] for case in told["details"]["cases"]] == [make_case(0).triple_id, make_case(1).triple_id]
    assert "webhook-signature" not in hook.posts[0][0]


def test_a_name_out_of_a_log_calls_nobody_and_hides_nothing() -> None:
    with hook_server() as hook:
        channel(channel="webhook", url=hook.url).send(make_letter(make_case(tenant=NASTY)))
    text = json.loads(hook.posts[0][1])["text"]
    assert "<" not in text
    assert "&lt;!channel&gt;" in text
    assert "\u202e" not in text
    assert "\x1b" not in text


def test_texts_of_a_log_are_in_it_only_where_a_case_has_them() -> None:
    with hook_server() as hook:
        one = channel(channel="webhook", url=hook.url)
        one.send(make_letter())
        one.send(make_letter(make_case(texts=TEXTS)))
    assert b"hide" not in hook.posts[0][1]
    assert "how do I &lt;b&gt;hide&lt;/b&gt; it" in json.loads(hook.posts[1][1])["text"]


def test_a_redirect_is_refused_and_not_followed() -> None:
    with hook_server() as hook:
        hook.answers = [(307, {"location": hook.url + "/elsewhere"})]
        with pytest.raises(SendFailed, match="status 307: a redirect, which is not followed"):
            channel(channel="webhook", url=hook.url).send(make_letter())
    assert len(hook.posts) == 1


def test_what_the_other_side_asks_for_is_kept_to_and_the_id_stays_the_same() -> None:
    with hook_server() as hook:
        hook.answers = [(429, {"retry-after": "120"}), (500, {})]
        one = channel(channel="webhook", url=hook.url)
        with pytest.raises(SendFailed, match="status 429") as caught:
            one.send(make_letter())
        with pytest.raises(SendFailed, match="status 500"):
            one.send(replace(make_letter(), sent_at=NOW.replace(hour=9)))
        one.send(make_letter())
    assert caught.value.asked_s == 120
    assert {headers["webhook-id"] for headers, _ in hook.posts} == {make_letter().id}


def test_a_server_with_a_strange_certificate_gets_nothing(certificate: tuple[Path, Path]) -> None:
    with hook_server(certificate) as hook, pytest.raises(SendFailed, match=r"no answer \(ConnectError\)"):
        channel(channel="webhook", url=hook.url).send(make_letter())
    assert hook.posts == []


def test_an_address_that_is_a_secret_comes_from_the_environment_and_is_never_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with hook_server() as hook:
        monkeypatch.setenv("HOOK_URL", hook.url + "/s3cr3t")
        channel(channel="webhook", url_env="HOOK_URL").send(make_letter())
    assert hook.paths == ["/services/T0/B0/s3cr3t"]
    with pytest.raises(SendFailed) as caught:
        channel(channel="webhook", url_env="HOOK_URL").send(make_letter())
    monkeypatch.setenv("HOOK_URL", "http://example.org/s3cr3t")
    with pytest.raises(SendFailed, match=r"HOOK_URL: .*https") as plain:
        channel(channel="webhook", url_env="HOOK_URL").send(make_letter())
    assert "s3cr3t" not in f"{caught.value} {plain.value} {caplog.text}"


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"url": "http://example.org/x"}, "begins with https"),
        ({"url": "https://ada:pw@example.org/x"}, "holds a name or password"),
        ({"url": "https://a.example/x", "url_env": "X"}, "needs url, or url_env"),
        ({}, "needs url, or url_env"),
        ({"url": "https://a.example/x", "secret_env": "whsec_abc+/="}, "the name of an environment variable"),
        ({"url": "https://a.example/x", "attach": ["html"]}, "attach needs include_text"),
        ({"url": "https://a.example/x", "retries": 3}, "unknown key"),
    ],
)
def test_a_wrong_delivery_is_refused_with_its_name_and_without_its_values(values: dict[str, Any], told: str) -> None:
    words = ", ".join(f"{name} = {json.dumps(value)}" for name, value in values.items())
    with pytest.raises(ConfigError, match=told) as caught:
        load(overrides={"delivery.ops": f'{{channel = "webhook", what = ["nightly"]{", " if words else ""}{words}}}'})
    assert str(caught.value).startswith("delivery.ops")
    assert "pw@" not in str(caught.value)
