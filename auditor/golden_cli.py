"""The command golden: try the guard on the golden set and its canaries, keep what came of it, and alarm."""

import hashlib
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.cli import utc_now
from conf.cli import FINDINGS, config_of, parser, print_json
from conf.errors import ConfigError, TraceauditError
from conf.schema import Config

if TYPE_CHECKING:
    from auditor.golden.drill import GoldenRun, GoldenScore
    from auditor.rows import LabelledRow
    from auditor.verdict import ScorerKey, Verdict

CASES = Path(__file__).with_name("golden") / "cases.jsonl"


def golden(argv: Sequence[str]) -> int:
    """`traceaudit golden`: the guard on labelled cases and canaries."""
    options = parser(
        "golden", "Try the guard on labelled cases and canaries, and alarm where it got worse.", store=True
    )
    options.add_argument("--model", metavar="M", help="the guard model (auditor.model)")
    options.add_argument("--backend", metavar="B", help="what runs the model (auditor.backend)")
    options.add_argument("--fail-on-alarm", action="store_true", help="exit with 3 if there is an alarm")
    args = options.parse_args(argv)
    config = config_of(args, auditor__model=args.model, auditor__backend=args.backend)
    tried = drill(config)
    try:
        run = kept(tried, config)
    except TraceauditError:
        tell(tried.run(config)[0], as_json=args.json)  # an alarm must not be lost because the database is another's
        raise
    tell(run, as_json=args.json)
    return FINDINGS if args.fail_on_alarm and run.alarms else 0


@dataclass(frozen=True, slots=True)
class Tried:
    """The cases with what the guard said of them."""

    rows: "Sequence[LabelledRow]"
    verdicts: "Sequence[Verdict]"
    scorer: "ScorerKey"
    cases_hash: str
    seconds: float

    def run(self, config: Config, earlier: "Sequence[GoldenRun]" = ()) -> "tuple[GoldenRun, list[GoldenScore]]":
        """The figures and alarms, given earlier runs, and the score of each case."""
        from auditor.golden.drill import GoldenRun, alarms_of, figures, scores_of
        from auditor.policies.file import configured_policy

        policy = configured_policy(config.policy)
        scores = scores_of(self.rows, self.verdicts, policy)
        run = GoldenRun(
            uuid.uuid4().hex,
            utc_now(),
            self.scorer,
            self.cases_hash,
            policy.version,
            figures(scores),
            alarms=(),
            seconds=self.seconds,
        )
        return replace(run, alarms=alarms_of(run, scores, earlier, config.golden)), scores


def drill(config: Config) -> Tried:
    """The configured guard over the cases."""
    from auditor.console import row_progress
    from auditor.evaluate import score_rows
    from auditor.scorer import build

    files = [CASES, *([Path(config.golden.file)] if config.golden.file else [])]
    rows = [row for file in files for row in labelled(file, config)]
    scorer = replace(build(config, utc_now), memory=None)  # each case is asked about, whatever was judged before
    began = time.monotonic()
    with row_progress(len(rows)) as done:
        verdicts = score_rows(rows, scorer, done)
    cases_hash = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    return Tried(rows, verdicts, scorer.key, cases_hash, time.monotonic() - began)


def labelled(file: Path, config: Config) -> "list[LabelledRow]":
    """The rows of a file, all of which have a label.

    Raises:
        ConfigError: one has none.
    """
    from auditor.rows import read_rows

    rows = list(read_rows(file, config.images))
    for row in rows:
        if row.label is None:
            raise ConfigError(f"{file}:{row.triple.position.offset + 1}: a golden case needs a label of 0, 0.5 or 1")
    return rows


def kept(tried: Tried, config: Config) -> "GoldenRun":
    """The run with all its alarms, kept by whoever owns the database, which is made where there is none."""
    from auditor.owner import Asker

    return keep(tried, config, partial(Asker(config).ask, create=True))


def keep(tried: Tried, config: Config, ask: Callable[..., Any]) -> "GoldenRun":
    """The run with all its alarms, kept by whoever is asked."""
    earlier = ask("golden.runs", tried.scorer, tried.cases_hash, config.golden.drift_runs)
    run, scores = replace(tried, verdicts=ask("golden.risks", tried.verdicts)).run(config, earlier)
    ask("golden.keep", run, scores)
    return run


def tell(run: "GoldenRun", *, as_json: bool) -> None:
    """The figures and alarms of a run."""
    from auditor.console import figure_cell

    if as_json:
        print_json({**asdict(run), "at": run.at.isoformat()})
        return
    got = run.figures
    shares = f"agreement {figure_cell(got.agreement)}, false-positive rate {figure_cell(got.false_positive_rate)}"
    caught = f"{got.canaries_caught} of {got.canaries} canaries caught"
    print(f"golden set: {got.n} cases, {shares}, {caught}, {len(run.alarms)} alarms")
    for alarm in run.alarms:
        print(f"ALARM: {alarm}")
