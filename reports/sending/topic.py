"""The channel `kafka`: a topic of escalations, one JSON message for each case, under the id of its triple."""

import json
from contextlib import closing

from conf.delivery import Delivery
from conf.errors import TraceauditError
from conf.schema import Config
from ingest.dead_letters import Message as TopicMessage
from ingest.outlet import open_outlet
from ingest.topics import parse_topics
from reports.sending.channel import ALL, SendFailed
from reports.sending.message import Case, Letter

AT_A_TIME = 1000


def topic(delivery: Delivery, config: Config) -> "Topic":
    """The channel of a delivery; brokers are spoken to as the section `kafka` says."""
    return Topic(delivery, config)


class Topic:
    """Writes cases; each is on all replicas when `send` returns."""

    n_cases = ALL

    def __init__(self, delivery: Delivery, config: Config) -> None:
        waits = config.dead_letters.model_copy(update={"timeout_s": delivery.timeout_s})
        self.config = config.model_copy(update={"dead_letters": waits})
        self.delivery = delivery

    def send(self, letter: Letter) -> str:
        """See Channel. A second try writes all cases again, under the same keys and with the same header `id`."""
        if not letter.cases:
            return "no cases"
        messages = [as_message(case, letter) for case in letter.cases]
        try:
            with closing(open_outlet(parse_topics(self.delivery.topic), self.config, idempotent=True)) as outlet:
                large = sum(
                    len(outlet.write(messages[at : at + AT_A_TIME])) for at in range(0, len(messages), AT_A_TIME)
                )
        except TraceauditError as error:
            raise SendFailed(str(error)) from None
        if large:
            raise SendFailed(f"{large} cases are larger than the topic takes; see its max.message.bytes")
        return f"{len(messages)} messages"


def as_message(case: Case, letter: Letter) -> TopicMessage:
    """One case for the topic."""
    value = json.dumps(case.as_json() | {"subject": letter.message.subject}, ensure_ascii=False)
    headers = (("id", f"{letter.id}/{case.triple_id}".encode()), ("kind", letter.message.kind.encode()))
    return TopicMessage(value.encode(errors="replace"), case.triple_id.encode(), headers)
