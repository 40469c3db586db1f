"""An S3 that answers on this machine, and an environment in which only it is asked."""

import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from conf.kafka.broker import free_port
from tests.broker import DIE_WITH_US

BUCKET = "pictures"


@contextmanager
def running_s3() -> Iterator[str]:
    """The server's address; a process of its own, since vLLM's compiler stumbles over its web framework in ours."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [*DIE_WITH_US, sys.executable, "-m", "moto.server", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(address)
        yield address
    finally:
        process.kill()
        process.wait()


def wait_for(address: str, timeout_s: float = 60.0) -> None:
    """Until the server answers."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            urllib.request.urlopen(address, timeout=5).close()  # noqa: S310 - our own address
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        else:
            return


def use(address: str, patch: pytest.MonkeyPatch) -> None:
    """Ask this S3, with credentials that it takes, and forget what was asked of another."""
    from s3fs import S3FileSystem

    patch.setenv("AWS_ENDPOINT_URL", address)
    patch.setenv("AWS_ACCESS_KEY_ID", "testing")
    patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    S3FileSystem.clear_instance_cache()
    if not S3FileSystem().exists(BUCKET):
        S3FileSystem().mkdir(BUCKET)
