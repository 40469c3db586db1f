"""A record's bytes become triples, a rejection, or nothing with a reason; the only caller of FORMATS.

    bytes --payload--> JSON --envelope--> Logged --detection--> format --parse--> Exchange --turns--> triples

Where an interaction may be spread over records, the format gives fragments instead, which `ingest.assembly` keeps and
has joined here. Whatever the bytes are, the result is one of these: nothing raises. All of this is pure.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from conf.schema import Config, Images, Ingest
from ingest.exchange import Exchange
from ingest.formats import FORMATS
from ingest.formats.detection import detect
from ingest.formats.envelope import Logged, open_envelope
from ingest.formats.reading import FAULTS, Malformed
from ingest.payload import Unreadable, decode
from ingest.qta import Normalized, QTATriple, Record, Rejection, Status
from ingest.triples import Reading, triple_of
from ingest.turns import Turn, turns_of

TENANT_HEADER = "tenant"
NO_ANSWER = {Status.ERROR: "provider_error", Status.BLOCKED: "blocked"}


def normalizer(config: Config) -> Callable[[Record], Normalized]:
    """`normalize` as `config` says, with the users' key from the environment variable that it names."""
    user_key = user_key_of(config)
    apart = config.assembly.enabled
    return lambda record: normalize(record, config.ingest, config.images, user_key, apart=apart)


def joiner(config: Config) -> Callable[[str, Sequence[Any], Record], Normalized]:
    """`join` as `config` says."""
    user_key = user_key_of(config)
    return lambda name, payloads, record: join(
        payloads, record, reading_of(record, name, config.ingest, config.images, user_key)
    )


def user_key_of(config: Config) -> bytes:
    """The key that makes pseudonyms of users."""
    return os.environ.get(config.ingest.user_key_env, "").encode()


def normalize(
    record: Record, ingest: Ingest, images: Images, user_key: bytes = b"", *, apart: bool = False
) -> Normalized:
    """What one record became, before anything is scored.

    Args:
        record: as read.
        ingest: what is read from a record, and where reading stops.
        images: which images are decoded.
        user_key: makes pseudonyms of users; see `ingest.identity.pseudonym`.
        apart: give the fragments of interactions that may go on in other records; else read each record as if whole.
    """
    decoded = decode(record.value, ingest) if record.value else None
    if decoded is None:  # an empty value, or JSON null: how a log compacted by key deletes
        return Normalized(record, None, empty_reason="tombstone")
    if isinstance(decoded, Unreadable):
        return rejected(record, None, decoded.reason, decoded.detail)
    logged = open_envelope(decoded, ingest.request_path, ingest.response_path)
    detected = detect(logged, ingest.format)
    if detected is None:
        return rejected(record, None, "unknown_format", shape_of(decoded))
    reading = reading_of(record, detected.format, ingest, images, user_key)
    return bounded(record, detected.format, lambda: parsed(record, logged, reading, apart=apart))


def join(payloads: Sequence[Any], record: Record, reading: Reading) -> Normalized:
    """What an interaction became whose parts came in several records, as if all of it were in the last of them.

    Args:
        payloads: of the interaction's fragments, in the order in which they were read.
        record: the last of those that they came in.
        reading: how that record is read; its format is one that has `fragments`.
    """
    exchanges_of = FORMATS[reading.format].join or no_exchanges
    return bounded(record, reading.format, lambda: settled(record, exchanges_of(payloads), reading))


def no_exchanges(payloads: Sequence[Any]) -> tuple[Exchange, ...]:  # noqa: ARG001
    """The `join` of a format whose records are whole; nothing calls it, since such a format gives no fragments."""
    return ()


def reading_of(record: Record, format_name: str, ingest: Ingest, images: Images, user_key: bytes) -> Reading:
    """How a record is read; its tenant is the header's, until the log says better."""
    tenant = tenant_of(record) or ingest.tenant
    return Reading(record.position, format_name, ingest, images, tenant, user_key, record.folder)


def bounded(record: Record, format_name: str, read: Callable[[], Normalized]) -> Normalized:
    """What `read` gives.

    The boundary that keeps one record's odd shape from its neighbours: what a parser stumbles over is the record's
    fault, and rejects it. The detail is a field's name or an error's type, never its text, which may quote the log.
    """
    try:
        return read()
    except Malformed as error:
        return rejected(record, format_name, f"malformed_{format_name}", error.where)
    except FAULTS as error:
        return rejected(record, format_name, f"malformed_{format_name}", type(error).__name__)


def parsed(record: Record, logged: Logged, reading: Reading, *, apart: bool) -> Normalized:
    """The record's triples, or its parts of interactions that may go on in other records."""
    known = FORMATS[reading.format]
    fragments = known.fragments(logged) if apart and known.fragments else ()
    if fragments:
        return Normalized(record, reading.format, fragments=fragments)
    return settled(record, known.parse(logged), reading)


def settled(record: Record, exchanges: Iterable[Exchange], reading: Reading) -> Normalized:
    """The triples of some exchanges, which go with `record`."""
    most = reading.ingest.max_triples
    turns = [(exchange, turn) for exchange in exchanges for turn in turns_of(exchange)]
    if len(turns) > most:
        return rejected(record, reading.format, "too_many_triples", f"{len(turns)}; ingest.max_triples is {most}")
    triples = list(triples_of(turns, reading))
    kept = tuple(triple for triple in triples if no_answer(triple) is None)
    if kept:
        return Normalized(record, reading.format, kept)
    reason = next((found for triple in triples if (found := no_answer(triple))), "no_model_turn")
    return Normalized(record, reading.format, empty_reason=reason)


def triples_of(turns: Iterable[tuple[Exchange, Turn]], reading: Reading) -> Iterator[QTATriple]:
    """The triples of all turns, each id once: a call that a record holds twice is one."""
    seen = set()
    for exchange, turn in turns:
        triple = triple_of(exchange, turn, reading)
        if triple.id not in seen:
            seen.add(triple.id)
            yield triple


def no_answer(triple: QTATriple) -> str | None:
    """Why there is nothing of the model in a triple that nobody expects anything of; None for all others.

    A provider that failed, or refused the prompt, said nothing that could be judged: such triples are left out, and a
    record that holds no other is empty for this reason.
    """
    return None if triple.has_model_output else NO_ANSWER.get(triple.status)


def unscorable_reason(triple: QTATriple) -> str | None:
    """Why a triple cannot be judged; None where it can.

    Anything that the model thought, did or said is judged, also when the turn is incomplete. What it did without what
    it said is not enough where the logger left the content out: names of tools would pass for a clean answer.
    """
    if triple.status is Status.CONTENT_NOT_CAPTURED and not (triple.thinking or triple.answer):
        return Status.CONTENT_NOT_CAPTURED.value
    return None if triple.has_model_output else (no_answer(triple) or Status.INCOMPLETE.value)


def rejected(record: Record, format_name: str | None, reason: str, detail: str) -> Normalized:
    """A record that goes to the dead letters."""
    return Normalized(record, format_name, rejection=Rejection(record.position, reason, detail))


def tenant_of(record: Record) -> str | None:
    """The tenant in the record's headers, for logs that do not name it themselves."""
    return next(
        (value.decode(errors="replace") for name, value in record.headers if name.lower() == TENANT_HEADER and value),
        None,
    )


def shape_of(decoded: Any) -> str:
    """What an unknown record looks like, for a person, without its content."""
    if isinstance(decoded, dict):
        if isinstance(decoded.get("messages"), list):
            return "messages without a response could be of several formats; say which with ingest.format"
        return f"an object with {len(decoded)} keys and no mark of a known format"
    return f"no object but a {type(decoded).__name__}"
