"""How topics are connected to: the brokers, who we are to them, and what their errors mean."""

import logging
import os
from contextlib import closing
from pathlib import Path
from typing import Any

from conf.errors import ConfigError
from conf.schema import Kafka as Settings
from ingest.errors import MissingExtra, SourceNotFound, SourceUnavailable
from ingest.topics import Topics

try:
    from kafka import KafkaAdminClient, KafkaConsumer
    from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
    from kafka.errors import (
        CommitFailedError,
        IllegalGenerationError,
        KafkaError,
        RebalanceInProgressError,
        UnknownMemberIdError,
    )
except ImportError as error:
    raise MissingExtra("kafka://", "kafka") from error

RECONNECT_MS = 3000  # a broker that comes back is noticed after this long at most; the client's default is 30 s
NEW_PARTITIONS_S = 30.0  # age at which a followed topic's metadata is asked for again: partitions may have been added
HEARTBEATS = 10  # signs of life in the time after which a member counts as dead

# What a group says while it finds itself again; a later poll joins it.
MEMBERSHIP = (CommitFailedError, IllegalGenerationError, RebalanceInProgressError, UnknownMemberIdError)


def cluster_of(topics: Topics, settings: Settings) -> str:
    """The id of the cluster that has the topics; asking makes no topic that is not there."""
    options = {"bootstrap_timeout_ms": milliseconds(settings.connect_timeout_s), **security(settings)}
    with closing(KafkaAdminClient(bootstrap_servers=list(topics.brokers), **options)) as admin:
        found = {topic["name"] for topic in admin.describe_topics(list(topics.names)) if not topic["error_code"]}
        if missing := [name for name in topics.names if name not in found]:
            raise SourceNotFound(f"{','.join(topics.brokers)}: no topic {', '.join(missing)}")
        return str(admin.describe_cluster()["cluster_id"])


def connect(topics: Topics, settings: Settings) -> KafkaConsumer:
    """A consumer that commits nothing by itself and goes nowhere by itself when an offset is gone."""
    return KafkaConsumer(
        bootstrap_servers=list(topics.brokers),
        bootstrap_timeout_ms=milliseconds(settings.connect_timeout_s),
        group_id=topics.group,
        partition_assignment_strategy=(CooperativeStickyAssignor,),
        max_poll_interval_ms=milliseconds(settings.max_poll_interval_s),
        session_timeout_ms=milliseconds(settings.session_timeout_s),
        heartbeat_interval_ms=milliseconds(settings.session_timeout_s / HEARTBEATS),
        enable_auto_commit=False,
        isolation_level="read_committed",
        auto_offset_reset="none",
        allow_auto_create_topics=False,
        max_partition_fetch_bytes=settings.max_partition_fetch_bytes,
        metadata_max_age_ms=milliseconds(NEW_PARTITIONS_S),
        reconnect_backoff_max_ms=RECONNECT_MS,
        **security(settings),
    )


def security(settings: Settings) -> dict[str, Any]:
    """Encryption and credentials for any client of the brokers; the credentials come from the environment alone.

    Raises:
        ConfigError: a mechanism that needs credentials, and no such environment variables; or a file that is not there.
    """
    files = {name: getattr(settings, name) for name in ("ssl_cafile", "ssl_certfile", "ssl_keyfile")}
    for name, path in files.items():
        if path and not Path(path).is_file():
            raise ConfigError(f"kafka.{name} = {path!r}: no such file")
    options = {
        "security_protocol": settings.security_protocol,
        **files,
        "sasl_mechanism": settings.sasl_mechanism,
    }
    if settings.sasl_mechanism:
        keep_secrets()
        options["sasl_plain_username"] = secret(settings.sasl_username_env)
        options["sasl_plain_password"] = secret(settings.sasl_password_env)
    return {name: value for name, value in options.items() if value}


def keep_secrets() -> None:
    """Keep the client from logging what it sends, the password among it; it does so at DEBUG."""
    client = logging.getLogger("kafka")
    client.setLevel(max(client.getEffectiveLevel(), logging.INFO))


def secret(variable: str) -> str:
    """The value of an environment variable.

    Raises:
        ConfigError: it is not set.
    """
    value = os.environ.get(variable)
    if not value:
        raise ConfigError(f"kafka.sasl_mechanism is set, and the environment variable {variable} is not")
    return value


def passes(error: KafkaError) -> bool:
    """Whether waiting helps: the broker is away, or the group is finding itself again."""
    return bool(error.retriable) or isinstance(error, MEMBERSHIP)


def unanswered(topics: Topics, settings: Settings) -> SourceUnavailable:
    """No broker is there, or none that we understand and that lets us in: the client does not tell these apart."""
    fit = "" if settings.security_protocol == "PLAINTEXT" else ", and does it take these credentials and certificates"
    return unavailable(topics, f"no broker answers within {settings.connect_timeout_s:g} s; is one running there{fit}?")


def unavailable(topics: Topics, reason: object) -> SourceUnavailable:
    """The broker went away or was never there, in one line."""
    return SourceUnavailable(f"Kafka at {','.join(topics.brokers)}: {str(reason) or type(reason).__name__}")


def milliseconds(seconds: float) -> int:
    """As the client takes its times."""
    return int(seconds * 1000)
