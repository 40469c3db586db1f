"""A broker that encrypts and asks for a name and a password."""

import logging
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conf.errors import ConfigError
from conf.schema import Config, load
from ingest.errors import SourceUnavailable
from ingest.kafka import open_topics
from ingest.qta import Record

if TYPE_CHECKING:
    from tests.broker import Broker

PASSWORD = "correct-horse"  # noqa: S105 - of a broker that lives as long as this test
SECURE = """
listeners=PLAINTEXT://127.0.0.1:{plain},CONTROLLER://127.0.0.1:{controller},SECURE://127.0.0.1:{secure}
advertised.listeners=PLAINTEXT://127.0.0.1:{plain},CONTROLLER://127.0.0.1:{controller},SECURE://127.0.0.1:{secure}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL
listener.name.secure.ssl.keystore.type=PEM
listener.name.secure.ssl.keystore.location={keys}
listener.name.secure.sasl.enabled.mechanisms=PLAIN
listener.name.secure.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
user_ada="{password}";
"""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1, and a file with its key before it, as the broker takes them."""
    folder = tmp_path_factory.mktemp("certificate")
    key, certificate, both = (folder / name for name in ("key.pem", "certificate.pem", "both.pem"))
    names = ("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1")
    kind = ("-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", certificate)
    subprocess.run(["openssl", "req", *kind, *names], check=True, capture_output=True)
    both.write_text(key.read_text() + certificate.read_text())
    return certificate, both


@pytest.fixture(scope="module")
def secure(broker: "Broker", certificate: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a broker listens that lets only ada in; it has a topic `t` with a record."""
    mine = type(broker)(tmp_path_factory.mktemp("secure"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    place = mine.place
    ours = SECURE.format(
        plain=place.port, controller=place.controller_port, secure=port, keys=certificate[1], password=PASSWORD
    )
    place.config.write_text(place.config.read_text() + ours)  # of two lines with one name the last counts
    mine.start()
    mine.create_topic("t", 1)
    mine.produce("t", [b"sealed"])
    yield f"127.0.0.1:{port}"
    mine.kill()


def config(certificate: tuple[Path, Path], **changes: str) -> Config:
    options = {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "PLAIN",
        "ssl_cafile": str(certificate[0]),
        "sasl_username_env": "TEST_KAFKA_NAME",
        "sasl_password_env": "TEST_KAFKA_PASSWORD",
        "connect_timeout_s": "5",
        "poll_timeout_s": "0.2",
    }
    return load(overrides={f"kafka.{name}": value for name, value in (options | changes).items()})


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KAFKA_NAME", "ada")
    monkeypatch.setenv("TEST_KAFKA_PASSWORD", PASSWORD)


@pytest.mark.kafka
@pytest.mark.usefixtures("credentials")
@pytest.mark.parametrize("group", ["", "?group=g"])
def test_a_secured_topic_is_read(secure: str, certificate: tuple[Path, Path], group: str) -> None:
    source = open_topics(f"kafka://{secure}/t{group}", config(certificate), follow=False)
    source.resume({})
    found: list[bytes] = []
    exhausted = False
    while not exhausted:
        polled = source.poll()
        found += [item.value for item in polled.items if isinstance(item, Record)]
        if polled.assigned:
            source.resume({})
        exhausted = polled.exhausted
    source.close()
    assert found == [b"sealed"]


@pytest.mark.kafka
@pytest.mark.usefixtures("credentials")
def test_a_wrong_password_is_one_clear_line_without_it(
    secure: str,
    certificate: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("TEST_KAFKA_PASSWORD", "battery-staple")
    with pytest.raises(SourceUnavailable) as caught:
        open_topics(f"kafka://{secure}/t", config(certificate), follow=False)
    assert "does it take these credentials" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "battery-staple" not in str(caught.value) + caplog.text


@pytest.mark.kafka
@pytest.mark.usefixtures("credentials")
def test_a_broker_whose_certificate_nobody_signed_is_not_talked_to(secure: str, certificate: tuple[Path, Path]) -> None:
    with pytest.raises(SourceUnavailable):
        open_topics(f"kafka://{secure}/t", config(certificate, ssl_cafile=""), follow=False)


def test_credentials_that_are_not_in_the_environment_are_asked_for_by_name(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_KAFKA_NAME", "ada")
    with pytest.raises(ConfigError, match="TEST_KAFKA_PASSWORD"):
        open_topics("kafka://127.0.0.1:1/t", config(certificate), follow=False)


def test_a_file_of_certificates_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    missing = config((tmp_path / "no.pem", tmp_path), security_protocol="SSL", sasl_mechanism="")
    with pytest.raises(ConfigError, match=r"kafka\.ssl_cafile.*no such file"):
        open_topics("kafka://127.0.0.1:1/t", missing, follow=False)
