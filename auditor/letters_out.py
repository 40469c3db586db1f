"""Dead letters sent elsewhere, byte for byte: to files, to lines of one file, to a topic. In the database they stay."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from auditor.errors import OutputUnwritable
from auditor.files import write_whole
from auditor.store_letters import LetterLine, chunks
from conf.schema import Batching, Config
from ingest.dead_letters import Message
from ingest.errors import TopicUnwritable
from ingest.outlet import open_outlet
from ingest.qta import Record
from ingest.topics import parse_topics

Load = Callable[[list[LetterLine]], list[Record]]
"""Gives the records of letters, byte for byte, in their order."""


def loaded(lines: Sequence[LetterLine], limits: Batching, load: Load) -> Iterator[list[Record]]:
    """The records of the letters whose bytes are there, as many at a time as fit into memory."""
    whole = [line for line in lines if not line.withheld]
    return (load(chunk) for chunk in chunks(whole, limits.max_records, limits.max_bytes))


def export(lines: Sequence[LetterLine], folder: Path, limits: Batching, load: Load) -> None:
    """Write the bytes of letters into a folder, a file each, named by partition, offset and hash.

    Raises:
        OutputUnwritable: the folder cannot be written.
    """
    names = {
        line.position: f"{line.position.partition}-{line.position.offset}-{line.sha256[:12]}.bin" for line in lines
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for records in loaded(lines, limits, load):
            for record in records:
                write_whole(folder / names[record.position], record.value)
    except OSError as error:
        raise OutputUnwritable(f"{folder}: {error.strerror or error}") from None


def to_file(lines: Sequence[LetterLine], path: Path, limits: Batching, load: Load) -> int:
    """Write the bytes of letters to the lines of a file, and count them.

    One that holds a line break is left out: it would come back as several records.

    Raises:
        OutputUnwritable: the file cannot be written, or is there already.
    """
    n_sent = 0
    try:
        with path.open("xb") as file:
            for records in loaded(lines, limits, load):
                fitting = [record.value for record in records if b"\n" not in record.value]
                file.writelines(value + b"\n" for value in fitting)
                n_sent += len(fitting)
    except FileExistsError:
        raise OutputUnwritable(f"{path}: is there already; give the lines a new file") from None
    except OSError as error:
        raise OutputUnwritable(f"{path}: {error.strerror or error}") from None
    return n_sent


def to_topic(lines: Sequence[LetterLine], text: str, config: Config, load: Load) -> int:
    """Write letters to a topic with their own keys and headers, and count them.

    Raises:
        SourceSyntax: `text` names no topic.
        TopicUnwritable: the topic is not there, or does not take one of them.
    """
    n_sent = 0
    with closing(open_outlet(parse_topics(text), config)) as outlet:
        for records in loaded(lines, config.batching, load):
            if outlet.write([Message(record.value, record.key, record.headers) for record in records]):
                raise TopicUnwritable(outlet.name, "takes no message as large as one of the dead letters")
            n_sent += len(records)
    return n_sent
