"""Passwords are kept as argon2id, and what is easily guessed is refused without being quoted."""

import pytest

from auditor.access.passwords import MAX_CHARS, hash_as_it_is, hash_of, is_outdated, matches
from auditor.errors import UserRefused

GOOD = "tidal lamp orchard"


def test_a_password_is_kept_as_argon2id_with_parameters_and_a_salt() -> None:
    kept = hash_of(GOOD, "ada")
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert GOOD not in kept
    assert kept != hash_of(GOOD, "ada")
    assert not is_outdated(kept)
    assert is_outdated("$argon2id$v=19$m=8192,t=1,p=1$c29tZXNhbHQ$Zm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFy")


def test_it_is_the_same_from_every_keyboard() -> None:
    kept = hash_of("lange größe, kurze höhe", "ada")
    assert matches("lange gro\u0308ße, kurze ho\u0308he", kept)
    assert not matches("lange grosse, kurze hoehe", kept)


@pytest.mark.parametrize("kept", [None, "", "no hash", "$argon2id$v=19$m=65536,t=3,p=4$AAAA$AAAA"])
def test_nothing_matches_what_is_no_hash(kept: str | None) -> None:
    assert not matches(GOOD, kept)
    assert not matches("of nobody", kept)


@pytest.mark.parametrize(
    "password", ["", "short", "a" * 40, "abababababab", "Ada Lovelace 1843", "x" * (MAX_CHARS + 1), "0123" * 90]
)
def test_what_is_easily_guessed_is_refused_and_not_quoted(password: str) -> None:
    with pytest.raises(UserRefused) as caught:
        hash_of(password, "ada")
    assert not password or password not in str(caught.value)


def test_what_was_good_enough_once_is_kept_anew() -> None:
    assert matches("short", hash_as_it_is("short"))
