"""What is queued is sent: after failures and restarts, once for each delivery and subject, a secret nowhere."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from kafka import KafkaConsumer

from auditor.policies.file import configured_policy
from auditor.store import Store
from conf.delivery import Delivery
from conf.schema import Config, load
from reports.sending import store_deliveries
from reports.sending.message import Message
from reports.sending.pauses import FIRST, LONGEST, next_try, pause
from reports.sending.queue import Made, queue_report, tenants_of
from reports.sending.sender import Sender
from reports.sending.urgent import queue_alerts
from tests.reports.seed import NOW, judged, seed
from tests.reports.sending.servers import hook_server, mail_server

if TYPE_CHECKING:
    from tests.broker import Broker

START = NOW.replace(tzinfo=UTC)
DAY = START.date()
POLICY = configured_policy(load().policy)


@dataclass
class Wall:
    at: datetime = START

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(":memory:", str(tmp_path / "blobs")) as opened:
        yield opened


def configured(**deliveries: dict[str, Any]) -> Config:
    made = {name: Delivery(**{"what": ("nightly", "urgent")} | values) for name, values in deliveries.items()}
    return load().model_copy(update={"delivery": made})


def sender(store: Store, config: Config, wall: Wall, process: str = "p1") -> Sender:
    return Sender(store, config, POLICY, process, wall, lambda: 0.99)


def report(tenant: str = "", period: str = "2026-11-22", files: tuple[Path, ...] = ()) -> Made:
    return Made("nightly", period, tenant, DAY, DAY, 40, 3, 1, 1, 0, files)


def rows(store: Store) -> list[tuple[str, str, str, int]]:
    query = "SELECT delivery, subject, state, attempt FROM deliveries ORDER BY ALL"
    return store.connection.execute(query).fetchall()


def test_a_hook_that_is_down_gets_it_when_it_is_back_once_and_the_failure_is_told(store: Store) -> None:
    wall = Wall()
    with hook_server() as hook:
        hook.answers = [(503, {}), (503, {})]
        config = configured(ops={"channel": "webhook", "url": hook.url})
        one = sender(store, config, wall)
        assert queue_report(store, config.delivery, report(), wall()) == ["ops"]
        assert queue_report(store, config.delivery, report(), wall()) == ["ops"]
        assert [sent.state for sent in one.send_due()] == ["failed"]
        assert one.send_due() == []
        wall.at += FIRST
        assert [sent.state for sent in one.send_due()] == ["failed"]
        wall.at += 2 * FIRST
        assert [sent.state for sent in one.send_due()] == ["sent"]
        wall.at += timedelta(days=3)
        assert one.send_due() == []
    assert len({headers["webhook-id"] for headers, _ in hook.posts}) == 1
    assert rows(store) == [("ops", "nightly/2026-11-22", "sent", 3)]
    ((error, failed_at),) = store.connection.execute("SELECT error, failed_at FROM deliveries").fetchall()
    assert (error, failed_at) == ("answered with status 503: not taken", NOW + FIRST)
    kinds = store.connection.execute("SELECT kind FROM events ORDER BY seq").fetchall()
    assert kinds == [("delivery.failed",), ("delivery.failed",), ("delivery.sent",)]


def test_what_nobody_takes_is_given_up_after_the_documented_time_and_can_be_asked_for_again(
    store: Store, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    wall, config = Wall(), configured(ops={"channel": "files", "folder": str(tmp_path / "file" / "folder")})
    queue_report(store, config.delivery, report(), wall())
    one = sender(store, config, wall)
    while one.send_due()[-1].state == "failed":
        ((wall.at,),) = store.connection.execute("SELECT next_at FROM deliveries").fetchall()
        wall.at = wall.at.replace(tzinfo=UTC)
    ((state, attempt, at),) = store.connection.execute('SELECT state, attempt, "at" FROM deliveries').fetchall()
    assert state == "given_up"
    assert timedelta(hours=46) < at.replace(tzinfo=UTC) - START <= timedelta(hours=48)
    assert 50 < attempt < 70
    ((row_id,),) = store.connection.execute("SELECT id FROM deliveries").fetchall()
    assert store_deliveries.again(store, [row_id], wall()) == 1
    assert [sent.state for sent in one.send_due()] == ["failed"]


def test_a_process_that_died_while_sending_is_followed_by_one_that_sends_the_same_id(store: Store) -> None:
    wall = Wall()
    with hook_server() as hook:
        config = configured(ops={"channel": "webhook", "url": hook.url})
        queue_report(store, config.delivery, report(), wall())
        taken = store_deliveries.take(store, "dead", wall(), LONGEST)
        assert taken
        alive = sender(store, config, wall, "alive")
        assert [sent.state for sent in alive.send_due()] == ["sent"]
        late = store_deliveries.Outcome("failed", "late", wall())
        assert not store_deliveries.settle(store, taken, "dead", late)
    assert rows(store) == [("ops", "nightly/2026-11-22", "sent", 2)]
    assert hook.posts[0][0]["webhook-id"] == taken.id


def test_one_that_fails_holds_up_no_other_and_an_alert_goes_first(store: Store) -> None:
    wall = Wall()
    seed(store, [judged(0, 0.97)])
    with hook_server() as hook:
        config = configured(
            down={"channel": "webhook", "url": "http://127.0.0.1:1/x"}, up={"channel": "webhook", "url": hook.url}
        )
        for number in range(3):
            queue_report(store, config.delivery, report(period=f"2026-11-2{number}"), wall())
        wall.at += timedelta(seconds=1)
        store_deliveries.queue(store, "up", "webhook", Message("urgent", "urgent/1", "1 exchange is urgent"), wall())
        sent = sender(store, config, wall).send_due()
    assert Counter((one.delivery, one.state) for one in sent) == {("up", "sent"): 4, ("down", "failed"): 1}
    assert sent[0].subject == "urgent/1"


def test_a_delivery_that_left_the_configuration_is_given_up(store: Store) -> None:
    wall, config = Wall(), configured(ops={"channel": "files", "folder": "x"})
    queue_report(store, config.delivery, report(), wall())
    (sent,) = sender(store, load(), wall).send_due()
    assert (sent.state, sent.detail) == ("given_up", "this delivery is not in the configuration any more")


def test_a_tenants_delivery_gets_the_tenants_report_alone(store: Store, tmp_path: Path) -> None:
    seed(store, [judged(0, 0.97), judged(1, 0.9, tenant="linden-clinic"), judged(2, 0.6)])
    wall = Wall()
    config = configured(
        all={"channel": "files", "folder": str(tmp_path / "all")},
        clinic={"channel": "files", "folder": str(tmp_path / "clinic"), "tenant": "linden-clinic"},
    )
    assert tenants_of(config.delivery, "nightly") == ["linden-clinic"]
    assert tenants_of(config.delivery, "weekly") == []
    assert queue_report(store, config.delivery, report(), wall()) == ["all"]
    assert queue_report(store, config.delivery, report("linden-clinic"), wall()) == ["clinic"]
    assert [sent.state for sent in sender(store, config, wall).send_due()] == ["sent", "sent"]
    clinic = "".join(path.read_text() for path in (tmp_path / "clinic").iterdir())
    assert judged(1, 0.9)[0].id in clinic
    assert "harbor-bank" not in clinic
    assert judged(0, 0.9)[0].id not in clinic
    assert "harbor-bank" in "".join(path.read_text() for path in (tmp_path / "all").iterdir())


def test_texts_of_logs_go_only_where_that_was_asked_for_and_are_never_kept(store: Store, tmp_path: Path) -> None:
    seed(store, [judged(0, 0.97, question="MARK-of-a-log", tenant="harbor-bank")])
    html = tmp_path / "audit-2026-11-22.html"
    html.write_text("MARK-of-a-log")
    wall = Wall()
    config = configured(
        bare={"channel": "files", "folder": str(tmp_path / "bare")},
        whole={"channel": "files", "folder": str(tmp_path / "whole"), "include_text": True},
        siem={"channel": "siem", "target": f"file:{tmp_path / 'siem'}", "include_text": True},
    )
    queue_report(store, config.delivery, report(files=(html,)), wall())
    assert {sent.state for sent in sender(store, config, wall).send_due()} == {"sent"}
    assert "MARK" not in "".join(path.read_text() for path in (tmp_path / "bare").iterdir())
    assert {path.name for path in (tmp_path / "whole").iterdir()} == {
        "audit-2026-11-22.html",
        "nightly-2026-11-22.txt",
        "nightly-2026-11-22-summary.json",
    }
    assert "MARK" in (tmp_path / "whole" / "nightly-2026-11-22.txt").read_text()
    assert "MARK" not in (tmp_path / "siem").read_text()
    assert "MARK" not in str(store.connection.execute("FROM deliveries").fetchall())


def test_secrets_are_nowhere_whatever_fails(
    store: Store,
    tmp_path: Path,
    certificate: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    monkeypatch.setenv("S_NAME", "ada")
    monkeypatch.setenv("S_PASSWORD", "s3cr3t-password")
    monkeypatch.setenv("S_HOOK", "s3cr3t-key")
    wall = Wall()
    with hook_server() as hook, mail_server(certificate, tls="starttls", login=True) as inbox:
        monkeypatch.setenv("S_URL", f"{hook.url}/s3cr3t-path")
        hook.answers = [(500, {}), (302, {"location": "/s3cr3t-answer"})]
        named = {"username_env": "S_NAME", "password_env": "S_PASSWORD", "sender": "a@b.c", "to": ("d@e.f",)}
        config = configured(
            hook={"channel": "webhook", "url_env": "S_URL", "secret_env": "S_HOOK"},
            mail={"channel": "email", "server": inbox.address, "ca_file": str(certificate[0]), **named},
            away={"channel": "webhook", "url_env": "NOT_SET_S3CR3T"},
        )
        queue_report(store, config.delivery, report(), wall())
        for _ in range(4):
            sender(store, config, wall).send_due()
            wall.at += LONGEST
    assert {state for _, _, state, _ in rows(store)} == {"sent", "failed"}
    assert inbox.mails == []
    everything = [caplog.text, config.model_dump_json()]
    for (table,) in store.connection.execute("SELECT table_name FROM information_schema.tables").fetchall():
        everything.append(str(store.connection.execute(f'FROM "{table}"').fetchall()))
    assert "s3cr3t" not in "".join(everything)


def test_urgent_is_told_once_for_each_triple_however_often_is_looked(store: Store, tmp_path: Path) -> None:
    wall = Wall(START - timedelta(hours=1))
    config = configured(ops={"channel": "files", "folder": str(tmp_path), "what": ("urgent",)})
    assert alert(store, config, wall) == []
    wall.at = START
    seed(store, [judged(0, 0.97), judged(1, 0.94), judged(2, None), judged(3, 0.99)])
    assert len(alert(store, config, wall)) == 1
    assert alert(store, config, wall) == []
    wall.at += timedelta(hours=1)
    assert alert(store, config, wall) == []
    seed(store, [judged(4, 0.96, now=NOW + timedelta(hours=1))], start=4, now=NOW + timedelta(hours=1))
    assert len(alert(store, config, wall)) == 1
    sender(store, config, wall).send_due()
    told = [json.loads(path.read_text()) for path in sorted(tmp_path.glob("*.json"))]
    ids = [triple_id for one in told for triple_id in one["ids"]]
    assert sorted(ids) == sorted(judged(number, 0.97)[0].id for number in (0, 3, 4))
    assert {one["title"] for one in told} == {"2 exchanges are urgent", "1 exchange is urgent"}


def alert(store: Store, config: Config, wall: Wall) -> list[str]:
    return queue_alerts(store, config.delivery, POLICY, config.schedule.urgent_per_minute, wall())


def test_a_storm_becomes_a_few_alerts_that_say_how_many_there_are(store: Store, tmp_path: Path) -> None:
    wall = Wall(START - timedelta(hours=1))
    config = configured(ops={"channel": "files", "folder": str(tmp_path), "what": ("urgent",)})
    alert(store, config, wall)
    wall.at = START
    for number in range(24):
        seed(store, [judged(4 * number + n, 0.97) for n in range(4)], start=4 * number)
        alert(store, config, wall)
        wall.at += timedelta(seconds=5)
    wall.at += timedelta(minutes=1)
    alert(store, config, wall)
    told = store.connection.execute("SELECT message FROM deliveries ORDER BY created_at").fetchall()
    sizes = [json.loads(text)["n_cases"] for (text,) in told]
    assert sum(sizes) == 96
    assert len(sizes) <= 13
    assert max(sizes) > 20
    query = "SELECT count(*), count(DISTINCT triple_id) FROM alerted"
    assert store.connection.execute(query).fetchall() == [(96, 96)]


def test_an_alert_for_a_tenant_holds_that_tenants_alone_and_each_delivery_is_told(store: Store, tmp_path: Path) -> None:
    wall = Wall(START - timedelta(hours=1))
    config = configured(
        bank={"channel": "files", "folder": str(tmp_path), "what": ("urgent",), "tenant": "harbor-bank"},
        all={"channel": "files", "folder": str(tmp_path), "what": ("urgent",)},
        reports={"channel": "files", "folder": str(tmp_path), "what": ("nightly",)},
    )
    alert(store, config, wall)
    wall.at = START
    seed(store, [judged(0, 0.97), judged(1, 0.97, tenant="linden-clinic")])
    alert(store, config, wall)
    told = store.connection.execute("SELECT delivery, message FROM deliveries ORDER BY delivery").fetchall()
    assert [(name, json.loads(text)["n_cases"]) for name, text in told] == [("all", 2), ("bank", 1)]


def test_what_was_stored_before_a_delivery_was_configured_is_no_news(store: Store, tmp_path: Path) -> None:
    seed(store, [judged(0, 0.97)])
    wall = Wall(START + timedelta(minutes=1))
    config = configured(ops={"channel": "files", "folder": str(tmp_path), "what": ("urgent",)})
    assert alert(store, config, wall) == []


@pytest.mark.kafka
def test_cases_go_to_a_topic_one_message_each_under_the_id_of_the_triple(
    store: Store, broker: "Broker", tmp_path: Path
) -> None:
    seed(store, [judged(0, 0.97), judged(1, 0.6), judged(2, None), judged(3, 0.1)])
    wall, name = Wall(), f"escalations-{uuid4().hex[:8]}"
    config = configured(topic={"channel": "kafka", "topic": f"kafka://{broker.bootstrap}/{name}", "timeout_s": 10})
    queue_report(store, config.delivery, report(), wall())
    (missing,) = sender(store, config, wall).send_due()
    assert missing.state == "failed"
    assert "no such topic" in missing.detail
    broker.create_topic(name, 2)
    wall.at += LONGEST
    (sent,) = sender(store, config, wall).send_due()
    assert (sent.state, sent.detail) == ("sent", "3 messages")
    consumer = KafkaConsumer(
        name, bootstrap_servers=broker.bootstrap, auto_offset_reset="earliest", consumer_timeout_ms=3000
    )
    read = list(consumer)
    consumer.close()
    told = [json.loads(record.value) for record in read]
    assert {record.key.decode() for record in read} == {judged(number, 0.5)[0].id for number in (0, 1, 2)}
    assert all(record.key.decode() == one["triple_id"] for record, one in zip(read, told, strict=True))
    assert Counter(one["level"] for one in told) == {"urgent": 1, "escalate": 2}
    assert {one["schema"] for one in told} == {"traceaudit.escalation/1"}
    assert "question" not in told[0]
    assert all(re.fullmatch(r"[0-9a-f]{32}/[0-9a-f]{64}", dict(record.headers)["id"].decode()) for record in read)


@pytest.mark.kafka
def test_a_broker_that_is_away_is_waited_for(store: Store, tmp_path: Path) -> None:
    seed(store, [judged(0, 0.97)])
    wall = Wall()
    config = configured(topic={"channel": "kafka", "topic": "kafka://127.0.0.1:1/t", "timeout_s": 1})
    quick = config.model_copy(update={"kafka": config.kafka.model_copy(update={"connect_timeout_s": 0.5})})
    queue_report(store, quick.delivery, report(), wall())
    (sent,) = sender(store, quick, wall).send_due()
    assert sent.state == "failed"
    assert "no broker answers" in sent.detail


def test_pauses_double_up_to_an_hour_with_jitter_and_keep_to_what_was_asked() -> None:
    assert [pause(attempt, 0.0) for attempt in (1, 2, 3)] == [FIRST / 2, FIRST, 2 * FIRST]
    assert pause(1, 0.999) < FIRST
    assert pause(50, 0.0) == LONGEST / 2
    assert pause(1, 0.5, asked_s=120) == timedelta(minutes=2)
    assert pause(1, 0.5, asked_s=86_400) == LONGEST
    give_up_at = START + timedelta(hours=48)
    assert next_try(START, FIRST, give_up_at) == START + FIRST
    assert next_try(give_up_at, FIRST, give_up_at) is None


def test_a_message_is_kept_as_it_was() -> None:
    from reports.sending.message import message_of

    for one in (
        Message("urgent", "urgent/1", "t", ids=("a", "b"), n_cases=2),
        Message("nightly", "n", "t", ("l",), "x", date(2026, 1, 1), date(2026, 1, 2), ("f",)),
    ):
        assert message_of(one.as_json()) == one
