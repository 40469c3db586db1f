"""A record's bytes become triples, a rejection, or nothing with a reason; the only caller of FORMATS.

    bytes --unwrap--> logs --envelope--> Logged --detection--> format --parse--> Exchange --turns--> triples

Where an interaction may be spread over records, the format gives fragments instead, which `ingest.assembly` keeps and
has joined here. Whatever the bytes are, the result is one of these: nothing raises. All of this is pure, but for the
registry, which is handed in.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from conf.schema import Config, Images, Ingest
from ingest.envelopes.confluent import SchemaOf
from ingest.envelopes.opening import Nothing
from ingest.exchange import Exchange
from ingest.formats import FORMATS, Format
from ingest.formats.detection import Detected, claimed, detect
from ingest.formats.envelope import Logged, open_envelope
from ingest.formats.reading import FAULTS, Malformed
from ingest.images.resolve import Resolver
from ingest.mapping import MAPPING
from ingest.masking import Masks, TooSlowToMask
from ingest.payload import Unreadable
from ingest.pins import NO_PIN, Pin, pins_of
from ingest.privacy import Privacy, privacy_of
from ingest.qta import Normalized, QTATriple, Record, Rejection, Status, Withheld
from ingest.triples import Reading, triple_of
from ingest.turns import Turn, judged_of
from ingest.unknown import shape_of
from ingest.unwrap import Log, Unwrapping, unwrap

TENANT_HEADER = "tenant"
NO_ANSWER = {Status.ERROR: "provider_error", Status.BLOCKED: "blocked"}


def normalizer(
    config: Config, privacy: Privacy | None = None, images: Resolver | None = None
) -> Callable[[Record], Normalized]:
    """`normalize` as `config` says; `privacy` and `images` take the place of the configured ones.

    Raises:
        ConfigError: a pin or a mapping file that cannot be used.
        UserKeyMissing, MissingExtra: see `privacy_of`.
    """
    privacy, pins, schema_of = privacy or privacy_of(config), pins_of(config), registry_of(config)
    apart, resolver = config.assembly.enabled, images or resolver_of(config)

    def normalized(record: Record) -> Normalized:
        pin = pins.of(record.position.source)
        item = normalize(record, config.ingest, resolver, privacy, apart=apart, pin=pin, schema_of=schema_of)
        return without_bytes(item, privacy.masks) if privacy.masks.active else item

    return normalized


def joiner(
    config: Config, privacy: Privacy | None = None, images: Resolver | None = None
) -> Callable[[str, Sequence[Any], Record], Normalized]:
    """`join` as `config` says; `privacy` and `images` take the place of the configured ones."""
    privacy, pins, resolver = privacy or privacy_of(config), pins_of(config), images or resolver_of(config)

    def joined(name: str, payloads: Sequence[Any], record: Record) -> Normalized:
        pin = pins.of(record.position.source)
        return join(payloads, record, reading_of(record, name, config.ingest, resolver, privacy, pin=pin))

    return joined


def registry_of(config: Config) -> SchemaOf | None:
    """The schema registry, if one is configured; it is asked when the first schema is needed."""
    if not config.registry.url:
        return None
    from ingest.registry import Registry

    return Registry(config.registry).schema


def resolver_of(config: Config, model_pixels: int = 0) -> Resolver:
    """What gives images, with copies of the size that a guard sees; 0: without copies."""
    return Resolver(config.images, model_pixels, config.fetch)


def without_bytes(item: Normalized, masks: Masks) -> Normalized:
    """A record of which nothing raw goes on: masking cannot look into what could not be read.

    The tenant in its headers stays, since what waits for other records is read under it.
    """
    record = item.record
    sha256 = hashlib.sha256(record.value).hexdigest()
    tenant = tenant_of(record) or ""
    mask = masks.of(tenant)
    try:
        shown = mask(tenant) if mask else tenant
    except TooSlowToMask:
        shown = ""
    headers = ((TENANT_HEADER, shown.encode()),) if shown else ()
    withheld = Withheld(sha256, len(record.value))
    return replace(item, record=replace(record, value=b"", key=None, headers=headers, withheld=withheld))


def normalize(  # noqa: PLR0913 - all that a record's triples depend on
    record: Record,
    ingest: Ingest,
    images: Images | Resolver,
    privacy: Privacy = Privacy(),  # noqa: B008 - frozen
    *,
    apart: bool = False,
    pin: Pin = NO_PIN,
    schema_of: SchemaOf | None = None,
) -> Normalized:
    """What one record became, before anything is scored.

    Args:
        record: as read.
        ingest: what is read from a record, and where reading stops.
        images: gives the images; from mere limits one is made for this record, which is right and slow.
        privacy: what is kept of the people in it.
        apart: give the fragments of interactions that may go on in other records; else read each record as if whole.
        pin: what is known of the record beforehand.
        schema_of: the schema registry.

    Raises:
        RegistryUnavailable: a schema is needed, and the registry does not answer.
    """

    def is_one(values: list[Any]) -> bool:
        logged = open_envelope(values, ingest.request_path, ingest.response_path)
        mapped = bool(pin.mapping and pin.mapping.takes(values))
        return mapped or claimed(logged, pin.format or ingest.format)

    logs = unwrap(record.value, record.headers, Unwrapping(ingest, is_one, schema_of))
    read = Reader(record, ingest, images if isinstance(images, Resolver) else Resolver(images), privacy, pin)
    items = [read.log(log, apart=apart) for log in logs]
    if is_mixed(items):
        items = [read.log(log, apart=False) for log in logs]
    return items[0] if len(items) == 1 else together(record, items, ingest.max_triples)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the logs of one record; the arguments of `normalize`."""

    record: Record
    ingest: Ingest
    images: Resolver
    privacy: Privacy
    pin: Pin

    def log(self, log: Log | Nothing | Unreadable, *, apart: bool) -> Normalized:
        """What one log became."""
        if isinstance(log, Unreadable):
            return rejected(self.record, None, log.reason, log.detail)
        if isinstance(log, Nothing):
            return Normalized(self.record, None, empty_reason=log.reason)
        if self.pin.mapping and self.pin.mapping.skips(log.value):
            return Normalized(self.record, MAPPING, empty_reason="skipped_by_mapping")
        logged = open_envelope(log.value, self.ingest.request_path, self.ingest.response_path)
        detected, known = self.format_of(logged)
        if detected is None or known is None:
            return rejected(self.record, None, "unknown_format", shape_of(log.value))
        name = detected.format
        reading = reading_of(self.record, name, self.ingest, self.images, self.privacy, pin=self.pin)
        item = bounded(self.record, name, lambda: parsed(log, logged, known, self.record, reading, apart=apart))
        return replace(item, because=", in ".join((detected.because, *reversed(log.around.names))))

    def format_of(self, logged: Logged) -> tuple[Detected | None, Format | None]:
        """The log's format, by its pin or its marks."""
        mapping = self.pin.mapping
        if mapping and mapping.takes(logged.value):
            return Detected(MAPPING, f"mapped by {mapping.name}"), mapping.as_format
        detected = detect(logged, self.pin.format or self.ingest.format, self.pin.because)
        return detected, FORMATS[detected.format] if detected else None


def is_mixed(items: Sequence[Normalized]) -> bool:
    """Whether some logs of a record wait for other records and others do not; then all are read as if whole."""
    waiting = {item.format for item in items if item.fragments}
    return bool(waiting) and (len(waiting) > 1 or any(item.triples or item.rejection for item in items))


def together(record: Record, items: Sequence[Normalized], max_triples: int) -> Normalized:
    """What a record of several logs became.

    Logs that can be read are judged even where others beside them cannot; the record then is rejected all the same, so
    that its bytes are kept: read again once the fault is mended, it gives the rest, and of these duplicates.
    """
    triples = {triple.id: triple for item in items for triple in item.triples}
    if len(triples) > max_triples:
        return rejected(record, None, "too_many_triples", f"{len(triples)}; ingest.max_triples is {max_triples}")
    first = next((item for item in items if item.triples or item.fragments), items[0])
    fragments = tuple(fragment for item in items for fragment in item.fragments)
    whole = Normalized(record, first.format, tuple(triples.values()), because=first.because)
    bad = [(number, item.rejection) for number, item in enumerate(items, 1) if item.rejection]
    if bad:
        number, rejection = bad[0]
        more = f", and {len(bad) - 1} more" if len(bad) > 1 else ""
        detail = f"log {number} of {len(items)}{more}: {rejection.detail}"
        return replace(whole, rejection=replace(rejection, detail=detail))
    if triples or fragments:
        return replace(whole, fragments=fragments)
    return replace(whole, empty_reason=next(item.empty_reason for item in items))


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


def reading_of(  # noqa: PLR0913 - what a Reading holds
    record: Record, format_name: str, ingest: Ingest, images: Resolver, privacy: Privacy, *, pin: Pin
) -> Reading:
    """How a record is read; its tenant is the header's, else its pin's, until the log says better."""
    tenant = tenant_of(record) or pin.tenant or ingest.tenant
    return Reading(record.position, format_name, ingest, images, tenant, privacy, record.folder)


def bounded(record: Record, format_name: str, read: Callable[[], Normalized]) -> Normalized:
    """What `read` gives.

    The boundary that keeps one record's odd shape from its neighbours: what a parser stumbles over is the record's
    fault, and rejects it. The detail is a field's name or an error's type, never its text, which may quote the log.
    """
    try:
        return read()
    except Malformed as error:
        return rejected(record, format_name, f"malformed_{format_name}", error.where)
    except TooSlowToMask:
        return rejected(record, format_name, "too_slow_to_mask", "a text took too long to look through")
    except FAULTS as error:
        return rejected(record, format_name, f"malformed_{format_name}", type(error).__name__)


def parsed(  # noqa: PLR0913 - a log, how it is read, and for whom
    log: Log, logged: Logged, known: Format, record: Record, reading: Reading, *, apart: bool
) -> Normalized:
    """The log's triples, or its parts of interactions that may go on in other records."""
    fragments = known.fragments(logged) if apart and known.fragments else ()
    if fragments:
        return Normalized(record, reading.format, fragments=fragments)
    return settled(record, log.around.beside(known.parse(logged)), reading)


def settled(record: Record, exchanges: Iterable[Exchange], reading: Reading) -> Normalized:
    """The triples of some exchanges, which go with `record`."""
    most = reading.ingest.max_triples
    turns = [(exchange, turn) for exchange in exchanges for turn in judged_of(exchange, reading.ingest.granularity)]
    if len(turns) > most:
        return rejected(record, reading.format, "too_many_triples", f"{len(turns)}; ingest.max_triples is {most}")
    triples = list(triples_of(turns, reading))
    kept = tuple(triple for triple in triples if no_answer(triple) is None)
    if kept:
        return Normalized(record, reading.format, kept)
    reason = next((found for triple in triples if (found := no_answer(triple))), "no_model_turn")
    return Normalized(record, reading.format, empty_reason=reason)


def triples_of(turns: Iterable[tuple[Exchange, Turn]], reading: Reading) -> Iterator[QTATriple]:
    """The triples of all turns, each id once: a call that a record holds twice is one.

    Of a call that two libraries traced, one of them without content, only the other's triple is left.
    """
    found: dict[str, QTATriple] = {}
    for exchange, turn in turns:
        triple = triple_of(exchange, turn, reading)
        found.setdefault(triple.id, triple)
    told = {triple.response_id for triple in found.values() if triple.has_model_output}
    for triple in found.values():
        is_echo = triple.status is Status.CONTENT_NOT_CAPTURED and triple.response_id in (told - {None})
        if triple.has_model_output or not is_echo:
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
