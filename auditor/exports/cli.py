"""The command export: what is stored, in the forms that other tools read."""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.cli import utc_now
from auditor.exports import EXPORTS
from auditor.exports.exported import LEVELS
from conf.cli import act, config_of, parser, print_json
from conf.errors import ConfigError

if TYPE_CHECKING:
    from auditor.exports.exported import Exported, ReadImage
    from auditor.exports.queries import Which
    from auditor.store import Store

PERIOD = "UTC day, YYYY-MM-DD"


def export(argv: Sequence[str]) -> int:
    """`traceaudit export KIND`."""
    return act("export", "kind", EXPORTS, argv)


def label_studio(argv: Sequence[str]) -> int:
    """`traceaudit export label-studio`: tasks, and beside them the labelling configuration."""
    from auditor.exports.files import write_array, write_text
    from auditor.exports.label_studio import configuration, task_of

    args = options(
        "label-studio", "Tasks for Label Studio, with its labelling configuration.", "tasks.json", argv, images=True
    )
    path = Path(args.out)
    beside = path.with_name(f"{path.stem}.config.xml")
    with opened(args, "escalate") as taken:
        n = write_array(args.out, (task_of(one, taken.read) for one in taken))
        write_text(str(beside), configuration(texts=taken.which.texts, images=args.images))
        return taken.told(n, [args.out, str(beside)])


def argilla(argv: Sequence[str]) -> int:
    """`traceaudit export argilla`: a folder."""
    from auditor.exports.argilla import DATASET, RECORDS, SETTINGS, dataset, record_of, settings
    from auditor.exports.files import as_json, write_array, write_text

    args = options("argilla", "A dataset for Argilla, as a folder.", "argilla", argv, images=True)
    folder = Path(args.out)
    with opened(args, "escalate") as taken:
        n = write_array(str(folder / RECORDS), (record_of(one, taken.read) for one in taken))
        write_text(str(folder / SETTINGS), as_json(settings(texts=taken.which.texts, images=args.images)))
        write_text(str(folder / DATASET), as_json(dataset(taken.name)))
        return taken.told(n, [str(folder)])


def langfuse(argv: Sequence[str]) -> int:
    """`traceaudit export langfuse`: a score a line."""
    from auditor.exports.langfuse import scores_of

    args = options("langfuse", "Verdicts and votes as scores of Langfuse's traces.", "langfuse.jsonl", argv)
    return lines(args, scores_of, "trace_id", lambda found: found)


def phoenix(argv: Sequence[str]) -> int:
    """`traceaudit export phoenix`: a request of annotations a line."""
    from auditor.exports.phoenix import annotations_of, bodies

    args = options("phoenix", "Verdicts and votes as annotations of Phoenix's spans.", "phoenix.jsonl", argv)
    return lines(args, annotations_of, "span_id", bodies)


def lines(
    args: argparse.Namespace,
    told_of: "Callable[[Exported], Iterable[dict[str, Any]]]",
    name: str,
    bodies: Callable[[Iterable[dict[str, Any]]], Iterable[dict[str, Any]]],
) -> int:
    """Write what is told of each triple that the log names by `name`, as bodies of requests."""
    from auditor.exports.files import write_lines

    with opened(args, "none") as taken:
        found = (told for one in taken for told in told_of(taken.counted(one, name)))
        n = write_lines(args.out, bodies(found))
        return taken.told(n, [args.out], name)


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
    result.add_argument("--by", metavar="NAME", help="who takes it out, for the audit trail")
    result.set_defaults(kind=kind)
    args = result.parse_args(argv)
    if args.date and (args.first or args.last):
        raise ConfigError("--date is one day; --from and --to are a period")
    if images and args.images and args.no_text:
        raise ConfigError("--no-text leaves out images too, since they are read as text is")
    return args


@dataclass(slots=True)
class Taken:
    """What is taken out, and how much of it there was.

    Attributes:
        found: the triples, to be taken once.
        read: gives an image by its hash, where images are wanted.
        n: triples taken so far; `unnamed` of them the log has no name for.
    """

    store: "Store"
    which: "Which"
    found: "Iterator[Exported]"
    read: "ReadImage | None"
    args: argparse.Namespace
    n: int = 0
    unnamed: int = 0

    def __iter__(self) -> "Iterator[Exported]":
        """The triples."""
        for one in self.found:
            self.n += 1
            yield one

    @property
    def name(self) -> str:
        """Of the period."""
        return f"traceaudit {self.which.first} to {self.which.last}"

    def counted(self, one: "Exported", name: str) -> "Exported":
        """The same; counted where the log has no such name for it."""
        self.unnamed += getattr(one, name) is None
        return one

    def told(self, n: int, files: list[str], name: str = "") -> int:
        """Say what was written; gives the exit code."""
        which, to = self.which, sys.stderr if self.args.out == "-" else sys.stdout
        if self.args.json and self.args.out != "-":
            counts = {"triples": self.n, "written": n, "unnamed": self.unnamed}
            print_json({"from": str(which.first), "to": str(which.last), **counts, "files": files})
            return 0
        texts = "with what was said in them" if which.texts else "without texts"
        print(f"{which.first} to {which.last}: {self.n} exchanges, {texts}; {n} lines or records", file=to)
        if self.unnamed:
            print(f"{self.unnamed} of them have no {name} in the log, and are left out", file=to)
        print("\n".join(files), file=to)
        return 0


@contextmanager
def opened(args: argparse.Namespace, level: str) -> "Iterator[Taken]":
    """The triples that the options ask for, at one instant; that they were taken out goes to the audit trail."""
    from auditor import queries
    from auditor.exports.queries import Which, exported
    from auditor.policies.file import configured_policy
    from auditor.store import Store

    config = config_of(args)
    with Store.open(config.store.path, config.images.blob_dir, create=False) as store:
        with queries.snapshot(store.connection.cursor()) as cursor:
            last = args.date or args.last or queries.latest_day(cursor)
            if last is None:
                raise ConfigError("the database holds no records yet; `traceaudit run SOURCE` reads some")
            which = Which(args.date or args.first or last, last, args.tenant, args.level or level, not args.no_text)
            if which.first > which.last:
                raise ConfigError(f"--from {which.first} is after --to {which.last}")
            read = store.blobs.find if getattr(args, "images", False) else None
            taken = Taken(store, which, exported(cursor, which, configured_policy(config.policy)), read, args)
            yield taken
        record(taken)


def record(taken: Taken) -> None:
    """Note in the audit trail that data left the store."""
    from auditor.evidence.events import SYSTEM, Deed, record_event

    which = taken.which
    told = {
        "first": str(which.first),
        "last": str(which.last),
        "tenant": which.tenant,
        "level": which.level,
        "texts": which.texts,
        "images": taken.read is not None,
        "triples": taken.n,
    }
    by = taken.args.by or SYSTEM
    record_event(taken.store, Deed("export.made", by, taken.args.kind, told, utc_now()))
