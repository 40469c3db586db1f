"""A full disk or too little memory, in words: libraries tell of both in many ways, and mostly with a traceback."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conf.errors import TraceauditError
from training.errors import TrainingFailed

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# As safetensors and torch say it, which keep the number of the error to themselves.
FULL_WORDS = (
    *("os error 28", "os error 27", "os error 122", "No space left", "File too large"),
    *("PytorchStreamWriter", "iostream error", "unexpected pos"),
)
MEMORY_WORDS = ("out of memory", "can't allocate memory", "Cannot allocate memory")


@contextmanager
def in_words(what: str, folder: Path) -> Iterator[None]:
    """Tell of a full disk and of too little memory as one line; what was whole before is whole.

    Args:
        what: is done while the context lasts.
        folder: is written to.

    Raises:
        TrainingFailed: one of both; the run goes on from here when it is started again.
    """
    try:
        yield
    except Exception as error:
        if reason := reason_of(error, folder):
            raise TrainingFailed(f"{what}: {reason}; start it again, and it goes on from here") from None
        raise


def reason_of(error: BaseException, folder: Path) -> str:
    """What is to be done about it; empty where it is something else."""
    chain = list(causes(error))
    if any(is_full(one) for one in chain):
        return f"there is no room left in {folder}"
    if any(is_memory(one) for one in chain):
        return "there is not enough memory: lower batches.tokens in the recipe, or set gradient_checkpointing"
    if any(isinstance(one, PermissionError) for one in chain) and not isinstance(error, TraceauditError):
        return f"{folder} may not be written"
    return ""


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what it came of."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def is_full(error: BaseException) -> bool:
    """Whether it tells of a full disk."""
    if isinstance(error, OSError) and error.errno in FULL:
        return True
    return any(words in str(error) for words in FULL_WORDS)


def is_memory(error: BaseException) -> bool:
    """Whether it tells of too little memory."""
    return isinstance(error, MemoryError) or any(words in str(error) for words in MEMORY_WORDS)
