"""What erase and retention ask of whoever owns the database, and the job retention; see `auditor/questions.py`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from auditor.evidence.events import SYSTEM, Deed, record_event
from auditor.evidence.store_checkpoints import sign_checkpoint
from auditor.retention.blobs import delete_due, delete_stored_messages
from auditor.retention.erase import Erased, Request, check_owner
from auditor.retention.erase import erase as erase_rows
from auditor.retention.expire import expire
from auditor.retention.expire_raw import APPLIED
from auditor.retention.files import CASE, files_in, forget_file, kept_files, shows_any
from auditor.retention.files import note_file as note
from auditor.retention.holds import Hold, Wanted, holds, place_hold, release_hold, triples_held
from auditor.retention.periods import CLASSES, before, days_of, longest, warnings
from auditor.retention.rewriting import is_due
from auditor.service import RUN, SERVE
from auditor.store import Store
from auditor.verdict_rows import utc
from conf.schema import Config
from reports.schedule.jobs import Surroundings
from reports.schedule.plan import Period
from reports.schedule.runner import Result
from reports.shown_cases import Found, Report, Search, folders_of_reports, reports_made, sent_away

FILES_DUE = "SELECT DISTINCT erasure FROM files_due ORDER BY erasure"
IDS = "SELECT DISTINCT triple_id FROM erasures WHERE id = ? AND triple_id IS NOT NULL"
EMPTIED = "SELECT DISTINCT sha256 FROM dead_letters WHERE bytes_gone_at IS NOT NULL AND sha256 IS NOT NULL"


@dataclass(slots=True)
class Applied:
    """What retention came to.

    Attributes:
        rows: by class and table.
        images: files deleted.
        files: reports and bundles deleted.
        rewritten: how the file gets rid of what was deleted: "soon", "here" where the asker is to do it, or "" later.
    """

    rows: dict[str, dict[str, int]] = field(default_factory=dict)
    images: int = 0
    files: list[str] = field(default_factory=list)
    rewritten: str = ""


def erase(store: Store, config: Config, request: Request, now: datetime) -> Erased:
    """Erase what is asked for from all that is ours but the file itself, which is written anew by who has it.

    Raises:
        ErasureRefused: it is held, or is not there, or an audit has the database.
    """
    check_owner(store)
    if not request.dry_run:
        sign_checkpoint(store, config, now)
    erased = erase_rows(store, request, config.ingest.max_decompressed_bytes, now)
    if request.dry_run:
        return erased
    erased.files = finish(store, config, now).as_json()
    erased.sent_away = sent_away(store)
    sign_checkpoint(store, config, now)
    erased.rewritten = rewritten_by(store)
    return erased


def rewritten_by(store: Store) -> str:
    """Have the file written anew: soon, where the service has it; else whoever asked does that once it is closed."""
    if store.owner == SERVE:
        store.rewrite_soon()
        return "soon"
    return "" if store.owner == RUN else "here"


def finish(store: Store, config: Config, now: datetime) -> Found:
    """Do what erasures left to be done outside the tables; who was killed before is followed by this one.

    While a process answers others, one of them may write a file of what it read before the erasure: there the search is
    done now, and once more when nobody else has the database, before the next turn begins.
    """
    delete_due(store, now)
    delete_stored_messages(store)
    found = Found()
    letters = {name for (name,) in store.connection.execute(EMPTIED).fetchall()}
    for (erasure,) in store.connection.execute(FILES_DUE).fetchall():
        ids = [name.encode() for (name,) in store.connection.execute(IDS, [erasure]).fetchall()]
        one = Search(store, config, ids, letters, now).run()
        told = {"again": len(one.again), "deleted": len(one.deleted), "stuck": len(one.stuck)}
        with store.transaction():
            if not store.owner:
                store.connection.execute("DELETE FROM files_due WHERE erasure = ?", [erasure])
            record_event(store, Deed("subject.files_erased", SYSTEM, erasure, told, now))
        found.again += one.again
        found.deleted += one.deleted
        found.stuck += one.stuck
    return found


def is_unfinished(store: Store) -> bool:
    """Whether an erasure left something to be done outside the tables."""
    query = "SELECT 1 WHERE EXISTS (FROM files_due) OR EXISTS (FROM blobs_due)"
    return bool(store.connection.execute(query).fetchall())


def apply_at_once(store: Store, config: Config, now: datetime) -> Applied:
    """Delete what has outlived its period, and have the file written anew, however lately it was."""
    finish(store, config, now)
    return apply(store, config, now, rewrite_days=0)


def apply(store: Store, config: Config, now: datetime, rewrite_days: int) -> Applied:
    """Delete what has outlived its period; the file is written anew where that was put off for so many days."""
    applied = Applied({str(name): n for name, n in expire(store, config.retention, now).items()})
    applied.images = delete_due(store, now) + delete_stored_messages(store)
    applied.files = drop_files(store, config, now)
    if is_due(store.connection, rewrite_days, now):
        applied.rewritten = rewritten_by(store)
    return applied


def drop_files(store: Store, config: Config, now: datetime) -> list[str]:
    """Delete reports and bundles that have outlived their period, and may show nothing that is held."""
    gone = [path for report in reports_made(store).values() for path in overdue_files(store, config, report, now)]
    at = before(now, longest(config.retention, "evidence"))
    for kept in kept_files(store):
        if kept.kind == CASE and at and kept.at < utc(at) and not holds(store):
            gone += files_in(kept.path)
            forget_file(store, kept.path)
    for path in gone:
        path.unlink(missing_ok=True)
    if gone:
        told = {"rows": {}, "files": sorted(path.name for path in gone)}
        record_event(store, Deed(APPLIED, SYSTEM, "evidence", told, now))
    return [str(path) for path in gone]


def overdue_files(store: Store, config: Config, report: Report, now: datetime) -> list[Path]:
    """The files of a report that has outlived its period; none where it may show what is held."""
    retention = config.retention
    days = days_of(retention, "evidence", report.tenant) if report.tenant else longest(retention, "evidence")
    at = before(now, days)
    if at is None or report.at >= utc(at):
        return []
    paths = [folder / name for folder in folders_of_reports(store, config) for name in report.names]
    there = [path for path in paths if path.is_file()]
    return [] if there and is_held(store, report, there) else there


def is_held(store: Store, report: Report, files: Sequence[Path]) -> bool:
    """Whether a report is of a tenant that is held, or shows a case that is."""
    tenants = {hold.value for hold in holds(store) if hold.subject == "tenant"}
    if tenants and (report.tenant is None or report.tenant in tenants):
        return True
    ids = [name.encode() for name in triples_held(store)]
    return bool(ids) and any(shows_any(path, ids) for path in files)


@dataclass(slots=True)
class Standing:
    """How long what is kept, what is held, and what is still to be done.

    Attributes:
        periods: class to tenant to days; the tenant "" stands for all that have no period of their own; 0: for ever.
        holds: that stand.
        warnings: what a reader has to know.
        erasures: how many there were, of how many triples.
        last_run: when retention last took something out; None: never.
        rewrite_due, unfinished: whether the file is still to be written anew, and files to be looked through.
    """

    periods: dict[str, dict[str, int]]
    holds: list[Hold]
    warnings: list[str]
    erasures: tuple[int, int]
    last_run: datetime | None
    rewrite_due: bool
    unfinished: bool


def standing(store: Store, config: Config) -> Standing:
    """See Standing."""
    tenants = (None, *config.retention.tenants)
    periods = {str(name): {one or "": days_of(config.retention, name, one) for one in tenants} for name in CLASSES}
    query = "SELECT count(DISTINCT id), count(DISTINCT triple_id) FROM erasures"
    ((n_erasures, n_triples),) = store.connection.execute(query).fetchall()
    query = 'SELECT max("at") FROM events WHERE kind = ?'
    ((last,),) = store.connection.execute(query, [APPLIED]).fetchall()
    due = bool(store.connection.execute("SELECT 1 FROM rewrite_due LIMIT 1").fetchall())
    found = (holds(store), warnings(config.retention), (n_erasures, n_triples), last, due, is_unfinished(store))
    return Standing(periods, *found)


def hold(store: Store, _: Config, wanted: Wanted, now: datetime) -> Hold:
    """Place a hold."""
    return place_hold(store, wanted, now)


def let_go(store: Store, _: Config, hold_id: str, by: str, reason: str, now: datetime) -> Hold:
    """Release a hold."""
    return release_hold(store, hold_id, by, reason, now)


def note_file(store: Store, _: Config, path: str, kind: str, now: datetime) -> bool:
    """Note that a command is about to write a file with cases there."""
    note(store, path, kind, now)
    return True


def retention(around: Surroundings, store: Store, _: Period, now: datetime) -> Result:
    """The job: what has outlived its period goes."""
    finish(store, around.config, now)
    applied = apply(store, around.config, now, around.config.retention.rewrite_days)
    told = [f"{table} {n}" for rows in applied.rows.values() for table, n in rows.items()]
    told += [f"{n} {what}" for n, what in ((applied.images, "image files"), (len(applied.files), "files")) if n]
    return Result(", ".join(told) or "nothing has outlived its period")
