"""Run traceaudit spark, and let the version in the registry serve when the first micro-batch is settled.

PROMOTE_IN is the database whose registry it is.
"""

import os
import sys
from datetime import UTC, datetime
from typing import Any

from auditor.__main__ import main
from auditor.registry.places import open_registry
from auditor.registry.serving import Serving
from auditor.spark import Cover
from conf.schema import load

settled = Cover.settled


def promoting(cover: Cover, *args: Any) -> None:
    settled(cover, *args)
    if cover.counts["batches"] == 1:
        registry = open_registry(load(overrides={"store.path": os.environ["PROMOTE_IN"]}), write=True)
        (version,) = registry.versions()
        registry.point(Serving(1, version.revision, "ben", datetime.now(UTC), ""))


if __name__ == "__main__":
    Cover.settled = promoting  # type: ignore[assignment, method-assign]
    sys.exit(main(sys.argv[1:]))
