"""Erases the cases of subjects from the tables, in one transaction, and notes what is to be done outside of them.

    subjects ─▶ cases ─▶ none of them held? ─▶ listed ─▶ records, ranges, images ─▶ rows deleted ─▶ an event

What stays says nothing of what was said: the outcomes of records with the ids of triples, counts, and leaves, which are
hashes with a salt that goes with the row. The file still has the old bytes in free blocks: `rewriting.py`.
"""

import secrets
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from auditor.errors import ErasureRefused
from auditor.evidence.events import Deed, record_event
from auditor.retention.cases import change, delete_all_of, note_images, these
from auditor.retention.holds import held_among, holds
from auditor.retention.records import Name, empty, letters_of, meant, rejects_of, waiting_of
from auditor.retention.subjects import Case, Subject, cases_of, digest_of, salt_of
from auditor.service import RUN
from auditor.store import Store
from auditor.verdict_rows import utc

ERASED = "subject.erased"
SHOWN = 3

# Other triples of the same conversations, which may repeat as earlier turns what was said in these.
QUOTING = """
    SELECT DISTINCT t.id FROM triples t JOIN triples e ON e.tenant = t.tenant AND e.conversation_id = t.conversation_id
    WHERE e.id IN (FROM {these}) AND t.id NOT IN (FROM {these}) AND t.context <> ''
"""


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be erased, who wants it and why; for the audit trail, so the reason is no text of a log."""

    subjects: tuple[Subject, ...]
    by: str
    reason: str
    dry_run: bool = False


@dataclass(slots=True)
class Erased:
    """What an erasure came to.

    Attributes:
        id: of the erasure; empty where nothing was changed.
        triples: how many.
        rows: table to rows deleted.
        contexts: other triples that quoted them as earlier turns, and do not any more.
        letters, rejects, ranges: records whose bytes were taken out.
        images: files that may go.
        rewritten: how the file gets rid of what was deleted: "soon", or "here" where the asker is to do it.
        files: reports and other files, by what became of them.
        sent_away: deliveries that reports or alerts went out by, to where they are not ours any more.
    """

    id: str
    triples: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    contexts: int = 0
    letters: int = 0
    rejects: int = 0
    ranges: int = 0
    images: int = 0
    rewritten: str = ""
    files: dict[str, list[str]] = field(default_factory=dict)
    sent_away: list[str] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, Any]:
        """What of it goes to the audit trail."""
        told = asdict(self)
        return {name: told[name] for name in told if name not in {"id", "rewritten", "files", "sent_away"}}


class NotDone(Exception):
    """Ends the transaction of a dry run."""


def erase(store: Store, request: Request, max_bytes: int, now: datetime) -> Erased:
    """Erase the cases of the subjects from the tables; with `dry_run` only count what would go.

    Args:
        store: open for writing.
        request: see there.
        max_bytes: that a compressed record may unpack to where it is looked into.
        now: the moment.

    Raises:
        ErasureRefused: some of it is held, or nothing is known of a subject, or two tenants have one of that name.
    """
    if not request.by.strip() or not request.reason.strip():
        raise ErasureRefused("an erasure needs a name and a reason: --by and --reason")
    erased = Erased("")
    try:
        with store.transaction():
            erased = erase_now(store, request, max_bytes, now)
            undo(request)
    except NotDone:
        erased.id = ""
    return erased


def undo(request: Request) -> None:
    """Have nothing of it kept where only counts were asked for."""
    if request.dry_run:
        raise NotDone


def check_owner(store: Store) -> None:
    """Refuse where the process that has the file open cannot have it written anew.

    Raises:
        ErasureRefused: it is an audit.
    """
    if store.owner == RUN:
        raise ErasureRefused(
            "`traceaudit run` has the database, and cannot write the file anew while it audits; wait until it has "
            "ended, or stop it, and erase then (traceaudit serve can)"
        )


def erase_now(store: Store, request: Request, max_bytes: int, now: datetime) -> Erased:
    """The same, in the open transaction."""
    cases = {case.id: case for subject in request.subjects for case in checked(store, subject)}
    ids = sorted(cases)
    refuse_held(store, request.subjects, [*ids, *quoting(store, ids)])
    erased = Erased(secrets.token_hex(6), len(ids))
    what = meant(store, ids, *names_of(request.subjects, cases.values()))
    letters, rejects = letters_of(store, what, max_bytes), rejects_of(store, what, max_bytes)
    ranges = waiting_of(store, what, max_bytes)
    if not (ids or letters or rejects or ranges):
        raise ErasureRefused("nothing is stored of " + ", ".join(f"{s.kind} {s.value}" for s in request.subjects))
    note(store, erased.id, request.subjects, cases.values(), now)
    erased.letters = empty(store, "dead_letters", letters, now)
    erased.rejects = empty(store, "sink_rejects", rejects, now)
    erased.ranges = keep_ranges(store, ranges)
    erased.contexts = empty_contexts(store, ids, now)
    with these(store, ids) as wanted:
        erased.images = note_images(store, wanted, now)
        erased.rows = {table: n for table, n in delete_all_of(store, wanted).items() if n}
    store.connection.execute("INSERT INTO rewrite_due VALUES ('erasure', ?)", [utc(now)])
    store.connection.execute("INSERT INTO files_due VALUES (?, ?)", [erased.id, utc(now)])
    told = erased.counts | {"reason": request.reason, "subjects": digests_of(store, request.subjects, cases.values())}
    record_event(store, Deed(ERASED, request.by, erased.id, told, now))
    return erased


def checked(store: Store, subject: Subject) -> list[Case]:
    """The cases of a subject, all of one tenant."""
    cases = cases_of(store, subject)
    tenants = sorted({case.tenant for case in cases})
    if len(tenants) > 1:
        whose = ", ".join(tenants)
        raise ErasureRefused(f"several tenants have a {subject.kind} {subject.value}; say --tenant, one of {whose}")
    return cases


def refuse_held(store: Store, subjects: Iterable[Subject], ids: Sequence[str]) -> None:
    """Refuse what is held, whole: who erases the rest of a conversation would not know what is left of it."""
    held = held_among(store, ids)
    of_name = {
        hold.id for hold in holds(store) for one in subjects if (hold.subject, hold.value) == (one.kind, one.value)
    }
    if not held and not of_name:
        return
    known = {hold.id: hold for hold in holds(store)}
    named = sorted({*held.values(), *of_name})
    told = "; ".join(f"{name} ({known[name].what}: {known[name].reason})" for name in named[:SHOWN])
    more = f", and {len(named) - SHOWN} more" if len(named) > SHOWN else ""
    raise ErasureRefused(
        f"{len(held)} of {len(ids)} cases are under legal hold, so nothing was erased: {told}{more}; "
        "traceaudit retention release HOLD lets go of one"
    )


def names_of(subjects: Iterable[Subject], cases: Collection[Case]) -> tuple[set[Name], set[Name]]:
    """Conversations and users of which all is erased, by tenant and name; of a user also their conversations."""
    conversations: set[Name] = set()
    users: set[Name] = set()
    for subject in subjects:
        if subject.kind == "user":
            mine = [case for case in cases if case.user == subject.value]
            users |= {(case.tenant, subject.value) for case in mine}
            conversations |= {(case.tenant, case.conversation) for case in mine if case.conversation}
        elif subject.kind == "conversation":
            found = {case.tenant for case in cases if case.conversation == subject.value}
            conversations |= {(tenant, subject.value) for tenant in found or filter(None, [subject.tenant])}
    return conversations, users


def digests_of(store: Store, subjects: Iterable[Subject], cases: Collection[Case]) -> list[list[str]]:
    """The subjects as the audit trail names them: kind and digest."""
    conversations, users = names_of(subjects, cases)
    salt = salt_of(store, make=True) or ""
    named = [("conversation", *one) for one in conversations] + [("user", *one) for one in users]
    named += [("triple", case.tenant, case.id) for case in cases for s in subjects if s == Subject("triple", case.id)]
    return sorted([kind, digest_of(salt, kind, tenant, name)] for kind, tenant, name in named)


def note(store: Store, erasure: str, subjects: Iterable[Subject], cases: Collection[Case], now: datetime) -> None:
    """List the subjects and their triples, for training sets and for logs that are read once more."""
    conversations, users = names_of(subjects, cases)
    salt = salt_of(store, make=True) or ""
    common = {"id": erasure, "at": utc(now)}

    def row(kind: str, tenant: str, name: str, triple_id: str | None = None) -> dict[str, Any]:
        told = {"subject": kind, "tenant": tenant, "digest": digest_of(salt, kind, tenant, name)}
        return common | told | {"triple_id": triple_id}

    rows = [row("conversation", *one) for one in conversations] + [row("user", *one) for one in users]
    for case in cases:
        kind, name = subject_of(case, conversations, users)
        rows.append(row(kind, case.tenant, name, case.id))
    store.insert("erasures", rows)


def subject_of(case: Case, conversations: Collection[Name], users: Collection[Name]) -> tuple[str, str]:
    """By what a case is erased: its user, its conversation, or itself."""
    if case.user and (case.tenant, case.user) in users:
        return "user", case.user
    if case.conversation and (case.tenant, case.conversation) in conversations:
        return "conversation", case.conversation
    return "triple", case.id


def keep_ranges(store: Store, ranges: dict[int, bytes]) -> int:
    """Ranges that wait, as they are now."""
    for row, value in ranges.items():
        store.connection.execute("UPDATE waiting_ranges SET value = ? WHERE rowid = ?", [value, row])
    return len(ranges)


def quoting(store: Store, ids: Sequence[str]) -> list[str]:
    """Other triples of the same conversations, with earlier turns, which may be these."""
    with these(store, ids) as wanted:
        return [name for (name,) in store.connection.execute(QUOTING.format(these=wanted)).fetchall()]


def empty_contexts(store: Store, ids: Sequence[str], now: datetime) -> int:
    """Those go on without earlier turns."""
    if not (others := quoting(store, ids)):
        return 0
    with these(store, others) as wanted:
        return change(store, "triples", f"id IN (FROM {wanted})", "UPDATE triples SET context = '' WHERE {where}", now)
