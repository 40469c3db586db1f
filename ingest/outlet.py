"""A topic that messages are written to: what `write` returned from is on all replicas.

bury(letters)  ->  write(messages)  ->  acknowledged  ->  the caller's transaction may commit
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

from conf.schema import Config
from ingest.dead_letters import TOO_LARGE, DeadLetter, Message, message_of, target_of, without_value
from ingest.errors import SourceNotFound, TopicUnwritable
from ingest.topics import Topics

MAX_REQUEST_BYTES = 2**31 - 1  # the broker decides what is too large, not the client
REQUEST_TIMEOUT_S = 30.0

Bury = Callable[[Sequence[DeadLetter]], None]
"""Puts dead letters where they can be found besides the table; once it returns they are there for good.

Raises:
    TopicUnwritable: they are not; nothing that depends on them may be kept.
"""


@contextmanager
def grave_for(sources: Sequence[str], config: Config) -> Iterator[Bury]:
    """Where the dead letters of `sources` go besides the table: the topic that the configuration names, or nowhere.

    Raises:
        SourceSyntax: see `target_of`.
        TopicUnwritable: the topic is not there, or its broker does not answer.
        MissingExtra: a topic is named and the library for it is not installed.
    """
    if not config.dead_letters.topic:
        yield lambda _: None
        return
    target = target_of(config.dead_letters.topic, sources)
    with closing(open_outlet(target, config)) as outlet:
        yield lambda letters: bury(letters, outlet)


def bury(letters: Sequence[DeadLetter], outlet: "Outlet") -> None:
    """Write dead letters to their topic.

    One that is larger than the topic takes goes without its value, which the table has: a single large record must
    not stop a run for ever.
    """
    large = outlet.write([message_of(letter) for letter in letters])
    if outlet.write([without_value(letters[place], TOO_LARGE) for place in large]):
        raise TopicUnwritable(outlet.name, "takes not even the headers of a dead letter; see its max.message.bytes")


def open_outlet(target: Topics, config: Config, *, idempotent: bool = False) -> "Outlet":
    """The one topic of `target`, which must be there: a name that was mistyped must not become a topic.

    Args:
        target: brokers and topic.
        config: its sections `kafka` and `dead_letters`.
        idempotent: no message is there twice, or out of order, because an answer was lost. Only for messages that are
            known to fit: kafka-python's idempotent producer is of no more use once one was too large.

    Raises:
        TopicUnwritable: it is not there, or no broker answers.
        MissingExtra: the library for topics is not installed.
    """
    from ingest.kafka_client import cluster_of  # says so where the library is missing

    from kafka.errors import KafkaError  # isort: skip

    name = f"kafka://{','.join(target.brokers)}/{target.names[0]}"
    try:
        cluster_of(target, config.kafka)
        return Outlet(name, target.names[0], producer(target, config, idempotent=idempotent))
    except SourceNotFound:
        raise TopicUnwritable(name, "no such topic; make it first") from None
    except (KafkaError, OSError) as error:
        waited = f"no broker answers within {config.kafka.connect_timeout_s:g} s"
        raise TopicUnwritable(name, f"{waited} ({type(error).__name__})") from None


def producer(target: Topics, config: Config, *, idempotent: bool) -> Any:
    """A producer that reports a message as written when all replicas have it.

    One that is not idempotent may write a message twice after an answer was lost, as after a crash of ours.
    """
    from ingest.kafka_client import security

    from kafka import KafkaProducer  # isort: skip

    timeout_s = config.dead_letters.timeout_s
    return KafkaProducer(
        bootstrap_servers=list(target.brokers),
        bootstrap_timeout_ms=int(config.kafka.connect_timeout_s * 1000),
        acks="all",
        enable_idempotence=idempotent,
        max_request_size=MAX_REQUEST_BYTES,
        max_block_ms=int(timeout_s * 1000),
        delivery_timeout_ms=int(timeout_s * 1000),
        request_timeout_ms=int(min(timeout_s, REQUEST_TIMEOUT_S) * 1000),
        allow_auto_create_topics=False,
        **security(config.kafka),
    )


class Outlet:
    """One topic to write to.

    Attributes:
        name: for messages to people.
    """

    def __init__(self, name: str, topic: str, producer: Any) -> None:
        self.name = name
        self.topic = topic
        self.producer = producer

    def write(self, messages: Sequence[Message]) -> list[int]:
        """Write `messages`, and wait until each is on all replicas.

        Returns:
            The places of those that are larger than the topic takes; all others are written.

        Raises:
            TopicUnwritable: some could not be written for another reason; others may be.
        """
        from kafka.errors import KafkaError, MessageSizeTooLargeError, RecordListTooLargeError

        large = []
        try:
            sent = [self.send(message) for message in messages]
            for place, future in enumerate(sent):
                try:
                    future.get()
                except (MessageSizeTooLargeError, RecordListTooLargeError):
                    large.append(place)
        except (KafkaError, OSError) as error:
            raise TopicUnwritable(self.name, f"cannot be written ({type(error).__name__}); nothing advances") from None
        return large

    def send(self, message: Message) -> Any:
        """Hand one message to the client, which sends it in the background."""
        headers = list(message.headers)
        return self.producer.send(self.topic, value=message.value, key=message.key, headers=headers)

    def close(self) -> None:
        """Let go of the broker; what was written is there already."""
        self.producer.close(timeout=0)
