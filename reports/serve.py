"""The service: owns the database file, stores what workers judged, answers over HTTP, keeps local workers running.

main thread    the sink, which writes the database; without a topic of outcomes it only waits
http           health, metrics, ledger, and what other commands ask; reads the database through cursors of its own, and
               writes it when the sink does not
workers        starts local workers, and starts them again
schedule       makes reports when they are due, and what else comes round
sending        tells what is urgent, and sends what is queued

All but the workers and the port is done in turns: see `standstill.py`.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING

import pyarrow as pa

from auditor.access.store_users import has_users
from auditor.answering import Owner
from auditor.follow import MESSAGES, Follower, Health
from auditor.ledger import LedgerLine
from auditor.owner import tell
from auditor.service import secret_for
from auditor.sink import Sink
from auditor.store import Store
from auditor.store_sink import Waiting, waiting
from auditor.telemetry import Lags, SinkStanding, Standing, Telemetry
from conf.errors import ConfigError
from conf.schema import Config
from reports.health import answering, app_of
from reports.questions_api import add_questions
from reports.standstill import Door
from reports.web.app import add_site
from reports.web.entrance import Entrance, is_local
from reports.web.site import AT_ONCE, Site

if TYPE_CHECKING:
    from ingest.kafka import KafkaSource

BEAT_S = 5.0


@dataclass(frozen=True, slots=True)
class Front:
    """What of a service stays from one turn to the next; see `standstill.py`.

    Attributes:
        health: how it stands.
        telemetry: what it counts; so do `alarms`, by their reasons.
        door: where the application of a turn answers.
        secret: what those have to know who ask.
        port: where it answers.
        entrance: lets people in to the pages.
        bell: is set when a job is due at once.
    """

    health: Health
    telemetry: Telemetry
    door: Door
    secret: str
    port: int
    entrance: Entrance
    bell: Event = field(default_factory=Event)
    alarms: dict[str, int] = field(default_factory=dict)


def check(config: Config) -> None:
    """Refuse what cannot work.

    Raises:
        ConfigError: what is missing, and how to say it.
    """
    if config.fleet.outcomes and not config.fleet.outcomes.startswith("kafka://"):
        raise ConfigError(f"fleet.outcomes = {config.fleet.outcomes!r}: write it as kafka://host:port/topic")
    if config.serve.workers and not config.fleet.outcomes:
        raise ConfigError("serve.workers is set and fleet.outcomes is not: say where outcomes are, with --outcomes")
    if config.serve.workers and not config.serve.worker_source:
        raise ConfigError("serve.workers is set and serve.worker_source is not: kafka://host:port/topic?group=NAME")


def check_reach(config: Config, store: Store, entrance: Entrance) -> None:
    """Refuse to be reached from elsewhere where nobody can be told from anybody.

    Raises:
        ConfigError: says what to do.
    """
    host = config.serve.host
    if not is_local(host) and not entrance.proxy and not has_users(store.connection):
        raise ConfigError(
            f"serve.host = {host!r} is reached from other machines, and there are no users who could log in: "
            "traceaudit users add NAME --role admin --tenant '*', or configure a proxy that logs people in "
            "(access.proxy_peers), or listen on 127.0.0.1"
        )
    if not is_local(host) and not config.access.https:
        tell(
            f"warning: {host} is reached from other machines without TLS, so that passwords and texts of logs can be "
            "read on the way; put a proxy with TLS before it and set access.https = true"
        )


@contextmanager
def front_of(config: Config, entrance: Entrance) -> Iterator[Front]:
    """What stays; the caller has the database open.

    Raises:
        PortTaken: another process listens there.
    """
    door = Door()
    with secret_for(config.store.path) as secret, answering(door, config.serve.host, config.serve.port) as port:
        yield Front(Health(), Telemetry(), door, secret, port, entrance)


@contextmanager
def service(config: Config, store: Store, front: Front, now: Callable[[], datetime]) -> Iterator[Follower | None]:
    """Answer, for a turn; gives the sink, to be run from the thread that calls; None without a topic of outcomes."""
    health, telemetry, reading, lock = front.health, front.telemetry, store.aside(), Lock()

    def ledger() -> Sequence[LedgerLine]:
        with lock:
            return reading.ledger()

    def waits() -> Waiting:
        with lock:
            return waiting(reading)

    sink = Sink(store, config.fleet, now, lambda kept: telemetry.kept(*kept), front.alarms)
    follower = Follower(sink, lambda: outcomes_topic(config), health) if config.fleet.outcomes else None
    sources = [follower] if follower else []
    positions = follower.positions if follower else {}
    app = app_of(health, telemetry.registry)
    store.lag = lag_of(follower)
    with ExitStack() as stack:
        stack.enter_context(reading)
        for collector in (Lags(sources, positions), Standing(ledger), SinkStanding(waits, sink.alarms)):
            telemetry.registry.register(collector)
            stack.callback(telemetry.registry.unregister, collector)
        owner, pages = Owner(store), Owner(store, AT_ONCE)
        add_questions(app, owner, front.secret)
        add_site(app, Site(pages, config, now, lambda: list(health.troubles), front.entrance, front.bell.set))
        stack.callback(owner.end, tell)
        stack.callback(pages.end, tell)
        Thread(target=warm_up, daemon=True).start()
        stack.enter_context(front.door.open(app))
        yield follower


def warm_up() -> None:
    """Make a table, since pyarrow looks for pandas at its first one: a second that the first vote should not wait."""
    pa.Table.from_pydict({"nothing": [None]})


def lag_of(follower: Follower | None) -> Callable[[Store], int]:
    """How much live work waits to be stored."""
    return (lambda _: follower.lag()) if follower else lambda _: 0


def wait(health: Health, stop: Event) -> None:
    """What the main thread does without a topic of outcomes."""
    while True:
        health.report([])
        if stop.wait(BEAT_S):
            return


def outcomes_topic(config: Config) -> "KafkaSource":
    """A connection to the topic of outcomes; read from its beginning, whatever holds for the sources."""
    from ingest.kafka import open_topics  # a quarter of a second that a service without a topic need not wait

    kafka = config.kafka.model_copy(
        update={"start": "earliest", "poll_records": min(MESSAGES, config.kafka.poll_records)}
    )
    return open_topics(config.fleet.outcomes, config.model_copy(update={"kafka": kafka}), follow=True)
