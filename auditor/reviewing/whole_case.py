"""One case whole: what was asked, thought, done and answered, and what the guard and the policy said. Read queries.

On a connection that is narrowed to what the person may see. Where the guard's verdict is hidden from the person nothing
of it is read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import duckdb

from auditor.errors import NoSuchCase
from auditor.policies.file import configured_policy
from auditor.policies.policy import Slice, level_of
from auditor.policies.store import policies_by_day
from auditor.sampling.queries import as_dicts
from auditor.verdict import Judgment
from conf.schema import Config

Row = Mapping[str, Any]

TRIPLE = "SELECT * EXCLUDE (batch, salt, leaf) FROM triples WHERE id = ? LIMIT 1"
IMAGES = """
    SELECT place, origin, sha256, media_type, width, height, n_bytes, reason FROM images
    WHERE triple_id = ? ORDER BY place
"""
# The verdict by which the case was drawn comes first, since that is what is to be checked; else the latest.
VERDICTS = """
    SELECT v.model_id, v.model_revision, v.mode, v.scored_at, v.judgment, v.p_safe, v.p_potentially_harmful,
        v.p_harmful, v.harm_score, CASE WHEN NOT isnan(v.risk) THEN v.risk END AS risk, v.category, v.category_source,
        v.analysis, v.stage, v.contributions, v.flags, v.coverage, v.windows, v.images_seen, v.images_total,
        v.unscorable_reason, coalesce(r.kind, 'live') AS kind
    FROM verdicts v LEFT JOIN (SELECT run_id, kind FROM runs) r USING (run_id)
    LEFT JOIN (SELECT DISTINCT ON (triple_id) triple_id, model_revision, prompt_hash, decoding FROM put_cases
        WHERE triple_id = $id ORDER BY triple_id, "day" DESC, reason = 'asked') d
        USING (triple_id, model_revision, prompt_hash, decoding)
    WHERE v.triple_id = $id
    ORDER BY d.triple_id IS NULL, kind <> 'live', v.scored_at DESC, v.model_revision, v.prompt_hash, v.decoding
"""


@dataclass(frozen=True, slots=True)
class CaseVerdict:
    """What a guard said of a case.

    Attributes:
        scored_at: UTC.
        judgment: 0, 0.5 or 1; None where it could not be judged, which `unscorable_reason` explains.
        risk: calibrated, in [0, 1]; None where there is none.
        stage: where the harm lies; None where that is not known.
        contributions: part to what it adds to the harm score.
        coverage: share of the text that the guard saw.
        kind: "live", "backfill" where a stored triple was judged once more, or "shadow" where a candidate did so.
    """

    model_id: str
    model_revision: str
    mode: str
    scored_at: datetime
    judgment: float | None
    p_safe: float | None
    p_potentially_harmful: float | None
    p_harmful: float | None
    harm_score: float | None
    risk: float | None
    category: str
    category_source: str
    analysis: str
    stage: str | None
    contributions: Mapping[str, float]
    flags: Sequence[str]
    coverage: float
    windows: int
    images_seen: int
    images_total: int
    unscorable_reason: str | None
    kind: str


@dataclass(frozen=True, slots=True)
class PolicyLine:
    """What the policy of the day did with a verdict.

    Attributes:
        day: UTC day of the verdict.
        policy: the version's name.
        level: "none", "watch", "escalate" or "urgent".
        watch, escalate, urgent: risks from which such an exchange is at a level.
        source: what gave the threshold for escalating: "default", or what a rule names.
    """

    day: date
    policy: str
    level: str
    watch: float
    escalate: float
    urgent: float
    source: str


@dataclass(frozen=True, slots=True)
class WholeCase:
    """A case as it is shown.

    Attributes:
        triple: the row of `triples`.
        images: rows of `images`, in the order in which they were shown.
        hidden: the guard's verdict is hidden from the person who reads; then there is none here.
        verdict: the one that is to be checked; None also where nothing has been judged.
        line: what the policy did with it.
        earlier: other verdicts on the same triple, the latest first.
    """

    triple: Row
    images: Sequence[Row]
    hidden: bool
    verdict: CaseVerdict | None
    line: PolicyLine | None
    earlier: Sequence[CaseVerdict]


def whole_case(connection: duckdb.DuckDBPyConnection, config: Config, triple_id: str, *, hidden: bool) -> WholeCase:
    """All of a case.

    Args:
        connection: narrowed to the person who reads.
        config: names the policy that holds until one is approved.
        triple_id: the whole id.
        hidden: whether the guard's verdict is hidden; see `blind`.

    Raises:
        NoSuchCase: there is no such case.
    """
    found = as_dicts(connection.execute(TRIPLE, [triple_id]))
    if not found:
        raise NoSuchCase
    triple, images = found[0], as_dicts(connection.execute(IMAGES, [triple_id]))
    if hidden:
        return WholeCase(triple, images, True, None, None, ())
    verdicts = [verdict_of(row) for row in as_dicts(connection.execute(VERDICTS, {"id": triple_id}))]
    line = line_of(connection, config, triple, verdicts[0]) if verdicts else None
    return WholeCase(triple, images, False, verdicts[0] if verdicts else None, line, verdicts[1:])


def verdict_of(row: Row) -> CaseVerdict:
    """A row of VERDICTS."""
    lists = {"contributions": dict(row["contributions"] or {}), "flags": tuple(row["flags"] or ())}
    return CaseVerdict(**{**row, **lists, "scored_at": row["scored_at"].replace(tzinfo=UTC)})


def line_of(connection: duckdb.DuckDBPyConnection, config: Config, triple: Row, verdict: CaseVerdict) -> PolicyLine:
    """What the policy of the verdict's day says of it."""
    day = verdict.scored_at.date()
    policy = policies_by_day(connection, day, day, configured_policy(config.policy))[day].policy
    bounds = policy.at(Slice(triple["tenant"], triple["application"], verdict.category, triple["thinking_kind"]))
    level = level_of(Risky(verdict), bounds.thresholds)
    lines = (bounds.watch.value, bounds.escalate.value, bounds.urgent.value)
    return PolicyLine(day, policy.version, level, *lines, bounds.escalate.source)


@dataclass(frozen=True, slots=True)
class Risky:
    """A verdict as a policy reads it."""

    verdict: CaseVerdict

    @property
    def judgment(self) -> Judgment | None:
        """None where unscorable."""
        return None if self.verdict.judgment is None else Judgment(self.verdict.judgment)

    @property
    def risk(self) -> float | None:
        """None where unscorable."""
        return self.verdict.risk

    @property
    def unscorable_reason(self) -> str | None:
        """Set where there is no judgment."""
        return self.verdict.unscorable_reason
