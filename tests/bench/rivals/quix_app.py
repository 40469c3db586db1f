"""python -m tests.bench.rivals.quix_app BOOTSTRAP TOPIC N: the same mapping in a quixstreams application."""

import logging
import sys
from uuid import uuid4

from quixstreams import Application

from tests.bench.rivals.mapping import Mapped

if __name__ == "__main__":
    bootstrap, topic, n = sys.argv[1:]
    logging.disable(logging.CRITICAL)
    app = Application(bootstrap, consumer_group=uuid4().hex, auto_offset_reset="earliest", loglevel=None)
    mapped = Mapped()
    app.dataframe(app.topic(topic, value_deserializer="bytes")).apply(mapped.value)
    app.run(count=int(n))
    mapped.report()
