"""The command users: who may log in to the service, and API tokens; each action is a row of ACTIONS."""

import argparse
import getpass
import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from auditor.cli import utc_now
from conf.cli import act, config_of, parser, print_json
from conf.errors import ConfigError

if TYPE_CHECKING:
    from datetime import datetime

    from auditor.access.answers import UserLine
    from auditor.access.person import Role
    from auditor.access.store_tokens import Token

ACTIONS = {
    "list": ("auditor.access.cli:list_users", "who may log in, and what they may do"),
    "add": ("auditor.access.cli:add", "add a user; asks for the password"),
    "change": ("auditor.access.cli:change", "other roles, tenants or password; log out everywhere"),
    "disable": ("auditor.access.cli:disable", "let a user in no more; what they did stays"),
    "token": ("auditor.access.cli:token", "make an API token for a user, and show it once"),
    "tokens": ("auditor.access.cli:list_tokens", "the API tokens, without their secrets"),
    "revoke": ("auditor.access.cli:revoke", "make an API token good for nothing"),
}
EXTRA = "serve"


def users(argv: Sequence[str]) -> int:
    """`traceaudit users ACTION`."""
    return act("users", "action", ACTIONS, argv)


def list_users(argv: Sequence[str]) -> int:
    """`traceaudit users list`."""
    from auditor.console import print_rows
    from auditor.owner import ask

    args = parser("users list", "Who may log in, and what they may do.", store=True).parse_args(argv)
    found: list[UserLine] = ask(config_of(args), "users.list")
    if args.json:
        for one in found:
            print_json(user_json(one))
    elif found:
        print_rows(("name", "roles", "tenants", "logs in by", "changed"), [user_cells(one) for one in found])
    else:
        print("there are no users yet: traceaudit users add NAME --role admin --tenant '*'")
    return 0


def add(argv: Sequence[str]) -> int:
    """`traceaudit users add NAME`."""
    from auditor.access.store_users import By, NewUser
    from auditor.owner import ask

    options = parser("users add", "Add a user, who may log in to the service.", store=True)
    options.add_argument("name", metavar="NAME", help="as votes and the audit trail are to have it")
    add_rights(options)
    add_password(options)
    options.add_argument("--no-password", action="store_true", help="the proxy logs this person in")
    add_by(options)
    args = options.parse_args(argv)
    config, by = config_of(args), By(args.by, utc_now())
    kept = None if args.no_password else asked_password(args.name, args.password_stdin)
    new = NewUser(args.name, kept, roles_of(args) or (), tuple(args.tenant or ()))
    return tell_user(args, ask(config, "users.add", new, by, create=True), "is added")


def change(argv: Sequence[str]) -> int:
    """`traceaudit users change NAME`."""
    from auditor.access.store_users import By, Change
    from auditor.owner import ask

    options = parser("users change", "Change what a user may do, or their password.", store=True)
    options.add_argument("name", metavar="NAME")
    add_rights(options)
    options.add_argument("--password", action="store_true", help="ask for another password; ends their sessions")
    add_password(options)
    options.add_argument("--enable", action="store_true", help="let a disabled user in again")
    options.add_argument("--end-sessions", action="store_true", help="log this user out everywhere")
    add_by(options)
    args = options.parse_args(argv)
    config, by = config_of(args), By(args.by, utc_now())
    wants_password = args.password or args.password_stdin
    kept = asked_password(args.name, args.password_stdin) if wants_password else None
    tenants = tuple(args.tenant) if args.tenant else None
    wanted = Change(kept, roles_of(args), tenants, False if args.enable else None, args.end_sessions)
    if wanted == Change():
        raise ConfigError("users change: say what is to change; traceaudit users change --help")
    return tell_user(args, ask(config, "users.change", args.name, wanted, by), "is changed")


def disable(argv: Sequence[str]) -> int:
    """`traceaudit users disable NAME`."""
    from auditor.access.store_users import By, Change
    from auditor.owner import ask

    summary = "Let a user in no more; sessions and tokens end, what they did stays."
    options = parser("users disable", summary, store=True)
    options.add_argument("name", metavar="NAME")
    add_by(options)
    args = options.parse_args(argv)
    by = By(args.by, utc_now())
    return tell_user(args, ask(config_of(args), "users.change", args.name, Change(disabled=True), by), "is disabled")


def token(argv: Sequence[str]) -> int:
    """`traceaudit users token NAME`."""
    from auditor.access.store_tokens import NewToken
    from auditor.access.store_users import By
    from auditor.access.tokens import fresh
    from auditor.owner import ask

    options = parser("users token", "Make an API token for a user, and show it once.", store=True)
    options.add_argument("name", metavar="NAME", help="whose rights it has, as far as its scopes name them")
    options.add_argument(
        "--scope", action="append", default=[], metavar="RIGHT", help="see, vote, adjudicate, …; repeatable"
    )
    options.add_argument("--days", type=float, default=90.0, metavar="N", help="it expires after N days; default: 90")
    options.add_argument("--note", default="", metavar="TEXT", help="what it is for")
    add_by(options)
    args = options.parse_args(argv)
    config, now, made = config_of(args), utc_now(), fresh()
    expires_at = now + timedelta(days=min(args.days, 36_600))
    new = NewToken(made.id, made.secret_sha256, args.name, tuple(args.scope or ["see"]), expires_at, args.note)
    kept: Token = ask(config, "users.token", new, By(args.by, now))
    if args.json:
        print_json({**token_json(kept, now), "token": made.text})
    else:
        print(f"token {kept.id} of {kept.user}, good until {kept.expires_at:%Y-%m-%d}; it is shown only now:")
        print(made.text)
    return 0


def list_tokens(argv: Sequence[str]) -> int:
    """`traceaudit users tokens`."""
    from auditor.console import print_rows
    from auditor.owner import ask

    args = parser("users tokens", "The API tokens, without their secrets.", store=True).parse_args(argv)
    found: list[Token] = ask(config_of(args), "users.tokens")
    now = utc_now()
    if args.json:
        for one in found:
            print_json(token_json(one, now))
    else:
        print_rows(("token", "user", "scopes", "state", "expires", "last used", ""), [cells(one, now) for one in found])
    return 0


def revoke(argv: Sequence[str]) -> int:
    """`traceaudit users revoke TOKEN`."""
    from auditor.access.store_users import By
    from auditor.owner import ask

    options = parser("users revoke", "Make an API token good for nothing.", store=True)
    options.add_argument("id", metavar="TOKEN", help="as `users tokens` lists it")
    add_by(options)
    args = options.parse_args(argv)
    now = utc_now()
    revoked: Token = ask(config_of(args), "users.revoke", args.id, By(args.by, now))
    if args.json:
        print_json(token_json(revoked, now))
    else:
        print(f"token {revoked.id} of {revoked.user} is revoked")
    return 0


def add_rights(options: argparse.ArgumentParser) -> None:
    """What a user may do."""
    roles = ("viewer", "reviewer", "expert", "approver", "admin")
    options.add_argument("--role", action="append", choices=roles, help="what they may do; repeatable")
    options.add_argument("--tenant", action="append", metavar="NAME", help="whom they see; repeatable; '*' for all")


def roles_of(args: argparse.Namespace) -> "tuple[Role, ...] | None":
    """The roles that are named; None where none is."""
    from auditor.access.person import Role

    return tuple(Role(one) for one in args.role) if args.role else None


def add_password(options: argparse.ArgumentParser) -> None:
    """Where the password comes from."""
    options.add_argument("--password-stdin", action="store_true", help="read the password from standard input")


def add_by(options: argparse.ArgumentParser) -> None:
    """Who does it."""
    options.add_argument("--by", default=getpass.getuser(), metavar="NAME", help="who does this; default: this user")


def asked_password(name: str, from_stdin: bool) -> str:
    """What is kept of a password that is asked for; the password itself goes nowhere.

    Raises:
        ConfigError: there is nobody to ask, or two different ones are typed.
        UserRefused: it is too easy to guess.
    """
    try:
        from auditor.access.passwords import hash_of
    except ImportError:
        from ingest.errors import MissingExtra

        raise MissingExtra("a password", EXTRA) from None
    if from_stdin:
        return hash_of(sys.stdin.readline().rstrip("\r\n"), name)
    if not sys.stdin.isatty():
        raise ConfigError("there is no terminal to ask for the password at; give it with --password-stdin")
    first = getpass.getpass(f"password of {name}: ")
    if first != getpass.getpass("the same again: "):
        raise ConfigError("these are two different passwords; nothing is changed")
    return hash_of(first, name)


def tell_user(args: argparse.Namespace, user: "UserLine", what: str) -> int:
    """Say what became of a user."""
    if args.json:
        print_json(user_json(user))
    else:
        print(f"{user.name} {what}: {', '.join(user.roles)}; sees {seen(user)}")
    return 0


def seen(user: "UserLine") -> str:
    """Whose exchanges a user sees, in words."""
    return "all tenants" if user.tenants is None else ", ".join(user.tenants)


def user_cells(user: "UserLine") -> tuple[str, ...]:
    """A row of the table."""
    way = "disabled" if user.disabled else "password" if user.has_password else "proxy"
    return user.name, ", ".join(user.roles), seen(user), way, f"{user.changed_at:%Y-%m-%d}"


def user_json(user: "UserLine") -> dict[str, Any]:
    """The same as JSON."""
    told: dict[str, Any] = {"name": user.name, "roles": list(user.roles), "tenants": user.tenants and [*user.tenants]}
    told |= {"disabled": user.disabled, "has_password": user.has_password}
    return told | {"added_at": user.added_at.isoformat(), "changed_at": user.changed_at.isoformat()}


def cells(one: "Token", now: "datetime") -> tuple[str, ...]:
    """A row of the table."""
    used = str(one.last_used or "never")
    return one.id, one.user, ", ".join(one.scopes), one.state(now), f"{one.expires_at:%Y-%m-%d}", used, one.note


def token_json(one: "Token", now: "datetime") -> dict[str, Any]:
    """The same as JSON."""
    told: dict[str, Any] = {"id": one.id, "user": one.user, "scopes": list(one.scopes), "state": one.state(now)}
    told |= {"made_at": one.made_at.isoformat(), "expires_at": one.expires_at.isoformat(), "note": one.note}
    return told | {"last_used": one.last_used and one.last_used.isoformat()}
