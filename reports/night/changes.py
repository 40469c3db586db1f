"""What is not as it was when the last report was made: each notes what it was made with, and the next compares."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any

from auditor.policies.store import InForce
from auditor.query_rows import CalibrationRow, ScorerRow
from auditor.scope import Row
from reports.first_page import Change, Changes

Noted = dict[str, Any]
"""What a report notes of how it was made, as JSON keeps it."""


@dataclass(frozen=True, slots=True)
class Made:
    """What a report is made with.

    Attributes:
        version: of traceaudit.
        held: the policy of its last day.
        thresholds: that it sets, by name.
        scorers, calibrations: of the period's verdicts.
    """

    version: str
    held: InForce
    thresholds: Mapping[str, float]
    scorers: Sequence[ScorerRow]
    calibrations: Sequence[CalibrationRow]


def noted(made: Made, last: Noted | None) -> Noted:
    """What is kept for the next report to compare with.

    A period without verdicts has no guard: it keeps the one of the last report, or the next would tell of a change.
    """
    held, rows = made.held, made.scorers
    kept: Noted = {
        "version": made.version,
        "policy": {
            "version": held.policy.version,
            "number": held.number,
            "effective_from": held.effective_from and str(held.effective_from),
            "proposed_by": held.proposed_by,
            "approved_by": held.approved_by,
        },
        "thresholds": dict(made.thresholds),
        "models": sorted({f"{row.model_id} {row.model_revision}" for row in rows}),
        "prompts": sorted({row.prompt_hash for row in rows}),
        "decodings": sorted({row.decoding for row in rows}),
        "backends": sorted({row.backend for row in rows}),
        "calibrations": sorted({row.calibration for row in made.calibrations}),
    }
    if not rows and last:
        kept |= {name: last.get(name, []) for name in ("models", "prompts", "decodings", "backends", "calibrations")}
    return kept


def changes(made: Made, last: Row | None) -> Changes:
    """What changed since the last report; see `queries_reports.last_made`."""
    if last is None:
        return Changes()
    old: Noted = last["details"]["made_with"]
    now = noted(made, old)
    lines = [
        *policy_changes(old, now, made.held),
        *threshold_changes(old["thresholds"], now["thresholds"], made.held),
        *set_changes(
            "model", old["models"], now["models"], starts(made, lambda row: f"{row.model_id} {row.model_revision}")
        ),
        *set_changes("prompt", old["prompts"], now["prompts"], starts(made, lambda row: row.prompt_hash)),
        *set_changes("decoding", old["decodings"], now["decodings"], starts(made, lambda row: row.decoding)),
        *set_changes("backend", old["backends"], now["backends"], starts(made, lambda row: row.backend)),
        *set_changes("calibration", old["calibrations"], now["calibrations"], fitted(made.calibrations)),
        *set_changes("version", [old["version"]], [now["version"]], {}),
    ]
    return Changes(last["at"], last["details"]["name"], tuple(lines))


def policy_changes(old: Noted, now: Noted, held: InForce) -> Iterable[Change]:
    """Another policy, with who stands for it."""
    before, after = (f"{made['policy']['version']}{numbered(made['policy']['number'])}" for made in (old, now))
    if before != after:
        yield Change("policy", "", before, after, effective(held), held.proposed_by or "", held.approved_by or "")


def threshold_changes(old: Mapping[str, float], now: Mapping[str, float], held: InForce) -> Iterable[Change]:
    """Thresholds that are new, gone or other."""
    for name in sorted(old.keys() | now.keys()):
        before, after = old.get(name), now.get(name)
        if before != after:
            people = held.proposed_by or "", held.approved_by or ""
            yield Change("threshold", name, as_text(before), as_text(after), effective(held), *people)


def set_changes(what: str, old: Sequence[str], now: Sequence[str], starts: Mapping[str, datetime]) -> Iterable[Change]:
    """One line where a set is another; it changed when the first verdict was made with what is new."""
    if list(old) != list(now):
        new = [starts[name] for name in now if name not in old and name in starts]
        yield Change(what, "", ", ".join(old), ", ".join(now), min(new, default=None))


def starts(made: Made, name: Any) -> dict[str, datetime]:
    """When each was first used in the period."""
    found: dict[str, datetime] = {}
    for row in made.scorers:
        if row.since:
            found[name(row)] = min(found.get(name(row), row.since), row.since)
    return found


def fitted(rows: Iterable[CalibrationRow]) -> dict[str, datetime]:
    """When each calibration was fitted."""
    return {row.calibration: row.fitted_at for row in rows if row.fitted_at}


def effective(held: InForce) -> datetime | None:
    """The instant from which a policy holds."""
    return datetime.combine(held.effective_from, time(), UTC).replace(tzinfo=None) if held.effective_from else None


def numbered(number: int) -> str:
    """The number of a policy in the database, if it has one."""
    return f" ({number})" if number else ""


def as_text(value: float | None) -> str:
    """A threshold; "" where there is none."""
    return "" if value is None else f"{value:g}"
