"""Verdicts as columns of the table `verdicts`, and a row of it as a verdict."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any

from auditor.guard_input import Protocol
from auditor.verdict import Category, Judgment, Mode, ScorerKey, Sent, Verdict

KEY = tuple(field.name for field in fields(ScorerKey))
COLUMNS = (*(field.name for field in fields(Verdict) if field.name != "scorer"), *KEY)

Columns = dict[str, list[Any]]
"""Column to its values, as many in each: a batch has too many rows for an object each."""


def verdict_columns(verdicts: Sequence[Verdict], run_id: str) -> Columns:
    """The columns of `verdicts`."""
    return {
        **attributes(verdicts, [name for name in COLUMNS if name not in KEY]),
        **attributes([verdict.scorer for verdict in verdicts], KEY),
        "judgment": [verdict.judgment and verdict.judgment.value for verdict in verdicts],
        "run_id": [run_id] * len(verdicts),
        "scored_at": [utc(verdict.scored_at) for verdict in verdicts],
    }


def verdict_of(row: Mapping[str, Any]) -> Verdict:
    """The verdict that a row holds; `row` has at least COLUMNS."""
    plain = {name: row[name] for name in COLUMNS if name not in KEY}
    return Verdict(
        **plain
        | {
            "scorer": ScorerKey(**{name: row[name] for name in KEY}),
            "judgment": None if row["judgment"] is None else Judgment(row["judgment"]),
            "category": Category(row["category"]),
            "mode": Mode(row["mode"]),
            "scored_at": row["scored_at"].replace(tzinfo=UTC),
            "protocol": Protocol(row["protocol"]),
            "sent_to_full": row["sent_to_full"] and Sent(row["sent_to_full"]),
            "contributions": dict(row["contributions"] or {}),
            "flags": tuple(row["flags"] or ()),
            "adapted": tuple(row["adapted"] or ()),
        }
    )


def attributes(things: Sequence[object], names: Iterable[str]) -> Columns:
    """Columns that are named as what they hold: for each of `names` that attribute of all things."""
    return {name: list(map(attrgetter(name), things)) for name in names}


@lru_cache(maxsize=4096)
def utc(time: datetime) -> datetime:
    """`time` in UTC, without a zone, as the tables hold it; kept, since a batch's rows share most of their times."""
    return time.astimezone(UTC).replace(tzinfo=None)
