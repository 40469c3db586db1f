"""What stands around a log in a record: one kind of envelope per file, and the table of them.

An envelope has one pure function, `opens(value, headers)`: what is in it, or why there is nothing, or None where the
value is no such envelope. Values are bytes as long as nothing decoded them, then JSON. `ingest.unwrap` opens them one
in another; the formats see what is innermost.

opening       what opening gives
cloudevents   CloudEvents, structured and binary; a batch is an array of them
confluent     the schema id before, or in a header beside, a value
debezium      a row's change
connect       Kafka Connect's schema beside payload
shipper       a line of a log in a field of a log shipper's record
quoted        JSON in a JSON string
"""

from collections.abc import Callable
from typing import Any

from ingest.envelopes import cloudevents, confluent, connect, debezium, quoted, shipper
from ingest.envelopes.confluent import Framed
from ingest.envelopes.opening import Headers, Nothing, Opened
from ingest.payload import Unreadable

Opens = Callable[[Any, Headers], Opened | Framed | Nothing | Unreadable | None]

# In the order in which they are tried.
ENVELOPES: dict[str, Opens] = {
    "cloudevents": cloudevents.opens,
    "confluent": confluent.opens,
    "debezium": debezium.opens,
    "connect": connect.opens,
    "shipper": shipper.opens,
    "quoted": quoted.opens,
}
