"""Files that are written as their content comes, and appear under their names whole or not at all."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from auditor.errors import OutputUnwritable
from auditor.files import new_file
from ingest.visible import escape_hidden

Write = Callable[[str], object]


@contextmanager
def writing(name: str) -> Iterator[Write]:
    """What takes the content of the file `name`.

    Raises:
        OutputUnwritable: it cannot be written.
    """
    path = Path(name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with new_file(path) as file:
            yield lambda text: file.write(text.encode())
    except OSError as error:
        raise OutputUnwritable(f"{name}: {error.strerror or error}") from None


def as_json(value: Any) -> str:
    """One line of JSON, hidden characters escaped: the same value, and a terminal that shows it obeys none of them."""
    return escape_hidden(orjson.dumps(value).decode())


def write_array(name: str, values: Iterable[Any]) -> int:
    """Write a JSON array, a value a line; gives how many."""
    n = 0
    with writing(name) as write:
        for value in values:
            write(("[\n" if n == 0 else ",\n") + as_json(value))
            n += 1
        write("\n]\n" if n else "[]\n")
    return n


def write_lines(name: str, values: Iterable[Any]) -> int:
    """Write JSON lines; gives how many."""
    n = 0
    with writing(name) as write:
        for value in values:
            write(f"{as_json(value)}\n")
            n += 1
    return n


def write_text(name: str, text: str) -> None:
    """Write a text."""
    with writing(name) as write:
        write(text)
