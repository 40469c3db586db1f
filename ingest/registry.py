"""The schema registry, asked over its REST API: Confluent's, and those that speak it, such as Apicurio and Karapace.

Only the configured host is ever contacted: redirects are not followed, and proxies of the environment are not asked.
What it knows is kept in memory, by id; what it does not know is asked for again after a while, since schemas come late.

Source: Confluent, "Schema Registry API Reference".
"""

import http.client
import os
import ssl
import time
from base64 import b64encode
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import orjson

from conf.errors import ConfigError
from conf.schema import Registry as Settings
from ingest.envelopes.confluent import Schema, SchemaId
from ingest.errors import RegistryUnavailable

UNKNOWN_S = 30.0
MAX_KEPT = 10_000
MAX_REFERENCES = 50
NOT_FOUND = 40403  # "schema not found", as against a path that is not there
CHUNK_BYTES = 1 << 16


class Registry:
    """The schemas of one registry, asked for when first needed.

    Args:
        clock: seconds that only go up.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self.settings = settings
        self.clock = clock
        self.url = urlsplit(settings.url)
        if self.url.scheme not in ("http", "https") or not self.url.hostname or self.url.username:
            raise ConfigError(
                f"registry.url: write it as http://host:port or https://host, without a name and a password, "
                f"which belong into the environment variable {settings.auth_env}"
            )
        login = os.environ.get(settings.auth_env, "").encode()
        self.headers = {"Authorization": f"Basic {b64encode(login).decode()}"} if login else {}
        self.known: OrderedDict[SchemaId, tuple[Schema | None, float]] = OrderedDict()

    def schema(self, schema_id: SchemaId) -> Schema | None:
        """The schema of that id; None when the registry knows none.

        Raises:
            RegistryUnavailable: it does not answer, or not as a registry does.
        """
        found, until = self.known.get(schema_id, (None, 0.0))
        if found or self.clock() < until:
            return found
        found = self.ask_for(schema_id)
        self.known[schema_id] = found, self.clock() + UNKNOWN_S
        if len(self.known) > MAX_KEPT:
            self.known.popitem(last=False)
        return found

    def ask_for(self, schema_id: SchemaId) -> Schema | None:
        """The schema with those that it refers to."""
        path = f"/schemas/ids/{schema_id}" if isinstance(schema_id, int) else f"/schemas/guids/{schema_id}"
        answer = self.get(path, may_lack=isinstance(schema_id, str))
        if answer is None:
            return None
        return Schema(str(answer.get("schemaType") or "AVRO"), text_in(answer), tuple(self.references(answer, [])))

    def references(self, answer: dict[str, Any], seen: list[str]) -> Iterator[str]:
        """The schemas that one refers to, each behind those that it needs itself."""
        for reference in answer.get("references") or ():
            path = f"/subjects/{quote(reference['subject'], safe='')}/versions/{int(reference['version'])}"
            if path in seen or len(seen) >= MAX_REFERENCES:
                continue
            seen.append(path)
            referred = self.get(path)
            if referred is not None:
                yield from self.references(referred, seen)
                yield text_in(referred)

    def get(self, path: str, *, may_lack: bool = False) -> dict[str, Any] | None:
        """What the registry answers; None for a schema that it does not know.

        Args:
            path: below the configured URL.
            may_lack: older registries do not know this path, which then means that they do not know the schema.
        """
        try:
            status, body = self.fetch(f"{self.url.path.rstrip('/')}{path}")
            answer = orjson.loads(body) if status in (200, 404) else None
        except (OSError, http.client.HTTPException, orjson.JSONDecodeError) as error:
            raise self.unavailable(str(error) or type(error).__name__) from None
        if status == 404 and (may_lack or (isinstance(answer, dict) and answer.get("error_code") == NOT_FOUND)):
            return None
        if status != 200 or not isinstance(answer, dict):
            raise self.unavailable(f"HTTP {status} for {path}; is registry.url right, and {self.settings.auth_env}?")
        return answer

    def fetch(self, path: str) -> tuple[int, bytes]:
        """Status and body of one answer, within the time and the size that are allowed."""
        deadline = self.clock() + self.settings.timeout_s
        host, port, timeout_s = str(self.url.hostname), self.url.port, self.settings.timeout_s
        if self.url.scheme == "https":
            context = ssl.create_default_context()
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                host, port, timeout=timeout_s, context=context
            )
        else:
            connection = http.client.HTTPConnection(host, port, timeout=timeout_s)
        try:
            connection.request("GET", path, headers={"Accept": "application/json", **self.headers})
            response = connection.getresponse()
            body = bytearray()
            while piece := response.read1(CHUNK_BYTES):
                body += piece
                if len(body) > self.settings.max_bytes:
                    raise OSError(f"an answer of more than registry.max_bytes, {self.settings.max_bytes}")
                if self.clock() > deadline:
                    raise TimeoutError(f"no whole answer within {timeout_s:g} s")
            return response.status, bytes(body)
        finally:
            connection.close()

    def unavailable(self, reason: str) -> RegistryUnavailable:
        """It does not answer, in one line."""
        return RegistryUnavailable(f"schema registry at {self.settings.url}: {reason}")


def text_in(answer: dict[str, Any]) -> str:
    """The schema in an answer."""
    return str(answer.get("schema") or "")
