"""The store, day by day."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

from auditor.policies.file import configured_policy
from auditor.policies.policy import Policy
from auditor.policies.store import in_force
from auditor.sampling.store import give_salt
from auditor.store import Store
from conf.schema import Config, load
from reports import samples
from reports.demo_store import nights
from reports.demo_store.alerts import send_alerts
from reports.demo_store.audits import SECOND_PROMPT, Auditing, Clock, auditing, scorers
from reports.demo_store.calendar import INCIDENT, Entry, Pools, entries_of, pools_of, source_of
from reports.demo_store.governance import Day, govern
from reports.demo_store.labelled import read_labelled
from reports.demo_store.nights import CALIBRATION, GOLDEN_EVERY, Night
from reports.demo_store.scenes import read_scenes
from reports.samples.cases_file import DAY

DATABASE, CONFIG = "traceaudit.duckdb", "traceaudit.toml"
WINDOWS = (0, 6, 12, 18, 24)  # hours between which a run takes what came
LAST_DAY = date(2026, 11, 27)


@dataclass(frozen=True, slots=True)
class Plan:
    """What store to make.

    Attributes:
        folder: for the database and all that lies beside it.
        rows: labelled rows, where there are any.
        n_rows: of them, at most.
        days: how many, up to `last`.
        a_day: exchanges on a working day, about.
        overrides: of the configuration, as `--set` has them.
    """

    folder: Path
    rows: Path
    n_rows: int = 400
    days: int = 28
    last: date = LAST_DAY
    a_day: int = 520
    seed: str = "traceaudit"
    overrides: tuple[tuple[str, str], ...] = ()

    @property
    def database(self) -> Path:
        """The database file."""
        return self.folder / DATABASE

    @property
    def first(self) -> date:
        """The first day."""
        return self.last - timedelta(days=self.days - 1)


def build_store(plan: Plan, tell: Callable[[str], None]) -> None:
    """Make the store and its configuration file; what lies in the folder's place of them is replaced.

    Args:
        plan: which store.
        tell: told a line for each day that is done.
    """
    plan.folder.mkdir(parents=True, exist_ok=True)
    config = prepared(plan)
    clock = Clock(datetime.combine(plan.first, time(0), UTC))
    with Store.open(config.store.path, config.images.blob_dir) as store:
        days = Days(plan, config, store, clock)
        for number in range(plan.days):
            tell(days.live(number))


def prepared(plan: Plan) -> Config:
    """The configuration of the store, written beside it; an earlier store is gone."""
    for old in plan.folder.glob(f"{DATABASE}*"):
        if old.is_file():
            old.unlink()
    lines = [
        "# Made by `make demo-store`. The timing of what is in the store is made up.",
        f'[store]\npath = "{plan.database.as_posix()}"',
        '[auditor]\nmode = "cascade"',
        f'[report]\nout_dir = "{(plan.folder / "reports").as_posix()}"',
    ]
    (plan.folder / CONFIG).write_text("\n\n".join(lines) + "\n", encoding="utf-8")
    key = sha256(plan.seed.encode()).hexdigest()  # nobody's pseudonyms depend on it
    Path(f"{plan.database}.key").write_text(f"{key}\n", encoding="utf-8")
    return load((plan.folder / CONFIG,), dict(plan.overrides))


class Days:
    """The days and nights of one store."""

    def __init__(self, plan: Plan, config: Config, store: Store, clock: Clock) -> None:
        self.plan = plan
        self.config = config
        self.store = store
        self.clock = clock
        self.audits: Auditing = auditing(config, store, clock)
        give_salt(store, sha256(f"{plan.seed} draws".encode()).hexdigest(), clock())
        self.first, self.second = scorers(config, plan.folder, clock, store)
        self.configured = configured_policy(config.policy)
        self.pools: Pools = pools_of([*read_scenes(), *read_labelled(plan.rows, plan.n_rows)], plan.seed)

    def live(self, number: int) -> str:
        """One day and the night after it; gives a line that says what came of it."""
        day = self.plan.first + timedelta(days=number)
        entries = entries_of(day, number, self.pools, self.plan.a_day, self.plan.seed)
        if day == DAY:
            entries = sorted([*entries, *sample_entries()], key=lambda entry: entry.at)
        govern(self.store, Day(number, day, self.plan.days - number - 1), self.configured)
        self.audit(day, number, entries)
        if number == INCIDENT:
            send_alerts(self.store, day, self.config)
        n_votes = self.night(day, number)
        return f"{day}: {len(entries)} records, {n_votes} votes"

    def audit(self, day: date, number: int, entries: Sequence[Entry]) -> None:
        """Take a day's records, in runs of some hours."""
        scorer = self.second if number >= SECOND_PROMPT else self.first
        midnight = datetime.combine(day, time(0), UTC)
        for begin, end in pairwise(WINDOWS):
            run_id = sha256(f"{self.plan.seed} {day} {begin}".encode()).hexdigest()[:32]
            self.clock.now = midnight + timedelta(hours=end, seconds=-20)
            self.audits.begin(scorer, run_id, self.policy_of(day).version)
            some = [entry for entry in entries if begin <= entry.at.hour < end]
            if some:
                self.audits.take(some, scorer, run_id)

    def policy_of(self, day: date) -> Policy:
        """The policy in force."""
        return in_force(self.store.connection, day, self.configured).policy

    def night(self, day: date, number: int) -> int:
        """What is done after a day."""
        self.clock.now = datetime.combine(day + timedelta(days=1), time(1, 30), UTC)
        night = Night(number, day, self.plan.days - number - 1, self.plan.seed)
        if number % GOLDEN_EVERY == GOLDEN_EVERY - 1:
            scorer = self.second if number >= SECOND_PROMPT else self.first
            nights.golden(self.store, self.config, scorer, self.clock())
        n_votes = nights.review(self.store, self.config, night, self.audits.truths, self.clock())
        if number == CALIBRATION:
            nights.calibrate_at(self.store, self.clock().replace(hour=15, minute=30))
        return n_votes


def sample_entries() -> list[Entry]:
    """The sample logs, over their own day: one of each kind of record and trouble."""
    found = [
        (file.parent.name, line)
        for file in sorted((Path(samples.__file__).parent / "logs").glob("*-*/*.jsonl"))
        for line in file.read_bytes().splitlines()
    ]
    begin, step = datetime.combine(DAY, time(0, 5), UTC), timedelta(hours=23) / len(found)
    return [Entry(begin + step * place, source_of(tenant), 0, line) for place, (tenant, line) in enumerate(found)]
