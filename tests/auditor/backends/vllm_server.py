"""A real OpenAI-compatible server for tests: vLLM with the demo guard, on a port of its own."""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

from auditor.models import DEMO, DEMO_FOLDER

TEMPLATE = DEMO_FOLDER.parent / "backends" / "guard_template.jinja"
# A test run that is killed must not leave a server behind.
DIE_WITH_US = ("setpriv", "--pdeathsig", "TERM") if shutil.which("setpriv") else ()
KEY = "the key that this server wants"
START_TIMEOUT_S = 270  # about a minute on two idle cores


class VllmServer:
    """The server, from `start` to `stop`; it takes about a minute to start on two cores."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.url = f"http://127.0.0.1:{free_port()}/v1"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; `wait` until it answers."""
        arguments = {
            "--model": str(DEMO_FOLDER),
            "--served-model-name": DEMO,
            "--host": "127.0.0.1",
            "--port": self.url.split(":")[2].split("/")[0],
            "--dtype": "float32",
            "--max-model-len": "10240",
            "--chat-template": str(TEMPLATE),
            "--api-key": KEY,
        }
        words = [word for pair in arguments.items() for word in pair]
        own = {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_NO_USAGE_STATS": "1"}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*DIE_WITH_US, sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--enforce-eager", *words],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **own},
            )

    def wait(self) -> None:
        """Wait until it answers."""
        assert self.process
        until = time.monotonic() + START_TIMEOUT_S
        while not self.answers():
            ended = self.process.poll() is not None
            assert not ended, f"the server ended: {self.log.read_text()[-2_000:]}"
            assert time.monotonic() < until, f"the server does not start: {self.log.read_text()[-2_000:]}"
            time.sleep(0.5)

    def answers(self) -> bool:
        """Whether it takes requests."""
        try:
            return httpx.get(self.url.replace("/v1", "/health"), timeout=2).is_success
        except httpx.HTTPError:
            return False

    def stop(self) -> None:
        """Shut it down, with the engine that it started."""
        if self.process:
            self.process.terminate()
            self.process.wait(60)


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
