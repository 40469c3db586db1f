"""One running vLLM server for the whole session, and the configuration that asks it."""

import os
from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from conf.schema import Auditor, load
from tests.auditor.backends.vllm_server import KEY, VllmServer

KEY_VARIABLE = "TRACEAUDIT_TEST_SERVER_KEY"


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Auditor]:
    """The configuration for a server that runs the demo guard; it is started for the first test that asks for it."""
    if not find_spec("vllm"):
        pytest.skip("vLLM is not installed")
    server = VllmServer(tmp_path_factory.mktemp("vllm") / "server.log")
    server.start()
    try:
        server.wait()
        os.environ[KEY_VARIABLE] = KEY
        told = {"backend": "server", "server_url": server.url, "server_key_env": KEY_VARIABLE, "server_timeout_s": "60"}
        limits = {"max_new_tokens": "120", "max_prompt_tokens": "1500"}
        yield load([], {f"auditor.{key}": value for key, value in (told | limits).items()}).auditor
    finally:
        server.stop()
