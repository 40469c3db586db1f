"""What the service answers over HTTP whoever asks: whether it lives, whether it is ready, its metrics."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from auditor.errors import PortTaken
from auditor.follow import Health

SILENT_S = 120.0  # a sink that did not go round for so long hangs


def app_of(health: Health, registry: CollectorRegistry) -> FastAPI:
    """What is answered whoever asks, and without waiting for anything, however busy the service is.

    Args:
        health: how the service stands.
        registry: its metrics.
    """
    app = FastAPI(title="traceaudit", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/livez")
    async def live(response: Response) -> dict[str, Any]:
        """Whether it is of use to wait for it; if not, restart it."""
        silent_s = time.monotonic() - health.beat_at
        response.status_code = 200 if silent_s < SILENT_S else 503
        return {"ok": silent_s < SILENT_S, "silent_s": round(silent_s, 1)}

    @app.get("/readyz")
    async def ready(response: Response) -> dict[str, Any]:
        """Whether all is well, and if not, what a person should look at."""
        troubles = list(health.troubles)
        response.status_code = 503 if troubles else 200
        return {"ok": not troubles, "reasons": troubles}

    @app.get("/metrics", response_class=PlainTextResponse)
    def metrics() -> Response:
        """For Prometheus."""
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return app


@contextmanager
def answering(app: Callable[..., Any], host: str, port: int) -> Iterator[int]:
    """Answer in a thread while the context lasts; gives the port.

    Raises:
        PortTaken: the address is another's.
    """
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level="error",
        access_log=False,
        lifespan="off",
        proxy_headers=False,  # else whoever comes from this machine could say that they come from elsewhere
        server_header=False,
    )
    try:
        listening = socket.create_server((host, port), family=family_of(host), backlog=128)
    except OSError as error:
        raise PortTaken(f"{host}:{port}", error.strerror or "no such address") from None
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="http", daemon=True)
    thread.start()
    try:
        yield int(listening.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()


def family_of(host: str) -> socket.AddressFamily:
    """The kind of address that `host` is."""
    return socket.AF_INET6 if ":" in host else socket.AF_INET
