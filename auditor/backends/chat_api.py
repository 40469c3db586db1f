"""Requests to an OpenAI-compatible server: a bounded number at a time, and failures that say what to do.

Nothing of a request or an answer gets into an error: a server's own message may quote the log.
"""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Self

import httpx

from auditor.errors import BackendFailed, RequestRefused
from conf.errors import ConfigError
from conf.schema import Auditor

CONNECT_TIMEOUT_S = 10.0
# What to do about an answer's status; the others are the server's own trouble.
REMEDIES = {
    400: "it does not take such a request; see its log",
    401: "it wants a key: name the environment variable that holds it in {knobs}key_env",
    403: "it refuses the key of {knobs}key_env",
    404: "{knobs}url should end where /chat/completions follows, mostly in /v1",
    413: "a proxy before it takes no body of this size; raise its limit, or lower {pixels}max_image_pixels",
    422: "it does not take such a request; see its log",
    429: "it is asked too much: lower {knobs}concurrency",
}
REFUSALS = {400, 413, 422}  # of the one request, where others are taken
SERVER = "auditor.server_"  # how the knobs of the configured server begin


@dataclass(frozen=True, slots=True)
class ServedModel:
    """One line of a server's list of models.

    Attributes:
        max_tokens: prompt and completion together; None where the server does not say.
    """

    name: str
    max_tokens: int | None


@dataclass(frozen=True, slots=True)
class Reach:
    """Where a server is, and how it is asked.

    Attributes:
        url: up to what /chat/completions follows.
        key_env: environment variable that holds its key; empty: it wants none.
        concurrency: requests under way at a time.
        timeout_s: how long one answer is waited for.
        knobs: how the names of these begin in the configuration, for messages.
    """

    url: str
    key_env: str
    concurrency: int
    timeout_s: float
    knobs: str = SERVER


@dataclass(frozen=True, slots=True)
class ChatApi:
    """The API of one server.

    Attributes:
        address: of the server, as messages name it.
        timeout_s: how long one answer is waited for.
        knobs: see Reach.
    """

    http: httpx.Client
    pool: ThreadPoolExecutor
    address: str
    timeout_s: float
    knobs: str = SERVER

    @classmethod
    def open(cls, config: Auditor) -> Self:
        """The API of the server that is configured for the guard; nothing is sent yet.

        Raises:
            ConfigError: the address is none, or the environment lacks the key that is named.
        """
        how = (config.server_key_env, config.server_concurrency, config.server_timeout_s)
        return cls.reach(Reach(config.server_url, *how))

    @classmethod
    def reach(cls, where: Reach) -> Self:
        """The API of a server; nothing is sent yet.

        Raises:
            ConfigError: the address is none, or the environment lacks the key that is named.
        """
        try:
            url = httpx.URL(where.url)
        except httpx.InvalidURL:
            raise ConfigError(f"{where.knobs}url is no URL; write it as http://host:8000/v1") from None
        http = httpx.Client(
            base_url=url,
            headers=read_key(where.key_env, where.knobs),
            timeout=httpx.Timeout(where.timeout_s, connect=min(CONNECT_TIMEOUT_S, where.timeout_s)),
            limits=httpx.Limits(max_connections=where.concurrency, max_keepalive_connections=where.concurrency),
        )
        address = str(url.copy_with(username=None, password=None, query=None))
        pool = ThreadPoolExecutor(where.concurrency, "server")
        return cls(http, pool, address, where.timeout_s, where.knobs)

    def close(self) -> None:
        """Let go of connections and threads."""
        self.pool.shutdown(cancel_futures=True)
        self.http.close()

    def models(self) -> list[ServedModel]:
        """What the server serves.

        Raises:
            BackendFailed: it does not answer, or not as an OpenAI-compatible server.
        """
        listed = self.ask("GET", "models", None)
        try:
            return [ServedModel(str(model["id"]), model.get("max_model_len")) for model in listed["data"]]
        except (KeyError, TypeError, AttributeError):
            raise self.strange() from None

    def chat(self, requests: Sequence[Mapping[str, Any]]) -> list[Any]:
        """The server's answer to each request, in order.

        Raises:
            BackendFailed: one of them failed; those not begun by then are not sent.
        """
        waiting = [self.pool.submit(self.ask, "POST", "chat/completions", request) for request in requests]
        try:
            return [future.result() for future in waiting]
        finally:
            for future in waiting:
                future.cancel()

    def chat_each(self, requests: Sequence[Mapping[str, Any]]) -> list[Any]:
        """The same, with None for each request that the server does not take, while it may take others.

        Raises:
            BackendFailed: one of them failed otherwise.
        """
        waiting = [self.pool.submit(self.ask_one, request) for request in requests]
        try:
            return [future.result() for future in waiting]
        finally:
            for future in waiting:
                future.cancel()

    def ask_one(self, request: Mapping[str, Any]) -> Any:
        """The answer to one request; None where it is not taken."""
        try:
            return self.ask("POST", "chat/completions", request)
        except RequestRefused:
            return None

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None) -> Any:
        """The decoded answer to one request."""
        try:
            response = self.http.request(method, path, json=body)
        except httpx.ConnectError:
            raise BackendFailed(
                f"no server answers at {self.address}: is it running, and reachable from here?"
            ) from None
        except httpx.TimeoutException:
            raise BackendFailed(
                f"{self.address} gave no answer within {self.timeout_s:g} s: "
                f"raise {self.knobs}timeout_s, or lower {self.knobs}concurrency"
            ) from None
        except httpx.HTTPError as error:
            raise BackendFailed(f"{self.address}: the connection broke ({type(error).__name__}); see its log") from None
        if response.status_code != httpx.codes.OK:
            raise self.failure(response.status_code)
        try:
            return response.json()
        except ValueError:
            raise self.strange() from None

    def failure(self, status: int) -> BackendFailed:
        """What is wrong, going by the status of an answer."""
        words = {"knobs": self.knobs, "pixels": self.knobs.removesuffix("server_")}
        remedy = REMEDIES.get(status, "see its log").format(**words)
        kind = RequestRefused if status in REFUSALS else BackendFailed
        return kind(f"{self.address} answered with status {status}: {remedy}")

    def strange(self) -> BackendFailed:
        """What is wrong with an answer that has not the shape it should have."""
        return BackendFailed(f"{self.address} does not answer as an OpenAI-compatible server; is it one?")


def read_key(variable: str, knobs: str = SERVER) -> dict[str, str]:
    """The header with the key that an environment variable holds; none where no variable is named.

    Raises:
        ConfigError: the variable is not set, or holds what cannot be a key.
    """
    if not variable:
        return {}
    key = os.environ.get(variable, "").strip()
    if not key or not key.isascii():
        raise ConfigError(f"{knobs}key_env: the environment variable {variable} holds no key")
    return {"Authorization": f"Bearer {key}"}
