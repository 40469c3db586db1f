"""Our settings as Spark's Kafka source and its Java client take them."""

from pathlib import Path

from conf.errors import ConfigError
from conf.schema import Config, Kafka
from ingest.topics import Topics

PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"


def source_options(topics: Topics, config: Config) -> dict[str, str]:
    """Options of the stream: every message with its headers, as one task for each partition.

    No `minPartitions`: it would cut a partition's offsets into several tasks, and a trace with them.
    `failOnDataLoss` is off, since we name what is lost ourselves, and go on.

    Raises:
        ConfigError: a file or credentials that are not there.
    """
    return {
        "kafka.bootstrap.servers": ",".join(topics.brokers),
        "subscribe": ",".join(topics.names),
        "startingOffsets": config.kafka.start,
        "includeHeaders": "true",
        "failOnDataLoss": "false",
        "maxOffsetsPerTrigger": str(config.spark.max_offsets_per_trigger),
        "kafka.isolation.level": "read_committed",
        "kafka.max.partition.fetch.bytes": str(config.kafka.max_partition_fetch_bytes),
        "kafka.max.poll.records": str(config.kafka.poll_records),
        **{f"kafka.{name}": value for name, value in security(config.kafka).items()},
    }


def security(settings: Kafka) -> dict[str, str]:
    """Encryption and credentials; contents of files, not their names, since executors may not have the files."""
    options: dict[str, str] = {"security.protocol": settings.security_protocol}
    if settings.ssl_cafile:
        options |= {"ssl.truststore.type": "PEM", "ssl.truststore.certificates": pem(settings.ssl_cafile)}
    if settings.ssl_certfile:
        key = pem(settings.ssl_keyfile or settings.ssl_certfile)
        chain = pem(settings.ssl_certfile)
        options |= {"ssl.keystore.type": "PEM", "ssl.keystore.certificate.chain": chain, "ssl.keystore.key": key}
    if settings.sasl_mechanism:
        options |= {"sasl.mechanism": settings.sasl_mechanism, "sasl.jaas.config": jaas(settings)}
    return options


def pem(path: str) -> str:
    """What a PEM file holds.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        return Path(path).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from None


def jaas(settings: Kafka) -> str:
    """Name and password as Java's login modules take them."""
    from ingest.kafka_client import secret

    module = PLAIN if settings.sasl_mechanism == "PLAIN" else SCRAM
    name, password = quoted(secret(settings.sasl_username_env)), quoted(secret(settings.sasl_password_env))
    return f"{module} required username={name} password={password};"


def quoted(text: str) -> str:
    """A value in a JAAS line."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
