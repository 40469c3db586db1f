"""Follows the pointer of the registry: what to judge with now, and what to go over to between two batches.

What was promoted is taken up only when its pointer and manifest are signed, each of its files is what was added, and it
loads. Until then the one in force judges on, and that is said once. A pointer with a
lower number than the one seen is an old one that somebody put back: it is not followed.
"""

import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from auditor.errors import ModelUnusable
from auditor.owner import tell
from auditor.registry.folder import SERVING
from auditor.registry.places import AT, REGISTRY, find_configured, placed, registry_of
from auditor.registry.serving import Serving
from conf.errors import TraceauditError
from conf.schema import Config

logger = logging.getLogger(__name__)

TRY_AGAIN_S = 60.0  # such as when a shared folder shows the pointer before the version
IN_FORCE = "TRACEAUDIT_MODEL_IN_FORCE"  # to itself, started anew: the revision to judge with where the next is no good
ALONE = frozenset({"vllm"})  # backends of which a process has one, as it takes what memory there is

Mark = tuple[int, int, int]
T = TypeVar("T")


def follows(config: Config) -> bool:
    """Whether a configuration follows the pointer; the scripted backend runs no model."""
    return config.auditor.model == REGISTRY and config.auditor.backend != "scripted"


def pinned(config: Config, revision: str) -> Config:
    """The configuration that judges with one revision of the registry; empty: with the base."""
    model = f"{AT}{revision}" if revision else config.auditor.registry_base
    return config.model_copy(update={"auditor": config.auditor.model_copy(update={"model": model})})


@dataclass(slots=True)
class Following(Generic[T]):
    """Where one who judges stands with the pointer.

    Attributes:
        load: gives what judges with a configuration that names a revision, or the base.
        refused: told of each that was not taken up, for metrics.
        clock: seconds that only go up.
        serving: the pointer that is followed; None before anything was promoted.
        in_force: the revision of the registry that judges; empty: the base.
        mark: of its file, when it was looked at last; None: there was none.
        try_again_at: when what was refused is tried again; None where nothing was.
        said: why, as it was said.
    """

    config: Config
    load: Callable[[Config], T]
    refused: Callable[[], None] = lambda: None
    clock: Callable[[], float] = time.monotonic
    serving: Serving | None = field(default=None, init=False)
    in_force: str = field(default="", init=False)
    mark: Mark | None = field(default=None, init=False)
    try_again_at: float | None = field(default=None, init=False)
    said: str = field(default="", init=False)

    def start(self) -> T:
        """What judges with what serves.

        Raises:
            TraceauditError: it cannot be had; see `load`. One that was started anew to take it up goes on with what it
                had before, until something else comes to serve.
        """
        kept = os.environ.pop(IN_FORCE, None)
        try:
            self.mark = self.look()
            self.serving = registry_of(placed(self.config)).serving()
            self.in_force = self.serving.revision if self.serving else ""
            return self.load(self.pinned(self.serving))
        except TraceauditError as error:
            if kept is None:
                raise
            self.refuse(str(error), self.serving)
            self.in_force = kept
            return self.load(pinned(self.config, kept))

    def pinned(self, serving: Serving | None) -> Config:
        """The configuration that judges with what a pointer names."""
        return pinned(self.config, serving.revision if serving else "")

    def news(self) -> Serving | None:
        """The pointer, where it is another one than that in force; looks at its file alone while that is the same."""
        mark = self.look()
        if mark == self.mark and (self.try_again_at is None or self.clock() < self.try_again_at):
            return None
        self.mark, self.try_again_at = mark, None
        try:
            found = self.read()
        except TraceauditError as error:
            self.refuse(str(error), None)
            return None
        return None if found == self.serving else found

    def read(self) -> Serving | None:
        """The pointer as it is now.

        Raises:
            ModelUnusable: it is gone, not signed, or older than the one in force.
        """
        found, before = registry_of(placed(self.config)).serving(), self.serving
        if before and found is None:
            raise ModelUnusable("the pointer to the serving model is gone; see: traceaudit models mend")
        if before and found and (found.number < before.number or (found.number == before.number and found != before)):
            raise ModelUnusable(f"the pointer to the serving model went back from number {before.number}")
        return found

    def next(self) -> T | None:
        """What to go over to; None where there is nothing, or it is no good.

        Its model is loaded beside the one in force, which is let go by whoever drops that.
        """
        serving = self.news()
        if serving is None:
            return None
        try:
            found = self.load(self.pinned(serving))
        except Exception as error:  # noqa: BLE001 - whatever loading a checkpoint raises: the one in force judges on
            known = isinstance(error, TraceauditError)
            self.refuse(str(error) if known else f"it does not load ({type(error).__name__})", serving)
            return None
        self.serving, self.in_force, self.said = serving, serving.revision, ""
        logger.info("model taken up", extra={"revision": serving.revision, "number": serving.number})
        return found

    def due(self) -> bool:
        """Whether there is another one, whole and signed, for whom this process has to be started anew."""
        serving = self.news()
        if serving is None:
            return False
        try:
            find_configured(placed(self.pinned(serving)))
        except TraceauditError as error:
            self.refuse(str(error), serving)
            return False
        return True

    def refuse(self, why: str, serving: Serving | None) -> None:
        """Go on as before, say so once, and try again later."""
        self.try_again_at = self.clock() + TRY_AGAIN_S
        self.refused()
        if why != self.said:
            self.said = why
            logger.error("model not taken up", extra={"number": serving.number if serving else None})
            tell(f"the model that serves by the registry is not taken up, and the one in force judges on: {why}")

    def look(self) -> Mark | None:
        """What tells one file of the pointer from the next, without reading it."""
        try:
            found = (Path(placed(self.config).registry_dir) / SERVING).stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size
