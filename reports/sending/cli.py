"""The command deliveries: parse, load, build, call, print."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from conf.cli import FAILED, config_of, parser, print_json
from conf.errors import ConfigError

if TYPE_CHECKING:
    from conf.schema import Config


def deliveries(argv: Sequence[str]) -> int:
    """`traceaudit deliveries`: what was sent and what failed; try a place; have something sent again."""
    options = parser("deliveries", "What was sent and what failed; try a place; send again.", store=True)
    options.add_argument("action", choices=["list", "test", "retry"], help="list; test NAME…; retry ID…")
    options.add_argument("names", nargs="*", metavar="NAME", help="deliveries to send a test to, or ids to try again")
    args = options.parse_args(argv)
    config = config_of(args)
    act = {"list": show, "test": test, "retry": retry}[args.action]
    return act(config, args.names, as_json=args.json)


def show(config: "Config", _: Sequence[str], *, as_json: bool) -> int:
    """The latest, and how each went."""
    from auditor.owner import ask

    for row in ask(config, "deliveries.list"):
        line = {name: value if isinstance(value, int) else str(value or "") for name, value in asdict(row).items()}
        print_json(line) if as_json else print("  ".join(str(value) for value in line.values()))
    return 0


def test(config: "Config", names: Sequence[str], *, as_json: bool) -> int:
    """Send a made-up message at once; nothing of it is kept."""
    from auditor.cli import utc_now
    from reports.sending.sender import test_send

    chosen = names or sorted(config.delivery)
    if unknown := sorted(set(chosen) - set(config.delivery)):
        raise ConfigError(f"no [delivery.{unknown[0]}] in the configuration")
    failed = 0
    for name in chosen:
        sent = test_send(config, name, utc_now())
        failed += sent.state != "sent"
        line = {"delivery": name, "state": sent.state, "detail": sent.detail}
        print_json(line) if as_json else print("  ".join(line.values()))
    return FAILED if failed else 0


def retry(config: "Config", ids: Sequence[str], *, as_json: bool) -> int:
    """Have these sent anew at the next round, also those that were given up."""
    from auditor.cli import utc_now
    from auditor.owner import ask

    if not ids:
        raise ConfigError("name the ids to try again; `traceaudit deliveries list` shows them")
    n_found: int = ask(config, "deliveries.retry", list(ids), utc_now())
    print_json({"retried": n_found}) if as_json else print(f"{n_found} will be tried again")
    return 0 if n_found == len(set(ids)) else FAILED
