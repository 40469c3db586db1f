"""The command export case: see `auditor/exports` for what else can be exported."""

import argparse
import getpass
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from conf.cli import config_of, parser, print_json

if TYPE_CHECKING:
    from auditor.evidence.case import Exported


def case(argv: Sequence[str]) -> int:
    """`traceaudit export case ID`: a signed bundle; `traceaudit verify BUNDLE` checks it without the database."""
    from auditor.cli import utc_now
    from auditor.owner import Asker

    args = case_options().parse_args(argv)
    asker = Asker(config_of(args))
    exported: Exported = asker.ask("evidence.export", args.id, args.by or getpass.getuser(), utc_now())
    triple_id = exported.case
    path = args.out or Path(f"case-{triple_id[:12]}.zip")
    asker.ask("retention.note_file", str(path.absolute()), "case", utc_now())  # so that an erasure finds it
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
    from auditor.errors import OutputUnwritable
    from auditor.files import write_whole

    try:
        write_whole(path, data)
    except OSError as error:
        raise OutputUnwritable(f"{path}: {error.strerror or error}") from None
