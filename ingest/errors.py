"""Errors of ingest: broken machinery, never bad data.

TraceauditError
├── SourceNotFound       a path, glob or topic that is not there
├── SourceUnavailable    a broker that does not answer
│   └── RegistryUnavailable  a schema registry that does not answer
├── SourceChanged        what was read before is not there any more
├── SourceSyntax         a SOURCE that cannot be read as one
├── TopicUnwritable      a topic that does not take what has to go there
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


class MissingExtra(TraceauditError):
    """An optional library that is not installed; the message holds the install command."""

    exit_code = 2

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs the extra '{extra}': pip install 'traceaudit[{extra}]'")
        self.what = what
        self.extra = extra

    def __reduce__(self) -> tuple[type["MissingExtra"], tuple[str, str]]:
        return type(self), (self.what, self.extra)
