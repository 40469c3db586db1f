"""Calibrations in the database: fitted on what reviewers said, and in force from then on.

Whoever stores verdicts gives them their risks here, since only the owner of the database knows what is in force. What
is stored keeps the risk that it was given; `newest_risks` reads it through what is in force now.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

import duckdb

from auditor.calibration import Calibration, Group, calibrated, curve_of, group_of, parameters_of
from auditor.store import Store
from auditor.verdict import ScorerKey, Verdict
from auditor.verdict_rows import utc

if TYPE_CHECKING:
    from auditor.fit import Fitted

IN_FORCE = """
    SELECT DISTINCT ON (model_revision, prompt_hash, mode) id, model_revision, prompt_hash, mode, method, parameters
    FROM calibrations ORDER BY model_revision, prompt_hash, mode, fitted_at DESC, rowid DESC
"""

# In the order in which they were made: of a triple with several verdicts of one group, the last one counts.
REVIEWED = """
    SELECT triple_id, model_id, model_revision, prompt_hash, decoding, mode, protocol, harm_score, inclusion
    FROM verdicts WHERE triple_id IN (SELECT triple_id FROM truths) ORDER BY scored_at, run_id, decoding
"""

LATEST = """
    SELECT DISTINCT ON (triple_id)
        triple_id, model_id, model_revision, prompt_hash, decoding, mode, protocol, harm_score
    FROM verdicts WHERE triple_id IN (SELECT unnest(?::VARCHAR[]))
    ORDER BY triple_id, scored_at DESC, run_id DESC, model_revision, prompt_hash, decoding
"""


def in_force(connection: duckdb.DuckDBPyConnection) -> dict[Group, Calibration]:
    """The latest calibration of each group: a table of a few rows, read anew for each batch."""
    return {
        (group := Group(revision, prompt, mode)): Calibration(name, group, curve_of(method, parameters))
        for name, revision, prompt, mode, method, parameters in connection.execute(IN_FORCE).fetchall()
    }


def give_risks(store: Store, verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The verdicts as they are to be stored: with risks by what is in force now."""
    return calibrated(verdicts, in_force(store.connection)) if verdicts else []


def newest_risks(connection: duckdb.DuckDBPyConnection, ids: Iterable[str]) -> dict[str, float | None]:
    """The risk of each triple's latest verdict by what is in force now, whatever it was when that was stored."""
    found, now = connection.execute(LATEST, [list(ids)]).fetchall(), in_force(connection)
    risks: dict[str, float | None] = {}
    for triple_id, *key, mode, protocol, score in found:
        calibration = now.get(group_of(ScorerKey(*key), mode, protocol))
        risks[triple_id] = calibration.risk(score) if calibration else score
    return risks


def keep_calibration(store: Store, calibration: Calibration, fitted: "Fitted", fitted_at: datetime) -> None:
    """Put a calibration in force."""
    figures = {"before": asdict(fitted.before), "after": asdict(fitted.after)}
    diagram = {name: list(told.pop("diagram")) for name, told in figures.items()}
    row = {
        "id": calibration.id,
        **asdict(calibration.group),
        "method": calibration.curve.method,
        "parameters": parameters_of(calibration.curve),
        "n_reviews": fitted.n_reviews,
        "n_harmful": fitted.n_harmful,
        "fitted_at": utc(fitted_at),
        "diagram": json.dumps(diagram),
        "metrics": json.dumps(figures),
    }
    with store.transaction():
        store.insert("calibrations", [row])
