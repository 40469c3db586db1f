"""The command spark: audit topics on a Spark cluster, or on this machine's cores, into the topic of outcomes."""

import functools
import logging
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from conf.cli import config_of, parser, print_json
from conf.errors import ConfigError
from conf.schema import Config
from ingest.errors import SourceSyntax

if TYPE_CHECKING:
    from auditor.spark import Job


def spark(argv: Sequence[str]) -> int:
    """`traceaudit spark`: audit topics with Spark's Structured Streaming."""
    options = parser("spark", "Audit topics on a Spark cluster, into the topic of outcomes.")
    options.add_argument("source", metavar="SOURCE", help="kafka://host:port/topic[,topic]")
    options.add_argument("--outcomes", metavar="TOPIC", help="kafka://host:port/topic for outcomes (fleet.outcomes)")
    options.add_argument(
        "--checkpoint", required=True, metavar="DIR", help="folder that all machines see: where the job stands"
    )
    options.add_argument("--master", help="as Spark names it; else as Spark is configured, or this machine")
    options.add_argument("--once", action="store_true", help="end when all that is there now is audited")
    options.add_argument("--model", metavar="M", help="the guard model (auditor.model)")
    options.add_argument("--backend", metavar="B", help="what runs the model (auditor.backend)")
    args = options.parse_args(argv)
    config = config_of(args, fleet__outcomes=args.outcomes, auditor__model=args.model, auditor__backend=args.backend)
    check(args.source, config)
    began = time.monotonic()
    counts = stream(args.source, config, args.checkpoint, args.master, once=args.once)
    summary = {**counts, "seconds": round(time.monotonic() - began, 3)}
    if args.json:
        print_json(summary)
    else:
        print(", ".join(f"{value} {name}" for name, value in summary.items()))
    return 0


def check(source: str, config: Config) -> None:
    """Find what is missing before anything is started.

    Raises:
        SourceSyntax: the source is not of topics, or names a group.
        ConfigError: no blob store, or no topic of outcomes is configured.
    """
    from ingest.topics import parse_topics

    if not source.startswith("kafka://"):
        raise SourceSyntax(f"{source}: Spark reads topics; write it as kafka://host:port/topic")
    if parse_topics(source).group:
        raise SourceSyntax(f"{source}: Spark keeps its place in --checkpoint; leave out ?group=")
    if not config.fleet.outcomes:
        raise ConfigError("fleet.outcomes: name the topic of outcomes, or give --outcomes kafka://host:port/topic")
    if not config.images.blob_dir:
        raise ConfigError("images.blob_dir: name a place that all executors and the service share")


def stream(source: str, config: Config, checkpoint: str, master: str | None, *, once: bool) -> Mapping[str, int]:
    """Start Spark, run the stream to its end, and give its counts."""
    from auditor.console import stop_signals
    from auditor.registry.following import Following, follows
    from auditor.spark import Cover, Judging, job_of, outcomes_of
    from conf.spark.jars import connector_jars
    from ingest.engines.spark import Stream, open_session
    from ingest.kafka import open_topics
    from ingest.outlet import open_outlet

    for name in ("kafka", "py4j"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what ends a run is told by us
    job = job_of(source, config)
    topics = open_topics(source, config, follow=False)
    with closing(topics), closing(open_outlet(outcomes_of(config), config)) as outlet:
        session = open_session(config, connector_jars(config.spark.jars), master)
        try:
            following = Following(config, functools.partial(with_run, session, job))
            first = following.start() if follows(config) else following.load(config)
            cover = Cover(first.known_run, config.fleet.max_message_bytes, outlet.write)
            judging = Judging(first, cover, following.next if follows(config) else lambda: None)
            with stop_signals() as stop:
                Stream(session, topics, config, checkpoint).run(judging, cover.settled, stop, once=once)
        finally:
            session.stop()
    return cover.counts


def with_run(session: Any, job: "Job", config: Config) -> "Job":
    """The job that judges with the model of `config`, with its run, as an executor says that has loaded it."""
    from auditor.cli import utc_now
    from auditor.policies.file import configured_policy
    from auditor.spark import KEY, key_rows
    from auditor.store_rows import Run
    from auditor.verdict import ScorerKey
    from ingest.engines.spark import ask_executor

    named = replace(job, model=config.auditor.model)
    found = ask_executor(session, functools.partial(key_rows, named), KEY.names)
    key = ScorerKey(**found)
    policy = configured_policy(config.policy).version
    return replace(
        named, run=Run(uuid.uuid4().hex, utc_now(), version("traceaudit"), key, config.auditor.backend, policy)
    )
