"""The draw of a day in the database: made once, by SQL over `judged`, in one transaction.

Within a stratum cases are taken in the order of sha256(seed of the day, triple id): a simple random sample without
replacement for whoever does not know the seed, and the same cases again for whoever does. The seed of a day is
sha256(salt, day). The salt is random and stays in the database, so that nobody can choose ids that are never drawn; a
day's seed may be told, since it says nothing of the salt or of another day's.
"""

import hashlib
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import duckdb
import pyarrow as pa

from auditor.errors import DrawRefused
from auditor.evidence.events import SYSTEM, Deed, record_event
from auditor.evidence.store_seals import insert_query
from auditor.judged import make_judged
from auditor.policies.file import configured_policy
from auditor.policies.store import InForce, in_force
from auditor.sampling.bands import SCORED, UNSCORABLE, band_sql
from auditor.sampling.strata import BELOW, ESCALATED, URGENT, Cell, Stratum, plan
from auditor.store import Store
from auditor.verdict_rows import utc
from conf.schema import Config

CELLS = f"""
    CREATE TEMP TABLE celled AS
    WITH reasoned AS (
        SELECT *,
            CASE level WHEN 'urgent' THEN '{URGENT}' WHEN 'escalate' THEN '{ESCALATED}' ELSE '{BELOW}' END AS reason
        FROM judged WHERE "day" = $day
    )
    SELECT triple_id, level, risk, model_revision, prompt_hash, decoding, reason,
        CASE reason WHEN '{URGENT}' THEN '' WHEN '{BELOW}' THEN {band_sql()}
            ELSE if(judgment IS NULL OR risk IS NULL OR isnan(risk), '{UNSCORABLE}', '{SCORED}') END AS band,
        if(reason = '{BELOW}', thinking_kind, '') AS thinking_kind, if(reason = '{BELOW}', tenant, '') AS tenant
    FROM reasoned
"""  # noqa: S608 - our own words
SIZES = "SELECT reason, band, thinking_kind, tenant, count(*) FROM celled GROUP BY ALL ORDER BY ALL"
DRAW = """
    SELECT $day AS "day", triple_id, reason, stratum, drawn / size AS inclusion, level,
        if(isnan(risk), NULL, risk) AS risk, $policy_number AS policy_number, model_revision, prompt_hash, decoding,
        $now AS drawn_at
    FROM celled JOIN planned USING (reason, band, thinking_kind, tenant)
    WHERE drawn > 0
    QUALIFY row_number() OVER (PARTITION BY stratum ORDER BY sha256($seed || ':' || triple_id), triple_id) <= drawn
"""
DRAWN_FROM = """
    SELECT DISTINCT $day AS "day", stratum, reason, common_tenant AS tenant, common_kind AS thinking_kind,
        common_band AS band, size, drawn, $seed AS seed, $now AS drawn_at
    FROM planned
"""
STRATA = 'SELECT reason, sum(size)::BIGINT, sum(drawn)::BIGINT FROM strata WHERE "day" = ? GROUP BY reason'
PLANNED = pa.schema(
    [
        *((name, pa.string()) for name in ("reason", "band", "thinking_kind", "tenant", "stratum")),
        *((name, pa.string()) for name in ("common_tenant", "common_kind", "common_band")),
        *((name, pa.int64()) for name in ("size", "drawn")),
    ]
)


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was drawn of a day.

    Attributes:
        is_new: now; otherwise it had been drawn before, and nothing was changed.
        sizes: reason ("urgent", "escalated", "below") to verdicts of the day; only those that there are.
        drawn: reason to cases drawn of them.
    """

    day: date
    is_new: bool
    sizes: Mapping[str, int]
    drawn: Mapping[str, int]


def draw(store: Store, config: Config, day: date, now: datetime, *, early: bool = False) -> Drawn:
    """Draw the cases of a UTC day for review, once.

    Args:
        store: open for writing.
        config: names the policy that holds until one is approved.
        day: of `scored_at`.
        now: the time; the day has to be over then.
        early: also while it is not. What is judged on the rest of the day is then never drawn.

    Raises:
        DrawRefused: the day is not over.
        PolicyRefused: the configured policy cannot be used.
    """
    if day >= now.astimezone(UTC).date() and not early:
        raise DrawRefused(f"{day} is not over: what is judged in the rest of it could not be drawn any more")
    with store.transaction():
        is_new = not is_drawn(store.connection, day)
        if is_new:
            make_draw(store, in_force(store.connection, day, configured_policy(config.policy)), day, now)
        return drawn_of(store.connection, day, is_new=is_new)


def is_drawn(connection: duckdb.DuckDBPyConnection, day: date) -> bool:
    """Whether the draw of a day was made; of a day without verdicts there is none to make."""
    return bool(connection.execute('SELECT 1 FROM strata WHERE "day" = ? LIMIT 1', [day]).fetchall())


def make_draw(store: Store, policy: InForce, day: date, now: datetime) -> None:
    """Draw the cases of a day that was not drawn yet, in the caller's transaction; without verdicts nothing is made."""
    connection = store.connection
    make_judged(connection, day, day, {day: policy.policy})
    connection.execute(CELLS, {"day": day})
    strata = plan(sizes_of(connection), policy.policy.review)
    if strata:
        seed = seed_of(salt(connection, now), day)
        keep(store, strata, {"day": day, "seed": seed, "now": utc(now)}, policy.number)
        told = {"policy": policy.number, "version": policy.policy.version, "seed": seed, **totals(strata)}
        record_event(store, Deed("draw.made", SYSTEM, day.isoformat(), told, now))
    connection.execute("DROP TABLE temp.celled")
    connection.execute("DROP TABLE temp.judged")


def totals(strata: Sequence[Stratum]) -> dict[str, object]:
    """How many strata, verdicts and cases there are, the latter two by reason."""
    sizes, drawn = Counter[str](), Counter[str]()
    for one in strata:
        sizes[one.cells[0].reason] += one.size
        drawn[one.cells[0].reason] += one.drawn
    return {"strata": len(strata), "verdicts": dict(sizes), "drawn": dict(drawn)}


def give_salt(store: Store, salt: str, now: datetime) -> None:
    """Settle the salt of a database that has none yet, so that one that is made anew from a seed draws the same."""
    with store.transaction():
        store.connection.execute("DELETE FROM draw_salt")
        store.connection.execute("INSERT INTO draw_salt VALUES (?, ?)", [salt, utc(now)])


def salt(connection: duckdb.DuckDBPyConnection, now: datetime) -> str:
    """What makes the draws of this database its own; made with the first of them."""
    for (found,) in connection.execute("SELECT salt FROM draw_salt").fetchall():
        return str(found)
    new = secrets.token_hex(32)
    connection.execute("INSERT INTO draw_salt VALUES (?, ?)", [new, utc(now)])
    return new


def seed_of(salt: str, day: date) -> str:
    """The seed of a day, hex."""
    return hashlib.sha256(f"{salt}:{day.isoformat()}".encode()).hexdigest()


def sizes_of(connection: duckdb.DuckDBPyConnection) -> dict[Cell, int]:
    """Verdicts of each cell of the day."""
    return {Cell(*cell): size for *cell, size in connection.execute(SIZES).fetchall()}


def keep(store: Store, strata: Sequence[Stratum], values: Mapping[str, object], policy_number: int) -> None:
    """Store strata and draws of a day; `values` are the parameters that both queries take."""
    rows = [planned_row(stratum, cell) for stratum in strata for cell in stratum.cells]
    store.connection.register("planned", pa.Table.from_pylist(rows, schema=PLANNED))
    try:
        insert_query(store, "draws", DRAW, {**values, "policy_number": policy_number})
        insert_query(store, "strata", DRAWN_FROM, values)
    finally:
        store.connection.unregister("planned")


def planned_row(stratum: Stratum, cell: Cell) -> dict[str, object]:
    """What the statements need to know of a cell."""
    return {
        **{name: getattr(cell, name) for name in ("reason", "band", "thinking_kind", "tenant")},
        "stratum": stratum.name,
        "common_tenant": stratum.common("tenant"),
        "common_kind": stratum.common("thinking_kind"),
        "common_band": stratum.common("band"),
        "size": stratum.size,
        "drawn": stratum.drawn,
    }


def drawn_of(connection: duckdb.DuckDBPyConnection, day: date, *, is_new: bool) -> Drawn:
    """What is stored of the draw of a day."""
    rows = connection.execute(STRATA, [day]).fetchall()
    return Drawn(day, is_new, {reason: size for reason, size, _ in rows}, {reason: n for reason, _, n in rows})
