"""Config and its sections: types, ranges, units; `load(files, overrides) -> Config`.

Defaults live in `default.toml` alone. Later files win over earlier ones, `--set` wins over files.
"""

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from conf.delivery import Delivery
from conf.errors import ConfigError
from conf.learning import Hygiene, Judge
from conf.retention import Retention

DEFAULT_FILE = Path(__file__).with_name("default.toml")

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Count = Annotated[int, Field(ge=1)]
EntityName = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]
Seconds = Annotated[float, Field(gt=0)]


class Section(BaseModel):
    """A frozen section that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Ingest(Section):
    """What is read from a record, and where reading stops."""

    max_record_bytes: Count
    max_decompressed_bytes: Count
    max_triples: Count
    max_context_chars: Annotated[int, Field(ge=0)]
    format: str
    mapping: str
    granularity: Literal["turn", "step"]
    request_path: str
    response_path: str
    tenant: str
    user_key_env: str
    user_key_file: str


class TopicPin(Section):
    """What is known beforehand of the records of a topic, or of files; an empty value pins nothing."""

    format: str = ""
    mapping: str = ""
    tenant: str = ""


class Registry(Section):
    """Where the schemas of Avro records are."""

    url: str
    auth_env: str
    timeout_s: Annotated[float, Field(gt=0, le=10)]
    max_bytes: Count


class Images(Section):
    """Which images are decoded, and how large they may be."""

    blob_dir: str
    max_bytes: Count
    max_pixels: Count
    max_side_ratio: Annotated[float, Field(ge=1)]
    min_side: Count
    max_per_triple: Annotated[int, Field(ge=0)]
    decode_memory_bytes: Annotated[int, Field(ge=67_108_864)]
    decode_timeout_s: Seconds
    allowed_dir: str


class Fetch(Section):
    """Which images that a log only links to are fetched."""

    allow_hosts: tuple[str, ...]
    allow_ports: tuple[Annotated[int, Field(ge=1, le=65_535)], ...]
    schemes: tuple[str, ...]
    ca_file: str
    timeout_s: Seconds


class Kafka(Section):
    """How the broker is polled."""

    poll_records: Count
    poll_timeout_s: Seconds
    max_partition_fetch_bytes: Count
    connect_timeout_s: Seconds
    max_poll_interval_s: Seconds
    session_timeout_s: Seconds
    start: Literal["earliest", "latest"]
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
    ssl_cafile: str
    ssl_certfile: str
    ssl_keyfile: str
    sasl_mechanism: Literal["", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]
    sasl_username_env: str
    sasl_password_env: str


class DeadLetters(Section):
    """Where records that cannot be read go besides the table."""

    topic: str
    timeout_s: Seconds


class Assembly(Section):
    """How long the parts of an interaction that is spread over records are waited for."""

    enabled: bool
    idle_s: Seconds
    max_age_s: Seconds
    max_held_bytes: Count


class TenantMasking(Section):
    """What one tenant's masking changes; what is not said stays as it is for all, and patterns come on top."""

    enabled: bool | None = None
    entities: tuple[str, ...] | None = None
    score_threshold: Fraction | None = None
    phone_regions: tuple[str, ...] | None = None
    patterns: Mapping[EntityName, str] = {}


class Masking(Section):
    """What personal data is taken out of texts before anything is written."""

    enabled: bool
    entities: tuple[str, ...]
    score_threshold: Fraction
    phone_regions: tuple[str, ...]
    patterns: Mapping[EntityName, str]
    tenants: Mapping[str, TenantMasking]


class Batching(Section):
    """How many records an engine hands over at a time."""

    max_records: Count
    max_bytes: Count
    max_age_s: Seconds


class Auditor(Section):
    """Which guard model judges, and how."""

    model: str
    revision: str
    models_dir: str
    registry_dir: str
    registry_keys: str
    registry_base: str
    backend: Literal["transformers", "vllm", "server", "scripted"]
    prompt_file: str
    qa_prompt_file: str
    absent_thinking: Literal["qta", "qa"]
    mode: Literal["full", "triage", "cascade"]
    cascade_low: Fraction
    audit_share: Fraction
    audit_seed: str
    reading: Literal["after_analysis", "judgment_first"]
    samples: Count
    sample_temperature: Annotated[float, Field(gt=0)]
    dtype: Literal["auto", "float32", "bfloat16"]
    max_prompt_tokens: Count
    max_new_tokens: Count
    max_image_pixels: Count
    max_images: Count
    max_windows: Count
    window_overlap: Annotated[float, Field(ge=0, le=0.5)]
    reuse: bool
    diagnose: bool
    micro_batch_rows: Count
    micro_batch_tokens: Count
    vllm_batch_tokens: Annotated[int, Field(ge=2048)]
    gpu_memory_share: Annotated[float, Field(gt=0, le=1)]
    retries: Annotated[int, Field(ge=0)]
    scripted_table: str
    server_url: Annotated[str, Field(pattern=r"^https?://")]
    server_model: str
    server_key_env: str
    server_concurrency: Count
    server_timeout_s: Seconds


class LocalPolicy(Section):
    """What the guard is told of one tenant's or application's own rules."""

    text: str = ""
    languages: tuple[str, ...] = ()


class Policy(Section):
    """When a verdict becomes an escalation, until a policy is approved in the database."""

    file: str


class Fleet(Section):
    """How workers hand what they judged to the service."""

    outcomes: str
    max_message_bytes: Count
    max_waiting_bytes: Count
    hole_alarm_s: Seconds


class Spark(Section):
    """How Spark reads topics; what it runs on is Spark's own configuration."""

    jars: tuple[str, ...]
    max_offsets_per_trigger: Count
    trigger_s: Annotated[float, Field(ge=0)]
    conf: Mapping[str, str]


class Serve(Section):
    """Where the service answers, and which workers it runs itself."""

    host: str
    port: Annotated[int, Field(ge=0, le=65535)]
    workers: Annotated[int, Field(ge=0)]
    worker_source: str


RoleName = Literal["viewer", "reviewer", "expert", "approver", "admin"]
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+$")]


class Access(Section):
    """Who gets in to the service."""

    hosts: tuple[str, ...]
    https: bool
    session_h: Annotated[float, Field(gt=0, le=168)]
    session_idle_h: Annotated[float, Field(gt=0, le=168)]
    login_failures_per_name: Count
    login_failures_per_address: Count
    login_window_s: Seconds
    token_days: Annotated[int, Field(ge=1, le=3660)]
    max_body_bytes: Annotated[int, Field(ge=1024)]
    proxy_peers: tuple[str, ...]
    proxy_user_header: HeaderName
    proxy_secret_header: HeaderName
    proxy_secret_env: str
    proxy_default_roles: tuple[RoleName, ...]
    proxy_default_tenants: tuple[str, ...]


class Reviewing(Section):
    """How reviewers share cases."""

    lease_s: Annotated[float, Field(ge=1, le=86_400)]


class Backfill(Section):
    """How stored triples are judged once more, so that live work goes first."""

    batch_s: Seconds
    batch_triples: Annotated[int, Field(ge=1, le=256)]
    max_lag: Annotated[int, Field(ge=0)]
    wait_s: Seconds
    nice: Annotated[int, Field(ge=0, le=19)]


class Store(Section):
    """Where verdicts are kept."""

    path: str


class Evidence(Section):
    """What makes the audit trail hard to change unnoticed."""

    key_file: str
    checkpoint_file: str


class Report(Section):
    """What the nightly report holds."""

    out_dir: str
    max_cases: Annotated[int, Field(ge=0)]
    max_listed: Count
    max_memory_bytes: Annotated[int, Field(ge=268_435_456)]
    max_case_chars: Count
    thumbnail_px: Count
    pdf: Literal["auto", "always", "never"]


class Schedule(Section):
    """When the service makes reports and what else comes round, in UTC."""

    nightly: str
    weekly: str
    monthly: str
    checkpoint: str
    golden: str
    calibrate: str
    retrain: str
    retention: str
    calibrate_min_new: Count
    job_hours: Annotated[float, Field(gt=0, le=1000)]
    job_memory_bytes: Annotated[int, Field(ge=0)]
    catch_up: Annotated[int, Field(ge=1, le=366)]
    urgent_s: Annotated[float, Field(ge=0.1, le=3600)]
    urgent_per_minute: Annotated[int, Field(ge=1, le=60)]
    give_up_h: Annotated[float, Field(gt=0, le=720)]


class Golden(Section):
    """What `traceaudit golden` tries the guard on, and what it bears."""

    file: str
    min_agreement: Annotated[float, Field(ge=0, le=1)]
    max_false_positive_rate: Annotated[float, Field(ge=0, le=1)]
    max_drift: Annotated[float, Field(ge=0, le=1)]
    drift_runs: Annotated[int, Field(ge=3, le=100)]


Stage = Literal["sft", "dpo", "ogdpo"]


class Training(Section):
    """How the guard is trained on reviewed cases, and when that is due."""

    recipe: str
    stages: Annotated[tuple[Stage, ...], Field(min_length=1)]
    oracle: str
    processes: Annotated[int, Field(ge=0)]
    base: str
    rows: str
    folder: str
    min_new: Count
    every_days: Count


class Gate(Section):
    """What a candidate may lose beside the guard that serves, before it may be promoted."""

    backend: Literal["", "vllm", "transformers", "server", "scripted"]
    max_loss: Annotated[float, Field(ge=0, le=1)]
    max_group_loss: Annotated[float, Field(ge=0, le=1)]
    min_cases: Annotated[int, Field(ge=1)]
    max_frozen_loss: Annotated[float, Field(ge=0, le=1)]
    max_false_alarms: Annotated[float, Field(ge=0, le=1)]
    max_injection_loss: Annotated[float, Field(ge=0, le=1)]
    max_trigger_loss: Annotated[float, Field(ge=0, le=1)]
    max_brier_rise: Annotated[float, Field(ge=0, le=1)]
    max_slowdown: Annotated[float, Field(ge=1)]
    advisory: list[str]


class Config(Section):
    """Everything that can be set, one section per concern."""

    ingest: Ingest
    topics: dict[str, TopicPin]
    registry: Registry
    images: Images
    fetch: Fetch
    kafka: Kafka
    masking: Masking
    dead_letters: DeadLetters
    assembly: Assembly
    batching: Batching
    auditor: Auditor
    local_policy: dict[str, LocalPolicy]
    policy: Policy
    fleet: Fleet
    spark: Spark
    serve: Serve
    access: Access
    reviewing: Reviewing
    backfill: Backfill
    schedule: Schedule
    delivery: dict[str, Delivery]
    golden: Golden
    training: Training
    judges: dict[str, Judge]
    hygiene: Hygiene
    gate: Gate
    store: Store
    evidence: Evidence
    retention: Retention
    report: Report


# Sections whose keys are the user's own names, each with a table of these.
TABLES: dict[str, type[BaseModel]] = {
    "topics": TopicPin,
    "local_policy": LocalPolicy,
    "delivery": Delivery,
    "judges": Judge,
}


def load(files: Iterable[str | Path] = (), overrides: Mapping[str, str] | None = None) -> Config:
    """The configuration in effect: defaults, then `files` in order, then `overrides`.

    Args:
        files: TOML files with the sections of `default.toml`, all keys optional.
        overrides: "section.key" to its value in TOML syntax; a value that is not TOML is taken as a string.

    Raises:
        ConfigError: a file that cannot be read, or a key that is unknown, of a wrong type, or out of range.
    """
    values = read_toml(DEFAULT_FILE)
    for file in files:
        merge(values, read_toml(Path(file)))
    for dotted, text in (overrides or {}).items():
        section, _, key = dotted.partition(".")
        if not section or not key:
            raise ConfigError(f"--set {dotted}: write it as section.key=value")
        merge(values, {section: {key: parse_value(text)}})
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        raise ConfigError(describe(error)) from None


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file.

    Raises:
        ConfigError: the file is missing, unreadable, or not TOML; the message has file and line.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from None


def merge(into: dict[str, Any], new: Mapping[str, Any]) -> None:
    """Lay `new` over `into`, section by section."""
    for key, value in new.items():
        if isinstance(value, Mapping) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value


def parse_value(text: str) -> Any:
    """`text` read as a TOML value, or as the string it is."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def describe(error: ValidationError) -> str:
    """One line per wrong key: its name, what is wrong, what is allowed."""
    return "\n".join(describe_one(problem) for problem in error.errors(include_url=False))


def describe_one(problem: Mapping[str, Any]) -> str:
    """The key's dotted name and what is allowed there."""
    name = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"{name}: unknown key; allowed here: {', '.join(allowed_keys(problem['loc']))}"
    if problem["type"] == "missing":
        return f"{name}: missing"
    if problem["type"] == "value_error":  # of a whole table, whose values need not be shown
        return f"{name}: {problem['msg'].removeprefix('Value error, ')}"
    return f"{name} = {problem['input']!r}: {problem['msg'][0].lower()}{problem['msg'][1:]}"


def allowed_keys(loc: tuple[int | str, ...]) -> list[str]:
    """The keys known beside `loc`: section names at the top, a section's keys below."""
    if len(loc) == 1:
        return sorted(Config.model_fields)
    section = TABLES.get(str(loc[0])) or Config.model_fields[str(loc[0])].annotation
    return sorted(section.model_fields) if isinstance(section, type) and issubclass(section, BaseModel) else []
