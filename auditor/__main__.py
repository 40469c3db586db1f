"""The command `traceaudit`: a table of commands, each imported only when chosen."""

import importlib
import os
import sys

from conf.cli import USAGE, guarded, named

COMMANDS = {
    "doctor": ("ingest.cli:doctor", "dry run: which format each record is, what each field became"),
    "run": ("auditor.cli:run", "audit a source into the database file"),
    "worker": ("auditor.fleet_cli:worker", "audit a share of topics, and send what was judged to the service"),
    "serve": ("reports.cli:serve", "the service: own the database, store what workers judged, answer"),
    "spark": ("auditor.spark_cli:spark", "audit topics on a Spark cluster, into the topic of outcomes"),
    "ledger": ("auditor.cli:ledger", "coverage per source partition, reconciled"),
    "dead-letters": (
        "auditor.letters_cli:dead_letters",
        "the records that could not be read: list, export, read again",
    ),
    "backfill": ("auditor.backfill_cli:backfill", "judge stored triples once more; what moved between two scorers"),
    "bench": ("auditor.bench_cli:bench", "how fast the guard judges here, beside the limit of the device"),
    "policy": ("auditor.policies.cli:policy", "thresholds: what they are, what they would do, and who approved them"),
    "review": ("auditor.review_cli:review", "what reviewers are to look at, and what they said"),
    "annotate": ("training.annotating.cli:annotate", "have judges say what the guard should say of reviewed cases"),
    "calibrate": ("auditor.calibrate_cli:calibrate", "fit the risk to what reviewers said"),
    "train": ("training.cli:train", "train the guard on reviewed cases; the gate tries what comes of it"),
    "models": ("auditor.models_cli:models", "guards: fetch the real one; what serves: propose, promote, roll back"),
    "eval": ("auditor.eval_cli:evaluate", "score labelled rows and measure the guard on them"),
    "golden": ("auditor.golden_cli:golden", "try the guard on labelled cases and canaries, and alarm"),
    "schedule": ("reports.schedule.cli:schedule", "run what is due now, and send it; what ran, and when all is due"),
    "deliveries": ("reports.sending.cli:deliveries", "what was sent and what failed; try a place; send again"),
    "users": ("auditor.access.cli:users", "who may log in to the service, what they may do, and API tokens"),
    "verify": ("auditor.evidence.verify_cli:verify", "whether the record, or a bundle, is as it was written"),
    "export": ("auditor.exports.cli:export", "a case as signed evidence; verdicts for other tools"),
    "events": ("auditor.evidence.verify_cli:events", "the audit trail: who did what, and when"),
    "retention": (
        "auditor.retention.cli:retention",
        "how long what is kept, and legal holds: show, run, hold, release",
    ),
    "erase": ("auditor.retention.cli:erase", "erase a conversation, a user or a case from everything that is kept"),
    "report": ("reports.cli:report", "the nightly report of a day"),
    "demo": ("reports.cli:demo", "the whole flow on the sample logs that ship with traceaudit"),
}


def usage() -> str:
    """The table of commands, for --help."""
    rows = "\n".join(f"  {name:<12} {summary}" for name, (_, summary) in COMMANDS.items())
    return f"usage: traceaudit COMMAND [options]\n\n{rows}\n\ntraceaudit COMMAND --help tells a command's options."


def main(argv: list[str] | None = None) -> int:
    """Run the chosen command and give its exit code."""
    if "TRACEAUDIT_CHILD" in os.environ:
        named("auditor.child:behave")()
    return guarded(dispatch, sys.argv[1:] if argv is None else argv)


def dispatch(arguments: list[str]) -> int:
    """Run the command that the first argument names, with the others."""
    if not arguments or arguments[0] in {"-h", "--help"}:
        print(usage())
        return 0 if arguments else USAGE
    if arguments[0] == "--version":
        print(f"traceaudit {importlib.import_module('importlib.metadata').version('traceaudit')}")
        return 0
    if arguments[0] not in COMMANDS:
        print(f"traceaudit: no command {arguments[0]!r}\n\n{usage()}", file=sys.stderr)
        return USAGE
    return int(named(COMMANDS[arguments[0]][0])(arguments[1:]))


if __name__ == "__main__":
    sys.exit(main())
