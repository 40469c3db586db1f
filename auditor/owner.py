"""Asks whoever owns the database file at the moment: `serve` or `run` while one has it, else this process opens it.

Which of both it was is said. The file is open only while the question is answered.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from auditor.errors import Declined, ServiceFailed, StoreLocked
from auditor.questions import PATH, Question, question_of
from auditor.service import Service, find_service, read_secret
from auditor.store import Store
from conf.schema import Config

CONNECT_S = 5.0
ANSWER_S = 900.0  # a report of a large day takes a minute, and may wait for others
PATIENCE_S = 3.0  # an owner that begins or ends has the file for a moment and does not answer
LOOK_AGAIN_S = 0.1
PATHS = (  # of the configuration, that questions use
    *(("store", "path"), ("images", "blob_dir"), ("policy", "file"), ("report", "out_dir")),
    *(("evidence", "key_file"), ("evidence", "checkpoint_file")),
    *(("auditor", "registry_dir"), ("auditor", "registry_keys")),
)
ENDING = 503
LATER: tuple[Any, ...] = ()
TROUBLE: TypeAdapter[tuple[str, str, int]] = TypeAdapter(tuple[str, str, int])


def ask(config: Config, name: str, *arguments: Any, create: bool = False) -> Any:
    """The answer to one question; see `Asker.ask`."""
    return Asker(config).ask(name, *arguments, create=create)


def tell(words: str) -> None:
    """Say something to people, beside what a command prints."""
    print(words, file=sys.stderr, flush=True)


@dataclass(slots=True)
class Asker:
    """Asks questions about the database that the configuration names, and says whom, once each.

    Attributes:
        say: told, for people, who was asked.
        answer_s: how long an answer is waited for.
        asked: who was asked last.
    """

    config: Config
    say: Callable[[str], None] = tell
    answer_s: float = ANSWER_S
    asked: str = field(default="", init=False)

    def ask(self, name: str, *arguments: Any, create: bool = False) -> Any:
        """The answer to a question of `questions.QUESTIONS`.

        Args:
            name: which.
            arguments: those of its function behind `store` and `config`.
            create: make the database where there is none.

        Raises:
            StoreLocked: a process has the file and does not answer, such as another program.
            StoreUnusable: the file cannot be opened.
            ServiceFailed: the process that has it does not answer as it should, or not to this user.
            Declined: it answers with an error; any error of the function itself where this process opens the file.
        """
        question, db = question_of(name), self.config.store.path
        began = time.monotonic()
        deadline = began + PATIENCE_S
        while True:
            service = find_service(db)
            answer = self.answer_of(service, name, question, arguments) if service else None
            if answer:
                return answer[0]
            if answer == LATER and time.monotonic() < began + self.answer_s:
                deadline = time.monotonic() + PATIENCE_S
                time.sleep(LOOK_AGAIN_S)
                continue
            try:
                store = Store.open(db, self.config.images.blob_dir, create=create)
            except StoreLocked:
                if time.monotonic() > deadline:
                    raise
                time.sleep(LOOK_AGAIN_S)
                continue
            with store:
                self.name(f"opened {db}")
                return question.function(store, self.config, *arguments)

    def name(self, whom: str) -> None:
        """Say who is asked, where it is another than before."""
        if whom != self.asked:
            self.asked = whom
            self.say(whom)

    def answer_of(self, service: Service, name: str, question: Question, arguments: tuple[Any, ...]) -> Any:
        """The answer of a process that owns the database, alone in a tuple; None where it is gone.

        LATER where it is about to end, or stands still while the file is written anew: it has the file, or the next.

        Raises:
            ServiceFailed, Declined: see `ask`.
        """
        secret = read_secret(self.config.store.path)
        body = question.takes.dump_json((at_home(self.config), *arguments))
        got = post(service, name, body, secret, self.answer_s)
        if got is None:
            return None
        if got[0] == ENDING:
            return LATER
        self.name(f"asked {service.where}")
        status, said = got
        try:
            if status == 200:
                return question.gives.validate_json(said)
            if status == 409:
                raise Declined(*TROUBLE.validate_json(said))
        except ValidationError:
            status = 0
        raise ServiceFailed(f"{service.where} {WORDS.get(status, f'answers with status {status}; see its log')}")


WORDS = {
    0: "answers with what cannot be read; is it of another version?",
    403: "does not take our word for it; ask as the user who runs it, on the same machine",
    404: "does not know the question; is it of another version?",
    413: "takes no question as long as this one",
    422: "does not understand the question; is it of another version?",
}


def post(service: Service, name: str, body: bytes, secret: str, answer_s: float = ANSWER_S) -> tuple[int, bytes] | None:
    """Status and body of the answer; None where nobody listens.

    Raises:
        ServiceFailed: it was asked, and did not answer.
    """
    connection = HTTPConnection(service.asked_at, service.port, timeout=CONNECT_S)
    try:
        connection.connect()
    except OSError:
        return None
    try:
        connection.sock.settimeout(answer_s)
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {secret}"}
        connection.request("POST", f"{PATH}{name}", body, headers)
        response = connection.getresponse()
        return response.status, response.read()
    except (OSError, HTTPException) as error:
        why = "took too long" if isinstance(error, TimeoutError) else f"went away when asked ({type(error).__name__})"
    finally:
        connection.close()
    raise ServiceFailed(f"{service.where} {why}; ask again")


def at_home(config: Config) -> Config:
    """The same with the paths as another process, of another folder, has to name them."""
    changes: dict[str, Any] = {}
    for section, key in PATHS:
        path = getattr(getattr(config, section), key)
        if path and "://" not in path:
            known = changes.get(section, getattr(config, section))
            changes[section] = known.model_copy(update={key: str(Path(path).absolute())})
    folders = {
        name: one.model_copy(update={"folder": str(Path(one.folder).absolute())}) if one.folder else one
        for name, one in config.delivery.items()
    }
    return config.model_copy(update=changes | {"delivery": folders})
