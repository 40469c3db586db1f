"""Errors of ingest: broken machinery, never bad data.

TraceauditError
├── SourceNotFound       a path, glob or topic that is not there
├── SourceUnavailable    a broker that does not answer
│   └── RegistryUnavailable  a schema registry that does not answer
├── SourceChanged        what was read before is not there any more
├── SourceSyntax         a SOURCE that cannot be read as one
├── TopicUnwritable      a topic that does not take what has to go there
├── UserKeyMissing       no key for pseudonyms of users, and none may be made here
├── UserKeyUnusable      a key that cannot be read or made
├── MaskingFailed        what looks for personal data broke; nothing goes on unmasked
├── DecoderUnusable      the process that decodes images does not start
├── SparkFailed          Spark does not start, or one of its tasks fails each time
└── MissingExtra         an optional library that is not installed
"""

from conf.errors import TraceauditError


class SourceNotFound(TraceauditError):
    """A path, glob or topic that is not there."""


class SourceUnavailable(TraceauditError):
    """A source that does not answer; trying again later may help.

    Attributes:
        retry_after_s: seconds after which a new try makes sense.
    """

    def __init__(self, message: str, retry_after_s: float = 5.0) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after_s = retry_after_s

    def __reduce__(self) -> tuple[type["SourceUnavailable"], tuple[str, float]]:
        return type(self), (self.message, self.retry_after_s)


class RegistryUnavailable(SourceUnavailable):
    """A schema registry that does not answer, or not as one; the records that need it are read again later."""


class SourceChanged(TraceauditError):
    """A file or topic that holds less than was read from it before: stored positions do not fit it any more.

    Attributes:
        name: file or topic.
        stored: the offset that reading stands at.
    """

    def __init__(self, name: str, stored: int) -> None:
        super().__init__(
            f"{name} was read up to record {stored} and is shorter now, so it was replaced; "
            "give the new one another name, or use another --db"
        )
        self.name = name
        self.stored = stored

    def __reduce__(self) -> tuple[type["SourceChanged"], tuple[str, int]]:
        return type(self), (self.name, self.stored)


class SourceSyntax(TraceauditError):
    """A SOURCE that cannot be read as one."""

    exit_code = 2


class TopicUnwritable(TraceauditError):
    """A topic that is not there, does not answer, or does not take a message; nothing that needed it was kept.

    Attributes:
        topic: as the user named it.
    """

    def __init__(self, topic: str, reason: str) -> None:
        super().__init__(f"{topic}: {reason}")
        self.fields = (topic, reason)

    def __reduce__(self) -> tuple[type["TopicUnwritable"], tuple[str, str]]:
        return type(self), self.fields


class UserKeyMissing(TraceauditError):
    """No key for pseudonyms of users is configured, and none may be made: several processes have to share it."""

    exit_code = 2

    def __init__(self, variable: str) -> None:
        super().__init__(
            f"no key for pseudonyms of users: set the environment variable {variable}, "
            "or ingest.user_key_file, the same for all processes"
        )
        self.variable = variable

    def __reduce__(self) -> tuple[type["UserKeyMissing"], tuple[str]]:
        return type(self), (self.variable,)


class UserKeyUnusable(TraceauditError):
    """A key for pseudonyms that cannot be read or made, or that is too short to be one."""

    exit_code = 2


class MaskingFailed(TraceauditError):
    """What looks for personal data broke: the batch stops, and nothing of it is kept.

    Attributes:
        kind: type of the error; never its text.
    """

    def __init__(self, kind: str) -> None:
        super().__init__(
            f"masking failed ({kind}), so that nothing of this batch is kept; masking.enabled = false masks nothing"
        )
        self.kind = kind

    def __reduce__(self) -> tuple[type["MaskingFailed"], tuple[str]]:
        return type(self), (self.kind,)


class DecoderUnusable(TraceauditError):
    """The process that decodes images does not start; the message has its command."""


class SparkFailed(TraceauditError):
    """Spark does not start, or one of its tasks fails each time; started again, it goes on from its checkpoint."""


class MissingExtra(TraceauditError):
    """An optional library that is not installed; the message holds the install command."""

    exit_code = 2

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs the extra '{extra}': pip install 'traceaudit[{extra}]'")
        self.what = what
        self.extra = extra

    def __reduce__(self) -> tuple[type["MissingExtra"], tuple[str, str]]:
        return type(self), (self.what, self.extra)
