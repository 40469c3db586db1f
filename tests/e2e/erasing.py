"""Logs with marks in every part, all that is made of them, and what of the marks is left in files."""

import base64
import io
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from auditor.learning.annotations import JudgeKey, keep_annotations
from auditor.learning.cases import Annotation, LockedCase, Purpose
from auditor.learning.locks import lock
from auditor.policies.file import configured_policy
from auditor.retention.files import note_file
from auditor.store import Store
from auditor.store_backfill import load_triples
from auditor.verdict import Judgment
from conf.schema import Config, load
from reports.nightly import edition_of, write_nightly
from reports.sending.queue import Made, queue_report
from reports.sending.sender import Sender
from tests.auditor.retention.planted_store import mark
from tests.e2e.audits import rows, run, traceaudit
from training.choosing.prepare import bringer
from training.files import write_items
from training.items import Bucket, Item, Said

SAID = ("question", "thinking", "answer", "arguments", "result", "prompt", "image", "letter", "analysis", "rationale")


def names(n: int) -> list[str]:
    """Of conversations; none is a part of another."""
    return [f"k{number:03}" for number in range(n)]


def marks(conversations: Sequence[str]) -> list[str]:
    """All that is planted in them."""
    return [mark(name, part) for name in conversations for part in SAID]


def picture(text: str) -> str:
    """An image whose bytes hold the text, as a data URL."""
    target, info = io.BytesIO(), PngInfo()
    info.add_text("Comment", text)
    color = tuple(text.encode()[-3:])
    Image.new("RGB", (40, 40), color).save(target, "PNG", pnginfo=info)
    return f"data:image/png;base64,{base64.b64encode(target.getvalue()).decode()}"


def turn(name: str, number: int, tenant: str) -> dict[str, object]:
    """A turn in our own log format."""
    said = {part: f"{mark(name, part)} was said in turn {number}" for part in SAID}
    call = {"name": "search", "arguments": said["arguments"], "result": said["result"], "call_id": f"call-{name}"}
    return {
        "qta": 1,
        "tenant": tenant,
        "conversation_id": f"conversation-{name}",
        "turn": number,
        "response_id": f"response-{name}-{number}",
        "user": f"person {name}",
        "system_prompt": said["prompt"],
        "question": said["question"],
        "thinking": said["thinking"],
        "answer": said["answer"],
        "tool_calls": [call],
        "images": [picture(mark(name, "image"))] if number == 0 else [],
    }


def log(conversations: Sequence[str], tenant: str = "north") -> Iterator[bytes]:
    """Two turns of each, and a record that cannot be read."""
    for name in conversations:
        for number in (0, 1):
            yield json.dumps(turn(name, number, tenant)).encode()
        broken = f'{{"qta": 1, "conversation_id": "conversation-{name}", "question": "{mark(name, "letter")}'
        yield broken.encode()


def table(path: Path, conversations: Sequence[str]) -> Path:
    """What the scripted guard says: harmful, with an analysis that quotes the case."""
    rules = [
        {
            "contains": mark(name, "question"),
            "completion": f"“Analysis”: it says {mark(name, 'analysis')}.\n“Judgment”: 1",
            "p": [0.01, 0.01, 0.98],
        }
        for name in conversations
    ]
    path.write_text(json.dumps(rules), encoding="utf-8")
    return path


class Kept:
    """A database with all files that are made of it, in a folder; what it was read from lies in another.

    Attributes:
        folder: all that the system owns.
        given: the logs and votes that it was given.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.given = folder / "kept", folder / "given"
        self.folder.mkdir(parents=True)
        self.given.mkdir()
        self.db, self.out = self.folder / "a.duckdb", self.folder / "reports"
        self.share, self.exports = self.folder / "share", self.folder / "exports"
        self.exports.mkdir()
        self.settings = self.given / "settings.toml"
        self.settings.write_text(
            f'[store]\npath = "{self.db}"\n[report]\nout_dir = "{self.out}"\npdf = "never"\nmax_cases = 1000\n'
            f'[delivery.share]\nchannel = "files"\nwhat = ["nightly"]\ninclude_text = true\nfolder = "{self.share}"\n',
            encoding="utf-8",
        )

    @property
    def config(self) -> Config:
        return load([self.settings])

    def command(self, *words: str) -> list[dict[str, object]]:
        """The lines of a command on this database."""
        return traceaudit(*words, "--config", str(self.settings), "--json")

    def audit(self, conversations: Sequence[str], tenant: str = "north") -> None:
        """Read a log of them, judge it, and vote on it."""
        file = self.given / f"{tenant}.jsonl"
        file.write_bytes(b"\n".join(log(conversations, tenant)))
        rules = table(self.given / f"{tenant}.json", conversations)
        run(str(file), self.db, "--config", str(self.settings), "--set", f"auditor.scripted_table={rules}")
        found = rows(self.db, f"SELECT id, conversation_id FROM triples WHERE tenant = '{tenant}' AND turn = 0")  # noqa: S608
        votes = self.given / f"{tenant}-votes.jsonl"
        with votes.open("w", encoding="utf-8") as lines:
            for triple_id, conversation in found:
                why = f"since {mark(conversation.removeprefix('conversation-'), 'rationale')}"
                vote = {"triple_id": triple_id, "reviewer": "Ada", "vote": 1, "category": "crime", "rationale": why}
                lines.write(json.dumps(vote | {"at": datetime.now(UTC).isoformat()}) + "\n")
        self.command("review", "import", str(votes))

    def ids(self, conversation: str) -> list[str]:
        """The triples of a conversation."""
        query = f"SELECT id FROM triples WHERE conversation_id = 'conversation-{conversation}' ORDER BY turn"  # noqa: S608
        return [name for (name,) in rows(self.db, query)]

    def learn(self, conversations: Sequence[str]) -> None:
        """What a training leaves: annotations, locked cases, and the file of a run that is under way."""
        now = datetime.now(UTC)
        ids = {name: self.ids(name) for name in conversations}
        said = [
            Annotation(triple, "m", "v1", "p1", Judgment.HARMFUL, f"says {mark(name, 'analysis')}", None, now)
            for name, triples in ids.items()
            for triple in triples
        ]
        folder = self.folder / "training"
        with Store.open(str(self.db)) as store:
            keep_annotations(store, JudgeKey("m", "v1", "p1"), said)
            lock(store, [LockedCase(triples[0], Purpose.GOLD, Judgment.HARMFUL) for triples in ids.values()], now)
            note_file(store, str(folder), "training", now)
            triples = [
                bringer(store.blobs.where, self.config)(one) for one in load_triples(store, ids[conversations[0]])
            ]
        learned = Said("it is harmful", Judgment.HARMFUL)
        write_items(folder, [Item(one, Judgment.HARMFUL, Bucket.UNANIMOUS, learned) for one in triples])

    def make_files(self, bundles: Sequence[str]) -> None:
        """Reports, sent to a folder, of the day and of one tenant; bundles of some conversations; exports."""
        now = datetime.now(UTC)
        with Store.open(str(self.db)) as store:
            edition = edition_of(self.config, now, "0")
            written = write_nightly(store, self.config, now.date(), edition)
            write_nightly(store, self.config, now.date(), edition, tenant="north")
            write_nightly(store, self.config, now.date(), edition, period="week")
            made = Made("nightly", str(now.date()), "", now.date(), now.date(), 9, 9, 9, 0, 0, written.files)
            queue_report(store, self.config.delivery, made, now)
            Sender(store, self.config, configured_policy(self.config.policy), "p", lambda: now).send_due()
        for name in bundles:
            out = str(self.exports / f"case-{name}.zip")
            self.command("export", "case", self.ids(name)[0], "--out", out)
        for kind in ("label-studio", "argilla"):
            self.command("export", kind, "--level", "none", "--out", str(self.exports / kind))
        self.command("dead-letters", "list", "--export", str(self.exports / "letters"), "--limit", "0")

    def holding(self, conversations: Sequence[str]) -> list[str]:
        """The files that hold one of the marks of these conversations, below the folder."""
        wanted = [one.encode() for one in marks(conversations)]
        files = [path for path in sorted(self.folder.rglob("*")) if path.is_file()]
        found = [path for path in files if any(one in part for part in parts(path) for one in wanted)]
        return [str(path.relative_to(self.folder)) for path in found]


def parts(path: Path) -> Iterator[bytes]:
    """The bytes of a file; of one that is packed also what is in it."""
    data = path.read_bytes()
    yield data
    if path.suffix == ".zip":
        import zipfile

        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            yield from map(archive.read, archive.namelist())
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        yield str(pq.read_table(path).to_pylist()).encode()
