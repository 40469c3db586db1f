"""The command export: one kind of file out of the database, each written by a function of its own."""

import argparse
import getpass
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

from conf.cli import USAGE, config_of, parser, print_json

# What can be exported: the first word after `traceaudit export`, what writes it, and what it is.
KINDS = {
    "case": ("auditor.evidence.export_cli:case", "the evidence on one case, signed, in one file that proves itself"),
}


def export(argv: Sequence[str]) -> int:
    """`traceaudit export KIND …`: what is told by KINDS."""
    words = list(argv)
    kinds = "\n".join(f"  {name:<14} {summary}" for name, (_, summary) in KINDS.items())
    if words[:1] in (["-h"], ["--help"]):
        print(f"usage: traceaudit export KIND [options]\n\n{kinds}\n\ntraceaudit export KIND --help tells more.")
        return 0
    if not words or words[0] not in KINDS:
        what = f"nothing named {words[0]!r} to export" if words else "export what?"
        print(f"traceaudit: {what}\n\n{kinds}", file=sys.stderr)
        return USAGE
    module, _, function = KINDS[words[0]][0].partition(":")
    return int(getattr(importlib.import_module(module), function)(words[1:]))


def case(argv: Sequence[str]) -> int:
    """`traceaudit export case ID`: a signed bundle; `traceaudit verify BUNDLE` checks it without the database."""
    from auditor.cli import utc_now
    from auditor.evidence.case import export_case
    from auditor.evidence.queries_case import the_case
    from auditor.store import Store

    args = case_options().parse_args(argv)
    config = config_of(args)
    with Store.open(config.store.path, config.images.blob_dir, create=False) as store:
        triple_id = the_case(store.connection, args.id)
        exported = export_case(store, config, triple_id, args.by or getpass.getuser(), utc_now())
    path = args.out or Path(f"case-{triple_id[:12]}.zip")
    write(path, exported.data)
    if args.json:
        counts = {"rows": exported.rows, "images": exported.images, "missing_images": list(exported.missing)}
        print_json({"case": triple_id, "file": str(path), "bytes": len(exported.data), **counts})
    else:
        print(f"{path}: {exported.rows} rows and {exported.images} images on {triple_id}")
        for sha256 in exported.missing:
            print(f"not in it, since its file is missing: image {sha256}", file=sys.stderr)
    return 0


def case_options() -> argparse.ArgumentParser:
    """The options of export case."""
    result = parser("export case", "The evidence on one case, signed, in one file that proves itself.", store=True)
    result.add_argument("id", metavar="ID", help="the case's id, or how it begins")
    result.add_argument("--out", type=Path, metavar="FILE", help="the file (case-ID.zip, in this folder)")
    result.add_argument("--by", metavar="NAME", help="who wants it; told in the audit trail (the name of this account)")
    return result


def write(path: Path, data: bytes) -> None:
    """Write the file.

    Raises:
        OutputUnwritable: it cannot be.
    """
    from auditor.blobs import write_whole
    from auditor.errors import OutputUnwritable

    try:
        write_whole(path, data)
    except OSError as error:
        raise OutputUnwritable(f"{path}: {error.strerror or error}") from None
