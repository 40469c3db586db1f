"""What judged since when: guards with their verdicts, calibrations, and runs over the golden set. It reads only."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import Any

import duckdb

from auditor.calibration import group_of
from auditor.golden.drill import ENOUGH_RUNS, GoldenRun
from auditor.store_golden import RUN_COLUMNS, run_from
from auditor.verdict import ScorerKey

MOST_GOLDEN = 60  # of the latest runs

WAYS = """
    SELECT v.model_id, v.model_revision, v.prompt_hash, v.decoding, v.mode, v.protocol, r.backend, r.version,
        r.kind <> 'live' AS backfill, count(*) AS verdicts, count(*) FILTER (v.judgment >= 0.5) AS harmful,
        count(*) FILTER (v.judgment IS NULL) AS unscorable, count(DISTINCT v.run_id) AS runs,
        min(v.scored_at) AS first, max(v.scored_at) AS last
    FROM verdicts v JOIN runs r USING (run_id)
    GROUP BY ALL ORDER BY last DESC, verdicts DESC
"""

# The guard of the audit that began last, whether or not it has judged anything yet.
LATEST = """
    SELECT model_id, model_revision, prompt_hash, decoding, backend, version, started_at FROM runs
    WHERE kind = 'live' ORDER BY started_at DESC, run_id LIMIT 1
"""

CALIBRATIONS = """
    SELECT id, model_revision, prompt_hash, mode, method, n_reviews, n_harmful, fitted_at, metrics FROM calibrations
    ORDER BY fitted_at DESC, rowid DESC
"""

GOLDEN = f'SELECT {RUN_COLUMNS} FROM golden_runs ORDER BY "at" DESC, run_id LIMIT ?'  # noqa: S608 - our own columns


@dataclass(frozen=True, slots=True)
class Way:
    """Verdicts of one guard that were reached in one way.

    Attributes:
        mode: "full" or "triage".
        protocol: "qta", or "qa" where there was no thinking to read.
        version: of traceaudit.
        backfill: whether stored exchanges were judged once more.
        runs: audits that made them.
        first, last: of these verdicts, UTC.
    """

    model_id: str
    model_revision: str
    prompt_hash: str
    decoding: str
    mode: str
    protocol: str
    backend: str
    version: str
    backfill: bool
    verdicts: int
    harmful: int
    unscorable: int
    runs: int
    first: datetime
    last: datetime

    @property
    def scorer(self) -> ScorerKey:
        """The guard."""
        return ScorerKey(self.model_id, self.model_revision, self.prompt_hash, self.decoding)


@dataclass(frozen=True, slots=True)
class Fit:
    """A calibration that was in force or is.

    Attributes:
        mode: as `calibration.mode_of` says it.
        before, after: log loss, Brier score and calibration error of the score and of the risk.
        in_force: the latest of its guard and mode.
    """

    id: str
    model_revision: str
    prompt_hash: str
    mode: str
    method: str
    n_reviews: int
    n_harmful: int
    fitted_at: datetime
    before: Mapping[str, float]
    after: Mapping[str, float]
    in_force: bool


@dataclass(frozen=True, slots=True)
class Try:
    """A run over the golden set beside earlier ones of the same guard over the same cases.

    Attributes:
        usual: the median agreement of the runs before it; None where there are too few to speak of one.
    """

    run: GoldenRun
    usual: float | None


@dataclass(frozen=True, slots=True)
class Guard:
    """A model revision with a prompt and a way of decoding.

    Attributes:
        serves: whether the audit that began last uses it.
        ways: how its verdicts were reached, the latest first; empty where it has judged nothing yet.
        calibrations: of it, the latest first.
        golden: runs over the golden set, the latest first.
    """

    scorer: ScorerKey
    serves: bool
    ways: Sequence[Way]
    calibrations: Sequence[Fit]
    golden: Sequence[Try]

    @property
    def live(self) -> Sequence[Way]:
        """Verdicts on new exchanges."""
        return [way for way in self.ways if not way.backfill]

    @property
    def since(self) -> datetime | None:
        """The first verdict on a new exchange."""
        return min((way.first for way in self.live), default=None)

    @property
    def until(self) -> datetime | None:
        """The last one."""
        return max((way.last for way in self.live), default=None)

    @property
    def verdicts(self) -> int:
        """On new exchanges."""
        return sum(way.verdicts for way in self.live)


@dataclass(frozen=True, slots=True)
class Serving:
    """What the audit that began last judges with."""

    scorer: ScorerKey
    backend: str
    version: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Models:
    """All guards that ever judged, that which serves first, then the latest."""

    serving: Serving | None
    guards: Sequence[Guard]


def models(connection: duckdb.DuckDBPyConnection) -> Models:
    """What judged since when."""
    ways = [Way(*row[:-2], *(in_utc(at) for at in row[-2:])) for row in connection.execute(WAYS).fetchall()]
    fits, runs = calibrations(connection), golden(connection)
    latest = connection.execute(LATEST).fetchone()
    serving = None if latest is None else Serving(ScorerKey(*latest[:4]), latest[4], latest[5], in_utc(latest[6]))
    now = serving.scorer if serving else None
    found = {key: None for key in [now, *(way.scorer for way in ways), *(run.scorer for run in runs)] if key}
    return Models(serving, [guard_of(key, ways, fits, runs, serves=key == now) for key in found])


def guard_of(
    key: ScorerKey, ways: Sequence[Way], fits: Sequence[Fit], runs: Sequence[GoldenRun], *, serves: bool
) -> Guard:
    """What belongs to one guard."""
    own = [way for way in ways if way.scorer == key]
    groups = {group_of(key, way.mode, way.protocol) for way in own}
    names = {(one.model_revision, one.prompt_hash, one.mode) for one in groups}
    fitted = [fit for fit in fits if (fit.model_revision, fit.prompt_hash, fit.mode) in names]
    return Guard(key, serves, own, fitted, tries([run for run in runs if run.scorer == key]))


def tries(runs: Sequence[GoldenRun]) -> list[Try]:
    """Runs of one guard, the latest first, each with what was usual before it."""
    found = []
    for place, run in enumerate(runs):
        before = [one.figures.agreement for one in runs[place + 1 :] if one.cases_hash == run.cases_hash]
        known = [agreement for agreement in before if agreement is not None]
        found.append(Try(run, median(known) if len(known) >= ENOUGH_RUNS else None))
    return found


def calibrations(connection: duckdb.DuckDBPyConnection) -> list[Fit]:
    """Every calibration, the latest first."""
    seen: set[tuple[Any, ...]] = set()
    found = []
    for name, *group, method, n_reviews, n_harmful, fitted_at, metrics in connection.execute(CALIBRATIONS).fetchall():
        told: dict[str, Any] = json.loads(metrics)
        revision, prompt, mode = key = tuple(group)
        values = (method, n_reviews, n_harmful, in_utc(fitted_at), told["before"], told["after"], key not in seen)
        found.append(Fit(name, revision, prompt, mode, *values))
        seen.add(key)
    return found


def golden(connection: duckdb.DuckDBPyConnection) -> list[GoldenRun]:
    """The latest runs over the golden set, the latest first."""
    return [run_from(row) for row in connection.execute(GOLDEN, [MOST_GOLDEN]).fetchall()]


def in_utc(at: datetime) -> datetime:
    """A time as the tables hold it, with its zone."""
    return at.replace(tzinfo=UTC)
