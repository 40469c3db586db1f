"""The commands retention and erase: parse, load, ask, print."""

import getpass
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from auditor.cli import utc_now
from conf.cli import act, config_of, parser, print_json

if TYPE_CHECKING:
    from auditor.retention.erase import Erased
    from auditor.retention.subjects import Subject
    from conf.schema import Config

ACTIONS = {
    "show": ("auditor.retention.cli:show", "how long what is kept, what is held, what is still to be done"),
    "run": ("auditor.retention.cli:run", "delete now what has outlived its period"),
    "hold": ("auditor.retention.cli:hold", "hold a tenant, conversation, user or case: nothing of it goes"),
    "release": ("auditor.retention.cli:release", "let go of a hold"),
}
NOT_OURS = (
    "not ours to change: topics of dead letters and of outcomes (their retention or compaction), and backups; "
    "see docs/compliance.md"
)
LONGEST_S = 3600.0  # that a file may take to be written anew while the service stands still
LOOK_S = 0.5


def retention(argv: Sequence[str]) -> int:
    """`traceaudit retention ACTION`."""
    return act("retention", "action", ACTIONS, argv)


def show(argv: Sequence[str]) -> int:
    """`traceaudit retention show`: periods, holds, what is still to be done."""
    from auditor.console import print_rows
    from auditor.owner import ask
    from auditor.retention.periods import WHAT

    args = parser("retention show", "How long what is kept, what is held, what is still to be done.", store=True)
    found = ask(config_of(parsed := args.parse_args(argv)), "retention.standing")
    if parsed.json:
        holds = [one.as_json() for one in found.holds]
        last = found.last_run and found.last_run.isoformat()
        told = {"periods": found.periods, "holds": holds, "warnings": found.warnings, "last_run": last}
        n_erasures, n_triples = found.erasures
        todo = {"rewrite_due": found.rewrite_due, "unfinished": found.unfinished}
        print_json(told | {"erasures": n_erasures, "erased_triples": n_triples} | todo)
        return 0
    rows = [
        [name, tenant or "all others", f"{days} days" if days else "for ever", WHAT[name]]
        for name, periods in found.periods.items()
        for tenant, days in periods.items()
    ]
    print_rows(("class", "tenant", "kept", "what"), rows)
    if found.holds:
        print_rows(
            ("hold", "of", "since", "by", "reason"),
            [[one.id, one.what, f"{one.at:%Y-%m-%d}", one.by, one.reason] for one in found.holds],
        )
    else:
        print("no holds")
    print(f"{found.erasures[0]} erasures of {found.erasures[1]} cases")
    if found.rewrite_due:
        print("the file still has in its free blocks what was deleted; it is to be written anew")
    warn(found.warnings)
    return 0


def warn(warnings: Sequence[str]) -> None:
    """What a reader of the periods has to know."""
    for words in warnings:
        print(f"warning: {words}", file=sys.stderr)


def run(argv: Sequence[str]) -> int:
    """`traceaudit retention run`: delete now what has outlived its period."""
    from auditor.owner import Asker
    from auditor.retention.periods import warnings

    options = parser("retention run", "Delete now what has outlived its period, but for what is held.", store=True)
    args = options.parse_args(argv)
    config = config_of(args)
    warn(warnings(config.retention))
    applied = Asker(config, answer_s=LONGEST_S).ask("retention.apply", utc_now())
    anew = write_anew(config, applied.rewritten)
    if args.json:
        print_json({"rows": applied.rows, "images": applied.images, "files": list(applied.files), "rewritten": anew})
        return 0
    for name, rows in applied.rows.items():
        print(f"{name}: " + ", ".join(f"{table} {n}" for table, n in rows.items()))
    print(f"{applied.images} image files and {len(applied.files)} files of reports and bundles deleted")
    return 0


def hold(argv: Sequence[str]) -> int:
    """`traceaudit retention hold`: nothing of it goes until the hold is released."""
    from auditor.owner import ask
    from auditor.retention.holds import KINDS, Wanted

    options = parser("retention hold", "Hold something: it outlives its period, and is not erased.", store=True)
    which = options.add_mutually_exclusive_group(required=True)
    for kind in KINDS:
        which.add_argument(f"--{kind}", metavar="PSEUDONYM" if kind == "user" else "ID")
    options.add_argument("--of-tenant", metavar="NAME", help="only this tenant's; default: whosever it is")
    people(options, "why it has to be kept; it goes to the audit trail, so no text of a log")
    args = options.parse_args(argv)
    kind = next(one for one in KINDS if getattr(args, one) is not None)
    wanted = Wanted(kind, getattr(args, kind), args.reason, args.by, args.of_tenant)
    placed = ask(config_of(args), "retention.hold", wanted, utc_now())
    print_json(placed.as_json()) if args.json else print(f"hold {placed.id} on {placed.what}")
    return 0


def release(argv: Sequence[str]) -> int:
    """`traceaudit retention release HOLD`: what it holds goes when its period is over."""
    from auditor.owner import ask

    options = parser("retention release", "Let go of a hold; it stays in the list of what was held.", store=True)
    options.add_argument("hold", metavar="HOLD", help="its id, as retention show tells it")
    people(options, "why it need not be kept any more; it goes to the audit trail")
    args = options.parse_args(argv)
    released = ask(config_of(args), "retention.release", args.hold, args.by, args.reason, utc_now())
    print_json(released.as_json()) if args.json else print(f"hold {released.id} on {released.what} is released")
    return 0


def people(options: Any, why: str) -> None:
    """Who does it, and why."""
    options.add_argument("--by", default=getpass.getuser(), metavar="NAME", help="you; default: this user")
    options.add_argument("--reason", required=True, metavar="TEXT", help=why)


def erase(argv: Sequence[str]) -> int:
    """`traceaudit erase`: a subject is gone from all that is kept."""
    from auditor.owner import Asker
    from auditor.retention.erase import Request

    options = parser("erase", "Erase conversations, users or cases from everything that is kept.", store=True)
    for kind, name in (("conversation", "ID"), ("user", "PSEUDONYM"), ("triple", "ID")):
        options.add_argument(f"--{kind}", action="append", default=[], metavar=name, help="repeatable")
    options.add_argument("--tenant", metavar="NAME", help="whose; needed where several tenants have one of that name")
    options.add_argument("--dry-run", action="store_true", help="only count what would go")
    people(options, "why; it goes to the audit trail, so no text of a log")
    args = options.parse_args(argv)
    config = config_of(args)
    subjects = subjects_of(args)
    if not subjects:
        options.error("say what is to be erased: --conversation, --user or --triple")
    request = Request(subjects, args.by, args.reason, args.dry_run)
    erased: Erased = Asker(config, answer_s=LONGEST_S).ask("retention.erase", request, utc_now())
    anew = write_anew(config, erased.rewritten)
    if args.json:
        print_json({"id": erased.id or None, **erased.counts, "files": erased.files, "rewritten": anew})
    else:
        print_erased(erased, dry_run=args.dry_run)
    if not args.dry_run:
        print(NOT_OURS, file=sys.stderr)
    return 0


def subjects_of(args: Any) -> "tuple[Subject, ...]":
    """What the options name."""
    from auditor.retention.subjects import Subject

    return (
        *(Subject("conversation", value, args.tenant) for value in args.conversation),
        *(Subject("user", value, args.tenant) for value in args.user),
        *(Subject("triple", value, args.tenant) for value in args.triple),
    )


def print_erased(erased: "Erased", *, dry_run: bool) -> None:
    """What an erasure came to, or would."""
    rows = ", ".join(f"{table} {n}" for table, n in erased.rows.items()) or "none"
    print(f"{erased.triples} cases {'would be' if dry_run else 'are'} erased; rows: {rows}")
    bytes_of = (("dead letters", erased.letters), ("unreadable messages", erased.rejects), ("ranges", erased.ranges))
    print("records without their bytes: " + ", ".join(f"{name} {n}" for name, n in bytes_of))
    print(f"earlier turns taken out of {erased.contexts} other cases; {erased.images} image files looked at")
    for what, files in erased.files.items():
        for name in files:
            print(f"{what}: {name}")
    if erased.sent_away:
        print(f"went out before, and is not ours any more: {', '.join(erased.sent_away)}")


def write_anew(config: "Config", how: str) -> bool:
    """Have the file without what was deleted; gives whether it was written anew.

    Args:
        config: names it.
        how: "here": by this process; "soon": by the service, which is waited for.
    """
    from auditor.owner import tell

    if how == "here":
        from auditor.cli import sign
        from auditor.retention.rewriting import rewrite
        from auditor.store import Store

        done = rewrite(config.store.path)
        with Store.open(config.store.path, config.images.blob_dir) as store:
            sign(store, config)
        if done:
            tell(f"written anew in {done.seconds:.1f} s: {done.bytes_before} bytes, now {done.bytes_after}")
        return done is not None
    if how == "soon":
        tell("the service writes the file anew, and stands still meanwhile")
        return wait_for_service(config)
    return False


def wait_for_service(config: "Config") -> bool:
    """Wait until the service has written the file anew; False where it could not, and tries again later."""
    from auditor.owner import Asker, tell

    deadline = time.monotonic() + LONGEST_S
    asker = Asker(config, say=lambda _: None)
    while time.monotonic() < deadline:
        time.sleep(LOOK_S)
        if not asker.ask("retention.standing").rewrite_due:
            return True
    tell("the service has not written the file anew yet: something that it runs takes long; it does so after that")
    return False
