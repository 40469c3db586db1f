"""Answers the questions of other commands while this process owns the database file.

Each question gets a connection of its own, so that reading goes on while the audit writes. What questions write and
what the audit writes comes one transaction after another (`Store.transaction`).
"""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition
from typing import NamedTuple

import duckdb
from pydantic import ValidationError

from auditor.questions import QUESTIONS, question_of
from auditor.store import Store
from conf.errors import TraceauditError

logger = logging.getLogger(__name__)

AT_ONCE = 4  # questions that are answered at a time: a report may take a gigabyte
ENDING_S = 30.0  # a process that ends waits for its answers so long, and then breaks them off
BROKEN_OFF_S = 5.0
ENDED = ("OwnerEnded", "the process that owns the database ended before it had answered; ask again", 1)


class Answer(NamedTuple):
    """What goes back to a process that asked: status of HTTP, and JSON."""

    status: int
    body: bytes


class Owner:
    """The database file, for questions from any thread.

    Args:
        store: open; it is another thread's, which makes this.
        at_once: connections that are given out at a time.
    """

    def __init__(self, store: Store, at_once: int = AT_ONCE) -> None:
        self.root = store.aside()  # makes connections, and nothing else
        self.at_once = at_once
        self.busy: set[Store] = set()
        self.changed = Condition()
        self.ending = False

    def answer(self, name: str, body: bytes) -> Answer:
        """What is answered to one question; nothing of its arguments, nor of what is stored, is in an error's words."""
        if name not in QUESTIONS:
            return Answer(404, b"")
        try:
            return self.answered(name, body)
        except ValidationError as error:
            where = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"])
            logger.warning("question of a wrong shape", extra={"question": name, "at": where})
            return Answer(422, b"")
        except TraceauditError as error:
            return declined(type(error).__name__, str(error), error.exit_code)
        except duckdb.InterruptException:
            return declined(*ENDED)
        except Exception as error:  # noqa: BLE001 - a question that fails must not end the audit
            kind = type(error).__name__
            logger.error("question failed", extra={"question": name, "error": kind})  # noqa: TRY400 - it may quote rows
            return declined(kind, f"{name} failed in the process that owns the database ({kind})", 1)

    def answered(self, name: str, body: bytes) -> Answer:
        """The answer, where all is well."""
        question = question_of(name)
        config, *arguments = question.takes.validate_json(body)
        with self.connection() as store:
            if store is None:
                return Answer(503, b"")
            value = question.function(store, config, *arguments)
        return Answer(200, question.gives.dump_json((value,)))

    @contextmanager
    def connection(self) -> Iterator[Store | None]:
        """A connection of its own, as soon as there are not too many; None where the process ends."""
        with self.changed:
            self.changed.wait_for(lambda: self.ending or len(self.busy) < self.at_once)
            if self.ending:
                yield None
                return
            store = self.root.aside()
            self.busy.add(store)
        try:
            yield store
        finally:
            with self.changed:
                self.busy.discard(store)
                store.close()
                self.changed.notify_all()

    def end(self, say: Callable[[str], None], wait_s: float = ENDING_S) -> None:
        """Answer nobody any more; those who are being answered are waited for, and then broken off."""
        with self.changed:
            self.ending = True
            self.changed.notify_all()
            if self.busy:
                say(f"other commands are being answered ({len(self.busy)}); that is waited for, up to {wait_s:.0f} s")
            if not self.changed.wait_for(lambda: not self.busy, wait_s):
                for store in self.busy:
                    store.connection.interrupt()
                self.changed.wait_for(lambda: not self.busy, BROKEN_OFF_S)
        self.root.close()


def declined(error: str, words: str, exit_code: int) -> Answer:
    """An error as `owner.py` reads it."""
    return Answer(409, json.dumps([error, words, exit_code]).encode())
