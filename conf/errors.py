"""Errors of the configuration.

TraceauditError
└── ConfigError      a key is unknown, has a wrong type, or is out of range
"""


class TraceauditError(Exception):
    """Base of every error that a command turns into one clear line.

    Attributes:
        exit_code: what the process exits with: 1 failed, 2 usage or configuration.
    """

    exit_code = 1


class ConfigError(TraceauditError):
    """A configuration that cannot be used; the message names the key and what is allowed."""

    exit_code = 2
