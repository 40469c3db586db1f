"""Files that show a case that was erased: reports are made again without it, all others that do are deleted, by name.

Reports are found in the folders that they were ever written to, and their copies in the folders of deliveries; bundles
and exports where the commands wrote them. What went out by mail, webhook, topic or SIEM is not ours any more: it is
said which deliveries these are.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from auditor.files import sync_folder, write_whole
from auditor.retention.files import LETTERS, REPORTS, files_in, forget_file, kept_files, shows_any
from auditor.store import Store
from conf.errors import TraceauditError
from conf.schema import Config
from reports.nightly import edition_of, write_nightly

MADE = "SELECT \"at\", details FROM events WHERE kind = 'report.made' ORDER BY seq"
SENT_AWAY = """
    SELECT DISTINCT delivery, channel FROM deliveries WHERE channel <> 'files' AND state <> 'waiting' ORDER BY ALL
"""


@dataclass(frozen=True, slots=True)
class Report:
    """A report as the audit trail tells of it.

    Attributes:
        names: of its files.
        at: when it was made last, UTC without a zone.
    """

    names: tuple[str, ...]
    kind: str
    first: date
    tenant: str | None
    at: datetime


@dataclass(slots=True)
class Found:
    """What became of files.

    Attributes:
        again: made again.
        deleted: not there any more.
        stuck: could not be looked into or deleted, with the reason.
    """

    again: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, list[str]]:
        """By what became of them."""
        return {"made again": self.again, "deleted": self.deleted, "to be looked at": self.stuck}


def reports_made(store: Store) -> dict[str, Report]:
    """The reports that were made, by the stem of their names; the last one of each."""
    found: dict[str, Report] = {}
    for at, details in store.connection.execute(MADE).fetchall():
        told: Mapping[str, Any] = json.loads(details)
        names = tuple(told["files"])
        if names:
            stem = names[0].rpartition(".")[0]
            found[stem] = Report(names, told["kind"], date.fromisoformat(told["first"]), told["tenant"], at)
    return found


def folders_of_reports(store: Store, config: Config) -> list[Path]:
    """The folders that reports were ever written to."""
    noted = [one.path for one in kept_files(store) if one.kind == REPORTS]
    return list(dict.fromkeys([Path(config.report.out_dir).absolute(), *noted]))


@dataclass(slots=True)
class Search:
    """A search for cases that were erased, in all files that are ours.

    Attributes:
        ids: of their triples, as bytes.
        letters: sha256 of dead letters whose bytes were taken out.
        now: reports say that they were made then.
        found: what became of files so far.
    """

    store: Store
    config: Config
    ids: Sequence[bytes]
    letters: Collection[str]
    now: datetime
    found: Found = field(default_factory=Found)

    def run(self) -> Found:
        """Have no file show them; what the database holds of them is deleted."""
        folders = folders_of_reports(self.store, self.config)
        made = reports_made(self.store)
        for folder in folders:
            for stem in sorted(self.stems_in(folder, made)):
                self.make_again(folder, made[stem])
        for delivery in self.config.delivery.values():
            if delivery.channel == "files":
                self.bring(Path(delivery.folder), folders, made)
        for kept in kept_files(self.store):
            if kept.kind == LETTERS:
                self.delete(letters_in(kept.path, self.letters))
            elif kept.kind != REPORTS:
                self.delete(self.showing(files_in(kept.path)))
            if not kept.path.exists():
                forget_file(self.store, kept.path)
        return self.found

    def showing(self, paths: Iterable[Path]) -> list[Path]:
        """Those of these files that show one of the cases."""
        shown = []
        for path in paths:
            try:
                if shows_any(path, self.ids):
                    shown.append(path)
            except TraceauditError as error:
                self.found.stuck.append(str(error))
        return shown

    def stems_in(self, folder: Path, made: Mapping[str, Report]) -> set[str]:
        """The reports in a folder of which one file shows one of the cases."""
        ours = {name: stem for stem, report in made.items() for name in report.names}
        paths = [path for path in files_in(folder) if path.name in ours and path.parent == folder]
        return {ours[path.name] for path in self.showing(paths)}

    def make_again(self, folder: Path, report: Report) -> None:
        """A report of the same period as it is now; where there is none any more, its files are deleted."""
        at = self.config.report.model_copy(update={"out_dir": str(folder)})
        config = self.config.model_copy(update={"report": at})
        edition = edition_of(config, self.now, version("traceaudit"))
        old = [path for name in report.names if (path := folder / name).is_file()]
        try:
            kind, tenant = report.kind, report.tenant
            written = write_nightly(self.store, config, report.first, edition, period=kind, tenant=tenant)
        except TraceauditError:
            self.delete(old)
            return
        self.found.again += [str(path) for path in written.files]
        self.delete(path for path in old if path not in written.files)

    def bring(self, folder: Path, folders: Sequence[Path], made: Mapping[str, Report]) -> None:
        """Copies of reports in the folder of a delivery become what they are now; what else shows a case goes."""
        packed = {name for stem in self.stems_in(folder, made) for name in made[stem].names}
        for path in files_in(folder):
            if path.name not in packed and not self.showing([path]):
                continue
            now = next((file for at in folders if (file := at / path.name).is_file() and file != path), None)
            if now and path.name in packed:
                write_whole(path, now.read_bytes())
                self.found.again.append(str(path))
            else:
                self.delete([path])

    def delete(self, paths: Iterable[Path]) -> None:
        """Delete files."""
        for path in paths:
            try:
                path.unlink(missing_ok=True)
                sync_folder(path.parent)
            except OSError as error:
                self.found.stuck.append(f"{path}: {error.strerror or error}")
            else:
                self.found.deleted.append(str(path))


def letters_in(path: Path, letters: Collection[str]) -> list[Path]:
    """The exported dead letters, in a folder or as a file of lines, of those whose bytes were taken out."""
    beginnings = {name[:12] for name in letters}
    named = [file for file in files_in(path) if file.stem.rpartition("-")[2] in beginnings]
    return named if path.is_dir() else [file for file in files_in(path) if holds_line(file, letters)]


def holds_line(file: Path, letters: Collection[str]) -> bool:
    """Whether a file of lines has one whose hash this is."""
    with file.open("rb") as lines:
        return any(sha256(line.removesuffix(b"\n")).hexdigest() in letters for line in lines)


def sent_away(store: Store) -> list[str]:
    """The deliveries through which reports or alerts went out to where they are not ours any more."""
    return [f"{name} ({channel})" for name, channel in store.connection.execute(SENT_AWAY).fetchall()]
