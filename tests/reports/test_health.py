"""What the service says of itself."""

import json
import time
import urllib.error
import urllib.request
from typing import Any

from prometheus_client import CollectorRegistry, Gauge

from auditor.follow import Health
from reports.health import SILENT_S, answering, app_of


def get(port: int, path: str) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def test_it_is_ready_when_nothing_troubles_it_and_lives_while_its_sink_goes_round() -> None:
    health = Health()
    with answering(app_of(health, CollectorRegistry()), "127.0.0.1", 0) as port:
        assert get(port, "/readyz") == (503, {"ok": False, "reasons": ["starting"]})
        assert get(port, "/livez")[0] == 200
        health.report([])
        assert get(port, "/readyz") == (200, {"ok": True, "reasons": []})
        health.report(["the broker is away"])
        assert get(port, "/readyz") == (503, {"ok": False, "reasons": ["the broker is away"]})
        health.beat_at = time.monotonic() - SILENT_S - 1
        assert get(port, "/livez")[0] == 503


def test_metrics_are_in_the_text_format_of_prometheus() -> None:
    registry = CollectorRegistry()
    Gauge("traceaudit_held_records", "x", registry=registry).set(2)
    with (
        answering(app_of(Health(), registry), "127.0.0.1", 0) as port,
        urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as response,
    ):
        assert response.headers["Content-Type"].startswith("text/plain")
        assert b"traceaudit_held_records 2.0" in response.read()
