"""What usually stands behind what a doctor finds, and what to do about it."""

from collections.abc import Callable, Iterator, Mapping

from ingest.doctor import Summary
from ingest.qta import State

MOST_CAUSES = 3

# Reason to its usual cause; a reason that begins with malformed_ and is not here has MALFORMED.
CAUSES: Mapping[str, str] = {
    "not_json": "the values are no JSON; Avro is read with Confluent's wire format and a registry",
    "unknown_format": "no mark of a known format: --format names it, ingest.request_path says where its request is, "
    "and a mapping file says what is what in a format of your own",
    "content_not_captured": "the instrumentation leaves content out, its default: "
    "set OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true where the agents run",
    "no_model_turn": "telemetry without calls of a model, such as HTTP spans: "
    "the GenAI spans are in another topic, or filtered out on the way",
    "provider_error": "every call failed at the provider",
    "blocked": "every prompt was refused by the provider",
    "too_large": "records over the limit: see ingest.max_record_bytes",
    "too_many_triples": "records with more turns than ingest.max_triples: is one record a whole export?",
    "no_registry": "records in Confluent's wire format: say where their schema registry is with registry.url",
    "unknown_schema_id": "the registry does not know their schemas: is registry.url the registry of this cluster?",
    "bad_schema": "the registry's schemas are no Avro schemas",
    "malformed_avro": "Avro that does not fit its schema: is registry.url the registry of this cluster?",
    "malformed_mapping": "the mapping file's expressions find nothing in these records, or something of a wrong type",
    "malformed_cloudevents": "CloudEvents whose data cannot be unpacked: see datacontenttype and data_base64",
    "malformed_debezium": "a change of a database whose row cannot be read: see the connector's converter",
    "protobuf_not_supported": "Protobuf other than OTLP is not read: JSON, or Avro with a registry, is",
    "bad_compression": "compressed values that are cut off, or whose library is not installed (extra 'kafka')",
    "skipped_by_mapping": "the mapping file's `skip` holds for all of them",
    "deleted": "changes of a database that only delete rows",
    "no_data": "CloudEvents without data: does the producer send references in place of the log?",
    "too_many_envelopes": "envelopes nested deeper than anybody means to",
    "too_slow_to_mask": "texts that masking takes too long to look through, such as long tables of numbers: "
    "see masking.phone_regions and patterns of your own",
    "part_of_trace": "parts of traces whose triples are with other records",
    "tombstone": "empty values, as a topic compacted by key has them",
    "incomplete": "requests without their responses: is the other half logged elsewhere?",
}
MALFORMED = (
    "records with the marks of their format and fields that are not as it says: an older version, or changed on the way"
)
REQUESTS_ONLY = (
    "requests without their responses: have the gateway log both in one record, or say where the other half is"
)
NO_RECORDS = "the source holds no records: is it the right one, and does retention leave anything in it?"
HALF = 0.5
MOSTLY = 0.9


def cause_of(reason: str, detail: str = "") -> str:
    """What usually stands behind a reason; the reason itself where nobody knows."""
    if reason == "unknown_format" and ("no response" in detail or "without a response" in detail):
        return REQUESTS_ONLY
    return CAUSES.get(reason) or (MALFORMED if reason.startswith("malformed_") else reason)


def causes(summary: Summary) -> list[str]:
    """Why nothing would be scored, the most frequent cause first; none where something would be."""
    if any(state == State.SCORED for state, _ in summary.states):
        return []
    if not summary.records:
        return [NO_RECORDS]
    lines = []
    for (reason, detail), count in summary.whys.most_common(MOST_CAUSES):
        said = f" ({detail})" if detail else ""
        lines.append(f"{count} of {summary.records} records, {reason}{said}: {cause_of(reason, detail)}")
    return lines


# What is worth knowing of a source that can be scored: whether it holds, and what to say then.
NOTES: tuple[tuple[Callable[[Summary], bool], str], ...] = (
    (
        lambda found: found.share("thinking", "redacted") >= HALF,
        (
            "thinking is ciphertext or a signature only: its provider keeps it back; it is never scored as text, and "
            "what the verdicts rest on is question, answer and tool calls"
        ),
    ),
    (
        lambda found: found.share("thinking", "absent") >= MOSTLY,
        (
            "no thinking in these logs: the model gives none, or the logger leaves its field out (reasoning_content, "
            "thinking, reasoning)"
        ),
    ),
    (
        lambda found: found.share("thinking", "summary") >= HALF,
        "thinking is the provider's summary; what it left out cannot be judged",
    ),
    (
        lambda found: found.share("status", "content_not_captured") > 0 and found.share("answer", "present") > 0,
        "some triples have no content: content capture is off in a part of the instrumentation",
    ),
    (
        lambda found: found.share("question", "none") >= HALF,
        "no question in half of the triples: tool results or templates in place of what a person wrote?",
    ),
    (
        lambda found: found.share("images", "not_fetched_policy", "host_not_allowed") > 0,
        "images are linked and not fetched: say which hosts may be asked, in the section images",
    ),
    (
        lambda found: found.share("images", "truncated_by_logger", "redacted_by_logger") > 0,
        "the logger cuts images off or leaves them out: raise its limit for the length of a field",
    ),
    (
        lambda found: found.share("not understood", "hidden_reasoning_tokens") > 0,
        "models thought and the logs do not show it: they count reasoning tokens and have no text for them",
    ),
    (
        lambda found: (
            sum(n for (state, _), n in found.states.items() if state == State.DUPLICATE) > HALF * found.records
        ),
        "more than half of the records are seen before: is each call logged twice, or is this a mirror?",
    ),
)


def notes(summary: Summary) -> Iterator[str]:
    """What is worth knowing of a source from which something would be scored."""
    return (said for holds, said in NOTES if summary.triples and not causes(summary) and holds(summary))
