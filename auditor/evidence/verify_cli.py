"""The commands verify and events."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from conf.cli import FAILED, config_of, parser, print_json
from conf.schema import Config

if TYPE_CHECKING:
    from auditor.evidence.answers import Verified
    from auditor.evidence.check_bundle import CheckedBundle
    from auditor.evidence.events import Event
    from auditor.evidence.findings import Checked
    from auditor.evidence.keys import PublicKey

SHOWN = 50
MAX_DETAIL_CHARS = 100


def verify(argv: Sequence[str]) -> int:
    """`traceaudit verify`: whether the record is as it was written."""
    args = verify_options().parse_args(argv)
    config = config_of(args)
    if args.bundle:
        return of_bundle(args)
    verified = of_database(config, args)
    bad, checked = verified.bad, verified.checked
    if args.json:
        print_json({"ok": bad is None, "first_bad": bad and bad.as_json(), "checked": checked.as_json()})
    else:
        print_checked(checked)
        print(f"BROKEN: {bad}" if bad else "as it was written", file=sys.stderr if bad else sys.stdout)
    return FAILED if bad else 0


def verify_options() -> argparse.ArgumentParser:
    """The options of verify."""
    result = parser("verify", "Whether the record is as it was written: the trail, its rows, its images.", store=True)
    result.add_argument(
        "bundle", nargs="?", type=Path, metavar="BUNDLE", help="a file of `export case`, not a database"
    )
    result.add_argument(
        "--public-key",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="whose signatures count; repeatable",
    )
    result.add_argument(
        "--checkpoints", type=Path, metavar="FILE", help="the file outside the database (evidence.checkpoint_file)"
    )
    result.add_argument("--no-images", action="store_true", help="leave the image files out")
    return result


def of_database(config: Config, args: argparse.Namespace) -> "Verified":
    """What is wrong with a database first."""
    from auditor.owner import ask

    trusted = "".join(text_of(file) for file in args.public_key)
    outside = str(args.checkpoints.absolute()) if args.checkpoints else ""
    found: Verified = ask(config, "evidence.verify", trusted, outside, not args.no_images)
    return found


def text_of(file: Path) -> str:
    """The public keys in a file.

    Raises:
        KeyUnusable: it cannot be read, or holds none.
    """
    from auditor.evidence.keys import read_public_keys

    return "".join(key.pem for key in read_public_keys(file).values())


def of_bundle(args: argparse.Namespace) -> int:
    """Check a bundle, without any database."""
    from auditor.evidence.check_bundle import CheckedBundle, check_bundle, read_bundle
    from auditor.evidence.keys import read_public_keys

    trusted: dict[str, PublicKey] = {}
    for file in args.public_key:
        trusted |= read_public_keys(file)
    checked = CheckedBundle()
    bad = check_bundle(read_bundle(args.bundle), trusted or None, checked)
    if args.json:
        print_json({"ok": bad is None, "first_bad": bad and bad.as_json(), "checked": asdict(checked)})
    elif bad:
        print(f"BROKEN: {bad}", file=sys.stderr)
    else:
        print_bundle(checked)
    return FAILED if bad else 0


def print_bundle(checked: "CheckedBundle") -> None:
    """What a good bundle proves."""
    print(f"case {ascii(checked.case)[1:-1]}, exported {ascii(checked.made_at)[1:-1]}, as it was written")
    print(f"{checked.rows} rows, {checked.events} events and {checked.images} images, signed with key {checked.key_id}")
    if checked.key_is_own:
        print(
            "note: the key is the bundle's own, so anybody may have made both; --public-key FILE says whose it must be"
        )
    for sha256 in checked.missing:
        print(f"note: image {sha256} was missing when it was exported")


def print_checked(checked: "Checked") -> None:
    """What was looked at."""
    rows = ", ".join(f"{n} {table}" for table, n in checked.rows.items() if n)
    print(
        f"{checked.events} events, {checked.checkpoints} checkpoints, {checked.since_checkpoint} events since the last"
    )
    print(f"rows: {rows or 'none'}")
    print(f"{checked.released} released rows, {checked.images} images, {checked.outside} checkpoints outside")
    for note in checked.notes:
        print(f"note: {note}")


def events(argv: Sequence[str]) -> int:
    """`traceaudit events`: the audit trail, newest first."""
    from auditor.evidence.queries_events import Which
    from auditor.owner import ask

    args = events_options().parse_args(argv)
    which = Which(args.kind, args.actor, args.subject, args.limit or None)
    found: Sequence[Event] = ask(config_of(args), "evidence.events", which)
    for event in found:
        if args.json:
            print_json(event.as_json())
        else:
            print(line_of(event.as_json()))
    return 0


def events_options() -> argparse.ArgumentParser:
    """The options of events."""
    result = parser("events", "The audit trail: what was done, by whom and when; the newest first.", store=True)
    result.add_argument("--kind", metavar="K", help="events of this kind, or that begin so, such as policy")
    result.add_argument("--actor", metavar="A", help="what this person did; traceaudit did what nobody asked for")
    result.add_argument("--subject", metavar="S", help="what was done with this, such as a triple's id")
    result.add_argument("--limit", type=int, default=SHOWN, metavar="N", help=f"N at most (default {SHOWN}; 0: all)")
    return result


def line_of(told: dict[str, object]) -> str:
    """An event on one line of a terminal, which obeys nothing that a name holds."""
    from ingest.visible import visible

    details = str(told["details"])
    short = details if len(details) <= MAX_DETAIL_CHARS else details[:MAX_DETAIL_CHARS] + "…"
    cells = (told["seq"], told["at"], told["kind"], told["actor"], told["subject"], short)
    return "  ".join(" ".join(visible(str(cell)).split()) for cell in cells)
