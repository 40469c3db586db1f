"""Cookies of sessions: what they say is signed, and they end."""

import stat
from datetime import timedelta
from pathlib import Path

import pytest
from itsdangerous import URLSafeSerializer

from auditor.access.sessions import KEY_BYTES, Session, Sessions, key_file, session_key
from auditor.access.store_tokens import end_session, is_ended
from auditor.errors import KeyUnusable
from auditor.store import MEMORY, Store
from tests.factories import NOW

HOUR = timedelta(hours=1)
SESSIONS = Sessions(b"k" * KEY_BYTES, longest=12 * HOUR, idle=2 * HOUR)


def test_a_session_comes_back_as_it_was() -> None:
    session = SESSIONS.begin("ada", 3, NOW)
    assert SESSIONS.read(SESSIONS.cookie(session), NOW) == session
    assert (session.user, session.epoch, session.begun_at) == ("ada", 3, NOW.replace(microsecond=0))
    assert SESSIONS.begin("ada", 3, NOW).id != session.id


def test_it_is_over_without_use_and_in_any_case() -> None:
    session = SESSIONS.begin("ada", 1, NOW)
    at = NOW
    assert SESSIONS.read(SESSIONS.cookie(session), at + 2 * HOUR) is None
    for _ in range(11):
        at += HOUR
        assert SESSIONS.read(SESSIONS.cookie(session), at) == session
        session = SESSIONS.renewed(session, at) or session
    assert session.seen_at == at
    assert SESSIONS.read(SESSIONS.cookie(session), at + HOUR - timedelta(seconds=1))
    assert SESSIONS.read(SESSIONS.cookie(session), at + HOUR) is None
    assert SESSIONS.read(SESSIONS.cookie(session), NOW - timedelta(seconds=2)) is None


def test_a_cookie_is_not_made_anew_each_time() -> None:
    session = SESSIONS.begin("ada", 1, NOW)
    assert SESSIONS.renewed(session, NOW + timedelta(seconds=50)) is None
    assert SESSIONS.renewed(session, NOW + timedelta(seconds=70))


def test_a_cookie_that_was_changed_in_any_place_is_none() -> None:
    cookie = SESSIONS.cookie(SESSIONS.begin("ada", 1, NOW))
    changed = [cookie[:n] + ("A" if cookie[n] != "A" else "B") + cookie[n + 1 :] for n in range(len(cookie))]
    found = [SESSIONS.read(one, NOW) for one in changed]
    # The last character of base64 holds bits that say nothing; such a cookie is the same one.
    assert [one for one in found[:-1] if one] == []
    assert found[-1] in {None, SESSIONS.read(cookie, NOW)}


def test_what_another_key_or_another_use_signed_is_none() -> None:
    session = SESSIONS.begin("ada", 1, NOW)
    other = Sessions(b"x" * KEY_BYTES, 12 * HOUR, 2 * HOUR)
    assert SESSIONS.read(other.cookie(session), NOW) is None
    elsewhere = URLSafeSerializer(SESSIONS.key, salt="something else").dumps(["i", "ada", 1, 0, 0])
    assert SESSIONS.read(str(elsewhere), NOW) is None


@pytest.mark.parametrize("said", [[], "ada", ["i", "ada", 1], ["i", "ada", 1, "x", "y"], ["i", "a", 1, 1e300, 1], None])
def test_what_is_signed_and_no_session_is_none(said: object) -> None:
    assert SESSIONS.read(str(SESSIONS.signer.dumps(said)), NOW) is None


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    db = str(tmp_path / "a.duckdb")
    key = session_key(db)
    assert len(key) == KEY_BYTES
    assert session_key(db) == key
    assert stat.S_IMODE(key_file(db).stat().st_mode) == 0o600
    assert key.hex() not in repr(Sessions(key, HOUR, HOUR))
    key_file(db).chmod(0o644)
    with pytest.raises(KeyUnusable, match="others may read it"):
        session_key(db)
    key_file(db).chmod(0o600)
    key_file(db).write_bytes(b"short")
    with pytest.raises(KeyUnusable, match="too short"):
        session_key(db)
    with pytest.raises(KeyUnusable, match="No such file"):
        session_key(str(tmp_path / "nowhere" / "a.duckdb"))
    assert session_key(MEMORY) != session_key(MEMORY)


def test_who_logged_out_stays_out_until_the_session_would_have_ended() -> None:
    with Store.open(MEMORY) as store:
        session = Session("s1", "ada", 1, NOW, NOW)
        end_session(store, session.id, SESSIONS.ends_at(session), NOW)
        assert is_ended(store.connection, "s1")
        assert not is_ended(store.connection, "s2")
        end_session(store, "s3", NOW + 99 * HOUR, NOW + 13 * HOUR)
        assert store.connection.execute("SELECT id FROM ended_sessions").fetchall() == [("s3",)]
