"""The command eval: score labelled rows in one mode or several, and measure the guard on them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from auditor.cli import utc_now
from auditor.errors import OutputUnwritable
from conf.cli import config_of, parser, print_json
from conf.errors import ConfigError


def evaluate(argv: Sequence[str]) -> int:
    """`traceaudit eval`: score labelled rows and measure the guard on them."""
    from auditor.console import print_beside, print_figures, print_modes, print_saturation, row_progress
    from auditor.evaluate import row_line, score_modes, summarise
    from auditor.rows import read_rows
    from auditor.scorer import build_modes

    options = parser("eval", "Score labelled rows and measure the guard on them.")
    options.add_argument("data", type=Path, metavar="DATA.jsonl", help="labelled rows, one a line")
    options.add_argument("--model", metavar="M", help="the guard model (auditor.model)")
    options.add_argument("--backend", metavar="B", help="what runs the model (auditor.backend)")
    options.add_argument(
        "--mode",
        action="append",
        metavar="M",
        help="full, triage or cascade; repeatable, the first is what is reported",
    )
    options.add_argument(
        "--beside", action="append", default=[], metavar="FIELD", help="a field with another guard's labels; repeatable"
    )
    options.add_argument("--rows", type=Path, metavar="F", help="write one scored row a line to this file")
    args = options.parse_args(argv)
    config = config_of(args, auditor__model=args.model, auditor__backend=args.backend, auditor__reuse=False)
    modes = check_modes(args.mode or [config.auditor.mode])
    rows = list(read_rows(args.data, config.images, args.beside))
    scorers = build_modes(config, modes, utc_now)
    with row_progress(len(rows) * len(scorers)) as done:
        scored = score_modes(rows, scorers, done)
    if args.rows:
        write_lines(args.rows, map(row_line, scored[modes[0]].verdicts))
    summary = summarise(rows, scored, modes[0])
    if args.json:
        print_json(summary)
        return 0
    print_figures(summary)
    print_modes(summary)
    print_saturation(summary)
    if args.beside:
        print_beside(summary)
    return 0


def check_modes(modes: Sequence[str]) -> list[str]:
    """The modes to score in; the full one with any other, since triage means nothing without its agreement with it.

    Raises:
        ConfigError: one is none.
    """
    known = ("full", "triage", "cascade")
    if unknown := next((mode for mode in modes if mode not in known), None):
        raise ConfigError(f"--mode {unknown}: write one of {', '.join(known)}")
    return list(dict.fromkeys([*modes, "full"]))


def write_lines(path: Path, values: Iterable[Mapping[str, Any]]) -> None:
    """One JSON object a line.

    Raises:
        OutputUnwritable: the file cannot be written.
    """
    try:
        path.write_text("".join(f"{json.dumps(value)}\n" for value in values), encoding="utf-8")
    except OSError as error:
        raise OutputUnwritable(f"{path}: {error.strerror}") from None
