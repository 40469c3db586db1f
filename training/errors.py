"""Errors of training: why nothing is trained, or nothing was; the guard that serves stays what it is.

TraceauditError
├── TrainingRefused    the data, or a rule, does not allow a training
├── TrainingFailed     a full disk, too little memory, or a case that was erased meanwhile
├── TrainingBusy       another process trains
├── StageRefused       a stage has nothing to learn from, or something is in the place of what it makes
└── JudgeFailed        a judge does not answer, or is not set up
"""

from conf.errors import TraceauditError


class TrainingRefused(TraceauditError):
    """The data does not allow a training; nothing was trained, and the guard that serves stays what it is.

    Attributes:
        reason: one sentence for a person, with the figures.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"nothing was trained: {reason}")
        self.reason = reason

    def __reduce__(self) -> tuple[type["TrainingRefused"], tuple[str]]:
        return type(self), (self.reason,)


class TrainingFailed(TraceauditError):
    """A training broke off; the guard that serves stays what it is, and the message says what to do."""


class TrainingBusy(TraceauditError):
    """Another process trains in the same folder.

    Attributes:
        who: that is, such as "PID 4711".
    """

    def __init__(self, who: str) -> None:
        super().__init__(f"{who} trains already, and only one does at a time; wait for its end")
        self.who = who

    def __reduce__(self) -> tuple[type["TrainingBusy"], tuple[str]]:
        return type(self), (self.who,)


class JudgeFailed(TraceauditError):
    """A judge that does not answer, or is not set up; what it said before is kept."""


class StageRefused(TraceauditError):
    """A stage has nothing to learn from, or something is in the place of what it makes; the message says what to do."""
