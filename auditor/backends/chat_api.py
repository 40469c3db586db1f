"""Requests to an OpenAI-compatible server: a bounded number at a time, and failures that say what to do.

Nothing of a request or an answer gets into an error: a server's own message may quote the log.
"""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Self

import httpx

from auditor.errors import BackendFailed
from conf.errors import ConfigError
from conf.schema import Auditor

CONNECT_TIMEOUT_S = 10.0
# What to do about an answer's status; the others are the server's own trouble.
REMEDIES = {
    400: "it does not take such a request; see its log",
    401: "it wants a key: name the environment variable that holds it in auditor.server_key_env",
    403: "it refuses the key of auditor.server_key_env",
    404: "auditor.server_url should end where /chat/completions follows, mostly in /v1",
    413: "a proxy before it takes no body of this size; raise its limit, or lower auditor.max_image_pixels",
    422: "it does not take such a request; see its log",
    429: "it is asked too much: lower auditor.server_concurrency",
}


@dataclass(frozen=True, slots=True)
class ServedModel:
    """One line of a server's list of models.

    Attributes:
        max_tokens: prompt and completion together; None where the server does not say.
    """

    name: str
    max_tokens: int | None


@dataclass(frozen=True, slots=True)
class ChatApi:
    """The API of one server.

    Attributes:
        address: of the server, as messages name it.
        timeout_s: how long one answer is waited for.
    """

    http: httpx.Client
    pool: ThreadPoolExecutor
    address: str
    timeout_s: float

    @classmethod
    def open(cls, config: Auditor) -> Self:
        """The API that is configured; nothing is sent yet.

        Raises:
            ConfigError: the address is none, or the environment lacks the key that is named.
        """
        try:
            url = httpx.URL(config.server_url)
        except httpx.InvalidURL:
            raise ConfigError("auditor.server_url is no URL; write it as http://host:8000/v1") from None
        n_requests = config.server_concurrency
        http = httpx.Client(
            base_url=url,
            headers=read_key(config.server_key_env),
            timeout=httpx.Timeout(config.server_timeout_s, connect=min(CONNECT_TIMEOUT_S, config.server_timeout_s)),
            limits=httpx.Limits(max_connections=n_requests, max_keepalive_connections=n_requests),
        )
        address = str(url.copy_with(username=None, password=None, query=None))
        return cls(http, ThreadPoolExecutor(n_requests, "server"), address, config.server_timeout_s)

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
                "raise auditor.server_timeout_s, or lower auditor.server_concurrency"
            ) from None
        except httpx.HTTPError as error:
            raise BackendFailed(f"{self.address}: the connection broke ({type(error).__name__}); see its log") from None
        if response.status_code != httpx.codes.OK:
            remedy = REMEDIES.get(response.status_code, "see its log")
            raise BackendFailed(f"{self.address} answered with status {response.status_code}: {remedy}")
        try:
            return response.json()
        except ValueError:
            raise self.strange() from None

    def strange(self) -> BackendFailed:
        """What is wrong with an answer that has not the shape it should have."""
        return BackendFailed(f"{self.address} does not answer as an OpenAI-compatible server; is it one?")


def read_key(variable: str) -> dict[str, str]:
    """The header with the key that an environment variable holds; none where no variable is named.

    Raises:
        ConfigError: the variable is not set, or holds what cannot be a key.
    """
    if not variable:
        return {}
    key = os.environ.get(variable, "").strip()
    if not key or not key.isascii():
        raise ConfigError(f"auditor.server_key_env: the environment variable {variable} holds no key")
    return {"Authorization": f"Bearer {key}"}
