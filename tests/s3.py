"""An S3 that answers on this machine, and an environment in which only it is asked."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from moto.server import ThreadedMotoServer

BUCKET = "pictures"


@contextmanager
def running_s3() -> Iterator[str]:
    """The server's address."""
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop()


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
