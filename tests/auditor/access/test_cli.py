"""`traceaudit users`, as a person types it; a password and a secret are printed nowhere but where they have to be."""

import io
import json
from pathlib import Path

import pytest

from auditor.__main__ import main
from auditor.access.store_users import find_user
from auditor.local_api import answering_others
from auditor.store import Store
from conf.cli import USAGE
from tests.auditor.access.people import PASSWORD


@pytest.fixture
def db(tmp_path: Path) -> str:
    return str(tmp_path / "a.duckdb")


def said(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, object]]:
    assert main(["users", *words, "--json"]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def typed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


def test_users_are_added_changed_and_disabled(
    db: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(monkeypatch, f"{PASSWORD}\n")
    words = ("add", "Ada", "--role", "reviewer", "--role", "expert", "--tenant", "acme", "--password-stdin", "--db", db)
    (added,) = said(capsys, *words)
    assert (added["name"], added["roles"], added["tenants"]) == ("Ada", ["reviewer", "expert"], ["acme"])
    assert added["has_password"] is True
    said(capsys, "add", "Bob", "--role", "viewer", "--tenant", "*", "--no-password", "--db", db)
    (changed,) = said(capsys, "change", "ada", "--role", "admin", "--tenant", "*", "--db", db)
    assert (changed["roles"], changed["tenants"], changed["has_password"]) == (["admin"], None, True)
    said(capsys, "disable", "bob", "--db", db)
    assert [(one["name"], one["disabled"]) for one in said(capsys, "list", "--db", db)] == [
        ("Ada", False),
        ("Bob", True),
    ]
    assert said(capsys, "change", "bob", "--enable", "--db", db)[0]["disabled"] is False


def test_a_token_is_shown_once(db: str, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "add", "Ada", "--role", "viewer", "--tenant", "*", "--no-password", "--db", db)
    (made,) = said(capsys, "token", "ada", "--days", "10", "--note", "nightly pull", "--db", db)
    secret = str(made.pop("token")).split("_", 2)[2]
    assert (made["user"], made["scopes"], made["state"]) == ("Ada", ["see"], "good")
    (listed,) = said(capsys, "tokens", "--db", db)
    assert listed == made
    assert said(capsys, "revoke", str(made["id"]), "--db", db)[0]["state"] == "revoked"
    assert secret.encode() not in Path(db).read_bytes()


def test_words_for_people(db: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    main(["users", "add", "Ada", "--role", "viewer", "--tenant", "*", "--no-password", "--db", db])
    assert "Ada is added: viewer; sees all tenants" in capsys.readouterr().out
    main(["users", "list", "--db", db])
    assert "Ada\tviewer\tall tenants\tproxy\t" in capsys.readouterr().out
    typed(monkeypatch, f"{PASSWORD}\n")
    main(["users", "change", "Ada", "--password-stdin", "--db", db])
    told = capsys.readouterr()
    assert PASSWORD not in told.out + told.err


@pytest.mark.filterwarnings("error::UserWarning:pydantic")
def test_whoever_owns_the_database_is_asked(db: str, capsys: pytest.CaptureFixture[str]) -> None:
    with Store.open(db) as store, answering_others(store, db, lambda _: None):
        said(capsys, "add", "Ada", "--role", "viewer", "--tenant", "*", "--no-password", "--db", db)
        said(capsys, "change", "Ada", "--role", "admin", "--db", db)
        (made,) = said(capsys, "token", "Ada", "--scope", "operate", "--db", db)
        assert find_user(store.connection, "ada")
        assert [one["id"] for one in said(capsys, "tokens", "--db", db)] == [made["id"]]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["add", "Ada", "--role", "viewer", "--tenant", "*"], "give it with --password-stdin"),
        (["add", "Ada", "--tenant", "*", "--no-password"], "one or more of these roles"),
        (["add", "Ada", "--role", "viewer", "--no-password"], "name the tenants"),
        (["change", "Ada"], "say what is to change"),
        (["token", "Ada", "--scope", "administer"], "one or more of these scopes"),
        (["token", "Ada", "--days", "1000"], "within 366 days"),
    ],
)
def test_a_mistake_is_one_line(
    db: str, words: list[str], why: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    main(["users", "add", "Zoe", "--role", "viewer", "--tenant", "*", "--no-password", "--db", db])
    capsys.readouterr()
    typed(monkeypatch, "")
    assert main(["users", *words, "--db", db]) == USAGE
    assert why in capsys.readouterr().err
