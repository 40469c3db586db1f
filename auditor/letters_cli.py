"""The command dead-letters: list them, export them, read them again, send them elsewhere."""

import argparse
import sys
import uuid
from collections.abc import Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.cli import key_file, utc_now
from conf.cli import config_of, parser, print_json
from conf.errors import ConfigError
from conf.schema import Batching, Config

if TYPE_CHECKING:
    from auditor.letters import Replayed
    from auditor.letters_out import Load
    from auditor.owner import Asker
    from auditor.store_letters import LetterLine

SHOWN = 100
LEFT_OUT = "masking kept their bytes back, or a line cannot hold them; `dead-letters list --export DIR` writes files"
OF_ACTION = {"limit": "list", "export": "list", "to": "replay", "model": "replay", "backend": "replay"}


def dead_letters(argv: Sequence[str]) -> int:
    """`traceaudit dead-letters list | replay`: the records that could not be read."""
    from auditor.owner import Asker
    from auditor.store_letters import Which

    args = options().parse_args(argv)
    if wrong := [name for name, action in OF_ACTION.items() if getattr(args, name) and action != args.action]:
        raise ConfigError(f"--{wrong[0]} belongs to `traceaudit dead-letters {OF_ACTION[wrong[0]]}`")
    config = config_of(args, auditor__model=args.model, auditor__backend=args.backend)
    which = Which(args.reason, args.source, open_only=args.action == "replay")
    asker = Asker(config)
    found, load = asker.ask("letters.find", which), partial(asker.ask, "letters.load")
    to = args.export if args.action == "list" else args.to
    if to and "://" not in str(to):  # so that an erasure finds it
        asker.ask("retention.note_file", str(Path(to).absolute()), "dead-letters", utc_now())
    if args.action == "list":
        return show(found, args, config.batching, load)
    if args.to:
        return send(found, args.to, config, load, as_json=args.json)
    replayed = read_again(found, config, asker)
    if args.json:
        print_json(replayed.as_json())
    else:
        print_replayed(replayed)
    return 0


def options() -> argparse.ArgumentParser:
    """The options of both actions."""
    result = parser("dead-letters", "The records that could not be read: list them, or read them again.", store=True)
    result.add_argument("action", choices=("list", "replay"), help="replay reads open ones with what is in force now")
    result.add_argument("--reason", metavar="R", help="those with this reason only, such as not_json")
    result.add_argument("--source", metavar="S", help="those whose source has S in its name, such as a topic")
    result.add_argument("--limit", type=int, metavar="N", help=f"list: show N at most (default {SHOWN}; 0: all)")
    result.add_argument(
        "--export", type=Path, metavar="DIR", help="list: write the bytes of each shown to a file there"
    )
    result.add_argument(
        "--to", metavar="T", help="replay: send the bytes to kafka://host:port/topic, or lines to a file"
    )
    result.add_argument("--model", metavar="M", help="replay: the guard model (auditor.model)")
    result.add_argument("--backend", metavar="B", help="replay: what runs the model (auditor.backend)")
    return result


def show(found: "Sequence[LetterLine]", args: argparse.Namespace, limits: Batching, load: "Load") -> int:
    """Print letters, and write their bytes out where that is asked for."""
    from auditor.console import print_letters
    from auditor.letters_out import export

    limit = SHOWN if args.limit is None else args.limit
    shown = found[:limit] if limit else found
    if args.export:
        export(shown, args.export, limits, load)
    if args.json:
        for line in shown:
            print_json(line.as_json())
    else:
        print_letters(shown)
    if len(shown) < len(found):
        print(f"{len(shown)} of {len(found)} shown; --limit 0 shows all", file=sys.stderr)
    return 0


def send(found: "Sequence[LetterLine]", to: str, config: Config, load: "Load", *, as_json: bool) -> int:
    """Send the bytes of open letters elsewhere; here they stay open."""
    from auditor.letters_out import to_file, to_topic

    sent = to_topic(found, to, config, load) if "://" in to else to_file(found, Path(to), config.batching, load)
    left = len(found) - sent
    if as_json:
        print_json({"letters": len(found), "sent": sent, "left_out": left})
    else:
        print(f"{sent} of {len(found)} dead letters sent to {to}")
    if left:
        print(f"{left} left out: {LEFT_OUT}", file=sys.stderr)
    return 0


def read_again(found: "Sequence[LetterLine]", config: Config, asker: "Asker") -> "Replayed":
    """Build the scorer that `config` says, and settle the letters that can be read now."""
    from auditor.blobs import open_blobs
    from auditor.letters import LetterKeeper, replay
    from auditor.policies.file import configured_policy
    from auditor.scorer import build
    from auditor.store_rows import Run
    from ingest.assembly import Assembler
    from ingest.normalize import joiner, normalizer, resolver_of
    from ingest.privacy import privacy_of

    scorer = build(config, utc_now).recalling(partial(asker.ask, "backfill.recall"))
    policy = configured_policy(config.policy).version
    run = Run(uuid.uuid4().hex, utc_now(), version("traceaudit"), scorer.key, scorer.backend_name, policy)
    blobs = open_blobs(config.images.blob_dir or f"{config.store.path}.blobs")
    privacy = privacy_of(config, beside=key_file(config))
    how = (config, privacy, resolver_of(config, scorer.backend.image_pixels))
    assembler = Assembler(config.assembly, normalizer(*how), joiner(*how))
    return replay(found, LetterKeeper(asker, blobs.keep, run, utc_now), scorer, assembler, config.batching)


def print_replayed(replayed: "Replayed") -> None:
    """What reading them again came to, for people."""
    summary = replayed.as_json()
    print(f"{summary['letters']} open dead letters read again")
    for state, n in summary["settled"].items():
        print(f"settled as {state}: {n}")
    for reason, n in summary["still_rejected"].items():
        print(f"still rejected, {reason}: {n}")
    if summary["withheld"]:
        print(f"without their bytes, which masking kept back: {summary['withheld']}")
    print(f"{summary['triples']} triples, {summary['verdicts']} new verdicts")
