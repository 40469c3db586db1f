"""What the codes of the database are called in a report, and what they mean."""

from ingest.formats import FORMATS

JUDGMENTS = {
    "safe": "safe",
    "potentially_harmful": "potentially harmful",
    "harmful": "harmful",
    "unscorable": "could not be scored",
}

CATEGORIES = {
    "crime_and_illegal_activities": "crime and illegal activities",
    "cybersecurity": "cybersecurity",
    "data_privacy": "data privacy",
    "ethics_and_morality": "ethics and morality",
    "physical_and_mental_health": "physical and mental health",
    "hate_speech": "hate speech",
    "extremism": "extremism",
    "inappropriate_suggestions": "inappropriate suggestions",
    "other": "other",
    "unknown": "not named",
}

STAGES = {
    "": "not examined",
    "unclear": "no part stands out",
    "image": "images",
    "answer": "answer and actions",
}

FLAGS = {
    "harmful_thinking_clean_answer": "Without its thinking, the guard scores this exchange below the threshold: "
    "a check of answers alone misses this case.",
    "needs_image": "Without its images, the guard scores this exchange below the threshold.",
    "imitates_the_guard": "The log holds text in the form of a verdict of the guard; the judgment is never read there.",
    "not_diagnosed": "Where the harm lies could not be examined; the judgment stands.",
}

THINKING = {
    "raw": "full thinking",
    "summary": "provider's summary only",
    "redacted": "withheld by the provider",
    "absent": "not in the log",
    "unknown": "text of unknown kind",
}

KIND_SOURCES = {
    "explicit": "said by the log",
    "model_rule": "known from format and model",
    "assumed": "assumed",
}

STATES = {
    "scored": "scored",
    "duplicate": "seen before",
    "unscorable": "could not be scored",
    "rejected": "could not be read",
    "empty": "nothing to score",
    "shed": "left out by a sampling rule",
}

STATUSES = {
    "incomplete": "the log ends before the answer",
    "error": "the provider failed",
    "content_not_captured": "the telemetry was set not to record texts",
    "blocked": "the provider's own filter stopped the answer",
}

IMAGE_REASONS = {
    "not_fetched_policy": "only an address in the log, which the configuration does not fetch",
    "host_not_allowed": "an address that must not be asked",
    "http_4xx": "its server does not have it any more, or does not give it",
    "http_5xx": "its server failed",
    "not_reachable": "its server did not answer",
    "expired_url": "a link whose time was over",
    "needs_credentials": "behind a login",
    "too_large": "larger than the limit",
    "too_many": "more images than the limit for one exchange",
    "not_an_image": "the bytes are no image",
    "decode_error": "the image is damaged",
    "decompression_bomb": "needs more pixels or memory than the limit",
    "timeout": "took longer than the limit",
    "truncated_by_logger": "the logger cut the image off",
    "redacted_by_logger": "the logger removed the image",
    "provider_file_id": "only the provider has the file",
    "attachment_missing": "the attachment is not in the log",
    "bad_shape": "a shape that the guard cannot see",
    "blob_gone": "no longer in the image folder as it was kept",
}

REASONS = (
    STATUSES
    | {
        "not_json": "cut off, or not JSON",
        "unknown_format": "no log format that is known here",
        "too_large": "larger than the limit for one record",
        "tombstone": "a record without content",
        "no_model_turn": "telemetry without a call of a model",
        "provider_error": "the provider failed; there is no answer to judge",
        "prompt_too_long": "longer than the guard can read",
        "probabilities_not_finite": "the guard's arithmetic failed: its probabilities are no numbers",
        "unreadable_truncated": "the guard's analysis did not come to an end",
        "unreadable_no_judgment": "the guard's answer holds no judgment",
        "unreadable_several_judgments": "the guard's answer holds more than one judgment",
        "no_risk": "the verdict has no usable probability",
    }
    | {
        f"malformed_{name}": "looks like a known format, and its fields are not as that format has them"
        for name in FORMATS
    }
)


LEVELS = {
    "none": "nothing",
    "watch": "watch",
    "escalate": "needs a person",
    "urgent": "urgent",
}

COMPARED = {
    "read": "records read",
    "exchanges": "exchanges judged",
    "escalated": "need a person",
    "urgent": "urgent",
    "unscorable": "could not be scored",
    "degraded": "judged on less than the whole",
}

WHY_NO_ESTIMATE = {
    "no_sample": "No exchange below the line has been drawn for review yet, so nobody knows what is missed.",
    "no_reviews": "Exchanges below the line are drawn, and none of them is reviewed yet.",
    "too_few": "Too few of the exchanges drawn below the line are reviewed to tell.",
}

CHANGES = {
    "model": "guard model",
    "version": "traceaudit",
}

OUTCOMES = {
    "open": "open",
    "unanimous": "decided by all",
    "majority": "decided by most",
    "split": "votes split",
    "adjudicated": "decided by an expert",
    "not drawn": "not drawn",
}

DRAWS = {
    "urgent": "urgent",
    "escalated": "one that needs a person",
    "below": "below the line",
    "asked": "asked for by a training",
}

DRIFT = {
    "stable": "stable",
    "moved": "moved",
    "shifted": "shifted",
    "too_few": "too few scores to tell",
}

SAID = {
    "stopped": "stopped (blocked, refused or masked)",
    "flagged": "flagged",
    "passed": "passed",
    "failed": "the guard itself failed",
    "nothing": "no guard's word in the log",
}

LOOKED_AT = {
    "input": "the input",
    "output": "the output",
    "unknown": "what is not told",
}

SIGNALS = {
    "masked": "masked a part",
    "failed": "failed itself",
}

DISAGREEMENTS = {
    "passed_escalated": "moderation passed it, and the audit says that a person should look",
    "stopped_safe": "moderation stopped it, and the audit finds nothing",
    "flagged_safe": "moderation flagged it, and the audit finds nothing",
}

CHANNELS = {
    "files": "folder",
    "email": "e-mail",
    "webhook": "web hook",
    "kafka": "topic",
    "siem": "SIEM",
    "job": "schedule",
}

GAPS = {
    "compacted_or_transaction": "compacted away, or control records of transactions",
    "retention": "deleted by the topic's retention before they were read",
}

LANGUAGES = {
    "": "not known",
    "ar": "Arabic",
    "cs": "Czech",
    "da": "Danish",
    "de": "German",
    "el": "Greek",
    "en": "English",
    "es": "Spanish",
    "fa": "Persian",
    "fi": "Finnish",
    "fr": "French",
    "he": "Hebrew",
    "hi": "Hindi",
    "hu": "Hungarian",
    "id": "Indonesian",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "nl": "Dutch",
    "no": "Norwegian",
    "pl": "Polish",
    "pt": "Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
    "sv": "Swedish",
    "th": "Thai",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "und": "not known",
    "vi": "Vietnamese",
    "zh": "Chinese",
}


def stage(code: str | None) -> str:
    """What a stage is called: each of its parts, joined by commas."""
    return ", ".join(word(STAGES, part) for part in (code or "").split("+"))


def word(table: dict[str, str], code: str) -> str:
    """What `code` is called; a code without a word is shown as it is, with spaces."""
    return table.get(code, code.replace("_", " "))
