"""The command export: what is stored, in the forms that other tools read."""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.cli import utc_now
from auditor.exports import EXPORTS
from auditor.exports.exported import LEVELS
from conf.cli import act, config_of, parser, print_json
from conf.errors import ConfigError

if TYPE_CHECKING:
    from auditor.exports.answers import Told

PERIOD = "UTC day, YYYY-MM-DD"
STANDARD_OUTPUT = "-"


def export(argv: Sequence[str]) -> int:
    """`traceaudit export KIND`."""
    return act("export", "kind", EXPORTS, argv)


def label_studio(argv: Sequence[str]) -> int:
    """`traceaudit export label-studio`: tasks, and beside them the labelling configuration."""
    summary = "Tasks for Label Studio, with its labelling configuration."
    return written("label-studio", options("label-studio", summary, "tasks.json", argv, images=True))


def argilla(argv: Sequence[str]) -> int:
    """`traceaudit export argilla`: a folder."""
    return written("argilla", options("argilla", "A dataset for Argilla, as a folder.", "argilla", argv, images=True))


def langfuse(argv: Sequence[str]) -> int:
    """`traceaudit export langfuse`: a score a line."""
    summary = "Verdicts and votes as scores of Langfuse's traces."
    return written("langfuse", options("langfuse", summary, "langfuse.jsonl", argv))


def phoenix(argv: Sequence[str]) -> int:
    """`traceaudit export phoenix`: a request of annotations a line."""
    summary = "Verdicts and votes as annotations of Phoenix's spans."
    return written("phoenix", options("phoenix", summary, "phoenix.jsonl", argv))


def options(kind: str, summary: str, out: str, argv: Sequence[str], *, images: bool = False) -> argparse.Namespace:
    """The options of an export."""
    result = parser(f"export {kind}", summary, store=True)
    result.add_argument("--date", type=date.fromisoformat, metavar="D", help=f"{PERIOD}; default: the last one")
    result.add_argument(
        "--from", type=date.fromisoformat, metavar="D", dest="first", help=f"from this day on; {PERIOD}"
    )
    result.add_argument("--to", type=date.fromisoformat, metavar="D", dest="last", help=f"up to this day; {PERIOD}")
    result.add_argument("--tenant", metavar="T", help="only this one's")
    result.add_argument("--level", choices=LEVELS, help="this level and those above it")
    result.add_argument("--no-text", action="store_true", help="leave out what was said, analyses and rationales")
    if images:
        result.add_argument("--images", action="store_true", help="with the images themselves, as data URLs")
    result.add_argument("--out", default=out, metavar="FILE", help=f"where to; default: {out}")
    result.add_argument("--by", metavar="NAME", default="", help="who takes it out, for the audit trail")
    result.set_defaults(images=False)
    args = result.parse_args(argv)
    if args.date and (args.first or args.last):
        raise ConfigError("--date is one day; --from and --to are a period")
    if args.images and args.no_text:
        raise ConfigError("--no-text leaves out images too, since they are read as text is")
    return args


def written(kind: str, args: argparse.Namespace) -> int:
    """Have it written by whoever owns the database, and say what was; for "-" it is printed."""
    if args.out != STANDARD_OUTPUT:
        tell(asked(kind, args, args.out), args)
        return 0
    if kind in {"label-studio", "argilla"}:
        raise ConfigError(f"export {kind} makes more than one file: name where to, as --out NAME")
    with tempfile.TemporaryDirectory(prefix="traceaudit-") as folder:
        path = Path(folder) / kind
        told = asked(kind, args, str(path))
        with path.open(encoding="utf-8") as lines:
            sys.stdout.writelines(lines)
    tell(told, args)
    return 0


def asked(kind: str, args: argparse.Namespace, out: str) -> "Told":
    """What was written to `out`."""
    from auditor.exports.answers import Wanted
    from auditor.owner import ask

    first, last = (args.date, args.date) if args.date else (args.first, args.last)
    where = str(Path(out).absolute())
    wanted = Wanted(kind, first, last, args.tenant, args.level, not args.no_text, args.images, where, args.by)
    told: Told = ask(config_of(args), "export.write", wanted, utc_now())
    return told


def tell(told: "Told", args: argparse.Namespace) -> None:
    """Say what was written."""
    is_printed = args.out == STANDARD_OUTPUT
    to = sys.stderr if is_printed else sys.stdout
    if args.json and not is_printed:
        counts = {"triples": told.triples, "written": told.written, "unnamed": told.unnamed}
        print_json({"from": str(told.first), "to": str(told.last), **counts, "files": list(told.files)})
        return
    texts = "without texts" if args.no_text else "with what was said in them"
    print(f"{told.first} to {told.last}: {told.triples} exchanges, {texts}; {told.written} lines or records", file=to)
    if told.unnamed:
        print(f"{told.unnamed} of them have no {told.name} in the log, and are left out", file=to)
    if not is_printed:
        print("\n".join(told.files), file=to)
