"""What comes round inside a process that owns the database: three threads beside whatever else it does.

schedule   runs what is due, one job at a time: when APScheduler rings, and now and then without that
heavy      the same for what takes long, in processes of their own, so that no report waits for it
sending    looks for what is urgent, and sends what is queued

Each has a connection of its own; transactions come one after another, and none of them is long.
"""

import logging
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Event, Thread

from auditor.policies.file import configured_policy
from auditor.policies.store import in_force
from auditor.store import Store
from conf.schema import Config
from reports.schedule.jobs import Surroundings, works_of
from reports.schedule.plan import HEAVY, jobs_of
from reports.schedule.runner import Ran, Runner
from reports.schedule.store_runs import PROCESS, Owner
from reports.schedule.timetable import ringing
from reports.sending.sender import Sender, Sent
from reports.sending.urgent import queue_alerts

logger = logging.getLogger(__name__)

LOOK_S = 20.0  # without a bell: a failed run is due again, or the clock was set
PATIENCE_S = 8.0  # for a mail or a report to end when all is told to stop; what does not is done again


@dataclass(frozen=True, slots=True)
class Rounds:
    """All parts, for a thread each or one after the other."""

    runner: Runner
    heavy: Runner
    sender: Sender
    stop: Event = field(default_factory=Event)
    bell: Event = field(default_factory=Event)
    heavy_bell: Event = field(default_factory=Event)
    threads: list[Thread] = field(default_factory=list)

    def rest(self, patience_s: float | None = None) -> None:
        """End all threads, after what each has under way: waited for so long, or however long it takes.

        What takes long is told to end, and is due again.
        """
        self.stop.set()
        self.bell.set()
        self.heavy_bell.set()
        for thread in self.threads:
            thread.join(patience_s)

    def alert(self) -> list[str]:
        """Queue alerts for what is urgent and new; gives their subjects."""
        sender, now = self.sender, self.sender.now()
        policy = in_force(sender.store.connection, now.date(), sender.policy).policy
        per_minute = sender.config.schedule.urgent_per_minute
        return queue_alerts(sender.store, sender.config.delivery, policy, per_minute, now)

    def once(self) -> tuple[list[Ran], list[Sent]]:
        """Run what is due, tell what is urgent, send what is to be sent; then run what takes long."""
        ran = self.runner.run_due()
        self.alert()
        sent = self.sender.send_due()
        return ran + self.heavy.run_due(), sent


def rounds_of(
    stores: Sequence[Store], around: Surroundings, now: Callable[[], datetime], *, jobs: bool = True
) -> Rounds:
    """All parts.

    Args:
        stores: for the jobs, for heavy ones, for sending: of a thread each; or one for all, where one thread does all.
        around: what jobs are given.
        now: the clock on the wall, in UTC.
        jobs: without them nothing is run, and no library is needed for it.

    Raises:
        ConfigError: a cron expression is none.
    """
    config, stop = around.config, Event()
    light, heavy, sending = stores if len(stores) > 1 else [*stores] * 3
    plan = jobs_of(config.schedule) if jobs else []
    works = works_of(replace(around, stop=stop), [job.name for job in plan])

    def runner(store: Store, *, heavy: bool) -> Runner:
        mine = [job for job in plan if (job.name in HEAVY) == heavy]
        return Runner(store, mine, works, Owner(PROCESS, uuid.uuid4().hex[:8]), now)

    sender = Sender(sending, config, configured_policy(config.policy), PROCESS, now)
    return Rounds(runner(light, heavy=False), runner(heavy, heavy=True), sender, stop=stop, bell=around.bell)


@contextmanager
def coming_round(
    store: Store, around: Surroundings, now: Callable[[], datetime], *, jobs: bool = True, last: bool = False
) -> Iterator[Rounds]:
    """Run jobs and send, in threads, while the context lasts.

    Args:
        store: of the caller's thread; the threads get connections of their own.
        around: what jobs are given.
        now: the clock on the wall, in UTC.
        jobs: without them there are alerts alone, and what is queued is sent.
        last: whether in the end there is one more look for what is urgent and to be sent.
    """
    with ExitStack() as stack:
        asides = [stack.enter_context(store.aside()) for _ in range(3)]
        rounds = rounds_of(asides, around, now, jobs=jobs)
        guarded("alerts", rounds.alert)  # from here on it is news what is stored
        sending = Thread(target=keep_sending, args=[rounds], name="sending", daemon=True)
        rounds.threads.append(sending)
        if jobs:
            for name, runner, bell in (
                ("schedule", rounds.runner, rounds.bell),
                ("heavy", rounds.heavy, rounds.heavy_bell),
            ):
                args = (rounds, runner, bell)
                rounds.threads.append(Thread(target=keep_running, args=args, name=name, daemon=True))
            stack.enter_context(ringing([*rounds.runner.jobs, *rounds.heavy.jobs], rounds.bell.set))
        for thread in rounds.threads:
            thread.start()
        try:
            yield rounds
        finally:
            rounds.rest(PATIENCE_S)
            if last and not sending.is_alive():
                guarded("alerts", rounds.alert)
                guarded("sending", rounds.sender.send_due)


def keep_running(rounds: Rounds, runner: Runner, bell: Event) -> None:
    """Run what is due until told to stop; whoever is rung for also has the heavy jobs looked at."""
    while not rounds.stop.is_set():
        bell.clear()
        if bell is rounds.bell:
            rounds.heavy_bell.set()
        guarded("schedule", lambda: runner.run_due(rounds.stop))
        if not rounds.stop.is_set():
            bell.wait(LOOK_S)


def keep_sending(rounds: Rounds) -> None:
    """Look for what is urgent, and send what is queued, until told to stop."""
    while not rounds.stop.wait(rounds.sender.config.schedule.urgent_s):
        guarded("alerts", rounds.alert)
        guarded("sending", lambda: rounds.sender.send_due(rounds.stop))


def guarded(what: str, act: Callable[[], object]) -> None:
    """Do it; what breaks must not end the thread: a full disk passes, and then all goes on."""
    try:
        act()
    except Exception as error:  # noqa: BLE001 - the boundary of a thread; its words may quote a row
        logger.error("a round failed", extra={"round": what, "error": type(error).__name__})  # noqa: TRY400 - as above


@contextmanager
def beside_run(
    store: Store, config: Config, words: tuple[str, ...], now: Callable[[], datetime], *, jobs: bool
) -> Iterator[None]:
    """What comes round beside `traceaudit run`, to whose end it is told what is urgent; named in auditor/cli.py."""
    with coming_round(store, Surroundings(config, words, beside=True), now, jobs=jobs, last=True):
        yield
