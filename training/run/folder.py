"""Where a run has its files, for one run at a time; whoever finds what a killed one left goes on or takes it away.

<training.folder>/.lock           held while somebody trains
<training.folder>/<run_id>/       state.json, items/, a folder for each stage, candidate/
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conf.schema import Config
from training.errors import TrainingBusy, TrainingFailed

LOCK = ".lock"


def folder_of(config: Config) -> Path:
    """The folder of all runs."""
    return Path(config.training.folder or f"{config.store.path}.training")


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Nobody else trains in this folder while the context lasts.

    Raises:
        TrainingBusy: somebody does.
        TrainingFailed: the folder cannot be made.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (folder / LOCK).open("a+", encoding="ascii")
    except OSError as error:
        raise TrainingFailed(f"{folder}: {error.strerror or error}") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise TrainingBusy(lock.read().strip() or "another process") from None
        lock.truncate(0)
        lock.write(f"PID {os.getpid()}")
        lock.flush()
        yield


def runs_in(folder: Path) -> list[Path]:
    """What runs have left there, the oldest first."""
    return sorted(path for path in folder.iterdir() if path.is_dir())


def take_away(run: Path) -> None:
    """Delete all that a run has; done twice it is done once.

    Raises:
        TrainingFailed: it cannot be deleted.
    """
    try:
        shutil.rmtree(run)
    except FileNotFoundError:
        return
    except OSError as error:
        raise TrainingFailed(f"{run}: {error.strerror or error}; delete it yourself, it holds texts of logs") from None
