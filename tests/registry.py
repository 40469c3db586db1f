"""A real schema registry for tests: Apicurio, in memory, with Confluent's API.

Needs Java 17 or newer; Maven the first time, to get it (142 MB) into `.kafka/`.
"""

import hashlib
import http.client
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from conf.kafka.broker import CACHE, JAVA, free_port
from tests.broker import DIE_WITH_US

POM = Path(__file__).with_name("registry_pom.xml")
API = "/apis/ccompat/v7"


def fetch_app() -> Path:
    """The jar that runs, unpacked the first time and moved into place at once."""
    folder = CACHE / f"registry-{hashlib.sha256(POM.read_bytes()).hexdigest()[:12]}"
    if not folder.is_dir():
        CACHE.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
            command = ["mvn", "-q", "-B", "-f", str(POM), "package", f"-DoutputDirectory={scratch}/app"]
            subprocess.run(command, check=True, stdout=sys.stderr)
            Path(scratch, "app").rename(folder)
    return next(folder.glob("*-runner.jar"))


class RunningRegistry:
    """One registry on a port of its own; `start` after `kill` begins empty, and counts its ids from 1."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.log = folder / "registry.log"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """What goes into `registry.url`."""
        return f"http://127.0.0.1:{self.port}{API}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = ["-Dquarkus.http.host=127.0.0.1", f"-Dquarkus.http.port={self.port}"]
        command = [*DIE_WITH_US, *JAVA, *options, "-jar", str(fetch_app())]
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 90
        while not self.answers():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise RuntimeError(f"no registry at {self.url}; its log ends:\n{self.log.read_text()[-2000:]}")
            time.sleep(0.2)

    def answers(self) -> bool:
        """Whether it can serve."""
        try:
            return isinstance(self.ask("GET", "/subjects"), list)
        except (OSError, http.client.HTTPException, ValueError):
            return False

    def kill(self) -> None:
        """End it at once."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(30)
            self.process = None

    def register(self, subject: str, schema: Any, kind: str = "AVRO", references: Any = ()) -> int:
        """The id of a schema, made known under a subject."""
        text = schema if isinstance(schema, str) else json.dumps(schema)
        body = {"schema": text, "schemaType": kind, "references": list(references)}
        return int(self.ask("POST", f"/subjects/{subject}/versions", body)["id"])

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """One request, and its JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            headers = {"Content-Type": "application/json"}
            connection.request(method, API + path, json.dumps(body) if body else None, headers)
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()
