"""Errors of the auditor: broken machinery, never bad data.

TraceauditError
├── StoreLocked          another process writes the database file
├── StoreUnusable        the database file cannot be opened or is of another version
├── NotRewritten         the database file could not be written anew; it is as it was
├── ErasureRefused       an erasure that may not be, or of what is not there
├── HoldRefused          a legal hold that says too little, or that is not there
├── PositionConflict     a batch does not follow on what is stored
├── ModelNotFound        a model folder or name that is not there
├── ModelUnusable        a checkpoint that is not a guard model we can run
├── FetchFailed          a model or its prompt cannot be brought, or is not what was published
├── BackendFailed        the scoring backend broke; nothing was committed
│   ├── OutOfMemory      it has no room for what it was asked at once
│   └── RequestRefused   a server does not take a request, while it may take others
├── OutcomesUnwritable   the topic of outcomes takes less in a message than is configured
├── PortTaken            an address that a command was asked to listen on is taken
├── ExecutorDiffers      an executor of Spark is set up otherwise than the driver
├── VerdictRefused       a verdict that was handed in and cannot be kept
├── ServiceFailed        a service that is there and does not answer as it should
├── Declined             what the process that owns the database says instead of an answer
├── InputUnreadable      a file that a command was asked to read cannot be read
├── KeyUnusable          the key that signs, or one to check with, cannot be read
├── TooFewReviews        reviewers have not said enough to calibrate on
├── ChildFailed          a command that was run in a process of its own failed, or took too much
│   └── ChildStopped     it was told to end
├── PromotionRefused     a model that may not be proposed, approved or rolled back so
├── TrainingUnknown      a training that the database does not know
├── PolicyRefused        a policy file, or a decision on one, that cannot be taken
├── DrawRefused          a draw that cannot be made yet
├── VoteRefused          a vote that says too little, or on no case
│   ├── NoSuchCase       a case that is not there, or not in this person's sight
│   └── VoteConflicts    a vote that does not fit what stands on the case by now
├── AccessDenied         somebody wants what their roles do not allow
├── UserRefused          a user or token that cannot be added or changed so
├── LoginRefused         who wants to log in is not let in
│   └── TooManyLogins    not before some time has passed
└── OutputUnwritable     a file that a command was asked to write cannot be written
"""

from conf.errors import TraceauditError


class StoreLocked(TraceauditError):
    """Another process holds the database file; the message names it."""


class StoreUnusable(TraceauditError):
    """The database file cannot be opened, or was made by a newer traceaudit."""


class NotRewritten(TraceauditError):
    """The database file could not be written anew; it is as it was, and that is still to be done."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path} could not be written anew ({why}); it is as it was, and the next start tries again")
        self.fields = (path, why)

    def __reduce__(self) -> tuple[type["NotRewritten"], tuple[str, str]]:
        return type(self), self.fields


class ErasureRefused(TraceauditError):
    """An erasure of what must be kept, or of what is not there; nothing was erased."""


class HoldRefused(TraceauditError):
    """A legal hold that says too little, or that does not stand."""


class PositionConflict(TraceauditError):
    """A batch whose offsets do not follow on those stored: one topic read twice at a time, or a fault of ours.

    Nothing of the batch is stored.

    Attributes:
        stored: where the partition stands; None when it is new and its start was not given.
        n_offsets: records and gap offsets in the batch.
        end: where the batch says that the partition stands after it.
    """

    def __init__(self, source: str, partition: int, stored: int | None, n_offsets: int, end: int) -> None:
        super().__init__(
            f"{source} partition {partition}: {n_offsets} offsets up to {end} do not follow on {stored}; "
            "is it read twice at a time?"
        )
        self.fields = (source, partition, stored, n_offsets, end)

    def __reduce__(self) -> tuple[type["PositionConflict"], tuple[str, int, int | None, int, int]]:
        return type(self), self.fields


class ModelNotFound(TraceauditError):
    """A model folder or name that is not there."""


class ModelUnusable(TraceauditError):
    """A checkpoint that is not a guard model we can run."""


class FetchFailed(TraceauditError):
    """A model or its prompt that cannot be brought, or that is not what was published."""


class BackendFailed(TraceauditError):
    """The scoring backend broke; the batch is not committed and will be read again."""


class OutOfMemory(BackendFailed):
    """The scoring backend has no room for what it was asked at once; it is asked for less."""


class RequestRefused(BackendFailed):
    """A server does not take a request, such as one that is too long for it; it may take others."""


class InputUnreadable(TraceauditError):
    """A file that a command was asked to read cannot be read."""


class KeyUnusable(TraceauditError):
    """The key that signs checkpoints and bundles, or one to check them with, cannot be read or made."""


class TooFewReviews(TraceauditError):
    """Reviewers have not said enough to calibrate on; risks stay what they are."""


class ChildFailed(TraceauditError):
    """A command that was run in a process of its own failed, was killed, or took more than it may.

    Attributes:
        command: its name.
        reason: why, behind its name.
    """

    def __init__(self, command: str, reason: str) -> None:
        super().__init__(f"traceaudit {command} {reason}")
        self.fields = (command, reason)
        self.command = command
        self.reason = reason

    def __reduce__(self) -> tuple[type["ChildFailed"], tuple[str, str]]:
        return type(self), self.fields


class ChildStopped(ChildFailed):
    """A command in a process of its own was told to end before it was done."""


class TrainingUnknown(TraceauditError):
    """A training that the database does not know: it was made anew, or is another one."""

    def __init__(self, run_id: str) -> None:
        super().__init__(f"the database knows no training {run_id}; was it made anew?")
        self.run_id = run_id

    def __reduce__(self) -> tuple[type["TrainingUnknown"], tuple[str]]:
        return type(self), (self.run_id,)


class OutputUnwritable(TraceauditError):
    """A file that a command was asked to write cannot be written."""


class OutcomesUnwritable(TraceauditError):
    """The topic of outcomes takes no message as large as `fleet.max_message_bytes` allows; nothing advances."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(
            f"the topic of outcomes refuses a message of fleet.max_message_bytes = {max_bytes}; "
            "lower that, or raise the topic's max.message.bytes"
        )
        self.max_bytes = max_bytes

    def __reduce__(self) -> tuple[type["OutcomesUnwritable"], tuple[int]]:
        return type(self), (self.max_bytes,)


class VerdictRefused(TraceauditError):
    """A verdict that was handed in and that cannot be kept; none of those beside it is.

    Attributes:
        reason: what is wrong, without anything of the verdict.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"a verdict cannot be kept: {reason}")
        self.reason = reason

    def __reduce__(self) -> tuple[type["VerdictRefused"], tuple[str]]:
        return type(self), (self.reason,)


class ServiceFailed(TraceauditError):
    """The service that owns the database file does not answer as it should."""


class Declined(TraceauditError):
    """An error of the process that owns the database file, in its own words.

    Attributes:
        error: the name of its class.
        exit_code: as there.
    """

    def __init__(self, error: str, words: str, exit_code: int) -> None:
        super().__init__(words)
        self.fields = (error, words, exit_code)
        self.error = error
        self.exit_code = exit_code

    def __reduce__(self) -> tuple[type["Declined"], tuple[str, str, int]]:
        return type(self), self.fields


class PortTaken(TraceauditError):
    """An address that a command was asked to listen on is taken, or is not this machine's."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(f"cannot listen on {address}: {reason}; give another port")
        self.fields = (address, reason)

    def __reduce__(self) -> tuple[type["PortTaken"], tuple[str, str]]:
        return type(self), self.fields


class ExecutorDiffers(TraceauditError):
    """An executor of Spark that would judge, or name people, otherwise than the rest.

    Attributes:
        what: that it has another one of.
    """

    def __init__(self, what: str) -> None:
        super().__init__(f"an executor of Spark has another {what} than the driver; set up all machines alike")
        self.what = what

    def __reduce__(self) -> tuple[type["ExecutorDiffers"], tuple[str]]:
        return type(self), (self.what,)


class PolicyRefused(TraceauditError):
    """A policy that cannot be used, with line and reason of each mistake, or a decision that a person may not take.

    Whatever was in force stays in force.
    """

    exit_code = 2


class PromotionRefused(TraceauditError):
    """A model that may not be proposed or come to serve so, or a decision that a person may not take.

    Whatever served serves.
    """

    exit_code = 2


class DrawRefused(TraceauditError):
    """A draw of a day that is not over yet; nothing is drawn."""

    exit_code = 2


class VoteRefused(TraceauditError):
    """A vote that says too little, or that names no case; it is not kept."""

    exit_code = 2


class AccessDenied(TraceauditError):
    """Somebody wants to see or do what their roles, or their tenants, do not allow."""

    def __init__(self, name: str, right: str) -> None:
        super().__init__(f'{name} may not do this: it takes the right "{right}"')
        self.fields = (name, right)

    def __reduce__(self) -> tuple[type["AccessDenied"], tuple[str, str]]:
        return type(self), self.fields


class UserRefused(TraceauditError):
    """A user, password or token that cannot be made or changed so; nothing is."""

    exit_code = 2


class LoginRefused(TraceauditError):
    """Somebody is not let in; the reason is the same whatever it is."""

    def __init__(self) -> None:
        super().__init__("this name and password do not belong together")

    def __reduce__(self) -> tuple[type["LoginRefused"], tuple[()]]:
        return type(self), ()


class TooManyLogins(LoginRefused):
    """Too many failed of late, of this name or from this address.

    Attributes:
        wait_s: until another may be tried.
    """

    def __init__(self, wait_s: float) -> None:
        super().__init__()
        self.wait_s = wait_s

    def __str__(self) -> str:
        return f"too many logins failed of late; try again in {max(1, round(self.wait_s / 60))} min"

    def __reduce__(self) -> tuple[type["TooManyLogins"], tuple[float]]:  # type: ignore[override]
        return type(self), (self.wait_s,)


class NoSuchCase(VoteRefused):
    """A case that is not there, or not in the sight of who asks: which of both is not said."""

    def __init__(self) -> None:
        super().__init__("there is no such case")

    def __reduce__(self) -> tuple[type["NoSuchCase"], tuple[()]]:
        return type(self), ()


class VoteConflicts(VoteRefused):
    """A vote that does not fit what stands on the case by now, such as a second one of the same person; not kept."""
