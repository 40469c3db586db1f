"""Resolve and shrink each file named on the command line, in a process that the kernel limits; a JSON line each."""

import json
import resource
import sys
import time
from pathlib import Path

from conf.schema import load
from ingest.images import ImageRef, resolve, shrink
from ingest.qta import ImageBlob, Origin, RefKind

MB = 2**20


def address_space() -> int:
    """Bytes of address space in use now."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def peak_mb() -> float:
    """Most memory that this program ever held; `ru_maxrss` would count what the process held before it became this."""
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


def main(files: list[str]) -> None:
    """End as a blob or a reason for each file; a crash or a limit passed ends the process instead."""
    limits = load().images
    resource.setrlimit(resource.RLIMIT_AS, (address_space() + 512 * MB, resource.RLIM_INFINITY))
    for file in files:
        data, start = Path(file).read_bytes(), time.monotonic()
        found = resolve(ImageRef(RefKind.BASE64, Origin.USER, data), limits, None)
        if isinstance(found, ImageBlob):
            shrink(found.data, 1_003_520)
        row = {
            "ended": "blob" if isinstance(found, ImageBlob) else found.reason.value,
            "seconds": time.monotonic() - start,
            "peak_mb": peak_mb(),
        }
        print(json.dumps(row))


if __name__ == "__main__":
    main(sys.argv[1:])
