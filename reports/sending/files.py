"""The channel `files`: a folder, such as one on a share. Each file is there whole, or not at all."""

import json
from pathlib import Path

from auditor.files import write_whole
from conf.delivery import Delivery
from conf.schema import Config
from reports.sending.channel import SendFailed
from reports.sending.message import Letter
from reports.sending.wording import CASES, text_of

ALL_FILES = ("html", "pdf", "json", "csv", "parquet")


def files(delivery: Delivery, _: Config) -> "Files":
    """The channel of a delivery."""
    attach = delivery.attach or ALL_FILES
    return Files(Path(delivery.folder), attach if delivery.include_text else ())


class Files:
    """Writes a summary as text and JSON, and the files of the report where texts may be sent."""

    n_cases = CASES

    def __init__(self, folder: Path, suffixes: tuple[str, ...]) -> None:
        self.folder = folder
        self.suffixes = suffixes

    def send(self, letter: Letter) -> str:
        """See Channel. A second try writes the same files over those of the first."""
        stem = letter.message.subject.replace("/", "-")
        contents = {path.name: path for path in letter.message.paths(self.suffixes)}
        summary = json.loads(letter.message.as_json()) | {"id": letter.id}
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for name, path in contents.items():
                write_whole(self.folder / name, path.read_bytes())
            write_whole(self.folder / f"{stem}.txt", f"{letter.message.title}\n\n{text_of(letter)}".encode())
            write_whole(self.folder / f"{stem}-summary.json", json.dumps(summary, indent=1).encode())
        except OSError as error:
            raise SendFailed(f"the folder cannot be written: {error.strerror or type(error).__name__}") from None
        return f"{len(contents) + 2} files"
