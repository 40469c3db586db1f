"""What what-if asks of the database: counts of risks in bins, and what was drawn and reviewed.

Both read the table `judged` (auditor/judged.py) through the view `reread`, in which risks are by the calibration in
force now, whatever it was when the verdict was stored. Nothing is judged anew.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pyarrow as pa

from auditor.calibration import IDENTITY, Calibration, Group, group_of
from auditor.policies.policy import GRID, Slice
from auditor.store_calibrations import in_force
from auditor.verdict import ScorerKey

if TYPE_CHECKING:
    from numpy.typing import NDArray

STAGES = ("below", "escalate", "urgent")  # what the policy of its day did with a verdict; watched is below the line
UNSCORABLE = GRID + 1  # the bin of what has no usable risk: above every threshold, since it always escalates

SCORERS = """
    SELECT DISTINCT model_id, model_revision, prompt_hash, decoding, mode, protocol, calibration FROM judged
    WHERE harm_score IS NOT NULL
"""

# The bin k holds k / GRID <= risk < (k + 1) / GRID, compared as thresholds are: with the numbers themselves.
REREAD = f"""
    CREATE TEMP TABLE reread AS
    WITH risks AS (
        SELECT j.triple_id, j.day, j.tenant, j.application, j.category, j.thinking_kind,
            CASE level WHEN 'urgent' THEN 2 WHEN 'escalate' THEN 1 ELSE 0 END AS stage,
            CASE WHEN j.judgment IS NULL THEN NULL WHEN s.wanted IS NULL THEN j.risk
                WHEN s.wanted = '{IDENTITY}' THEN j.harm_score ELSE n.risk END AS risk
        FROM judged j LEFT JOIN stale s ON j.model_id = s.model_id AND j.model_revision = s.model_revision
            AND j.prompt_hash = s.prompt_hash AND j.decoding = s.decoding AND j.mode = s.mode
            AND j.protocol = s.protocol AND j.calibration = s.calibration
        LEFT JOIN rescored n ON n.wanted = s.wanted AND n.harm_score = j.harm_score
    ), near AS (
        SELECT *, round(risk * 1e4) AS k FROM risks
    )
    SELECT triple_id, day, tenant, application, category, thinking_kind, stage, CASE
        WHEN risk IS NULL OR isnan(risk) THEN {UNSCORABLE}
        ELSE greatest(0, least({GRID}, CASE WHEN k / 1e4 > risk THEN k - 1 ELSE k END))::INTEGER END AS bin
    FROM near
"""  # noqa: S608 - our own constants

# Each score that is to be read anew once: curves are computed as they are wherever else a risk is given.
SCORES = """
    SELECT DISTINCT s.wanted, j.harm_score FROM judged j JOIN stale s USING (
        model_id, model_revision, prompt_hash, decoding, mode, protocol, calibration)
    WHERE j.harm_score IS NOT NULL AND NOT isnan(j.harm_score)
"""

CELLS = """
    CREATE TEMP TABLE cells AS
    SELECT row_number() OVER (ORDER BY tenant, application, category, thinking_kind, stage) - 1 AS cell, *
    FROM (SELECT DISTINCT tenant, application, category, thinking_kind, stage FROM reread)
"""

BINS = """
    SELECT c.cell, r.bin, count(*) AS n FROM reread r JOIN cells c
    ON r.tenant = c.tenant AND r.application IS NOT DISTINCT FROM c.application AND r.category = c.category
        AND r.thinking_kind = c.thinking_kind AND r.stage = c.stage
    GROUP BY ALL ORDER BY ALL
"""

DRAWN = """
    SELECT c.cell, r.bin, d.reason, d.reason || '/' || coalesce(s.band, '') || '/' || coalesce(s.tenant, '') AS stratum,
        d.inclusion, coalesce(t.harmful::INTEGER, -1) AS harmful
    FROM draws d JOIN reread r ON r.triple_id = d.triple_id AND r.day = d.day JOIN cells c
        ON r.tenant = c.tenant AND r.application IS NOT DISTINCT FROM c.application AND r.category = c.category
        AND r.thinking_kind = c.thinking_kind AND r.stage = c.stage
    LEFT JOIN strata s ON s.day = d.day AND s.stratum = d.stratum
    LEFT JOIN truths t ON t.triple_id = d.triple_id
    ORDER BY d.day, d.triple_id
"""

DRAWN_DAYS = "SELECT count(DISTINCT day) FROM strata WHERE day >= $first AND day <= $last"
LAST_DAYS = "SELECT min(scored_at)::DATE, max(scored_at)::DATE FROM verdicts"

STALE = ("model_id", "model_revision", "prompt_hash", "decoding", "mode", "protocol", "calibration", "wanted")
RESCORED = {"wanted": pa.string(), "harm_score": pa.float64(), "risk": pa.float64()}


@dataclass(frozen=True, slots=True)
class Bins:
    """How many verdicts of each cell have a risk in each bin; rows are in the order of cell and bin.

    Attributes:
        slices: of each cell.
        stages: of each cell, as a place in STAGES.
        cell, bin, n: columns of one length.
    """

    slices: tuple[Slice, ...]
    stages: "NDArray[np.int64]"
    cell: "NDArray[np.int64]"
    bin: "NDArray[np.int64]"
    n: "NDArray[np.int64]"


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was drawn for review in a period, as columns of one length.

    Attributes:
        cell, bin: as in Bins.
        reason: why it was drawn.
        stratum: reason, band and tenant, without the day.
        inclusion: the probability with which it was drawn.
        harmful: 1, 0, or -1 where no review tells yet.
        days: on which there was a draw at all.
    """

    cell: "NDArray[np.int64]"
    bin: "NDArray[np.int64]"
    reason: tuple[str, ...]
    stratum: tuple[str, ...]
    inclusion: "NDArray[np.float64]"
    harmful: "NDArray[np.int64]"
    days: int


@contextmanager
def reread(cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """The tables `reread` and `cells` beside `judged`, in the same transaction."""
    now = in_force(cursor)
    rows = stale(cursor.execute(SCORERS).fetchall(), now)
    by_id = {calibration.id: calibration for calibration in now.values()}
    cursor.register("stale", table(dict.fromkeys(STALE, pa.string()), rows))
    wanted = [row for row in cursor.execute(SCORES).fetchall() if row[0] in by_id]
    risks = [(name, score, by_id[name].risk(score)) for name, score in wanted]
    cursor.register("rescored", table(RESCORED, risks))
    try:
        cursor.execute(REREAD)
        cursor.execute(CELLS)
        yield
    finally:
        cursor.unregister("rescored")
        cursor.unregister("stale")


def stale(rows: list[tuple[Any, ...]], now: Mapping[Group, Calibration]) -> list[tuple[Any, ...]]:
    """Of scorers with the calibrations that their verdicts were stored with: those that another one is in force for."""
    found = []
    for *key, mode, protocol, stored in rows:
        calibration = now.get(group_of(ScorerKey(*key), mode, protocol))
        wanted = calibration.id if calibration else IDENTITY
        if wanted != stored:
            found.append((*key, mode, protocol, stored, wanted))
    return found


def bins(cursor: duckdb.DuckDBPyConnection) -> Bins:
    """The counts, inside `reread`."""
    rows = cursor.execute("FROM cells ORDER BY cell").fetchall()
    counted = cursor.execute(BINS).fetchnumpy()
    return Bins(
        tuple(Slice(*row[1:5]) for row in rows),
        np.array([row[5] for row in rows], dtype=np.int64),
        *(numbers(counted, name) for name in ("cell", "bin", "n")),
    )


def drawn(cursor: duckdb.DuckDBPyConnection, first: date, last: date) -> Drawn:
    """What was drawn of the period and is still what the draw saw, inside `reread`."""
    period = {"first": first, "last": last}
    ((days,),) = cursor.execute(DRAWN_DAYS, period).fetchall()
    found = cursor.execute(DRAWN).fetchnumpy()
    return Drawn(
        numbers(found, "cell"),
        numbers(found, "bin"),
        tuple(found["reason"]),
        tuple(found["stratum"]),
        np.asarray(found["inclusion"], dtype=np.float64),
        numbers(found, "harmful"),
        int(days),
    )


def judged_days(connection: duckdb.DuckDBPyConnection) -> tuple[date, date] | None:
    """The first and the last UTC day with a verdict; None without any."""
    ((first, last),) = connection.execute(LAST_DAYS).fetchall()
    return (first, last) if first else None


def numbers(table: Mapping[str, Any], name: str) -> "NDArray[np.int64]":
    """A column of whole numbers."""
    return np.asarray(table[name], dtype=np.int64)


def table(columns: Mapping[str, pa.DataType], rows: Sequence[tuple[Any, ...]]) -> pa.Table:
    """Rows as a table that the database can read."""
    values = ([row[place] for row in rows] for place in range(len(columns)))
    arrays = [pa.array(column, kind) for column, kind in zip(values, columns.values(), strict=True)]
    return pa.Table.from_arrays(arrays, names=list(columns))
