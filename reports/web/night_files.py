"""The files of reports that were made earlier: who may have which."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from auditor.access.person import Person, Right
from auditor.files import sha256_of
from auditor.store import Store
from reports.web.visit import Visit

MOST_FILES = 200  # reports whose files are listed, the latest ones
MADE = "SELECT \"at\", details FROM events WHERE kind = 'report.made' ORDER BY seq DESC LIMIT 5000"


@dataclass(frozen=True, slots=True)
class Files:
    """The files of a report that was made and kept.

    Attributes:
        name: of its period.
        first: UTC day of it.
        files: names with their SHA-256 when they were made; those that are still there.
    """

    kind: str
    name: str
    first: str
    tenant: str | None
    made_at: datetime
    files: dict[str, str]


def may_have_files(person: Person) -> bool:
    """Whether a person may have files of earlier nights: they hold votes, so nobody may who votes."""
    return not person.may(Right.VOTE)


def kept_files(visit: Visit, store: Store) -> list[Files]:
    """The reports whose files this person may have and are still there, the latest first.

    The audit trail says whose each is: the name of a file could be made to look like another's.
    """
    if not may_have_files(visit.person):
        return []
    folder, tenants = Path(visit.config.report.out_dir), visit.person.tenants
    found: list[Files] = []
    seen: set[str] = set()
    for at, text in store.connection.execute(MADE).fetchall():
        told = json.loads(text)
        files = {name: digest for name, digest in told["files"].items() if name not in seen}
        seen.update(told["files"])
        if tenants is None or told["tenant"] in tenants:
            there = {name: digest for name, digest in files.items() if (folder / name).is_file()}
            found += [Files(told["kind"], told["name"], told["first"], told["tenant"], at, there)] if there else []
        if len(found) >= MOST_FILES:
            break
    return found


def file_of(visit: Visit, store: Store, name: str) -> Path | None:
    """A file of an earlier night, if this person may have it and it is what was made then."""
    digests = {file: digest for one in kept_files(visit, store) for file, digest in one.files.items()}
    path = Path(visit.config.report.out_dir) / name
    return path if name in digests and sha256_of(path) == digests[name] else None
